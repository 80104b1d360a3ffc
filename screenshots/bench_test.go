package screenshots

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	script "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Beside each figure stand those of the same run: of the limit, which is the picture
// of a page that our tab has painted already, taken again and again; and of the
// rival, a warm tab as others write it, and the same limit in that. What a page costs
// before it is painted depends little on its scale, the limit does: so there are both.

// BenchmarkOneTab draws the six designs in turn in one tab.
func BenchmarkOneTab(b *testing.B) {
	atScales(b, func(b *testing.B, scale float64) { benchmarkTab(b, designsAt(b, 0, scale)) })
}

// BenchmarkTenants draws a design of each of 50 tenants in turn in one tab.
func BenchmarkTenants(b *testing.B) {
	atScales(b, func(b *testing.B, scale float64) {
		var shots []Shot
		for i := range 50 {
			s := designsAt(b, i, scale)[i%6]
			s.For = fmt.Sprint("tenant ", i)
			shots = append(shots, s)
		}
		benchmarkTab(b, shots)
	})
}

// again is how often a painted page is taken for the limit.
const again = 4

func benchmarkTab(b *testing.B, shots []Shot) {
	p := startPool(b, Options{Tabs: 1})
	rival := startRivals(b, 1)[0]
	for _, s := range shots {
		capture(b, p, s)
		rival.draw(b, s)
	}
	var ours, theirs, limit, theirLimit usage
	b.ResetTimer()
	for b.Loop() {
		ours.add(measureUse(p, func() {
			for _, s := range shots {
				capture(b, p, s)
			}
		}))
		theirs.add(measureUse(rival.pool, func() {
			for _, s := range shots {
				rival.draw(b, s)
			}
		}))
		for _, s := range shots {
			capture(b, p, s)
			between(b, p, func(t *tab) {
				browser := t.browser.Load()
				limit.add(measureUse(p, func() {
					for range again {
						if _, err := browser.photograph(browser.ctx, s); err != nil {
							b.Error(err)
						}
					}
				}))
			})
			rival.draw(b, s)
			theirLimit.add(measureUse(rival.pool, func() {
				for range again {
					rival.photograph(b)
				}
			}))
		}
	}
	limit, theirLimit = limit.by(again), theirLimit.by(again)
	n := b.N * len(shots)
	for _, of := range []struct {
		name string
		usage
	}{{"shot", ours}, {"limit", limit}, {"rival", theirs}, {"rival-limit", theirLimit}} {
		b.ReportMetric(of.cpu.Seconds()*1000/float64(n), "CPU-ms/"+of.name)
		b.ReportMetric(of.wall.Seconds()*1000/float64(n), "ms/"+of.name)
	}
	b.ReportMetric(ours.cpu.Seconds()/limit.cpu.Seconds(), "CPU-x-limit")
	b.ReportMetric(ours.cpu.Seconds()/theirLimit.cpu.Seconds(), "CPU-x-rival-limit")
	b.ReportMetric(limit.wall.Seconds()/ours.wall.Seconds(), "wall-of-limit")
	b.ReportMetric(theirLimit.wall.Seconds()/ours.wall.Seconds(), "wall-of-rival-limit")
}

// BenchmarkAllCores has all tabs draw all the time: ours, and of the rival one a core.
func BenchmarkAllCores(b *testing.B) {
	atScales(b, func(b *testing.B, scale float64) { benchmarkCores(b, designsAt(b, 0, scale)) })
}

func atScales(b *testing.B, benchmark func(b *testing.B, scale float64)) {
	for _, scale := range []float64{1, 2} {
		b.Run(fmt.Sprint("scale=", scale), func(b *testing.B) { benchmark(b, scale) })
	}
}

func benchmarkCores(b *testing.B, shots []Shot) {
	p := startPool(b, Options{})
	rivals := startRivals(b, runtime.NumCPU())
	warmAll(b, p)
	for _, s := range shots {
		for range p.tabs {
			capture(b, p, s)
		}
		for _, r := range rivals {
			r.draw(b, s)
		}
	}
	const rounds = 4
	var ours, theirs, limit usage
	b.ResetTimer()
	for b.Loop() {
		ours.add(measureUse(p, func() {
			var drawn sync.WaitGroup
			for i := range rounds * len(rivals) * len(shots) {
				drawn.Go(func() {
					if _, err := p.Capture(context.Background(), shots[i%len(shots)]); err != nil {
						b.Error(err)
					}
				})
			}
			drawn.Wait()
		}))
		theirs.add(measureUse(rivals[0].pool, func() {
			var drawn sync.WaitGroup
			for k, r := range rivals {
				drawn.Go(func() {
					for i := range rounds * len(shots) {
						r.draw(b, shots[(i+k)%len(shots)])
					}
				})
			}
			drawn.Wait()
		}))
		for _, s := range shots {
			rivals[0].draw(b, s)
			limit.add(measureUse(rivals[0].pool, func() { rivals[0].photograph(b) }))
		}
	}
	n := float64(b.N * rounds * len(rivals) * len(shots))
	most := float64(runtime.NumCPU()) / (limit.cpu.Seconds() / float64(b.N*len(shots))) // shots a second, were there nothing but the limit
	b.ReportMetric(n/ours.wall.Seconds(), "shots/s")
	b.ReportMetric(n/theirs.wall.Seconds(), "rival-shots/s")
	b.ReportMetric(n/ours.wall.Seconds()/most, "of-cores/rival-limit")
	b.ReportMetric(n/theirs.wall.Seconds()/most, "rival-of-cores/rival-limit")
	b.ReportMetric(ours.cpu.Seconds()/ours.wall.Seconds(), "cores-used")
}

// BenchmarkFirst compares the first shot of a new pool with the tenth.
func BenchmarkFirst(b *testing.B) {
	s := designs(b, 0)[0]
	var first, tenth time.Duration
	for b.Loop() {
		p := startPool(b, Options{Tabs: 1})
		for k := range 10 {
			began := time.Now()
			capture(b, p, s)
			switch took := time.Since(began); k {
			case 0:
				first += took
			case 9:
				tenth += took
			}
		}
		p.Close()
	}
	b.ReportMetric(first.Seconds()*1000/float64(b.N), "ms/first")
	b.ReportMetric(tenth.Seconds()*1000/float64(b.N), "ms/tenth")
	b.ReportMetric(first.Seconds()/tenth.Seconds(), "first/tenth")
}

// BenchmarkMemory compares what all processes of Chrome hold after 2,000 shots with
// what they held after 200.
func BenchmarkMemory(b *testing.B) {
	shots := designs(b, 0)
	for b.Loop() {
		p := startPool(b, Options{})
		draw := func(n int) {
			var drawn sync.WaitGroup
			for i := range n {
				drawn.Go(func() { capture(b, p, shots[i%len(shots)]) })
			}
			drawn.Wait()
		}
		draw(200)
		early := proportional(p)
		draw(1800)
		late := proportional(p)
		b.ReportMetric(float64(early>>10), "MB/200")
		b.ReportMetric(float64(late>>10), "MB/2000")
		b.ReportMetric(float64(late)/float64(early), "2000/200")
		p.Close()
	}
}

// proportional is what a pool's processes hold, in kB, each with its part of what is
// shared, when none is about to be renewed.
func proportional(p *Pool) (kB int) {
	p.renewal.Lock()
	defer p.renewal.Unlock()
	for _, pid := range running(p.folder.path) {
		rollup, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		for line := range bytes.Lines(rollup) {
			var pss int
			if n, _ := fmt.Sscanf(string(line), "Pss: %d kB", &pss); n == 1 {
				kB += pss
			}
		}
	}
	return kB
}

// rival is a tab of a browser like ours, as others start it and speak to it: with JSON.
type rival struct {
	pool  *Pool // that has made its folder
	ctx   context.Context
	frame cdp.FrameID
}

func startRivals(b *testing.B, n int) (all []rival) {
	b.Helper()
	p := startPool(b, Options{Tabs: 1})
	fontconfig, err := writeFontconfig(p.folder, fonts())
	if err != nil {
		b.Fatal(err)
	}
	c := command{place: p.place, folder: p.folder, fontconfig: fontconfig, account: p.folder.account}
	for range n {
		all = append(all, rival{p, startPlain(b, c), ""})
		r := &all[len(all)-1]
		tree, err := chromedp.Call(r.ctx, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			b.Fatal(err)
		}
		r.frame = tree.FrameTree.Frame.ID
	}
	return all
}

func startPlain(b *testing.B, c command) context.Context {
	b.Helper()
	profile, err := c.folder.sub("plain-")
	if err != nil {
		b.Fatal(err)
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(c.place.chromium), chromedp.UserDataDir(profile), chromedp.Flag("no-sandbox", false),
		chromedp.NoInheritEnv, chromedp.Env(c.environment(profile, nil)...),
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) {
			cmd.Dir, cmd.SysProcAttr = profile, &syscall.SysProcAttr{Credential: c.account, Pdeathsig: syscall.SIGKILL}
		}),
	}
	for _, f := range flags() {
		name, value, valued := strings.Cut(strings.TrimPrefix(f, "--"), "=")
		if valued {
			options = append(options, chromedp.Flag(name, value))
		} else {
			options = append(options, chromedp.Flag(name, true))
		}
	}
	life, cancel := context.WithCancel(context.Background())
	allocator, _ := chromedp.NewExecAllocator(life, options...)
	quiet := func(string, ...any) {}
	ctx, wait := chromedp.NewContext(allocator, chromedp.WithLogf(quiet), chromedp.WithErrorf(quiet))
	b.Cleanup(func() { cancel(); wait(); bury(profile) })
	if err := chromedp.Do(ctx); err != nil {
		b.Fatal(err)
	}
	return ctx
}

func (r rival) draw(b *testing.B, s Shot) {
	_, err := chromedp.Call(r.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(s.Width), Height: int64(s.Height), DeviceScaleFactor: s.Scale,
	})
	if err == nil {
		_, err = chromedp.Call(r.ctx, page.SetDocumentContent, page.SetDocumentContentParams{FrameID: r.frame, HTML: s.HTML})
	}
	if err == nil {
		_, err = chromedp.Call(r.ctx, script.Evaluate, script.EvaluateParams{AwaitPromise: new(true), Expression: `
			new Promise((done) => document.readyState === "complete" ? done() : addEventListener("load", done)).then(() => document.fonts.ready).then(() => 1)`})
	}
	if err != nil {
		b.Error(err)
	}
	r.photograph(b)
}

func (r rival) photograph(b *testing.B) {
	if _, err := chromedp.Call(r.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{OptimizeForSpeed: new(true)}); err != nil {
		b.Error(err)
	}
}

type usage struct{ cpu, wall time.Duration }

func (u *usage) add(v usage) { u.cpu, u.wall = u.cpu+v.cpu, u.wall+v.wall }

func (u usage) by(n time.Duration) usage { return usage{u.cpu / n, u.wall / n} }

// measureUse is what our process and all of a pool's Chrome take for f; to look at
// these, which takes longer than some pictures, is not counted.
func measureUse(p *Pool, f func()) (u usage) {
	pids := running(p.folder.path)
	chrome, ours, began := used(pids...), used(os.Getpid()), time.Now()
	f()
	u.wall = time.Since(began)
	u.cpu = used(os.Getpid()) - ours
	u.cpu += used(pids...) - chrome
	return u
}

// used is the time that processes have had of all cores.
func used(pids ...int) (sum time.Duration) {
	for _, pid := range pids {
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		for _, task := range tasks {
			stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, task.Name()))
			if fields := bytes.Fields(stat); len(fields) > 0 {
				ns, _ := strconv.ParseInt(string(fields[0]), 10, 64)
				sum += time.Duration(ns)
			}
		}
	}
	return sum
}
