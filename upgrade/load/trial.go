package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"majestic/upgrade"
)

// Trial is a load on an instance whose releases replace each other.
type Trial struct {
	Instance  *Instance
	Plan      Plan
	Probation time.Duration
	Window    time.Duration // around an upgrade, and of the same length without one; 0 is upgrades in a row
	Progress  io.Writer

	Executed   func(context.Context) (map[string]int, error) // what the server has done, by id
	Goroutines func() (int, error)                           // of the process that serves; may be nil
}

// Upgrades upgrades so many times under load. Between two upgrades the load goes
// on alone for as long: the control, by which the rest is measured.
func (t Trial) Upgrades(ctx context.Context, count int) (f Figures, err error) {
	first, err := t.Instance.alone(ctx)
	if err != nil {
		return f, err
	}
	f = Figures{Upgrades: count}
	var control, around []Span
	var takeOvers []float64
	run := Start(t.Plan)
	err = wait(ctx, time.Second) // until the connections are open
	for i := 0; i < count && err == nil; i++ {
		var s Span
		if t.Window > 0 {
			if s, err = t.span(ctx, func() error { return nil }); err != nil {
				break
			}
			control = append(control, s)
		}
		s, err = t.span(ctx, func() error {
			took, err := t.upgrade(ctx, i)
			takeOvers = append(takeOvers, took)
			return err
		})
		around = append(around, s)
		if err != nil {
			break
		}
		if i == min(4, count-1) || i == count-1 {
			var v Vitals
			if v, err = t.vitals(ctx, i+1); err != nil {
				break
			}
			f.Vitals = append(f.Vitals, v)
		}
		if _, err = t.Instance.alone(ctx); err != nil {
			break
		}
		fmt.Fprintf(t.Progress, "upgrade %3d of %d: took over after %.0f ms\n", i+1, count, takeOvers[i])
	}
	records := run.Stop()
	if err != nil {
		return f, err
	}
	slices.Sort(takeOvers)
	f.TakeOver = &Spread{quantile(takeOvers, 0.5), quantile(takeOvers, 1)}
	if t.Window > 0 {
		f.compare(records, around, control)
	}
	return f, t.conclude(ctx, &f, records, first)
}

// Kills has a release killed on probation, so many times: in turn soon after it
// has taken over and later.
func (t Trial) Kills(ctx context.Context, count int) (f Figures, err error) {
	first, err := t.Instance.alone(ctx)
	if err != nil {
		return f, err
	}
	f = Figures{Kills: count}
	run := Start(t.Plan)
	p := probe(t.Plan.Address)
	var spans []Span
	err = wait(ctx, time.Second)
	for i := 0; i < count && err == nil; i++ {
		after := [...]time.Duration{50 * time.Millisecond, 2 * time.Second}[i%2]
		began := time.Now()
		var killed time.Time
		if killed, err = t.kill(ctx, i, after); err != nil {
			break
		}
		if err = wait(ctx, time.Second); err != nil { // what it had in hand has failed by now
			break
		}
		again, ok := p.answered(first.Release, killed)
		if !ok {
			err = errors.New("the release before did not answer after a kill")
			break
		}
		f.AcceptsAgain = append(f.AcceptsAgain, again)
		spans = append(spans, Span{began, time.Now()})
		fmt.Fprintf(t.Progress, "kill %2d of %d, %s after take-over: answers again after %.1f ms\n", i+1, count, after, again)
	}
	records := run.Stop()
	p.stop()
	if err != nil {
		return f, err
	}
	for _, s := range spans {
		n, cut := failed(Failures(records, s))
		f.FailedByKill = append(f.FailedByKill, n)
		f.CutByKill = append(f.CutByKill, cut)
		f.Refused += refused(records, s)
	}
	f.Refused += p.refusals()
	return f, t.conclude(ctx, &f, records, first)
}

// span does something in a window, and lets the window pass.
func (t Trial) span(ctx context.Context, do func() error) (s Span, err error) {
	s.From = time.Now()
	s.To = s.From.Add(t.Window)
	if err := do(); err != nil {
		return s, err
	}
	return s, wait(ctx, time.Until(s.To))
}

// upgrade goes to another release, and returns what it took to the take-over.
func (t Trial) upgrade(ctx context.Context, i int) (took float64, err error) {
	file, err := t.Instance.Release(i)
	if err != nil {
		return 0, err
	}
	defer os.Remove(file)
	last, err := t.Instance.Upgrade(ctx, file, func(s upgrade.Step) {
		if s.Step == "takeover" {
			took = float64(s.MS)
		}
	}, "--probation", t.Probation.String())
	if err == nil && last.Result != "committed" {
		err = fmt.Errorf("upgrade %d: %s: %s\n%s", i+1, last.Result, last.Reason, last.Log)
	}
	return took, err
}

// kill begins an upgrade and kills the new release a while after it has taken over.
func (t Trial) kill(ctx context.Context, i int, after time.Duration) (killed time.Time, err error) {
	file, err := t.Instance.Release(i)
	if err != nil {
		return killed, err
	}
	defer os.Remove(file)
	var died error
	last, err := t.Instance.Upgrade(ctx, file, func(s upgrade.Step) {
		if s.Step != "takeover" {
			return
		}
		alive, err := upgrade.Alive(t.Instance.Dir)
		if err != nil || len(alive) < 2 || alive[0].Generation != s.Generation {
			died = fmt.Errorf("the release that took over is not there: %v", err)
			return
		}
		time.Sleep(after)
		killed = time.Now()
		died = syscall.Kill(alive[0].PID, syscall.SIGKILL)
	}, "--probation", "1m")
	if err = errors.Join(err, died); err == nil && last.Result != "rolled_back" {
		err = fmt.Errorf("kill %d: the upgrade ends with %s: %s", i+1, last.Result, last.Reason)
	}
	return killed, err
}

// vitals are taken when the release before has ended, and all clients have come over.
func (t Trial) vitals(ctx context.Context, after int) (v Vitals, err error) {
	only, err := t.Instance.alone(ctx)
	if err == nil {
		err = wait(ctx, 2*time.Second)
	}
	if err != nil {
		return v, err
	}
	if v, err = t.Instance.vitals(only.PID); err != nil {
		return v, err
	}
	v.Upgrade = after
	if t.Goroutines != nil {
		v.Goroutines, err = t.Goroutines()
	}
	return v, err
}

// conclude counts what the whole trial has shown.
func (t Trial) conclude(ctx context.Context, f *Figures, records []Record, first upgrade.Status) error {
	executed, err := t.Executed(ctx)
	if err != nil {
		return fmt.Errorf("count what was done: %w", err)
	}
	whole := Span{time.Time{}, time.Now()}
	f.Requests = len(records)
	f.Failures = Failures(records, whole)
	f.Failed, f.CutStreams = failed(f.Failures)
	f.Effects = account(records, executed)
	by := map[string]bool{}
	for _, r := range records {
		if r.Release != "" {
			by[r.Release] = true
		}
		if r.Sort == streamSort {
			f.Streams++
		}
	}
	f.Releases = len(by)
	f.Requests -= f.Streams
	return nil
}

// prober asks every 2 ms, over a new connection and with no delay, who is there.
type prober struct {
	end  chan struct{}
	all  sync.WaitGroup
	mu   sync.Mutex
	hits []Record
}

func probe(address string) *prober {
	p := &prober{end: make(chan struct{})}
	c := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		},
	}, Timeout: patience}
	p.all.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-p.end:
				return
			case <-tick.C:
			}
			p.all.Go(func() {
				var r Record
				a, err := c.Get("http://" + address + "/version")
				if r.Err = err; err == nil {
					r.Release = a.Header.Get("X-Release")
					a.Body.Close()
				}
				r.End = time.Now()
				p.mu.Lock()
				defer p.mu.Unlock()
				p.hits = append(p.hits, r)
			})
		}
	})
	return p
}

// answered tells how many milliseconds after a moment a release answered first.
func (p *prober) answered(release string, after time.Time) (ms float64, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.hits {
		if took := float64(r.End.Sub(after).Microseconds()) / 1000; r.Err == nil && r.Release == release && took > 0 && (!ok || took < ms) {
			ms, ok = took, true
		}
	}
	return ms, ok
}

func (p *prober) refusals() (n int) {
	return refused(p.hits, Span{time.Time{}, time.Now()})
}

func (p *prober) stop() {
	close(p.end)
	p.all.Wait()
}
