package http

import (
	"errors"
	"net"
	"syscall"

	"majestic/app"
)

// NotListening says in words why the address of a flag cannot be listened on, and
// how to find out who has it.
func NotListening(flag, address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(address)
		return app.Errorf(app.Conflict, "%s is taken by another program; see which with: ss -ltnp 'sport = :%s', or choose another address with %s", address, port, flag)
	}
	return app.Errorf(app.Invalid, "%s cannot be listened on: %v; choose another address with %s", address, err, flag)
}
