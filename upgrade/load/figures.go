package load

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Figures are what a trial has shown.
type Figures struct {
	Upgrades int `json:"upgrades,omitempty"`
	Kills    int `json:"kills,omitempty"`
	Releases int `json:"releases"` // that answered

	Requests   int       `json:"requests"`
	Failed     int       `json:"failed"`
	Streams    int       `json:"streams"`
	CutStreams int       `json:"cut_streams"`
	Failures   []Failure `json:"failures,omitempty"`
	Effects    Effects   `json:"effects"`

	Gap      *Ratio  `json:"gap,omitempty"`    // the median of the longest times without a success
	Median   *Ratio  `json:"median,omitempty"` // of the latencies
	Slowest  *Ratio  `json:"p99,omitempty"`    // 99 of 100 are faster
	TakeOver *Spread `json:"takeover,omitempty"`

	Refused      int       `json:"refused"`
	FailedByKill []int     `json:"failed_by_kill,omitempty"`
	CutByKill    []int     `json:"cut_by_kill,omitempty"`
	AcceptsAgain []float64 `json:"accepts_again_ms,omitempty"`

	Vitals []Vitals `json:"vitals,omitempty"` // after the fifth upgrade, and after the last
}

// Ratio is a figure around upgrades and in the control, in milliseconds.
type Ratio struct {
	Upgrade float64 `json:"upgrade_ms"`
	Control float64 `json:"control_ms"`
	Ratio   float64 `json:"ratio"`
}

// Spread is a figure that differs from one upgrade to the next, in milliseconds.
type Spread struct {
	Median float64 `json:"median_ms"`
	Most   float64 `json:"most_ms"`
}

// MedianFailed is how many requests a kill costs.
func (f Figures) MedianFailed() int {
	return quantile(slices.Sorted(slices.Values(f.FailedByKill)), 0.5)
}

// MedianAgain is how many milliseconds after a kill the release before answers.
func (f Figures) MedianAgain() float64 {
	return quantile(slices.Sorted(slices.Values(f.AcceptsAgain)), 0.5)
}

// Print writes the figures for a person.
func (f Figures) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	row("requests", "%d, answered by %d releases", f.Requests, f.Releases)
	row("failed", "%d", f.Failed)
	row("streams", "%d, cut %d", f.Streams, f.CutStreams)
	row("effects", "%d sent, %d acknowledged, %d executed; %d lost, %d done twice", f.Effects.Sent, f.Effects.Acknowledged, f.Effects.Executed, f.Effects.Lost, f.Effects.Twice)
	for _, r := range []struct {
		name string
		*Ratio
	}{{"longest gap between two successes", f.Gap}, {"latency, median", f.Median}, {"latency, 99 of 100", f.Slowest}} {
		if r.Ratio != nil {
			row(r.name, "%.1f ms around an upgrade, %.1f ms in the control: %.2f times", r.Upgrade, r.Control, r.Ratio.Ratio)
		}
	}
	if f.TakeOver != nil {
		row("from app upgrade to take-over", "%.0f ms, at most %.0f ms", f.TakeOver.Median, f.TakeOver.Most)
	}
	if f.Kills > 0 {
		row("refused", "%d", f.Refused)
		row("failed requests by kill", "median %d: %v", f.MedianFailed(), f.FailedByKill)
		row("cut streams by kill", "%v", f.CutByKill)
		row("the release before answers again", "after %.1f ms: %.1f", f.MedianAgain(), f.AcceptsAgain)
	}
	for _, v := range f.Vitals {
		text := fmt.Sprintf("%d descriptors, %d threads, %d MB, %d processes, %d files", v.Descriptors, v.Threads, v.MemoryKB>>10, v.Processes, v.Files)
		if v.Goroutines > 0 {
			text += fmt.Sprintf(", %d goroutines", v.Goroutines)
		}
		row(fmt.Sprintf("after upgrade %d", v.Upgrade), "%s", text)
	}
	for _, failure := range f.Failures {
		row("  "+failure.Sort, "%d times: %s", failure.Count, failure.Error)
	}
	return t.Flush()
}

// compare holds windows around upgrades against windows without.
func (f *Figures) compare(records []Record, around, control []Span) {
	f.Gap = ratio(median(records, around, longestGap), median(records, control, longestGap))
	f.Median = ratio(median(records, around, latency(0.5)), median(records, control, latency(0.5)))
	f.Slowest = ratio(median(records, around, latency(0.99)), median(records, control, latency(0.99)))
}

func longestGap(records []Record, s Span) time.Duration { return Gap(records, s) }

func latency(q float64) func([]Record, Span) time.Duration {
	return func(records []Record, s Span) time.Duration { return quantile(latencies(records, s), q) }
}

// median is a figure's, over all windows.
func median(records []Record, spans []Span, figure func([]Record, Span) time.Duration) time.Duration {
	var all []time.Duration
	for _, s := range spans {
		all = append(all, figure(records, s))
	}
	slices.Sort(all)
	return quantile(all, 0.5)
}

func ratio(upgrade, control time.Duration) *Ratio {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return &Ratio{ms(upgrade), ms(control), ms(upgrade) / ms(control)}
}
