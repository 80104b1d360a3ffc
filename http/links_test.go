package http_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
	ours "majestic/http"
)

// sign is what a customer's program does.
func sign(key, query string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(query))
	return base64.URLEncoding.EncodeToString(mac.Sum(nil))
}

// linkKey is that of a design, as a program reads it.
func (s *site) linkKey(design string) string {
	s.t.Helper()
	var d struct {
		Key string `json:"link_key"`
	}
	s.api("GET", "/designs/"+design, nil).json(s.t.(*testing.T), &d)
	return d.Key
}

// linked is the render that waits to be drawn for an address.
func (s *site) linked() (id string) {
	s.t.Helper()
	for ; id == ""; time.Sleep(5 * time.Millisecond) {
		err := s.pool.QueryRow(context.Background(), `SELECT coalesce((SELECT id::text FROM renders WHERE link IS NOT NULL AND status = 'queued'), '')`).Scan(&id)
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return id
}

func (s *site) linkedRows() (n int) {
	s.t.Helper()
	if err := s.pool.QueryRow(context.Background(), `SELECT count(*) FROM renders WHERE link IS NOT NULL`).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// Many ask at once, and the first goes away: one picture is drawn, and shown from then
// on without another.
func TestPictureAtItsAddress(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	d, err := s.tenant.CreateDesign(ctx, nil, "Card", document(t, greeting))
	if err != nil {
		t.Fatal(err)
	}
	key := s.linkKey(d.ID)
	query := url.Values{"name": {"Ada & Žiža"}, "accent": {"#2563eb"}, "_scale": {"2"}}.Encode()
	path := "/i/" + d.ID + "/" + sign(key, query) + ".png?" + query

	leaving, leave := context.WithCancel(ctx)
	r, err := http.NewRequestWithContext(leaving, "GET", s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if answer, err := http.DefaultClient.Do(r); err == nil {
			answer.Body.Close()
		}
	}()
	id := s.linked()
	var all sync.WaitGroup
	answers := make([]answer, 50)
	for i := range answers {
		all.Go(func() { answers[i] = s.do("GET", path, nil, "Accept", "image/png") })
	}
	for apptest.Measure(t, s.Metrics()...)["majestic_http_requests_in_flight"] < 51 {
		time.Sleep(5 * time.Millisecond)
	}
	leave()
	<-gone
	finish(t, s.tenant, id)
	all.Wait()
	for _, a := range answers {
		if a.want(t, 200); a.body != string(apptest.PNG(400, 200)) {
			t.Fatal("another picture")
		}
	}
	h := answers[0].Header
	if h.Get("Content-Type") != "image/png" || h.Get("Cache-Control") != "public, max-age=300" || len(h.Get("ETag")) != 66 || h.Get("Set-Cookie") != "" {
		t.Errorf("%v", h)
	}
	s.do("GET", path, nil, "If-None-Match", h.Get("ETag")).want(t, 304)
	if head := s.do("HEAD", path, nil).want(t, 200); head.Header.Get("ETag") != h.Get("ETag") || head.body != "" {
		t.Errorf("HEAD: %v", head.Header)
	}
	for name, same := range map[string]string{
		"in another order":   strings.Join([]string{"name=Ada+%26+%C5%BDi%C5%BEa", "accent=%232563eb", "_scale=2"}, "&"),
		"spaces otherwise":   strings.ReplaceAll(query, "+", "%20"),
		"written as they do": "_scale=2&accent=%232563eb&name=Ada%20%26%20%c5%bdi%c5%bea",
	} {
		signature := sign(key, query)
		if name == "written as they do" {
			signature = strings.TrimRight(sign(key, same), "=")
		}
		s.do("GET", "/i/"+d.ID+"/"+signature+".png?"+same, nil).want(t, 200)
	}
	if n := s.linkedRows(); n != 1 {
		t.Errorf("%d renders of one picture", n)
	}
	var made app.Render
	if s.api("GET", "/renders/"+id, nil).json(t, &made); !made.Linked || made.Scale != 2 || made.Variables["name"] != "Ada & Žiža" {
		t.Errorf("%+v", made)
	}

	// A version that is published is what the address shows, and one that is named.
	if _, err := s.tenant.SaveDesign(ctx, d.ID, 1, "Card", document(t, strings.Replace(greeting, "Hello", "Hi", 1))); err != nil {
		t.Fatal(err)
	}
	one := 1
	if _, err := s.tenant.PublishDesign(ctx, nil, d.ID, &one, nil); err != nil {
		t.Fatal(err)
	}
	s.do("GET", path, nil).want(t, 200)
	named := query + "&_version=2"
	answered := make(chan answer)
	go func() { answered <- s.do("GET", "/i/"+d.ID+"/"+app.SignLink(key, named)+".webp?"+named, nil) }()
	id = s.linked()
	if s.api("GET", "/renders/"+id, nil).json(t, &made); made.Version != 2 || made.Format != "webp" {
		t.Errorf("%+v", made)
	}
	if err := s.tenant.FailRender(ctx, made, "the moon is in the wrong phase"); err != nil {
		t.Fatal(err)
	}
	for _, a := range []answer{<-answered, s.do("GET", "/i/"+d.ID+"/"+app.SignLink(key, named)+".webp?"+named, nil)} {
		if p := a.problem(t, 422); !strings.Contains(p.Detail, "wrong phase") {
			t.Errorf("%+v", p)
		}
	}
	if n := s.linkedRows(); n != 2 {
		t.Errorf("%d renders: one that cannot be drawn is tried with each request", n)
	}

	// Another key ends what the one before has signed, and no picture is drawn for that.
	s.post("/t/acme/designs/"+d.ID+"/link-key", nil).want(t, 303)
	s.do("GET", path, nil).problem(t, 404)
	another := s.linkKey(d.ID)
	s.do("GET", "/i/"+d.ID+"/"+sign(another, query)+".png?"+query, nil).want(t, 200)
	if n := s.linkedRows(); n != 2 || another == key || len(another) != 64 {
		t.Errorf("%d renders, the key %q after %q", n, another, key)
	}
	if err := s.tenant.DeleteDesign(ctx, d.ID, nil); err != nil {
		t.Fatal(err)
	}
	s.do("GET", "/i/"+d.ID+"/"+sign(another, query)+".png?"+query, nil).problem(t, 404)
}

// What is not signed is not there, and nobody learns what would be; what is signed and
// wrong says why, in words.
func TestPictureRefused(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	key := s.linkKey(x.design)
	const query = "accent=%23000&name=Ada"
	good := "/i/" + x.design + "/" + sign(key, query)
	said := map[string]bool{}
	for _, path := range []string{
		good + ".png?accent=%23000&name=Bob", good + ".png", good + ".png?" + query + "&_scale=4", good + ".gif?" + query, good + "?" + query, good + ".png.webp?" + query,
		"/i/" + x.design + "/" + sign("", query) + ".png?" + query, "/i/" + x.design + "/.png?" + query, "/i/" + x.asset + "/" + sign(key, query) + ".png?" + query,
		"/i/nothing/" + sign(key, query) + ".png?" + query,
	} {
		said[s.do("GET", path, nil, "Accept", "image/avif,image/*").problem(t, 404).Detail] = true
	}
	if len(said) != 1 {
		t.Errorf("what is refused is told apart: %v", said)
	}
	for query, field := range map[string]string{
		"name=Ada": "variables.accent", "accent=red&name=Ada": "variables.accent", "_size=2&accent=%23000&name=Ada": "_size", "accent=%23000&name=Ada&name=Bob": "name",
		"_version=9&accent=%23000&name=Ada": "version", "_scale=0&accent=%23000&name=Ada": "_scale", "_page=7&accent=%23000&name=Ada": "page",
		"_transparent=yes&accent=%23000&name=Ada": "_transparent", "accent=%23000&name=%00": "name", "accent=%23000&name=%ff": "name",
	} {
		p := s.do("GET", "/i/"+x.design+"/"+sign(key, query)+".png?"+query, nil, "Accept", "image/*").problem(t, 422)
		if len(p.Errors) != 1 || p.Errors[0].Field != field {
			t.Errorf("%s: %+v", query, p)
		}
	}
	s.do("POST", good+".png?"+query, nil).want(t, 405)
	if n := s.linkedRows(); n != 0 {
		t.Errorf("%d renders were made", n)
	}
	// Names with an underscore of their own.
	d, err := s.tenant.CreateDesign(t.Context(), nil, "Scale", document(t, strings.Replace(greeting, "{{name}}", "{{_scale}}", 1)))
	if err != nil {
		t.Fatal(err)
	}
	const own = "__scale=Do+re+mi&_scale=0.5&accent=%23000"
	answered := make(chan answer)
	go func() { answered <- s.do("GET", "/i/"+d.ID+"/"+sign(s.linkKey(d.ID), own)+".jpg?"+own, nil) }()
	made, err := s.tenant.Render(t.Context(), s.linked())
	if err != nil || made.Variables["_scale"] != "Do re mi" || made.Scale != 0.5 || made.Format != "jpeg" {
		t.Errorf("%+v, %v", made, err)
	}
	finish(t, s.tenant, made.ID)
	(<-answered).want(t, 200)
}

func TestPicturesAreHeldToARate(t *testing.T) {
	s := newSite(t, func(o *ours.Options) { o.RateLimit = 0.01 })
	x := makeThings(t, s.tenant, "Card")
	path := "/i/" + x.design + "/" + sign(s.linkKey(x.design), "") + ".png"
	s.do("GET", path, nil).problem(t, 422)
	if s.do("GET", path, nil).problem(t, 429); s.do("GET", path, nil).Header.Get("Retry-After") == "" {
		t.Error("nobody says when the next is welcome")
	}
}

// The address on the page of a design leads to what its form says; who may only look
// sees none, and no key.
func TestAddressOnThePage(t *testing.T) {
	s := newSite(t)
	d, err := s.tenant.CreateDesign(t.Context(), nil, "Card", document(t, greeting))
	if err != nil {
		t.Fatal(err)
	}
	section := parse(t, s.page("/t/acme/designs/"+d.ID).want(t, 200).body).one(t, "section", "data-link=/t/acme/designs/"+d.ID+"/link")
	if key := section.one(t, "code", "class=secret").text(); key != s.linkKey(d.ID) {
		t.Errorf("the key is %s", key)
	}
	form := url.Values{"var.name": {`"Ada" <&>`}, "var.accent": {"#fff"}, "format": {"jpeg"}, "scale": {"2"}, "quality": {"70"}, "page": {"1"}}
	var link struct{ Address, Tags string }
	s.page("/t/acme/designs/"+d.ID+"/link?"+form.Encode()).want(t, 200).json(t, &link)
	if image := parse(t, link.Tags).one(t, "img"); image.attr("src") != link.Address || image.attr("width") != "800" {
		t.Errorf("%s", link.Tags)
	}
	for _, address := range []string{section.one(t, "code", "data-address").text(), link.Address} {
		path, ok := strings.CutPrefix(address, s.url)
		if !ok {
			t.Fatalf("%s leads elsewhere", address)
		}
		answered := make(chan answer)
		go func() { answered <- s.do("GET", path, nil) }()
		made, err := s.tenant.Render(t.Context(), s.linked())
		if err != nil {
			t.Fatal(err)
		}
		if address == link.Address && (made.Variables["name"] != `"Ada" <&>` || made.Quality != 70 || made.Scale != 2 || made.Format != "jpeg") {
			t.Errorf("%+v", made)
		}
		finish(t, s.tenant, made.ID)
		(<-answered).want(t, 200)
	}
	form.Set("format", "pdf")
	s.page("/t/acme/designs/"+d.ID+"/link?"+form.Encode(), "Accept", "application/json").problem(t, 422)

	if s.key, err = s.tenant.CreateAPIKey(t.Context(), "reader", app.ReadScope, nil); err != nil {
		t.Fatal(err)
	}
	if got := s.api("GET", "/designs/"+d.ID, nil).want(t, 200).body; strings.Contains(got, "link_key") {
		t.Errorf("a key that may only read gets %s", got)
	}
	s.cookie = s.member(app.Viewer)
	if sections := parse(t, s.page("/t/acme/designs/"+d.ID).want(t, 200).body).all("section", "id=address"); len(sections) != 0 {
		t.Error("who may only look is shown an address and the key")
	}
}

// A picture is drawn by the release that serves its tenant, also when that changes
// under the request, and once for all who ask at either.
func TestPicturePassedOn(t *testing.T) {
	s := newSiblings(t)
	v1, v2 := s.all[1], s.all[2]
	v1.pool, v2.pool = s.pool, s.pool
	const query = "accent=%23000&name=Ada"
	path := "/i/" + s.design + "/" + sign(v1.linkKey(s.design), query) + ".png?" + query
	s.assign("v1")
	answers := make(chan answer, 20)
	for i := range cap(answers) {
		go func() { answers <- s.all[1+i%2].do("GET", path, nil) }()
	}
	id := v1.linked()
	finish(t, v1.tenant, id)
	for range cap(answers) {
		if a := (<-answers).want(t, 200); a.Header.Get("X-Release") != "v1" {
			t.Errorf("by %s", a.Header.Get("X-Release"))
		}
	}
	s.assign("v2")
	if a := v1.do("GET", path, nil).want(t, 200); a.Header.Get("X-Release") != "v2" || v1.linkedRows() != 1 {
		t.Errorf("by %s, with %d renders", a.Header.Get("X-Release"), v1.linkedRows())
	}
	v1.do("GET", path+"x", nil).problem(t, 404)
	v1.do("GET", path+"x", nil, "Majestic-Hops", "1").problem(t, 404)
}
