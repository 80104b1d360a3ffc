package http_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"majestic/app"
	ours "majestic/http"
)

// TestDescription holds openapi.json to what there is: each route of the API is in it and
// nothing else, and each status that it tells of is answered, and no other. Whether
// requests and answers are as it says is looked at wherever a test of this package
// calls the API; see checkCall.
func TestDescription(t *testing.T) {
	s := newSite(t, func(o *ours.Options) { o.Wait = time.Millisecond })
	d := described()
	if err := d.doc.Validate(context.Background()); err != nil || !d.doc.IsOpenAPI31OrLater() {
		t.Fatalf("it is no OpenAPI 3.1: %v", err)
	}
	x := makeThings(t, s.tenant, "Card")
	admin, read := s.keyOf(s.tenant, app.AdminScope), s.keyOf(s.tenant, app.ReadScope)
	all := calls(x, s.keyNamed("test"))
	var patterns []string
	for _, pattern := range s.Patterns() {
		if strings.Contains(pattern, " /api/v1/") {
			patterns = append(patterns, pattern)
		}
	}
	documented := d.statuses()
	for pattern := range documented {
		if !slices.Contains(patterns, pattern) {
			t.Errorf("%s is described, and there is no such route", pattern)
		}
	}
	slices.SortStableFunc(patterns, func(a, b string) int { // what deletes comes last
		return strings.Compare(strconv.FormatBool(strings.HasPrefix(a, "DELETE")), strconv.FormatBool(strings.HasPrefix(b, "DELETE")))
	})

	s.batchOf(x.design)
	const ofBatches = "/webhooks/batches" // it stands for the addresses that batches name

	// What does not follow from the call itself.
	state := map[string]func(call) answer{
		"GET /api/v1/renders 404": func(c call) answer { c.path = "/renders?design=1"; return s.call("GET", admin, c) },
		"GET /api/v1/renders/{id}/file 409": func(c call) answer {
			c.path = "/renders/" + s.waiting(x.design) + "/file"
			return s.call("GET", admin, c)
		},
		"POST /api/v1/renders 201": func(c call) answer {
			c.body = strings.Replace(c.body, `,"async":true`, "", 1)
			var r app.Render
			s.call("POST", admin, c, "Idempotency-Key", "finished").want(t, 202).json(t, &r)
			finish(t, s.tenant, r.ID)
			return s.call("POST", admin, c, "Idempotency-Key", "finished")
		},
		"DELETE /api/v1/assets/{id} 409": func(c call) answer {
			return s.inUse(c, admin, `{"id":"p","type":"image","x":0,"y":0,"width":9,"height":9,"asset":"`+x.asset+`"}`)
		},
		"DELETE /api/v1/fonts/{id} 409": func(c call) answer {
			return s.inUse(c, admin, `{"id":"t","type":"text","x":0,"y":0,"width":9,"height":9,"text":"a","font":"Go"}`)
		},
		"GET /api/v1/batches/{id}/archive 409": func(c call) answer {
			c.path = "/batches/" + s.batchOf(x.design) + "/archive"
			return s.call("GET", admin, c)
		},
		"GET /api/v1/batches/{id}/events 204": func(c call) answer {
			return s.call("GET", admin, c, "Last-Event-ID", "succeeded-1-1")
		},
		"PATCH /api/v1/webhooks/{id} 409": func(c call) answer {
			c.path = ofBatches
			c.body = `{"url":"https://127.0.0.1/other"}`
			return s.call("PATCH", admin, c)
		},
		"DELETE /api/v1/webhooks/{id} 409": func(c call) answer { c.path = ofBatches; return s.call("DELETE", admin, c) },
		"PUT /api/v1/designs/{id} 428":     func(c call) answer { c.more = nil; return s.call("PUT", admin, c) },
	}
	for _, pattern := range patterns {
		c := all[pattern]
		method, path, _ := strings.Cut(pattern, " ")
		seen := map[string]bool{"429": true, "5XX": true}
		try := func(a answer) { seen[strconv.Itoa(a.StatusCode)] = true }
		if strings.Contains(path, "/batches/{id}/") {
			finishBatch(t, s.tenant, x.batch, func(row int) bool { return row == 2 })
		}
		statuses := documented[pattern]
		for _, status := range statuses {
			if special := state[pattern+" "+status]; special != nil {
				try(special(c))
				continue
			}
			switch status {
			case "206":
				try(s.call(method, admin, c, "Range", "bytes=0-3"))
			case "304":
				try(s.call(method, admin, c, "If-None-Match", s.call(method, admin, c).Header.Get("ETag")))
			case "400":
				if method == "GET" {
					c.path, _, _ = strings.Cut(c.path, "?")
					c.path += "?limit=x&from=x"
				} else if c.of != "" {
					c.of = "multipart/form-data"
				} else if c.body == "" && method != "POST" {
					c.more = []string{"If-Match", "x"}
				} else {
					c.body = "{"
				}
				try(s.call(method, admin, c))
			case "401":
				try(s.call(method, "", c))
			case "403":
				try(s.call(method, read, c))
			case "404":
				c.path = strings.ReplaceAll(c.path, strings.Split(c.path, "/")[2], "nothing")
				try(s.call(method, admin, c))
			case "409":
				try(s.inFlight(method, admin, c))
			case "412":
				c.more = []string{"If-Match", `"99"`}
				try(s.call(method, admin, c))
			case "413":
				if c.body = strings.Repeat(" ", 33<<20) + c.body; c.of != "" {
					c.body, c.of = fileForm("file", "large", make([]byte, 33<<20))
				}
				try(s.call(method, admin, c))
			case "415":
				c.body, c.of = "text", "text/plain"
				try(s.call(method, admin, c))
			case "416":
				try(s.call(method, admin, c, "Range", "bytes=99999999-"))
			case "422":
				if c.of == "" {
					c.body = `{"nonsense":1}`
				} else {
					c.body, c.of = fileForm("nonsense", "x", []byte("x"))
				}
				try(s.call(method, admin, c))
			}
			c = all[pattern]
		}
		try(s.call(method, admin, c).want(t, c.ok))
		for _, status := range statuses {
			if !seen[status] {
				t.Errorf("%s is said to answer %s, and did not; it answered %v", pattern, status, seen)
			}
		}
		if len(statuses) == 0 {
			t.Errorf("%s is not described: write it into openapi.json (%s)", pattern, path)
		}
	}
	t.Run("too many", func(t *testing.T) {
		s := newSite(t, func(o *ours.Options) { o.RateLimit = 0.01 })
		s.api("GET", "/account", nil).want(t, 200)
		s.api("GET", "/account", nil).problem(t, 429)
	})
}

// waiting is a render that nobody draws.
func (s *site) waiting(design string) string {
	s.t.Helper()
	r, err := s.tenant.CreateRender(context.Background(), nil, app.RenderRequest{Design: design, Variables: map[string]string{"name": "w", "accent": "#000"}})
	if err != nil {
		s.t.Fatal(err)
	}
	return r.ID
}

// inUse makes a call while a design has an element.
func (s *site) inUse(c call, key, element string) answer {
	s.t.Helper()
	doc, err := app.ParseDocument([]byte(`{"version":1,"pages":[{"width":9,"height":9,"elements":[` + element + `]}]}`))
	if err != nil {
		s.t.Fatal(err)
	}
	d, err := s.tenant.CreateDesign(context.Background(), nil, "Uses it", doc)
	if err != nil {
		s.t.Fatal(err)
	}
	got := s.call("DELETE", key, c)
	if err := s.tenant.DeleteDesign(context.Background(), d.ID, nil); err != nil {
		s.t.Fatal(err)
	}
	return got
}

// batchOf is a batch that nobody draws, with an address of its own.
func (s *site) batchOf(design string) string {
	s.t.Helper()
	b, err := s.tenant.CreateBatch(context.Background(), nil, app.BatchRequest{Design: design, Rows: []map[string]string{{"name": "a", "accent": "#000"}}, WebhookURL: "https://127.0.0.1/batch"})
	if err != nil {
		s.t.Fatal(err)
	}
	return b.ID
}

// inFlight sends a request while another one with its Idempotency-Key is under way.
func (s *site) inFlight(method, key string, c call) answer {
	s.t.Helper()
	tx, err := s.pool.Begin(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	defer tx.Rollback(context.Background())
	name := fmt.Sprintf("%s %s /api/v1%s %s", s.tenant.ID(), method, c.path, "slow")
	if _, err := tx.Exec(context.Background(), `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, name); err != nil {
		s.t.Fatal(err)
	}
	return s.call(method, key, c, "Idempotency-Key", "slow")
}

// documented is openapi.json, read to be held against calls.
type documented struct {
	doc    *openapi3.T
	router routers.Router
}

// described reads it, and closes its objects: an answer may have more fields one day,
// but none that it does not tell of.
var described = sync.OnceValue(func() documented {
	text, err := os.ReadFile("openapi.json")
	var doc any
	if err == nil {
		err = json.Unmarshal(text, &doc)
	}
	if err == nil {
		closeObjects(doc)
		text, err = json.Marshal(doc)
	}
	var d documented
	if err == nil {
		d.doc, err = openapi3.NewLoader().LoadFromData(text)
	}
	if err == nil {
		d.router, err = gorillamux.NewRouter(d.doc)
	}
	if err != nil {
		panic(err)
	}
	return d
})

func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, open := v["additionalProperties"]; !open && v["properties"] != nil {
			v["additionalProperties"] = false
		}
		for _, inner := range v {
			closeObjects(inner)
		}
	case []any:
		for _, inner := range v {
			closeObjects(inner)
		}
	}
}

// statuses are what each operation may answer, by the pattern of its route.
func (d documented) statuses() map[string][]string {
	all := map[string][]string{}
	for path, item := range d.doc.Paths.Map() {
		for method, o := range item.Operations() {
			all[method+" /api/v1"+path] = slices.Sorted(maps.Keys(o.Responses.Map()))
		}
	}
	return all
}

// checkCall holds a call of the API against its description: the answer, and the
// request where it was taken.
func checkCall(t testing.TB, sent *http.Request, body []byte, got answer) {
	t.Helper()
	d := described()
	r := httptest.NewRequest(sent.Method, sent.URL.String(), bytes.NewReader(body))
	r.Header = sent.Header.Clone()
	route, params, err := d.router.FindRoute(r)
	if err != nil {
		return // no route, HEAD, or one that TestDescription misses
	}
	options := &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	request := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
	if route.Operation.Responses.Status(got.StatusCode) == nil {
		t.Errorf("%s %s answers %d, which openapi.json does not tell of", sent.Method, sent.URL.Path, got.StatusCode)
	}
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: got.StatusCode, Header: got.Header, Body: io.NopCloser(strings.NewReader(got.body)), Options: options,
	})
	if err != nil {
		t.Errorf("%s %s answers %d otherwise than openapi.json says: %v\n%s", sent.Method, sent.URL.Path, got.StatusCode, err, got.body)
	}
	if got.StatusCode < 300 {
		if err := openapi3filter.ValidateRequest(r.Context(), request); err != nil {
			t.Errorf("%s %s takes what openapi.json does not allow: %v\n%.2000s", sent.Method, sent.URL.Path, err, body)
		}
	}
}
