package upgrade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// A control connection carries one question and one answer, each a line of JSON.
type question struct {
	Verb string `json:"verb"` // status or stop
	Now  bool   `json:"now,omitempty"`
}

type reply struct {
	Status Status `json:"status"`
	Error  string `json:"error,omitempty"`
}

// patience is how long a live generation may take to answer.
const patience = 3 * time.Second

func (g *Generation) answer() {
	for {
		conn, err := g.socket.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // out of descriptors: others will close some
			continue
		}
		go func() {
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(patience))
			var q question
			if json.NewDecoder(conn).Decode(&q) != nil {
				return
			}
			json.NewEncoder(conn).Encode(g.obey(q))
		}()
	}
}

func (g *Generation) obey(q question) reply {
	ctx, cancel := context.WithTimeout(context.Background(), patience/2)
	defer cancel()
	switch q.Verb {
	case "status":
	case "stop":
		g.o.Stop(q.Now)
	default:
		return reply{Error: fmt.Sprintf("release %s does not know the verb %q", g.o.Release, q.Verb)}
	}
	return reply{Status: g.now(ctx)}
}

// ask puts a question to a generation over its socket.
func ask(ctx context.Context, dir string, generation int, q question) (Status, error) {
	folder, err := os.Open(filepath.Join(dir, "generations"))
	if err != nil {
		return Status{}, err
	}
	defer folder.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", short(folder, fmt.Sprintf("%d.sock", generation)))
	if err != nil {
		return Status{}, err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	if err := json.NewEncoder(conn).Encode(q); err != nil {
		return Status{}, err
	}
	var r reply
	if err := json.NewDecoder(conn).Decode(&r); err != nil {
		return Status{}, err
	}
	if r.Error != "" {
		return Status{}, errors.New(r.Error)
	}
	return r.Status, nil
}
