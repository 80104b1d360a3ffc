package upgrade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// The states of a generation.
const (
	Warming  = "warming"  // it starts, and does not own the port
	Serving  = "serving"  // it owns the port
	Draining = "draining" // it finishes its work
	Gone     = "gone"     // its process has ended
)

// Jobs are the jobs of a generation's release.
type Jobs struct {
	Running   int `json:"running"`
	Available int `json:"available"`
}

// Status is what is known of a generation.
type Status struct {
	Generation int       `json:"generation"`
	Release    string    `json:"release"`
	Version    string    `json:"version"`
	State      string    `json:"state"`
	Probation  bool      `json:"probation"`
	PID        int       `json:"pid"`
	StartedAt  time.Time `json:"started_at"`
	Jobs       Jobs      `json:"jobs"`
	Tenants    int       `json:"tenants"` // that only this generation serves
}

// Options are what a generation says of itself and can be asked to do.
type Options struct {
	Dir     string // the instance's tmp folder
	Release string
	Version string
	Jobs    func(context.Context) (Jobs, error)
	Stop    func(now bool) // finish running jobs and exit; now: at once
	Retire  func()         // finish all jobs of the release and exit
}

// Generation is this process, as other processes of the instance see it.
type Generation struct {
	o      Options
	status Status
	lock   *os.File
	folder *os.File // the open generations/ folder, by which sockets get short paths
	socket net.Listener
	state  atomic.Value // string
	closed chan struct{}
	close  sync.Once
}

// ErrServing is the refusal to start beside a generation that serves.
type ErrServing struct{ Status }

func (e *ErrServing) Error() string {
	return fmt.Sprintf("generation %d (release %s, pid %d) serves this instance already; end it with: app stop", e.Generation, e.Release, e.PID)
}

// Start takes the next number, its lock and its control socket. Beside a
// generation that serves, or is about to, it answers with *ErrServing.
func Start(o Options) (*Generation, error) {
	dir := filepath.Join(o.Dir, "generations")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("start a generation: %w", err)
	}
	door, err := lockFile(filepath.Join(o.Dir, "generations.lock"))
	if err != nil {
		return nil, err
	}
	defer door.Close()
	all, err := List(context.Background(), o.Dir)
	if err != nil {
		return nil, err
	}
	next := 1
	for _, s := range all {
		next = max(next, s.Generation+1)
		if s.State == Serving || s.State == Warming {
			return nil, &ErrServing{s}
		}
	}
	g := &Generation{o: o, closed: make(chan struct{}), status: Status{Generation: next, Release: o.Release, Version: o.Version, PID: os.Getpid(), StartedAt: time.Now().UTC().Truncate(time.Second)}}
	g.state.Store(Warming)
	if err := g.open(dir); err != nil {
		g.Close()
		return nil, fmt.Errorf("start generation %d: %w", next, err)
	}
	if err := watchMarker(o.Dir, g.closed, o.Retire); err != nil {
		g.Close()
		return nil, fmt.Errorf("start generation %d: look at the marker: %w", next, err)
	}
	forget(dir, all)
	go g.answer()
	return g, nil
}

// Number is this generation's, from 1.
func (g *Generation) Number() int { return g.status.Generation }

// Serve says that this generation owns the port now: tmp/app.sock leads to it.
func (g *Generation) Serve() error {
	if err := point(filepath.Join(g.o.Dir, "app.sock"), filepath.Join("generations", g.name("sock"))); err != nil {
		return err
	}
	g.state.Store(Serving)
	return nil
}

// Drain says that this generation finishes its work.
func (g *Generation) Drain() { g.state.Store(Draining) }

// Close ends the control socket and lets the lock go; twice is harmless.
func (g *Generation) Close() error {
	g.close.Do(func() {
		close(g.closed)
		if g.socket != nil {
			g.socket.Close()
			os.Remove(filepath.Join(g.o.Dir, "generations", g.name("sock")))
		}
		if g.folder != nil {
			g.folder.Close()
		}
		if g.lock != nil {
			g.lock.Close()
		}
	})
	return nil
}

// open makes the lock and the socket. The lock is held before it gets its name,
// so that nobody ever sees a living generation's lock free.
func (g *Generation) open(dir string) (err error) {
	temp := filepath.Join(dir, fmt.Sprintf(".%d.lock", os.Getpid()))
	if g.lock, err = lockFile(temp); err != nil {
		return err
	}
	defer os.Remove(temp)
	if err := json.NewEncoder(g.lock).Encode(g.status); err != nil {
		return err
	}
	if g.folder, err = os.Open(dir); err != nil {
		return err
	}
	sock := filepath.Join(dir, g.name("sock"))
	if err := os.Remove(sock); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: short(g.folder, g.name("sock")), Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false) // its short path ends with the folder's descriptor
	g.socket = l
	if err := os.Chmod(sock, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(dir, g.name("lock")))
}

func (g *Generation) name(kind string) string {
	return fmt.Sprintf("%d.%s", g.status.Generation, kind)
}

func (g *Generation) now(ctx context.Context) Status {
	s := g.status
	s.State = g.state.Load().(string)
	if jobs, err := g.o.Jobs(ctx); err == nil {
		s.Jobs = jobs
	}
	return s
}

// lockFile opens a file and holds its lock until it is closed. It waits its turn.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return f, nil
}

// short names a file in an open folder in few bytes: the path of a Unix socket
// ends at 107, and an instance may lie deep.
func short(folder *os.File, name string) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), name)
}
