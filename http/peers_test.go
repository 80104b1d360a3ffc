package http_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/objects"
	ours "majestic/http"
	"majestic/jobs"
)

// A tenant is served by its release, whichever is asked; what counts for a key or a
// repeated request counts once, wherever it is answered.
func TestPassedOn(t *testing.T) {
	s := newSiblings(t, func(o *ours.Options) { o.RateLimit = 0.01 }) // one request for each key
	s.assign("v1")
	v1, v2 := s.all[1], s.all[2]
	v1.key = v2.key
	if by := v2.api("GET", "/designs", nil).want(t, 200); by.Header.Get("X-Release") != "v1" || len(by.Header.Values("X-Request-Id")) != 1 || len(by.Header.Values("RateLimit")) != 1 {
		t.Errorf("%v", by.Header)
	}
	v2.api("GET", "/designs", nil).problem(t, 429)
	v2.api("GET", "/designs", nil, "Majestic-Hops", "1").problem(t, 429) // anybody can say that
	v1.api("GET", "/designs", nil).want(t, 200)                          // who passes a request on has counted it
	s.assign("v2")
	v2.api("GET", "/designs", nil).problem(t, 429)

	s.assign("v1")
	ask := func(at *site, body string) answer {
		t.Helper()
		at.key = s.newKey(app.WriteScope)
		return at.api("POST", "/renders", body, "Idempotency-Key", "one")
	}
	body := `{"design":"` + s.design + `","async":true,"variables":{"name":"a","accent":"#000"}}`
	first := ask(v2, body).want(t, 202)
	s.assign("v2")
	again := ask(v2, body).want(t, 202)
	if first.body != again.body || first.Header.Get("X-Release") != "v1" || again.Header.Get("X-Release") != "v2" || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%v %s, then %v %s", first.Header, first.body, again.Header, again.body)
	}
	ask(v1, " "+body).problem(t, 422)
	if page := v1.page("/t/acme/").want(t, 200); page.Header.Get("X-Release") != "v2" || page.Header.Get("Content-Encoding") != "" {
		t.Errorf("%v", page.Header)
	}
	for _, release := range []string{"v1", "v2"} {
		s.assign(release)
		for _, at := range s.all {
			at.key = s.newKey(app.ReadScope)
			at.api("POST", "/renders", body).problem(t, 403)
			at.key = s.newKey(app.ReadScope)
			at.api("POST", "/renders", body, "Majestic-Read-Only", "", "Majestic-Hops", "1").problem(t, 403)
			at.key = s.newKey(app.WriteScope)
			at.api("POST", "/renders", body, "Majestic-Read-Only", "yes").want(t, 202)
			at.key = s.newKey(app.WriteScope)
			at.api("POST", "/keys", `{"name":"n","scope":"admin"}`, "Majestic-Scope", "admin", "Majestic-Hops", "1").problem(t, 403)
			at.key = s.newKey(app.AdminScope)
			if who := at.api("GET", "/account", nil, "Majestic-Scope", "read", "Majestic-Key", "x").want(t, 200); !strings.Contains(who.body, `"scope":"admin"`) || who.Header.Get("X-Release") != release {
				t.Errorf("%v %s", who.Header, who.body)
			}
		}
	}
	v1.key = s.newKey(app.ReadScope)
	s.assign("late")
	if by := v1.api("GET", "/designs", nil).want(t, 200).Header.Get("X-Release"); by != "v1" {
		t.Errorf("what was assigned to v1 when v1 had just looked is answered by %s", by)
	}
	s.assign("v0") // of which nobody lives
	v1.page("/t/acme/").want(t, 200)
	v1.post("/t/acme/renders/"+first.id(t)+"/cancel", url.Values{}).want(t, 303)
	v1.post("/t/acme/renders/"+first.id(t)+"/cancel", url.Values{}, "Sec-Fetch-Site", "cross-site").want(t, 403)
}

// A tenant moves under a request that is about to make a job: the request follows
// it with all that it has brought.
func TestMovedUnderTheAnswer(t *testing.T) {
	s := newSiblings(t)
	v1 := s.all[1]
	values := `{"name":"a","accent":"#000"}`
	draft, err := v1.tenant.CreateDraft(t.Context(), s.design, "people.csv", []byte("name,accent\na,#000\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, ask := range map[string]func() answer{
		"render": func() answer {
			return v1.api("POST", "/renders", `{"design":"`+s.design+`","async":true,"variables":`+values+`}`, "Idempotency-Key", "r")
		},
		"batch": func() answer {
			rows := strings.Repeat(values+",", 500)
			return v1.api("POST", "/batches", `{"design":"`+s.design+`","rows":[`+rows+values+`]}`, "Idempotency-Key", "b")
		},
		"form": func() answer {
			return v1.post("/t/acme/designs/"+s.design+"/renders", url.Values{"var.name": {"a"}, "var.accent": {"#000"}, "format": {"png"}, "scale": {"1"}})
		},
		"table": func() answer { return v1.table("name,accent\na,#000\n", map[string]string{"design": s.design}) },
		"draft": func() answer {
			return v1.post("/t/acme/drafts/"+draft.ID, url.Values{"format": {"png"}, "scale": {"1"}})
		},
	} {
		s.assign("v1")
		ctx := t.Context()
		tx, err := s.pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(ctx, `UPDATE tenants SET release = 'v2'`); err != nil {
			t.Fatal(err)
		}
		answered := make(chan answer, 1)
		go func() { answered <- ask() }()
		for waits := false; !waits && len(answered) == 0; {
			if err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		if a := <-answered; a.StatusCode >= 400 || a.Header.Get("X-Release") != "v2" {
			t.Errorf("%s: %s by %s\n%s", name, a.Status, a.Header.Get("X-Release"), a.body)
		}
	}
	var old, made int
	if err := s.pool.QueryRow(t.Context(), `
		SELECT count(*) FILTER (WHERE queue = 'release_v1'), count(*) FILTER (WHERE queue = 'release_v2') FROM river_job`).Scan(&old, &made); err != nil || old != 0 || made != 5 {
		t.Errorf("%d jobs of v1, %d of v2, %v", old, made, err)
	}

	// What comes of a batch is had through the other one.
	s.assign("v1")
	b, err := v1.tenant.CreateBatch(t.Context(), nil, app.BatchRequest{Design: s.design, Rows: []map[string]string{{"name": "a", "accent": "#000"}}})
	if err != nil {
		t.Fatal(err)
	}
	finishBatch(t, v1.tenant, b.ID, func(int) bool { return false })
	for _, path := range []string{"/archive", "/events"} {
		if a := s.all[2].api("GET", "/batches/"+b.ID+path, nil).want(t, 200); a.Header.Get("X-Release") != "v1" || a.body == "" {
			t.Errorf("%s by %s", path, a.Header.Get("X-Release"))
		}
	}
}

// A large upload goes through as it comes, and ends where it began, though its tenant
// moves meanwhile; one that is too large is refused while it comes.
func TestUploadPassedOn(t *testing.T) {
	s := newSiblings(t)
	s.assign("v1")
	v2 := s.all[2]
	noise := image.NewRGBA(image.Rect(0, 0, 2000, 2000))
	rand.Read(noise.Pix)
	var picture bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&picture, noise); err != nil {
		t.Fatal(err)
	}
	reading, sending := io.Pipe()
	form := multipart.NewWriter(sending)
	done := make(chan answer, 1)
	go func() {
		done <- v2.do("POST", "/api/v1/assets", reading, "Authorization", "Bearer "+v2.key, "Content-Type", form.FormDataContentType())
	}()
	part, err := form.CreateFormFile("file", "noise.png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(picture.Bytes()[:picture.Len()/2]); err != nil {
		t.Fatal(err)
	}
	s.assign("v2") // v1 reads it: so much does not lie in between
	part.Write(picture.Bytes()[picture.Len()/2:])
	form.Close()
	sending.Close()
	if a := (<-done).want(t, 201); a.Header.Get("X-Release") != "v1" {
		t.Errorf("by %s", a.Header.Get("X-Release"))
	}
	s.assign("v1")
	v2.upload("/assets", "file", "big.png", make([]byte, app.MaxAssetBytes+20<<20)).problem(t, 413)
}

// A stream comes through as it flows, and is not cut when the release behind leaves.
func TestStreamPassedOn(t *testing.T) {
	s := newSiblings(t)
	s.assign("v1")
	v1, v2 := s.all[1], s.all[2]
	made, err := v1.tenant.CreateRender(t.Context(), nil, app.RenderRequest{Design: s.design, Variables: map[string]string{"name": "a", "accent": "#000"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("GET", v2.url+"/t/acme/renders/"+made.ID+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(v2.cookie)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.Header.Get("X-Release") != "v1" || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%v", response.Header)
	}
	lines := bufio.NewScanner(response.Body)
	until := func(want string) {
		t.Helper()
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "retry:") {
				t.Error("it is sent away")
			}
			if lines.Text() == want {
				return
			}
		}
		t.Errorf("there is no %s, %v", want, lines.Err())
	}
	until("id: queued")
	v1.Retire(t.Context(), 0)
	if by := v2.page("/t/acme/").want(t, 200); by.Header.Get("X-Release") != "v1" || by.Close {
		t.Errorf("by %s, close %v", by.Header.Get("X-Release"), by.Close)
	}
	finish(t, v1.tenant, made.ID)
	until("id: succeeded")
	if by := v1.page("/t/acme/").want(t, 200); !by.Close {
		t.Error("who comes to v1 itself is not sent away")
	}
}

// A process that dies under a request: what can be asked twice is asked again, and
// of the rest nobody claims to know.
func TestPeerDies(t *testing.T) {
	s := newSiblings(t)
	v2 := s.all[2]
	s.assign("v3")
	deaf, err := net.Listen("unix", s.socket(3))
	if err != nil {
		t.Fatal(err)
	}
	heard, die := make(chan struct{}, 2), make(chan struct{})
	go func() {
		for {
			c, err := deaf.Accept()
			if err != nil {
				return
			}
			go func() {
				http.ReadRequest(bufio.NewReader(c))
				heard <- struct{}{}
				<-die
				s.lose(3)
				c.Close()
			}()
		}
	}()
	t.Cleanup(func() { deaf.Close() })
	answers := make(chan answer, 2)
	go func() { answers <- v2.api("GET", "/designs", nil) }()
	go func() { answers <- v2.api("POST", "/designs", `{"name":"Card","document":`+greeting+`}`) }()
	<-heard
	<-heard
	close(die)
	for range 2 {
		a := <-answers
		switch a.Request.Method {
		case "GET":
			if a.want(t, 200); a.Header.Get("X-Release") != "v2" {
				t.Errorf("by %s", a.Header.Get("X-Release"))
			}
		case "POST":
			if p := a.problem(t, 503); !strings.Contains(p.Detail, "Idempotency-Key") {
				t.Errorf("%+v", p)
			}
		}
	}
	v2.api("POST", "/designs", `{"name":"Card","document":`+greeting+`}`).want(t, 201)

	// Two that take each other for the one.
	s.assign("vex")
	if p := v2.api("GET", "/designs", nil).problem(t, 503); !strings.Contains(p.Detail, "on the move") {
		t.Errorf("%+v", p)
	}
}

// siblings are releases v1 and v2 on one database, which share its tenant Acme.
type siblings struct {
	t      *testing.T
	pool   *pgxpool.Pool
	folder string
	all    map[int]*site
	any    app.Tenant // whoever serves it
	design string

	mu   sync.Mutex
	dead map[int]bool
}

func newSiblings(t *testing.T, options ...func(*ours.Options)) *siblings {
	t.Helper()
	a, pool := apptest.App(t)
	s := &siblings{t: t, pool: pool, folder: apptest.Dir(t), all: map[int]*site{}, dead: map[int]bool{3: false}}
	log := apptest.Log(t)
	events := app.StartEvents(pool, log)
	t.Cleanup(events.Close)
	token, err := a.SetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	session, row, err := a.SetUp(t.Context(), token, app.NewUser{Name: "Ada", Email: "ada@example.com", Password: password}, "Acme")
	if err != nil {
		t.Fatal(err)
	}
	s.any = a.In(row.ID)
	d, err := s.any.CreateDesign(t.Context(), nil, "Card", document(t, greeting))
	if err != nil {
		t.Fatal(err)
	}
	s.design = d.ID
	if _, err := pool.Exec(t.Context(), `DELETE FROM river_job`); err != nil {
		t.Fatal(err)
	}
	folder, err := objects.Open(filepath.Join(s.folder, "objects"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	for n := 1; n <= 2; n++ {
		release, peers := fmt.Sprint("v", n), sibling{s, n}
		queue, err := jobs.NewQueue(pool, release)
		if err != nil {
			t.Fatal(err)
		}
		a := app.New(app.Options{Pool: pool, Queue: queue, Objects: folder, Release: release, Mine: func(r string) bool { return peers.Whose(r) == 0 }})
		listener := httptest.NewUnstartedServer(nil)
		o := ours.Options{
			App: a, Events: events, Static: files(), Release: release, Version: release, Generation: n, Wait: time.Minute,
			BaseURL: "http://" + listener.Listener.Addr().String(), Log: log, Peers: peers,
		}
		for _, change := range options {
			change(&o)
		}
		server := ours.New(o)
		listener.Config.Handler = server
		listener.Start()
		t.Cleanup(listener.Close)
		private, err := net.Listen("unix", s.socket(n))
		if err != nil {
			t.Fatal(err)
		}
		go server.ServePeers(private)
		t.Cleanup(func() { server.Part(context.Background()) })
		s.all[n] = &site{Server: server, t: t, app: a, url: listener.URL, tenant: a.In(row.ID), slug: row.Slug, key: s.newKey(app.WriteScope), cookie: &http.Cookie{Name: "session", Value: session}}
	}
	return s
}

func (s *siblings) newKey(scope string) string {
	s.t.Helper()
	key, err := s.any.CreateAPIKey(s.t.Context(), "test", scope, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return key
}

func (s *siblings) assign(release string) {
	s.t.Helper()
	if _, err := s.pool.Exec(s.t.Context(), `UPDATE tenants SET release = $1`, release); err != nil {
		s.t.Fatal(err)
	}
}

func (s *siblings) socket(n int) string { return filepath.Join(s.folder, fmt.Sprintf("%d.http", n)) }

func (s *siblings) lose(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead[n] = true
}

// sibling is how one of them sees the others. The release vex is always another's;
// of one that nobody has, v2 takes the place. Whoever was with the release late is
// assigned to v1 as soon as that was read.
type sibling struct {
	*siblings
	number int
}

func (s sibling) Whose(release string) int {
	if release == "late" {
		s.assign("v1")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int
	if release == "vex" {
		return 3 - s.number
	}
	if fmt.Sscanf(release, "v%d", &n); n < 1 || n > 3 || s.dead[n] {
		n = 2
	}
	if n == s.number {
		return 0
	}
	return n
}

func (s sibling) Dial(ctx context.Context, generation int) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", s.socket(generation))
}

// id is of the thing that an answer tells of.
func (a answer) id(t *testing.T) string {
	t.Helper()
	var thing struct{ ID string }
	a.json(t, &thing)
	return thing.ID
}
