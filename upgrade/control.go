package upgrade

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// A control connection begins with one question. It is answered with one reply;
// an upgrade with its steps; and to join makes the connection a lifeline.
type question struct {
	Verb    string  `json:"verb"` // status check stop upgrade join
	Now     bool    `json:"now,omitempty"`
	Upgrade *order  `json:"upgrade,omitempty"` // the binary comes with it
	Join    *Status `json:"join,omitempty"`

	Supervisor string `json:"supervisor,omitempty"` // of who wants to join: its notify socket
}

type reply struct {
	Status Status `json:"status"`
	Error  string `json:"error,omitempty"`
}

// patience is how long a live generation may take to answer.
const patience = 3 * time.Second

func (g *Generation) answer() {
	for {
		conn, err := g.socket.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // out of descriptors: others will close some
			continue
		}
		go g.converse(&line{conn: conn})
	}
}

func (g *Generation) converse(l *line) {
	l.conn.SetDeadline(time.Now().Add(patience))
	if uid, err := peer(l.conn); err != nil || uid != os.Geteuid() && uid != 0 {
		l.close()
		return
	}
	var q question
	files, err := l.receive(&q)
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	if err != nil {
		l.close()
		return
	}
	switch {
	case q.Verb == "join" && q.Join != nil:
		l.conn.SetDeadline(time.Time{})
		if g.supervisor != nil && g.supervisor.socket == q.Supervisor {
			l.receive(new(fromSuccessor)) // its hello: what is not read resets the connection
			g.supervisor.ready(nil)
			l.send(welcome{Spare: true})
			l.close()
			return
		}
		if err := g.greet(*q.Join, l); err != nil {
			l.send(welcome{Error: err.Error()})
			l.close()
		}
		return // it is a lifeline now
	case q.Verb == "upgrade" && q.Upgrade != nil:
		l.conn.SetDeadline(time.Time{})
		var binary *os.File
		if len(files) > 0 {
			binary = files[0]
		}
		q.Upgrade.File = binary != nil
		// Who asked may go away; the upgrade goes on.
		g.upgrade(*q.Upgrade, binary, func(s Step) { l.send(s) })
	default:
		l.send(g.obey(q))
	}
	l.close()
}

func (g *Generation) obey(q question) reply {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	switch q.Verb {
	case "status":
	case "check":
		w := g.can()
		if w == nil {
			return reply{Error: "it does not serve yet"}
		}
		if err := w.Check(ctx); err != nil {
			return reply{Error: err.Error()}
		}
	case "stop":
		g.o.Stop(q.Now)
	default:
		return reply{Error: fmt.Sprintf("release %s does not know the verb %q", g.o.Release, q.Verb)}
	}
	return reply{Status: g.tell(ctx)}
}

// ask puts a question to a generation over its socket.
func ask(ctx context.Context, dir string, generation int, q question) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l, err := dial(ctx, dir, generation, q)
	if err != nil {
		return Status{}, err
	}
	defer l.close()
	deadline, _ := ctx.Deadline()
	l.conn.SetDeadline(deadline)
	var r reply
	if _, err := l.receive(&r); errors.Is(err, os.ErrDeadlineExceeded) {
		return Status{}, fmt.Errorf("it has not answered for %s", patience)
	} else if err != nil {
		return Status{}, err
	}
	if r.Error != "" {
		return Status{}, complaint(r.Error)
	}
	return r.Status, nil
}

// complaint is what a generation itself says is wrong.
type complaint string

func (c complaint) Error() string { return string(c) }

// dial begins a conversation with a generation; number 0 is the one that serves.
// An open file may go with the question.
func dial(ctx context.Context, dir string, generation int, q question, files ...int) (*line, error) {
	at, name := filepath.Join(tmp(dir), "generations"), fmt.Sprintf("%d.sock", generation)
	if generation == 0 {
		at, name = tmp(dir), "app.sock"
	}
	folder, err := os.Open(at)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", short(folder, name))
	if err != nil {
		return nil, err
	}
	l := &line{conn: conn.(*net.UnixConn)}
	// What is passed to a stranger is given away.
	if uid, err := peer(l.conn); err != nil || uid != os.Geteuid() {
		l.close()
		return nil, fmt.Errorf("the control socket %s belongs to uid %d, and not to the instance's owner (uid %d); remove it, and find out who put it there: %w", filepath.Join(at, name), uid, os.Geteuid(), errors.Join(err, errForeign))
	}
	if deadline, ok := ctx.Deadline(); ok {
		l.conn.SetDeadline(deadline)
	}
	if err := l.send(q, files...); err != nil {
		l.close()
		return nil, err
	}
	l.conn.SetDeadline(time.Time{})
	return l, nil
}

// errForeign is a control socket of another account.
var errForeign = errors.New("it is somebody else's")
