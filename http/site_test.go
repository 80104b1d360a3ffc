package http_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/image/font/gofont/goregular"

	"majestic/app"
	"majestic/app/apptest"
	ours "majestic/http"
	"majestic/static"
)

func TestMain(m *testing.M) { os.Exit(apptest.Main(m)) }

const password = "correct horse battery"

// site is a server on a fresh database, set up by Ada in the workspace Acme.
type site struct {
	*ours.Server
	t      testing.TB
	app    *app.App
	url    string
	tenant app.Tenant
	slug   string
	key    string
	cookie *http.Cookie
	pool   *pgxpool.Pool

	serving atomic.Pointer[ours.Server] // who answers at url
}

func newSite(t testing.TB, options ...func(*ours.Options)) *site {
	t.Helper()
	s := newEmptySite(t, options...)
	ctx := context.Background()
	token, err := s.app.SetupToken(ctx)
	if err != nil {
		t.Fatal(err)
	}
	session, row, err := s.app.SetUp(ctx, token, app.NewUser{Name: "Ada", Email: "ada@example.com", Password: password}, "Acme")
	if err != nil {
		t.Fatal(err)
	}
	s.tenant, s.slug, s.cookie = s.app.In(row.ID), row.Slug, &http.Cookie{Name: "session", Value: session}
	if s.key, err = s.tenant.CreateAPIKey(ctx, "test", app.WriteScope, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// files are the same for all, and it takes a while to hash and to pack them.
var files = sync.OnceValue(static.New)

// newEmptySite is a site that nobody has set up.
func newEmptySite(t testing.TB, options ...func(*ours.Options)) *site {
	t.Helper()
	a, pool := apptest.App(t)
	log := apptest.Log(t)
	events := app.StartEvents(pool, log)
	t.Cleanup(events.Close)
	listener := httptest.NewUnstartedServer(nil)
	o := ours.Options{
		App: a, Events: events, Static: files(), Release: apptest.Release, Version: "v1", Generation: 7, Wait: time.Minute,
		BaseURL: "http://" + listener.Listener.Addr().String(), Log: log, Checks: []ours.Check{{Name: "database", Ask: a.Ready}},
		Generations: func(context.Context) ([]app.Generation, error) {
			return []app.Generation{{Number: 7, Release: apptest.Release, Version: "v1", State: "serving"}}, nil
		},
		Findings: func(context.Context) []app.Finding {
			return []app.Finding{{Name: "database", Why: "all rows are in it", Found: "PostgreSQL 15", At: time.Now()}, {Name: "disk", Why: "files need room", Found: "40.0 GB free", At: time.Now()}}
		},
		Backlogs: func(context.Context) ([]app.Backlog, error) { return nil, nil },
		Copies: func() app.Copies {
			return app.Copies{State: "none yet", Every: time.Hour, Trial: 24 * time.Hour, Place: "backups"}
		},
	}
	for _, change := range options {
		change(&o)
	}
	server := ours.New(o)
	s := &site{Server: server, t: t, app: a, pool: pool, url: "http://" + listener.Listener.Addr().String()}
	s.serving.Store(server)
	listener.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serving.Load().ServeHTTP(w, r) })
	listener.Start()
	t.Cleanup(listener.Close)
	t.Cleanup(func() { s.serving.Load().Retire(context.Background(), 0) })
	return s
}

// answer is a response, read to its end.
type answer struct {
	*http.Response
	body string
}

// problem is an answer of application/problem+json.
type problem struct {
	Type, Title, Detail, Instance string
	Status                        int
	Errors                        []app.Field
}

// do sends a request as it is; redirects are not followed.
func (s *site) do(method, path string, body io.Reader, headers ...string) answer {
	s.t.Helper()
	var sent bytes.Buffer
	if _, slow := body.(*io.PipeReader); slow {
		body = io.TeeReader(body, &sent)
	} else if body != nil {
		if _, err := sent.ReadFrom(body); err != nil {
			s.t.Fatal(err)
		}
		body = bytes.NewReader(sent.Bytes())
	}
	r, err := http.NewRequest(method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	got := answer{response, string(data)}
	if strings.HasPrefix(path, "/api/") {
		checkCall(s.t, r, sent.Bytes(), got)
	}
	return got
}

// api sends a program's request: a string as it is, anything else as JSON.
func (s *site) api(method, path string, body any, headers ...string) answer {
	s.t.Helper()
	headers = append([]string{"Authorization", "Bearer " + s.key}, headers...)
	if body == nil {
		return s.do(method, "/api/v1"+path, nil, headers...)
	}
	text, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		text = string(b)
	}
	return s.do(method, "/api/v1"+path, strings.NewReader(text), append([]string{"Content-Type", "application/json"}, headers...)...)
}

// upload sends a file as a program does.
func (s *site) upload(path, field, name string, data []byte, headers ...string) answer {
	s.t.Helper()
	return s.sendFile("/api/v1"+path, field, name, data, append([]string{"Authorization", "Bearer " + s.key}, headers...)...)
}

// sendFile sends a form with a file.
func (s *site) sendFile(path, field, name string, data []byte, headers ...string) answer {
	s.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile(field, name)
	if err != nil {
		s.t.Fatal(err)
	}
	part.Write(data)
	form.Close()
	return s.do("POST", path, &b, append([]string{"Content-Type", form.FormDataContentType()}, headers...)...)
}

// page asks for a page as Ada.
func (s *site) page(path string, headers ...string) answer {
	s.t.Helper()
	return s.do("GET", path, nil, append([]string{"Cookie", s.cookie.String(), "Accept", "text/html"}, headers...)...)
}

// post sends a form as Ada's browser does.
func (s *site) post(path string, form url.Values, headers ...string) answer {
	s.t.Helper()
	all := []string{"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin", "Accept", "text/html"}
	if s.cookie != nil {
		all = append(all, "Cookie", s.cookie.String())
	}
	return s.do("POST", path, strings.NewReader(form.Encode()), append(all, headers...)...)
}

// send sends JSON as a module of our pages does.
func (s *site) send(method, path, body string, headers ...string) answer {
	s.t.Helper()
	all := []string{"Cookie", s.cookie.String(), "Content-Type", "application/json", "Sec-Fetch-Site", "same-origin", "Accept", "application/json"}
	return s.do(method, path, strings.NewReader(body), append(all, headers...)...)
}

func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s %s: status %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
	}
	return a
}

// problem reads the answer as a problem with a status.
func (a answer) problem(t *testing.T, status int) problem {
	t.Helper()
	a.want(t, status)
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %s", got)
	}
	var p problem
	a.json(t, &p)
	if p.Status != status || p.Type == "" || p.Title == "" || p.Detail == "" || !strings.HasSuffix(p.Instance, a.Header.Get("X-Request-Id")) {
		t.Errorf("the problem lacks something: %s", a.body)
	}
	return p
}

func (a answer) json(t *testing.T, v any) {
	t.Helper()
	if err := json.NewDecoder(bytes.NewReader([]byte(a.body))).Decode(v); err != nil {
		t.Fatalf("%v\n%s", err, a.body)
	}
}

// greeting is a small design that asks for a name and a colour.
const greeting = `{"version":1,"pages":[{"width":400,"height":200,"elements":[
	{"id":"band","type":"rect","x":0,"y":0,"width":400,"height":40,"fill":"{{accent}}"},
	{"id":"hello","type":"text","x":20,"y":60,"width":360,"height":80,"text":"Hello {{name}}","size":32}]}]}`

func document(t *testing.T, text string) app.Document {
	t.Helper()
	doc, err := app.ParseDocument([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// things are one of each, made in a tenant.
type things struct{ design, asset, font, render, batch, draft, webhook, delivery string }

func makeThings(t *testing.T, tenant app.Tenant, name string) things {
	t.Helper()
	ctx := context.Background()
	d, err := tenant.CreateDesign(ctx, nil, name, document(t, greeting))
	if err != nil {
		t.Fatal(err)
	}
	a, err := tenant.CreateAsset(ctx, nil, name+".png", apptest.PNG(4, 4))
	if err != nil {
		t.Fatal(err)
	}
	f, err := tenant.CreateFont(ctx, nil, name+".ttf", goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"name": name, "accent": "#fff"}
	r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: values})
	if err != nil {
		t.Fatal(err)
	}
	finish(t, tenant, r.ID)
	b, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: []map[string]string{values, values}})
	if err != nil {
		t.Fatal(err)
	}
	draft, err := tenant.CreateDraft(ctx, d.ID, "people.csv", []byte("name,accent\n"+name+",#fff\nBob,red\nCai,#000\n"))
	if err != nil {
		t.Fatal(err)
	}
	url := "https://127.0.0.1/" + strings.ReplaceAll(name, " ", "-")
	w, err := tenant.CreateWebhook(ctx, nil, app.WebhookRequest{URL: &url, Events: []string{"batch.failed"}})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := tenant.TestWebhook(ctx, nil, w.ID)
	if err != nil {
		t.Fatal(err)
	}
	return things{d.ID, a.ID, f.ID, r.ID, b.ID, draft.ID, w.ID, sent.ID}
}

// thumbnail is the one of a design that waits to be drawn.
func (s *site) thumbnail(design string) (id string) {
	s.t.Helper()
	err := s.pool.QueryRow(context.Background(), `SELECT id FROM renders WHERE design_id = $1 AND thumbnail AND status = 'queued'`, design).Scan(&id)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// finish does to a render what a worker does when it has drawn it.
func finish(t *testing.T, tenant app.Tenant, id string) {
	t.Helper()
	ctx := context.Background()
	r, _, err := tenant.StartRender(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if err := tenant.FinishRender(ctx, r, app.Picture{File: apptest.PNG(400, 200), Width: 400, Height: 200}); err != nil {
		t.Fatal(err)
	}
}
