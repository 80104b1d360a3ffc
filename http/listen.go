package http

import (
	"errors"
	"net"
	"syscall"

	"majestic/app"
)

// Listen takes the port, or says how to find out who has it.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(address)
		return nil, app.Errorf(app.Conflict, "%s is taken by another program; see which with: ss -ltnp 'sport = :%s', or choose another address with --listen", address, port)
	}
	if err != nil {
		return nil, app.Errorf(app.Invalid, "%s cannot be listened on: %v; choose another address with --listen", address, err)
	}
	return l, nil
}
