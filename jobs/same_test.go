package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/image/font/gofont/gomono"

	"majestic/app"
	"majestic/app/apptest"
)

// A design is the same bytes from a fresh Chrome, from a tab that has drawn others,
// from two tabs at once, and from a Chrome that is started in another country, on a
// machine with other fonts.
func TestSameBytes(t *testing.T) { sameBytes(t, 5, 1) }

// sameBytes draws so many other designs in between, and then in so many Chromes
// elsewhere.
func sameBytes(t *testing.T, others, elsewheres int) {
	a, db := apptest.App(t)
	events := app.StartEvents(db, apptest.Log(t))
	defer events.Close()
	withoutThumbnails(t, db)
	s := sameness{house: house{t, apptest.Tenant(t, a, "Same"), events}, app: a, db: db, want: map[app.Output]string{}}
	s.doc = s.everything()
	if _, err := db.Exec(t.Context(), `
		CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.cache_key := NULL; RETURN new; END $$;
		CREATE TRIGGER forget BEFORE INSERT OR UPDATE ON renders FOR EACH ROW EXECUTE FUNCTION forget()`); err != nil { // what was drawn is drawn again
		t.Fatal(err)
	}
	s.fresh("here", func() {
		for i := range others {
			s.render(app.RenderRequest{Design: s.other(i), Output: app.Output{Scale: 1 + float64(i%3)/2}})
			s.draw(outputs[i%len(outputs)], fmt.Sprintf("after %d other designs", i+1))
		}
		s.parallel()
	})
	for i := range elsewheres {
		elsewhere(t, i)
		s.fresh(fmt.Sprintf("elsewhere %d", i+1), func() {})
	}
}

var outputs = []app.Output{{Scale: 2}, {Scale: 1.3, Transparent: true}, {Format: "jpeg"}, {Format: "webp", Quality: 90}, {Format: "pdf"}}

// sameness is a design and what it looked like first.
type sameness struct {
	house
	app  *app.App
	db   *pgxpool.Pool
	doc  string
	want map[app.Output]string
}

// fresh draws the design in a new Chrome, and has it draw more.
func (s sameness) fresh(place string, more func()) {
	s.t.Helper()
	chrome := apptest.FreshRenderer(s.t)
	runner := start(s.t, s.app, s.db, chrome, "majestic-"+strings.ReplaceAll(place, " ", "-"))
	for _, o := range outputs {
		s.draw(o, "in a fresh Chrome "+place)
	}
	more()
	if err := errors.Join(runner.Stop(context.Background()), chrome.Close()); err != nil {
		s.t.Fatal(err)
	}
}

func (s sameness) draw(o app.Output, when string) {
	s.t.Helper()
	s.hold(s.render(app.RenderRequest{Design: s.doc, Output: o}), o, when)
}

// parallel draws it as rows, in all tabs.
func (s sameness) parallel() {
	s.t.Helper()
	ctx := context.Background()
	b, err := s.tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: s.doc, Rows: make([]map[string]string, 4), Output: outputs[0]})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.tenant.FollowBatch(ctx, s.events, b.ID, func(app.Batch) error { return nil }); err != nil {
		s.t.Fatal(err)
	}
	items, err := s.tenant.BatchItems(ctx, b.ID, app.PageRequest{Limit: 100})
	if err != nil || len(items.Data) != 4 {
		s.t.Fatalf("%d rows, %v", len(items.Data), err)
	}
	for _, r := range items.Data {
		s.hold(r, outputs[0], "in parallel")
	}
}

func (s sameness) hold(r app.Render, o app.Output, when string) {
	s.t.Helper()
	if r.Status != app.Succeeded || r.Cached {
		s.t.Fatalf("%+v %s: %s, cached %t: %v", o, when, r.Status, r.Cached, r.Error)
	}
	if s.want[o] == "" {
		s.want[o] = *r.SHA256
	}
	if *r.SHA256 != s.want[o] {
		s.t.Errorf("%+v %s: %s, not %s", o, when, *r.SHA256, s.want[o])
	}
}

// elsewhere is another language, another time, and a font that says that it is
// Inter, where the account's and the machine's fonts are looked for.
func elsewhere(t *testing.T, n int) {
	t.Helper()
	home := apptest.Dir(t)
	own, system := filepath.Join(home, ".fonts"), filepath.Join(home, "system")
	for _, folder := range []string{own, system} {
		if err := errors.Join(os.Mkdir(folder, 0o755), os.WriteFile(filepath.Join(folder, "inter.ttf"), renamedFont("Inter", gomono.TTF), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	conf := filepath.Join(home, "fonts.conf")
	if err := os.WriteFile(conf, []byte(`<fontconfig><include>/etc/fonts/fonts.conf</include><dir>`+system+`</dir></fontconfig>`), 0o644); err != nil {
		t.Fatal(err)
	}
	language := []string{"tr_TR.UTF-8", "ar_EG.UTF-8", "ja_JP.eucJP", "hi_IN", "POSIX"}[n%5]
	for name, value := range map[string]string{
		"LANG": language, "LC_ALL": language, "LANGUAGE": language[:2], "TZ": []string{"Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu"}[n%3],
		"HOME": home, "XDG_DATA_HOME": home, "FONTCONFIG_FILE": conf, "FREETYPE_PROPERTIES": "cff:no-stem-darkening=0",
	} {
		t.Setenv(name, value)
	}
	// The machine itself takes the fonts for Inter: were it not for our own
	// configuration, so would Chrome.
	list, err := exec.Command("fc-list", ":family=Inter", "file").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{own, system} {
		if !strings.Contains(string(list), folder) {
			t.Errorf("fontconfig does not see the font in %s", folder)
		}
	}
}

// everything is a design with one of each: effects, scaled photographs, and scripts.
func (h house) everything() string {
	h.t.Helper()
	faded := image.NewNRGBA(image.Rect(0, 0, 333, 222))
	for x := range 333 {
		for y := range 222 {
			faded.SetNRGBA(x, y, color.NRGBA{200, uint8(y), 30, uint8(x * 255 / 333)})
		}
	}
	photo := h.asset(apptest.Photo(1_000, 750))
	return h.design(600, 600,
		`{"id":"sky","type":"rect","x":0,"y":0,"width":600,"height":400,"opacity":0.7,"fill":{"type":"linear","angle":33,"stops":[["#ff8800",0],["#0022ff80",0.4],["#00ff88",1]]}}`,
		`{"id":"sun","type":"ellipse","x":400.3,"y":20.7,"width":180,"height":120,"rotation":21,"stroke":"#00000080","stroke_width":3.5,"fill":{"type":"radial","stops":[["#ffffff",0],["#ff000000",1]]},"shadow":{"x":5,"y":9,"blur":24}}`,
		imageAt("cover", photo, 10.4, 10.2, 300.7, 200.3, `,"radius":24`),
		imageAt("turned", photo, 320, 20, 200, 150, `,"rotation":13,"opacity":0.8`),
		imageAt("held", h.asset(apptest.Turned(apptest.PhotoPixels(640, 480), 8)), 20, 230, 150, 150, `,"object_fit":"contain"`),
		imageAt("faded", h.asset(apptest.EncodePNG(faded)), 180, 230, 200, 150, `,"shadow":{"x":4,"y":4,"blur":8}`),
		imageAt("wide", h.asset(apptest.WithProfile(apptest.Photo(300, 300), apptest.DisplayP3())), 400, 200, 90, 90, ""),
		imageAt("logo", h.asset([]byte(logo)), 400, 300, 180, 90, `,"rotation":-7`),
		`{"id":"rule","type":"line","x":10,"y":400,"width":580,"height":-30,"stroke":"#112233","stroke_width":5,"shadow":{"x":2,"y":2,"blur":6}}`,
		`{"id":"title","type":"text","x":10,"y":410,"width":580,"height":60,"text":"Grüße 👩🏽‍🚀 ❤️ 谢谢 한국어 السلام क्षि שלום","size":30,"weight":700,"fit":"shrink","shadow":{"x":1,"y":2,"blur":5}}`,
		`{"id":"body","type":"text","x":10,"y":480,"width":280,"height":100,"text":"The quick brown fox istanbul IĞDIR ﬁ 1/2","font":"Lato","size":17.5,"italic":true,"letter_spacing":0.3,"fit":"ellipsis"}`,
		`{"id":"turned text","type":"text","x":320,"y":470,"width":250,"height":100,"text":"Turned by eleven","font":"Lobster","size":33,"rotation":11,"color":"#aa0044cc"}`,
	)
}

// other is one of many designs that have little in common.
func (h house) other(i int) string {
	h.t.Helper()
	size := 60 + 37*float64(i%13)
	fonts := []string{"Inter", "Lobster", "Roboto Slab", "Noto Sans CJK SC", "Fira Code"}
	return h.design(300+i%7*50, 200+i%5*70,
		fmt.Sprintf(`{"id":"a","type":"text","x":0,"y":0,"width":300,"height":100,"font":%q,"size":%d,"text":"Another %d 語 👍"}`, fonts[i%len(fonts)], 10+i%40, i),
		imageAt("b", h.asset(apptest.Photo(100+i%9*83, 603-i%11*31)), 5, 5, size/2, size, `,"object_fit":"fill","opacity":0.5`),
		fmt.Sprintf(`{"id":"c","type":"ellipse","x":%d,"y":30,"width":90,"height":60,"rotation":%d,"fill":"#%06x","shadow":{"blur":%d}}`, i%100, i*7, i*65_537%(1<<24), i%50),
	)
}
