package jobs_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"golang.org/x/image/font/gofont/goregular"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/jobs"
	"majestic/screenshots"
)

func TestUploadedFont(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Mine")
	chrome := &remembering{Capturer: apptest.Renderer(t)}
	start(t, a, pool, chrome, "majestic-1-test")
	events := app.StartEvents(pool, apptest.Log(t))
	defer events.Close()
	if _, err := tenant.CreateFont(ctx, nil, "go.woff2", apptest.WOFF2(goregular.TTF)); err != nil {
		t.Fatal(err)
	}
	render := func(font, text string) app.Render {
		t.Helper()
		doc, err := app.ParseDocument(fmt.Appendf(nil, `{"version":1,"pages":[{"width":300,"height":60,"elements":[
			{"id":"title","type":"text","x":0,"y":0,"width":300,"height":60,"text":"{{text}}","font":%q,"size":32}]}]}`, font))
		if err != nil {
			t.Fatal(err)
		}
		d, err := tenant.CreateDesign(ctx, nil, "Card", doc)
		if err != nil {
			t.Fatal(err)
		}
		r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: map[string]string{"text": text}})
		if err != nil {
			t.Fatal(err)
		}
		return await(t, tenant, events, r.ID)
	}
	picture := func(font, text string) []byte {
		t.Helper()
		r := render(font, text)
		if r.Status != app.Succeeded {
			t.Fatalf("%s: %s", r.Status, *r.Error)
		}
		return file(t, tenant, r.ID)
	}

	const text = "Quick rabbit"
	first := picture("Go", text)
	shot := chrome.last()
	standIn := picture("Noto Sans", text)
	if bytes.Equal(first, standIn) {
		t.Error("the uploaded font is not drawn")
	}
	if !bytes.Equal(first, picture("Go", text)) {
		t.Error("the second picture is another")
	}
	capture := func(by jobs.Capturer, html string) []byte {
		t.Helper()
		s := shot
		s.HTML = html
		picture, err := by.Capture(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		return picture.Data
	}
	if !bytes.Equal(first, capture(apptest.FreshRenderer(t), shot.HTML)) {
		t.Error("a fresh browser draws another picture")
	}
	// The next page in the tab, which may be another tenant's, gets nothing of it by any of its names.
	face := regexp.MustCompile(`@font-face\{[^}]*\}`)
	if !bytes.Equal(standIn, capture(chrome, face.ReplaceAllString(shot.HTML, ""))) {
		t.Error("the font is still there in the next page")
	}
	for _, name := range []string{"Go", "Go Regular", "GoRegular"} {
		local := fmt.Sprintf(`@font-face{font-family:%s;src:local(%q)}`, app.CSSFamily("Go"), name)
		s := shot
		s.HTML = face.ReplaceAllString(shot.HTML, local)
		if _, err := chrome.Capture(ctx, s); err == nil || !strings.Contains(err.Error(), "its font cannot be read") {
			t.Errorf("the next page finds the font as %s: %v", name, err)
		}
	}

	for name, want := range map[string]string{"Zoë, 語 ☎ 👍🏽": "", "\U00013000 x": "U+13000", "\ue000": "U+E000"} {
		r := render("Go", name)
		if want == "" && r.Status != app.Succeeded {
			t.Errorf("%q: %s", name, *r.Error)
		}
		if want != "" && (r.Status != app.Failed || !strings.Contains(*r.Error, `element "title"`) || !strings.Contains(*r.Error, want)) {
			t.Errorf("%q: %s, %+v", name, r.Status, r.Error)
		}
	}
}

// A font that the browser does not take, or that is gone when its turn comes, fails
// the render by name.
func TestBrokenFont(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Mine")
	events := app.StartEvents(pool, apptest.Log(t))
	defer events.Close()
	broken := bytes.Clone(goregular.TTF)
	outlines := bytes.Index(broken, []byte("glyf"))
	at := int(broken[outlines+9])<<16 | int(broken[outlines+10])<<8 | int(broken[outlines+11])
	for i := range 20_000 {
		broken[at+i] = 0x7f // each glyph has 32,639 contours
	}
	if _, err := tenant.CreateFont(ctx, nil, "go.ttf", broken); err != nil {
		t.Fatal(err)
	}
	d, err := tenant.CreateDesign(ctx, nil, "Card", parse(t, `{"version":1,"pages":[{"width":300,"height":60,"elements":[
		{"id":"title","type":"text","x":0,"y":0,"width":300,"height":60,"text":"Hi","font":"Go"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	ask := func() app.Render {
		t.Helper()
		r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	refused, gone := ask(), app.Render{}
	runner := start(t, a, pool, apptest.Renderer(t), "majestic-1-test")
	refused = await(t, tenant, events, refused.ID)
	if refused.Status != app.Failed || !strings.Contains(*refused.Error, "element title: its font cannot be read") {
		t.Errorf("%s: %+v", refused.Status, refused.Error)
	}
	if err := runner.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	gone = ask()
	if _, err := pool.Exec(ctx, `DELETE FROM fonts`); err != nil {
		t.Fatal(err)
	}
	start(t, a, pool, apptest.Renderer(t), "majestic-2-test")
	gone = await(t, tenant, events, gone.ID)
	if gone.Status != app.Failed || !strings.Contains(*gone.Error, `element "title": there is no font "Go" here`) {
		t.Errorf("%s: %+v", gone.Status, gone.Error)
	}
}

// remembering is a renderer that knows what it was last asked for.
type remembering struct {
	jobs.Capturer

	mu   sync.Mutex
	shot screenshots.Shot
}

func (c *remembering) Capture(ctx context.Context, s screenshots.Shot) (screenshots.Picture, error) {
	if !isThumbnail(s) {
		c.mu.Lock()
		c.shot = s
		c.mu.Unlock()
	}
	return c.Capturer.Capture(ctx, s)
}

func (c *remembering) last() screenshots.Shot {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shot
}

func parse(t *testing.T, text string) app.Document {
	t.Helper()
	doc, err := app.ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
