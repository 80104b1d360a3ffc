package http_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// BenchmarkEditorDrag drags 50 of 500 elements, and in the same run one of them, and
// traces what script each frame takes: the median is to stay below 8 ms.
//
//	go test -run xxx -bench EditorDrag -benchtime 1x ./http
func BenchmarkEditorDrag(b *testing.B) {
	var elements []string
	for i := range 500 {
		elements = append(elements, fmt.Sprintf(`{"id":"e%d","type":"rect","x":%d,"y":%d,"width":16,"height":12,"fill":"#2563eb"}`, i, i%25*20, i/25*15))
	}
	doc := `{"version":1,"pages":[{"width":500,"height":300,"elements":[` + strings.Join(elements, ",") + `]}]}`
	s := newSite(b)
	w := s.workbench(b, s.browser(), doc)
	var fifty, one float64
	for b.Loop() {
		w.drag(at{1, 299}, at{495, 269}) // the last rows: 50 elements
		fifty = w.script(func() { w.dragLong(at{5, 290}, at{60, 200}) })
		w.keys("z", ctrl)
		w.click(at{5, 5})
		one = w.script(func() { w.dragLong(at{5, 5}, at{60, 90}) })
		w.keys("z", ctrl)
	}
	b.ReportMetric(fifty, "ms/frame-50")
	b.ReportMetric(one, "ms/frame-1")
	b.ReportMetric(fifty/8, "x-limit")
}

func (w *workbench) dragLong(from, to at) {
	w.press(from)
	for range 10 {
		w.moveTo(from, to)
		from, to = to, from
	}
	w.release(to)
}

// script is the median of what a frame takes, in ms, while something is done.
func (w *workbench) script(do func()) float64 {
	w.t.Helper()
	var spans []span
	complete := make(chan bool, 1)
	err := chromedp.Listen(w.ctx, func(event any) {
		switch e := event.(type) {
		case *tracing.EventDataCollected:
			for _, v := range e.Value {
				var s span
				if json.Unmarshal(v, &s) == nil && (s.Name == "FireAnimationFrame" || s.Name == "EventDispatch") {
					spans = append(spans, s)
				}
			}
		case *tracing.EventTracingComplete:
			complete <- true
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
	config := &tracing.TraceConfig{IncludedCategories: []string{"devtools.timeline"}}
	if _, err := chromedp.Call(w.ctx, tracing.Start, tracing.StartParams{TraceConfig: config}); err != nil {
		w.t.Fatal(err)
	}
	do()
	if _, err := chromedp.Call(w.ctx, tracing.End, cdp.Empty{}); err != nil {
		w.t.Fatal(err)
	}
	<-complete
	slices.SortFunc(spans, func(a, b span) int { return int(a.Time - b.Time) })
	var frames []float64
	took := 0.0
	for _, s := range spans {
		took += s.Took / 1000
		if s.Name == "FireAnimationFrame" {
			frames = append(frames, took)
			took = 0
		}
	}
	if len(frames) == 0 {
		w.t.Fatal("no frame was traced")
	}
	slices.Sort(frames)
	return frames[len(frames)/2]
}

// span is an event of a trace; times are in microseconds.
type span struct {
	Name string  `json:"name"`
	Time float64 `json:"ts"`
	Took float64 `json:"tdur"` // of its thread, not of the clock
}
