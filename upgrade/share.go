package upgrade

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Nobody stands for the generation that serves while there is none, as in the
// second between its crash and its restart.
const Nobody = -1

// Whose tells which generation answers for a tenant that is assigned to a release,
// "" for one that is assigned to none; 0 is this generation. A release without a
// living process counts as none, and who is assigned to none is served by whoever
// serves now. A generation that was replaced, and not by tenant, goes on with those
// who still come to it.
func (g *Generation) Whose(release string) int {
	if release == g.o.Release {
		return 0
	}
	if release != "" {
		if n := g.peers.of(g.o.Dir, release); n != 0 && n != g.Number() {
			return n
		}
	}
	g.mu.Lock()
	p, s := g.phase, g.successor
	g.mu.Unlock()
	if p < standby || s == nil || !s.order.ByTenant {
		return 0
	}
	if lives(g.o.Dir, s.number) {
		return s.number // which may have a successor itself, and knows
	}
	if p == standby {
		return 0 // we are about to accept again
	}
	if n := serves(g.o.Dir); n != g.Number() && lives(g.o.Dir, n) {
		return n
	}
	return Nobody
}

// Dial reaches the private listener of another generation.
func (g *Generation) Dial(ctx context.Context, generation int) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", short(g.folder, fmt.Sprintf("%d.http", generation)))
}

// Predecessor is the release that this generation is to succeed, "" for none, and
// whether it shall take over tenant by tenant.
func (g *Generation) Predecessor() (release string, byTenant bool) {
	if g.life == nil {
		return "", false
	}
	return g.life.release, g.life.byTenant
}

// heirs are the releases to which this one's tenants may go: of the generations
// between it and the one that serves, the oldest first, and last of that one. There
// is none while nobody else serves, nor when a newer process of the own release
// goes on with it.
func (g *Generation) heirs() (releases []string) {
	g.mu.Lock()
	p, s := g.phase, g.successor
	g.mu.Unlock()
	if p == standby {
		if s == nil || !s.order.ByTenant || s.release == g.o.Release {
			return nil
		}
		return []string{s.release}
	}
	heir, ours := g.Heir()
	alive, err := Alive(g.o.Dir)
	if ours || heir == "" || heir == g.o.Release || err != nil {
		return nil
	}
	last := serves(g.o.Dir)
	for _, s := range slices.Backward(alive) {
		if s.Generation > g.Number() && s.Generation < last && s.Release != heir {
			releases = append(releases, s.Release)
		}
	}
	return append(releases, heir)
}

// Moved is closed when no tenant is this generation's any more, after it was replaced.
func (g *Generation) Moved() <-chan struct{} { return g.moved }

// moveEvery is how often a generation whose place is taken looks whose jobs are done.
const moveEvery = 200 * time.Millisecond

// moveOut moves tenants while another has our place, on probation or for good, until
// none is left or the place is ours again. The caller holds mu.
func (g *Generation) moveOut() {
	if g.moving {
		return
	}
	g.moving = true
	go func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			select {
			case <-g.closed:
				cancel()
			case <-ctx.Done():
			}
		}()
		parted := time.Time{}
		for tick := time.Tick(moveEvery); ; {
			g.mu.Lock()
			p, leave, move := g.phase, g.leave, g.work.Move
			if p != standby && p != draining {
				g.moving = false
				g.mu.Unlock()
				return
			}
			g.mu.Unlock()
			if p == draining && parted.IsZero() {
				parted = time.Now()
			}
			left := 0
			if move != nil {
				var err error
				all := p == draining && (!leave.ByTenant || leave.Timeout > 0 && time.Since(parted) >= leave.Timeout)
				if left, err = move(ctx, g.heirs(), all); err != nil && ctx.Err() == nil {
					g.o.Log.Warn("tenants could not be moved; it is tried again", "err", err)
					left++
				}
			}
			if _, ours := g.Heir(); p == draining && (ours || left == 0) {
				close(g.moved)
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-tick:
			}
		}
	}()
}

// Releases are those of the generations that live, the oldest first, this one's among them.
func (g *Generation) Releases() ([]string, error) {
	alive, err := Alive(g.o.Dir)
	var all []string
	for _, s := range slices.Backward(alive) {
		if !slices.Contains(all, s.Release) {
			all = append(all, s.Release)
		}
	}
	return all, err
}

const (
	overseeEvery = time.Second
	mostMissed   = 3
)

// Oversee ends older generations that hang while tenants are theirs alone, so that
// these, and their jobs, come to others; theirs names the releases that have any.
// It returns when ctx ends.
func (g *Generation) Oversee(ctx context.Context, theirs func(context.Context) (releases []string, err error)) {
	missed := map[int]int{}
	for tick := time.Tick(overseeEvery); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		if !g.InCharge() {
			continue
		}
		alive, err := Alive(g.o.Dir)
		if err != nil || len(alive) < 2 {
			continue
		}
		releases, err := theirs(ctx)
		if err != nil {
			continue
		}
		for _, s := range alive {
			if s.Generation >= g.Number() || s.Release == g.o.Release || !slices.Contains(releases, s.Release) {
				continue
			}
			counts, err := g.examine(s.Generation)
			if !counts {
				delete(missed, s.Generation)
				continue
			}
			if missed[s.Generation]++; missed[s.Generation] >= mostMissed {
				g.o.Log.Error("an older generation hangs, and tenants wait for it; it is killed, and they are served here", "older", s.Generation, "err", err)
				killGeneration(g.o.Dir, s)
				g.wake()
			}
		}
	}
}

// killGeneration kills a process by its descriptor, and only while it holds its lock:
// afterwards another may have its number.
func killGeneration(dir string, s Status) {
	p, err := os.FindProcess(s.PID)
	if err != nil {
		return
	}
	defer p.Release()
	if lives(dir, s.Generation) {
		p.Kill()
	}
}

// peers remembers which generation a release has, since every request of its
// tenants asks. A lock that is held is proof enough that it still has it; that it
// has none holds until a file comes or goes.
type peers struct {
	mu    sync.Mutex
	known map[string]relative
	none  map[string]time.Time // when the folder had last changed
}

// relative is a generation of another release.
type relative struct {
	number    int
	lock      *os.File // stays open, to be asked by one call
	committed bool     // which is for good
}

// of is the generation that answers for a release, 0 when there is none: the newest
// that lives and was not rolled back, and rather one that has served than one that
// is only coming.
func (p *peers) of(dir, release string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.known[release]; ok {
		if known.answers(dir) {
			p.known[release] = known
			return known.number
		}
		known.lock.Close()
		delete(p.known, release)
	}
	folder, err := os.Stat(filepath.Join(tmp(dir), "generations"))
	if err != nil || folder.ModTime().Equal(p.none[release]) {
		return 0
	}
	alive, err := Alive(dir)
	if err != nil {
		return 0
	}
	alive = slices.DeleteFunc(alive, func(s Status) bool { return s.Release != release || calledOff(dir, s.Generation) })
	if p.known == nil {
		p.known, p.none = map[string]relative{}, map[string]time.Time{}
	}
	if len(alive) == 0 {
		if time.Since(folder.ModTime()) > time.Second { // its clock is coarse
			p.none[release] = folder.ModTime()
		}
		return 0
	}
	last := serves(dir)
	i := max(0, slices.IndexFunc(alive, func(s Status) bool { return s.Generation <= last }))
	if lock, err := os.Open(lockOf(dir, alive[i].Generation)); err == nil {
		p.known[release] = relative{number: alive[i].Generation, lock: lock}
	}
	return alive[i].Generation
}

// answers tells whether it lives and was not rolled back.
func (p *relative) answers(dir string) bool {
	if alive, err := heldBy(p.lock); err != nil || !alive {
		return false
	}
	if !p.committed {
		v, err := readVerdict(dir, p.number)
		if err == nil && v.event() == rolledBack {
			return false
		}
		p.committed = err == nil
	}
	return true
}

// serves is the generation to which the control socket of who serves leads, 0 for none.
func serves(dir string) int {
	to, err := os.Readlink(filepath.Join(tmp(dir), "app.sock"))
	if err != nil {
		return 0
	}
	return numberOf(filepath.Base(to))
}

// calledOff tells whether a generation was rolled back: what lives of it is about to end.
func calledOff(dir string, generation int) bool {
	v, err := readVerdict(dir, generation)
	return err == nil && v.event() == rolledBack
}

// lives tells whether the process of a generation does.
func lives(dir string, generation int) bool {
	alive, err := held(lockOf(dir, generation))
	return err == nil && alive
}

func lockOf(dir string, generation int) string {
	return filepath.Join(tmp(dir), "generations", fmt.Sprintf("%d.lock", generation))
}
