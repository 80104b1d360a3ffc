package upgrade

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// stored is the name under which the supervisor keeps our listening sockets while
// no process of ours lives: connections wait in them for the next one.
const stored = "http"

// gift is a listening socket that the supervisor gave us at our start: one that
// it has kept for us, or a socket unit's.
type gift struct {
	*net.TCPListener
	name string
}

// gifts takes the sockets that were meant for this process; see sd_listen_fds(3).
// Nothing that it starts shall look for them.
func gifts(log *slog.Logger) (all []gift) {
	pid, count, names := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS"), os.Getenv("LISTEN_FDNAMES")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name)
	}
	n, err := strconv.Atoi(count)
	if pid != strconv.Itoa(os.Getpid()) || err != nil {
		return nil // an ancestor's
	}
	const first = 3
	named := strings.Split(names, ":")
	for i := range n {
		syscall.CloseOnExec(first + i)
		g := gift{name: "unknown"}
		if i < len(named) {
			g.name = named[i]
		}
		f := os.NewFile(uintptr(first+i), g.name)
		l, err := net.FileListener(f)
		f.Close()
		tcp, ok := l.(*net.TCPListener)
		if err == nil && !ok {
			l.Close()
			err = fmt.Errorf("it listens at %s, and only TCP is served", l.Addr())
		}
		if err != nil {
			log.Warn("a socket of the supervisor is of no use", "name", g.name, "err", err)
			continue
		}
		g.TCPListener = tcp
		all = append(all, g)
	}
	return all
}

// gift is the gate for an address among the supervisor's sockets: one that listens
// there, or for the first address that is asked for a socket unit's, whose address
// counts more than ours. One that was kept for us at an address that is no longer
// ours is not used.
func (g *Generation) gift(address string) *gate {
	take := func(i int) *gate {
		l := newGate(g.gifts[i].TCPListener, address)
		g.gifts = append(g.gifts[:i:i], g.gifts[i+1:]...)
		return l
	}
	for i, l := range g.gifts {
		if listensAt(l, address) {
			return take(i)
		}
	}
	for i, l := range g.gifts {
		if l.name != stored && len(g.gates) == 0 {
			g.o.Log.Warn("the socket unit's address is served, and not the one of the settings", "unit", l.name, "served", l.Addr().String(), "settings", address)
			return take(i)
		}
	}
	return nil
}

// listensAt tells whether a socket is what listening at an address would give.
func listensAt(l net.Listener, address string) bool {
	want, err := net.ResolveTCPAddr("tcp", address)
	is, ok := l.Addr().(*net.TCPAddr)
	if err != nil || !ok || want.Port != 0 && want.Port != is.Port {
		return false
	}
	every := len(want.IP) == 0 || want.IP.IsUnspecified()
	return every && is.IP.IsUnspecified() || want.IP.Equal(is.IP)
}

// dropGifts closes the sockets of the supervisor that nobody has asked for.
func (g *Generation) dropGifts() (err error) {
	for _, l := range g.gifts {
		err = errors.Join(err, l.Close())
	}
	g.gifts = nil
	return err
}
