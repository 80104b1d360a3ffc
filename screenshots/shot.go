package screenshots

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
)

// Shot is a page and how it is to be taken. The HTML is one whole document with
// everything in it: images and fonts as data: URLs, no <meta http-equiv>.
// A PDF has a page for each CSS page; its sizes come from @page.
type Shot struct {
	HTML          string
	Width, Height int     // in CSS pixels
	Scale         float64 // device pixels a CSS pixel
	Format        Format
	Quality       int  // JPEG and WebP, 1 to 100; 0 is Chrome's own, 80
	Transparent   bool // PNG and WebP: where the page draws nothing there is nothing
	Optimize      bool // PNG: a smaller file, for twice the time

	// Where it stands in the line; the picture does not depend on it.
	For  string // any name of whom it is for: all have their turns
	Lane Lane
}

// Format is what comes out.
type Format string

const (
	PNG  Format = "png"
	JPEG Format = "jpeg"
	WebP Format = "webp"
	PDF  Format = "pdf"
)

// check refuses what a tab must not be given. <meta http-equiv> may navigate the
// tab away, and a policy set by it outlives the document: a later page with
// another nonce loses its styles. The tab has a policy of its own.
func (s Shot) check() error {
	switch s.Format {
	case PNG, JPEG, WebP, PDF:
	default:
		return fmt.Errorf("no such format %q: use png, jpeg, webp or pdf", s.Format)
	}
	if s.Width < 1 || s.Height < 1 || s.Scale <= 0 {
		return fmt.Errorf("a page of %d x %d at scale %g cannot be drawn: all three must be over zero", s.Width, s.Height, s.Scale)
	}
	if side := float64(min(s.Width, s.Height)); s.Format != PDF && side*s.Scale < 1 {
		return fmt.Errorf("a page of %d x %d at scale %g has less than a pixel, and Chrome would wait for it for ever", s.Width, s.Height, s.Scale)
	}
	if hasEquiv(s.HTML) {
		return fmt.Errorf("the page has a <meta http-equiv>, which would outlive it in the tab: leave it out")
	}
	return nil
}

// hasEquiv finds a <meta http-equiv> as a browser reads tags: > may stand in a value.
func hasEquiv(doc string) bool {
	for _, at := range regexp.MustCompile(`(?i)<meta\b`).FindAllStringIndex(doc, -1) {
		tag := html.NewTokenizer(strings.NewReader(doc[at[0]:]))
		tag.Next()
		if slices.ContainsFunc(tag.Token().Attr, func(a html.Attribute) bool { return a.Key == "http-equiv" }) {
			return true
		}
	}
	return false
}

// view is what of a shot is kept by the tab from one to the next.
type view struct {
	width, height int
	scale         float64
	transparent   bool
}

func (b *browser) shoot(s Shot, prepare string, limit time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	data, err := b.draw(ctx, s, prepare)
	switch {
	case err == nil || isPage(err):
		return data, err
	case ctx.Err() == context.DeadlineExceeded:
		return nil, fmt.Errorf("not done after %s: %w", limit, err)
	case b.ctx.Err() != nil:
		return nil, fmt.Errorf("%w: %w", context.Cause(b.ctx), err)
	}
	return nil, err
}

//go:embed leave.js
var leave string

func (b *browser) draw(ctx context.Context, s Shot, prepare string) ([]byte, error) {
	if err := b.evaluate(ctx, "("+leave+")()", new(any)); err != nil {
		return nil, err
	}
	if err := b.look(ctx, view{s.Width, s.Height, s.Scale, s.Transparent}); err != nil {
		return nil, err
	}
	if err := b.load(ctx, s.HTML, prepare); err != nil {
		return nil, err
	}
	if s.Format == PDF {
		return b.print(ctx)
	}
	return b.photograph(ctx, s)
}

func (b *browser) look(ctx context.Context, v view) error {
	if v == b.view {
		return nil
	}
	b.view = view{} // unknown, until all calls have succeeded
	for _, m := range v.metrics() {
		if _, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, m); err != nil {
			return fmt.Errorf("setting the page's size: %w", err)
		}
	}
	// By hand: cdproto's RGBA leaves an alpha of 0 out, and Chrome takes that for 1.
	var background struct {
		Color map[string]int `json:"color,omitempty"`
	}
	if v.transparent {
		background.Color = map[string]int{"r": 0, "g": 0, "b": 0, "a": 0}
	}
	if err := b.target.Call(ctx, emulation.SetDefaultBackgroundColorOverride.Method, background, nil); err != nil {
		return fmt.Errorf("setting the page's background: %w", err)
	}
	b.view = v
	return nil
}

// metrics are set one after the other: the window has as many pixels as the picture,
// and then the page its size in it. A window of the page's own size would be widened
// for each picture and narrowed again, and Chrome waits for no tiles outside of it:
// they would be white now and then. Without Scale it would paint at 1, then at the
// scale for the picture, and then at 1 again.
func (v view) metrics() []emulation.SetDeviceMetricsOverrideParams {
	pixels := func(side int) int64 { return int64(math.Ceil(float64(side) * v.scale)) }
	window := emulation.SetDeviceMetricsOverrideParams{Width: pixels(v.width), Height: pixels(v.height), DeviceScaleFactor: v.scale, Scale: v.scale}
	keep := true
	page := emulation.SetDeviceMetricsOverrideParams{Width: int64(v.width), Height: int64(v.height), DeviceScaleFactor: v.scale, Scale: v.scale, DontSetVisibleSize: &keep}
	return []emulation.SetDeviceMetricsOverrideParams{window, page}
}

//go:embed ready.js
var ready string

// load puts the document into the tab and returns when it may be photographed.
func (b *browser) load(ctx context.Context, document, prepare string) error {
	loaded, stop := b.target.Subscribe(page.LoadEventFired.Method)
	defer stop()
	_, err := b.process.call(ctx, b.target.SessionID, page.SetDocumentContent.Method, map[string]any{"frameId": string(b.frame), "html": strings.ToValidUTF8(document, "\uFFFD")})
	if err != nil {
		return fmt.Errorf("loading the page: %w", err)
	}
	if prepare == "" {
		prepare = "() => null"
	}
	for {
		var state struct {
			Complete bool
			Problems []Problem
		}
		if err := b.evaluate(ctx, "("+ready+")("+prepare+")", &state); err != nil {
			return err
		}
		if len(state.Problems) > 0 {
			return &PageError{state.Problems}
		}
		if state.Complete {
			return nil
		}
		// Listeners in the page do not run with scripts off, so its load event is
		// heard from outside.
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the page to load: %w", ctx.Err())
		case <-loaded:
		}
	}
}

func (b *browser) evaluate(ctx context.Context, expression string, result any) error {
	yes := true
	r, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{
		Expression: expression, AwaitPromise: &yes, ReturnByValue: &yes,
	})
	if err != nil {
		return fmt.Errorf("looking at the page: %w", err)
	}
	if x := r.ExceptionDetails; x != nil {
		message := x.Text
		if x.Exception != nil {
			message = x.Exception.Description
		}
		return &PageError{[]Problem{{Message: "preparing it failed: " + message}}}
	}
	if err := json.Unmarshal(r.Result.Value, result); err != nil {
		return fmt.Errorf("looking at the page: %w", err)
	}
	return nil
}

func (b *browser) photograph(ctx context.Context, s Shot) ([]byte, error) {
	// Default PNG compression takes longer than drawing the page.
	fast := s.Format == PNG && !s.Optimize
	params := map[string]any{"format": string(s.Format), "optimizeForSpeed": fast}
	if s.Quality > 0 && s.Format != PNG {
		params["quality"] = int64(s.Quality)
	}
	data, err := b.file(ctx, page.CaptureScreenshot.Method, params)
	if err != nil {
		return nil, fmt.Errorf("taking the picture: %w", err)
	}
	if len(data) == 0 { // no error: so it is with a WebP of more than 16,383 pixels on a side
		return nil, fmt.Errorf("taking the picture: Chrome wrote an empty %s", s.Format)
	}
	if s.Optimize && s.Format == PNG {
		return smaller(data)
	}
	return data, nil
}

func (b *browser) print(ctx context.Context) ([]byte, error) {
	data, err := b.file(ctx, page.PrintToPDF.Method, map[string]any{"printBackground": true, "preferCSSPageSize": true})
	if err != nil {
		return nil, fmt.Errorf("printing the page: %w", err)
	}
	return undated(data), nil
}

// file calls what makes one of the page.
func (b *browser) file(ctx context.Context, method string, params map[string]any) ([]byte, error) {
	result, err := b.process.call(ctx, b.target.SessionID, method, params)
	if err != nil {
		return nil, err
	}
	data, _ := result["data"].([]byte)
	return data, nil
}

// undated sets the PDF's two dates to the epoch, so that the same page gives the
// same bytes. The length stays: the file's table counts in bytes.
func undated(pdf []byte) []byte {
	dates := regexp.MustCompile(`(/(?:CreationDate|ModDate) \(D:)\d{14}`)
	return dates.ReplaceAll(pdf, []byte("${1}19700101000000"))
}

// blank is the document of a tab before its first shot. Its policy stays with the
// tab's window, and so binds every document written into it.
const blank = `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; ` +
	`style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; base-uri 'none'">`

// settle makes a new tab ready for shots: scripts off, the policy on, one picture
// taken, for the first is the slowest.
func (b *browser) settle(ctx context.Context) error {
	tree, err := chromedp.Call(ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return err
	}
	b.frame = tree.FrameTree.Frame.ID
	// chromedp follows each document's tree, styles and requests; nobody asks for them.
	for _, method := range []string{dom.Disable.Method, "CSS.disable", "Network.disable", "Log.disable"} {
		if err := b.target.Call(ctx, method, cdp.Empty{}, nil); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
	}
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		return err
	}
	if err := b.evaluate(ctx, `Object.defineProperty(window, "ours", {value: true}).ours`, new(bool)); err != nil {
		return err
	}
	_, err = b.draw(ctx, Shot{HTML: blank, Width: 64, Height: 64, Scale: 1, Format: PNG}, "")
	return err
}
