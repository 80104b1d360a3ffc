package load

import (
	"net"
	"sync"
	"time"
)

// wire is a connection over which everything takes half a round trip: bytes, the
// end of a direction, a reset. Nothing else is changed, and nothing is reordered.
type wire struct {
	conn net.Conn
	half time.Duration
	out  chan parcel
	in   chan parcel

	closing sync.Once
	closed  chan struct{}

	opened parcel // from which is being read
}

// parcel is what arrives at a time.
type parcel struct {
	due   time.Time
	bytes []byte
	err   error // or the end
}

// connect dials over such a network. The server has the connection half a round
// trip before the client knows.
func connect(address string, rtt time.Duration) (*wire, error) {
	time.Sleep(rtt / 2)
	conn, err := net.Dial("tcp", address)
	time.Sleep(rtt / 2)
	if err != nil {
		return nil, err
	}
	w := &wire{conn: conn, half: rtt / 2, out: make(chan parcel, 256), in: make(chan parcel, 256), closed: make(chan struct{})}
	go w.carryOut()
	go w.carryIn()
	return w, nil
}

// Read gives what has arrived.
func (w *wire) Read(b []byte) (int, error) {
	for len(w.opened.bytes) == 0 {
		if w.opened.err != nil {
			return 0, w.opened.err
		}
		select {
		case w.opened = <-w.in:
		case <-w.closed:
			return 0, net.ErrClosed
		}
		select {
		case <-time.After(time.Until(w.opened.due)):
		case <-w.closed:
			return 0, net.ErrClosed
		}
	}
	n := copy(b, w.opened.bytes)
	w.opened.bytes = w.opened.bytes[n:]
	return n, nil
}

// Write sends; whether it arrives is not known.
func (w *wire) Write(b []byte) (int, error) {
	select {
	case w.out <- parcel{due: time.Now().Add(w.half), bytes: append([]byte(nil), b...)}:
		return len(b), nil
	case <-w.closed:
		return 0, net.ErrClosed
	}
}

// Close ends both, and what was sent before arrives before.
func (w *wire) Close() error {
	w.closing.Do(func() { close(w.closed) })
	return nil
}

// ended tells whether the other side's end has arrived while nobody was reading.
func (w *wire) ended() bool {
	if w.opened.err != nil {
		return true
	}
	if len(w.opened.bytes) > 0 {
		return false
	}
	select {
	case w.opened = <-w.in:
	default:
		return false
	}
	if time.Until(w.opened.due) > 0 {
		return false // on its way: Read gives it, a little early at worst
	}
	return w.opened.err != nil
}

func (w *wire) carryOut() {
	defer w.conn.Close()
	for {
		var p parcel
		select {
		case p = <-w.out:
		case <-w.closed:
			select {
			case p = <-w.out: // sent before the end
			default:
				time.Sleep(w.half)
				return
			}
		}
		time.Sleep(time.Until(p.due))
		w.conn.Write(p.bytes) // a failure comes back on the other way
	}
}

func (w *wire) carryIn() {
	for {
		b := make([]byte, 8<<10)
		n, err := w.conn.Read(b)
		due := time.Now().Add(w.half)
		if n > 0 && !w.arrive(parcel{due: due, bytes: b[:n]}) {
			return
		}
		if err != nil {
			w.arrive(parcel{due: due, err: err})
			return
		}
	}
}

func (w *wire) arrive(p parcel) bool {
	select {
	case w.in <- p:
		return true
	case <-w.closed:
		return false
	}
}
