package upgrade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
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
	Running   int            `json:"running"`
	Available int            `json:"available"`
	Waiting   int            `json:"waiting"` // for their time
	Unknown   int            `json:"unknown"` // for a release that knows them
	Oldest    *time.Time     `json:"oldest,omitempty"`
	Tenants   map[string]int `json:"tenants,omitempty"` // unfinished jobs, by tenant
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
	Unit       string    `json:"unit,omitempty"` // of systemd, when that looks after it
	Jobs       Jobs      `json:"jobs"`
	Tenants    int       `json:"tenants"`             // that only this generation serves, since their jobs are not done
	Staying    []Stay    `json:"staying,omitempty"`   // what these wait for
	ByTenant   bool      `json:"by_tenant,omitempty"` // it can be replaced tenant by tenant
	Silent     bool      `json:"silent,omitempty"`    // its process lives, and does not answer
}

// Stay is why a tenant is not moved yet.
type Stay struct {
	Tenant string `json:"tenant"`
	Doing  string `json:"doing"` // as in "1 batch, 62%, about 4 min"
}

// Options are what a generation is.
type Options struct {
	Dir     string // the instance
	Release string
	Version string
	Stop    func(now bool) // somebody said: app stop
	Log     *slog.Logger
}

// Work is what a generation can be asked when it serves.
type Work struct {
	Jobs   func(context.Context) (Jobs, error)
	Check  func(context.Context) error                   // can it work? Asked by its predecessor, and by itself
	Accept func(ctx context.Context, about []byte) error // may a binary that says this of itself take over?

	// Backup keeps what a binary that says this of itself will change, before it is
	// started; its error refuses the upgrade. Nil is nothing, and so is nothing said.
	Backup func(ctx context.Context, about, wishes []byte) (said string, err error)

	// A successor is about to start whose release does not live, and so has no tenants. Nil is nothing.
	Expect func(ctx context.Context, release string) error

	// The tenants that only this generation serves, once it was replaced by tenant. Nil
	// is a program that cannot be.
	Staying func(context.Context) ([]Stay, error)

	// Move gives tenants of this release to others, the oldest of heirs first: those whose
	// jobs are done, or all; left is how many stay. It is asked again and again while the
	// place of this generation is taken. Nil is a program without tenants.
	Move func(ctx context.Context, heirs []string, all bool) (left int, err error)

	// Lays down what a successor will compare itself with, by the wishes of who asked
	// for the upgrade, while that starts. Nil is nothing.
	Sample func(ctx context.Context, successor int, wishes []byte) error

	// Remember keeps an upgrade that this generation hosts: when it begins, again after
	// each step, and when it has a result; one that was refused at once, too. A later
	// word about the same ID takes the place of the one before. Nil is nothing.
	Remember func(context.Context, Upgrade) error
}

// Generation is one process of an instance, from its start to its end.
type Generation struct {
	o          Options
	status     Status
	folder     *os.File // the open generations/ folder, by which sockets get short paths
	home       os.FileInfo
	lock       *os.File
	socket     *net.UnixListener
	life       *predecessor // whom we succeed; nil when nobody served
	stderr     *os.File     // where standard error leads from the commit on; nil is where it does
	inherited  []*gate
	gifts      []gift
	supervisor *supervisor
	peers      peers
	took       []string // the addresses of those that are used
	closed     chan struct{}
	close      sync.Once
	served     chan struct{} // closed when committed
	left       chan struct{} // closed when it shall end
	moved      chan struct{} // closed when it has left its tenants to others
	woken      chan struct{} // somebody came or went
	hurry      chan struct{} // closed when older generations shall end at once
	hurryOnce  sync.Once

	acts sync.Mutex // one event at a time

	busy    sync.Mutex   // held by an upgrade
	telling sync.RWMutex // read-locked until who asked for an upgrade is told how it ended

	mu        sync.Mutex
	phase     phase
	work      *Work // nil until it serves
	gates     []*gate
	successor *successor      // of the upgrade under way
	nonces    map[string]bool // of marks that are awaited, once each
	wish      *occurrence     // an order that stands until it is carried out
	leave     Leave
	moving    bool
	older     chan struct{} // closed when the older generations are gone that we end
}

// Leave is why a generation shall end, and how.
type Leave struct {
	Reason   Reason
	Timeout  time.Duration // for the jobs that wait, when another serves; 0 is none
	ByTenant bool          // tenants stay until their jobs are done
}

// Reason is why a generation ends.
type Reason int

// The reasons.
const (
	Stopped    Reason = iota // finish running jobs and exit
	Retired                  // the marker was touched by hand: finish all jobs of the release and exit
	Replaced                 // another serves: likewise, and what waits for later goes to it
	RolledBack               // the predecessor serves again: exit at once
)

// ErrDetached is Start's word in a process that should exit as if all were well:
// the short-lived one between a generation and its successor, which runs on its own
// now; and one that a supervisor has started in place of its main process, while a
// successor of that serves, which is the main process now.
var ErrDetached = errors.New("upgrade: the successor runs on its own")

// Start makes this process a generation. Beside one that serves it becomes its
// successor: whether it was started for that or by hand.
func Start(ctx context.Context, o Options) (*Generation, error) {
	given, err := inherit()
	if err != nil {
		return nil, err
	}
	var line *line
	if given.lifeline != nil {
		if line, err = adopt(given.lifeline); err != nil {
			return nil, err
		}
	}
	g := &Generation{o: o, phase: heir, nonces: map[string]bool{}, closed: make(chan struct{}), served: make(chan struct{}), left: make(chan struct{}), moved: make(chan struct{}), woken: make(chan struct{}, 1), hurry: make(chan struct{}), stderr: given.stderr}
	g.status = Status{Generation: given.number, Release: o.Release, Version: o.Version, PID: os.Getpid(), StartedAt: time.Now().UTC().Truncate(time.Second)}
	if g.supervisor = supervised(line != nil, o.Log); g.supervisor != nil {
		g.status.Unit = g.supervisor.unit
	}
	g.gifts = gifts(o.Log)
	if err := g.start(ctx, line); err != nil {
		if line != nil {
			line.send(fromSuccessor{Error: err.Error()})
			line.close()
		}
		g.Close(nil)
		return nil, err
	}
	return g, nil
}

func (g *Generation) start(ctx context.Context, line *line) error {
	dir := filepath.Join(tmp(g.o.Dir), "generations")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("start a generation: %w", err)
	}
	var err error
	if g.home, err = os.Stat(g.o.Dir); err != nil {
		return fmt.Errorf("start a generation: %w", err)
	}
	if line == nil {
		line, err = g.join(ctx, dir)
	} else {
		err = g.open(dir)
	}
	if err != nil {
		return err
	}
	if err := watchMarker(g.o.Dir, g.closed, g.touched); err != nil {
		return fmt.Errorf("start generation %d: look at the marker: %w", g.Number(), err)
	}
	go g.answer()
	if line != nil {
		return g.succeed(line)
	}
	return nil
}

// Number is this generation's, from 1.
func (g *Generation) Number() int { return g.status.Generation }

// Serve says that all is ready but the port, and returns when this generation
// accepts: on probation, when it has a predecessor.
func (g *Generation) Serve(w Work) error {
	g.mu.Lock()
	g.work = &w
	g.mu.Unlock()
	g.dropInherited()
	if err := g.dropGifts(); err != nil {
		return err
	}
	g.happen(occurrence{event: warmed})
	switch p := g.now(); p {
	case trial, serving:
		return nil
	default:
		return fmt.Errorf("generation %d may not serve: %s", g.Number(), g.Leave().Reason)
	}
}

// Compare has the program hold itself against the sample of the generation that
// serves, when there is one, before it takes over. What compare says is shown to
// who asked for the upgrade; its error ends this process, and by Refuse the upgrade
// is refused. Nobody is compared with who is gone: then somebody has to serve.
func (g *Generation) Compare(ctx context.Context, compare func(ctx context.Context, wishes []byte) (said string, err error)) error {
	if g.life == nil || g.life.wishes == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-g.life.gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	var said string
	var err error
	select {
	case unsampled := <-g.life.sampled:
		if said = "nothing was compared: " + unsampled; unsampled == "" {
			said, err = compare(ctx, g.life.wishes)
		}
	case <-ctx.Done():
		err = ctx.Err()
	}
	select {
	case <-g.life.gone:
		return nil
	default:
	}
	if err == nil {
		g.life.line.send(fromSuccessor{Compared: said})
	}
	return err
}

// Refuse makes of an error the reason why a release does not want to serve.
func Refuse(reason error) error { return refusal{reason} }

// Served is closed when this generation is committed: it serves, and nobody will
// take its place back.
func (g *Generation) Served() <-chan struct{} { return g.served }

// InCharge tells whether it is for this generation to look after what others have left.
func (g *Generation) InCharge() bool {
	p := g.now()
	return p == serving || p == hosting || p == standby
}

// Heir is the release that serves in our place, and whether a newer generation of
// our own release does, which works for it then.
func (g *Generation) Heir() (release string, ours bool) {
	if target, err := os.Readlink(filepath.Join(g.o.Dir, "current")); err == nil {
		release = filepath.Base(target)
	}
	alive, err := Alive(g.o.Dir)
	if err != nil {
		return release, false
	}
	for _, s := range alive {
		if s.Generation > g.Number() && s.Release == g.o.Release {
			v, err := readVerdict(g.o.Dir, s.Generation)
			ours = ours || err == nil && v.event() == committed
		}
	}
	return release, ours
}

// Left is closed when this generation shall end; Leave tells how.
func (g *Generation) Left() <-chan struct{} { return g.left }

// Leave is how to end. It is of use when Left is closed.
func (g *Generation) Leave() Leave {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.leave
}

// Stop is an order to end; on probation of a successor its place is taken back first.
func (g *Generation) Stop() {
	g.happen(occurrence{event: stopAsked, reason: "somebody stopped the instance"})
}

// Hurry is an order not to wait for older generations' jobs when this one ends,
// which it does only where a supervisor takes its end for the end of all. Twice is
// harmless.
func (g *Generation) Hurry() { g.hurryOnce.Do(func() { close(g.hurry) }) }

// Close ends the generation: the sockets go, and last the lock. A predecessor is
// told of the error for which it ends, if any. Twice is harmless.
func (g *Generation) Close(failed error) {
	g.close.Do(func() {
		if older := g.ending(); older != nil {
			<-older
		}
		close(g.closed)
		if failed != nil && g.life != nil {
			g.life.line.send(fromSuccessor{Error: failed.Error(), Refused: errors.As(failed, new(refusal))})
		}
		if g.now() == draining {
			g.telling.Lock()
			defer g.telling.Unlock()
		}
		g.happen(occurrence{event: drained})
		g.mu.Lock()
		gates := append(g.gates, g.inherited...)
		life := g.life
		g.mu.Unlock()
		for _, l := range gates {
			l.Close()
		}
		g.dropGifts()
		if g.socket != nil {
			g.socket.Close()
			os.Remove(filepath.Join(tmp(g.o.Dir), "generations", g.name("sock")))
			os.Remove(filepath.Join(tmp(g.o.Dir), "generations", g.name("http")))
		}
		if life != nil {
			life.line.close()
		}
		if g.folder != nil {
			g.folder.Close()
		}
		if g.lock != nil {
			g.lock.Close()
		}
	})
}

// Private is a socket of this generation alone, by which others of the instance
// reach its handler, whoever has the port.
func (g *Generation) Private() (net.Listener, error) {
	return g.listen("http")
}

// open makes the lock and the control socket. The lock is held before it gets its
// name, so that nobody ever sees a living generation's lock free.
func (g *Generation) open(dir string) (err error) {
	g.o.Log = g.o.Log.With("generation", g.Number())
	temp := filepath.Join(dir, fmt.Sprintf(".%d.lock", os.Getpid()))
	if g.lock, err = lockFile(temp); err != nil {
		return err
	}
	defer os.Remove(temp)
	if err := errors.Join(json.NewEncoder(g.lock).Encode(g.status), g.lock.Sync()); err != nil {
		return err
	}
	if g.folder, err = os.Open(dir); err != nil {
		return err
	}
	if g.socket, err = g.listen("sock"); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(dir, g.name("lock")))
}

// listen makes a socket in generations/ that only our account may use.
func (g *Generation) listen(kind string) (*net.UnixListener, error) {
	name := filepath.Join(tmp(g.o.Dir), "generations", g.name(kind))
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: short(g.folder, g.name(kind)), Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // its short path ends with the folder's descriptor
	return l, os.Chmod(name, 0o600)
}

func (g *Generation) name(kind string) string {
	return fmt.Sprintf("%d.%s", g.status.Generation, kind)
}

// ending is closed when the older generations are gone; nil when they are not ours to end.
func (g *Generation) ending() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.older
}

func (g *Generation) now() phase {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.phase
}

// tell is this generation's status.
func (g *Generation) tell(ctx context.Context) Status {
	s := g.status
	switch g.now() {
	case warming, heir:
		s.State = Warming
	case trial:
		s.State, s.Probation = Serving, true
	case serving, hosting:
		s.State = Serving
	case standby, draining, gone:
		s.State = Draining
	}
	if w := g.can(); w != nil {
		if jobs, err := w.Jobs(ctx); err == nil {
			s.Jobs = jobs
		}
		if s.ByTenant = w.Staying != nil; s.ByTenant && s.State == Draining {
			if staying, err := w.Staying(ctx); err == nil {
				s.Tenants, s.Staying = len(staying), staying
			}
		}
	}
	return s
}

// can is what this generation can do, nil while it cannot do anything yet.
func (g *Generation) can() *Work {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.work
}

func (r Reason) String() string {
	return [...]string{"it is stopped", "the marker was touched by hand", "another serves", "its predecessor serves again"}[r]
}

// tmp is the instance's folder for what need not outlive a reboot.
func tmp(dir string) string { return filepath.Join(dir, "tmp") }

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
