package upgrade

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// gate is a listening socket that accepts only while its generation may. Until
// then, and after, connections wait in the socket's queue, which other processes
// that hold the socket accept from.
type gate struct {
	*net.TCPListener
	asked string // the address by which it was asked for
	fresh bool   // we have made it: the supervisor does not keep it yet

	mu      sync.Mutex
	open    bool
	closed  bool
	changed chan struct{}
}

// Accept waits for a connection, and for the time when it may be taken.
func (l *gate) Accept() (net.Conn, error) {
	for {
		l.mu.Lock()
		open, closed, changed := l.open, l.closed, l.changed
		l.mu.Unlock()
		switch {
		case closed:
			return nil, net.ErrClosed
		case !open:
			<-changed
			continue
		}
		conn, err := l.TCPListener.Accept()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue // shut meanwhile
		}
		return conn, err
	}
}

// Close lets the socket go. Connections that wait in its queue are reset only
// when no other process holds it.
func (l *gate) Close() error {
	l.turn(func() { l.closed = true })
	return l.TCPListener.Close()
}

// accept opens or shuts the gate. Not File or Fd: they would put the socket into
// blocking mode for every process that holds it.
func (l *gate) accept(yes bool) {
	l.turn(func() {
		l.open = yes
		if yes {
			l.SetDeadline(time.Time{})
		} else {
			l.SetDeadline(time.Unix(1, 0))
		}
	})
}

func (l *gate) turn(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
	close(l.changed)
	l.changed = make(chan struct{})
}

func newGate(l *net.TCPListener, asked string) *gate {
	return &gate{TCPListener: l, asked: asked, changed: make(chan struct{})}
}

// bindRetry is how often an address is tried that another generation still has.
const (
	bindRetry    = 10 * time.Millisecond
	bindPatience = 10 * time.Second
)

// Listen gives the listener for an address: the predecessor's socket, when that
// was asked for by the same address, or the supervisor's, or a new one. It accepts from the time the
// generation serves. An address that is taken is tried again every 10 ms while
// another generation lives, which may be about to let it go.
func (g *Generation) Listen(ctx context.Context, address string) (net.Listener, error) {
	for _, l := range g.inherited {
		if l.asked == address {
			g.keepGate(l)
			g.took = append(g.took, address)
			return l, nil
		}
	}
	if l := g.gift(address); l != nil {
		g.keepGate(l)
		return l, nil
	}
	var c net.ListenConfig
	if len(g.inherited) > 0 {
		c.Control = g.beside
	}
	for end := time.Now().Add(bindPatience); ; {
		l, err := c.Listen(ctx, "tcp", address)
		if err == nil {
			own := newGate(l.(*net.TCPListener), address)
			own.fresh = true
			g.keepGate(own)
			return own, nil
		}
		others, lerr := Alive(g.o.Dir)
		if !errors.Is(err, syscall.EADDRINUSE) || lerr != nil || len(others) < 2 || time.Now().After(end) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(bindRetry):
		}
	}
}

func (g *Generation) keepGate(l *gate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gates = append(g.gates, l)
}

// unkept are the sockets, when the supervisor lacks one of them.
func (g *Generation) unkept() []*gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.ContainsFunc(g.gates, func(l *gate) bool { return l.fresh }) {
		return nil
	}
	return slices.Clone(g.gates)
}

// beside lets a new socket overlap with the predecessor's: 0.0.0.0:80 with
// 127.0.0.1:80. The kernel wants the option on both, and the same owner.
func (g *Generation) beside(_, _ string, c syscall.RawConn) (err error) {
	const reusePort = 15 // SO_REUSEPORT; package syscall lacks it on Linux
	set := func(fd uintptr) {
		err = errors.Join(err, os.NewSyscallError("setsockopt", syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, reusePort, 1)))
	}
	for _, l := range g.inherited {
		if raw, rerr := l.SyscallConn(); rerr == nil {
			raw.Control(set)
		}
	}
	return errors.Join(c.Control(set), err)
}

// dropInherited closes the sockets that this generation has no use for.
func (g *Generation) dropInherited() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range g.inherited {
		used := false
		for _, mine := range g.gates {
			used = used || l == mine
		}
		if !used {
			l.Close()
		}
	}
	g.inherited = nil
}

// gatesOf makes gates of sockets that were passed, in the order of their names.
func gatesOf(files []*os.File, asked []string) (all []*gate, err error) {
	for i, f := range files {
		var l net.Listener
		lerr := errors.New("a socket without a name")
		if i < len(asked) {
			l, lerr = net.FileListener(f)
		}
		f.Close()
		if tcp, ok := l.(*net.TCPListener); ok && lerr == nil {
			all = append(all, newGate(tcp, asked[i]))
			continue
		}
		err = errors.Join(err, fmt.Errorf("take over socket %d: %w", i, lerr))
	}
	return all, err
}

// descriptors lends the sockets' descriptors to a function.
func descriptors(gates []*gate, use func(fds []int) error) error {
	if len(gates) == 0 {
		return use(nil)
	}
	raw, err := gates[0].SyscallConn()
	if err != nil {
		return err
	}
	cerr := raw.Control(func(fd uintptr) {
		err = descriptors(gates[1:], func(fds []int) error { return use(append([]int{int(fd)}, fds...)) })
	})
	return errors.Join(cerr, err)
}
