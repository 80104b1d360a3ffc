package http_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/font/gofont/gobold"

	"majestic/app"
	"majestic/app/apptest"
	ours "majestic/http"
)

// TestReference reads the page about the API as a person does: each call is there, and
// does its work as it stands, with the workspace's own things in it.
func TestReference(t *testing.T) {
	s := newSite(t, func(o *ours.Options) { o.Wait = time.Millisecond })
	if empty := s.page("/t/acme/api").want(t, 200).body; !strings.Contains(empty, "/renders/ID/file") {
		t.Error("a workspace without renders is shown no word for one")
	}
	x := makeThings(t, s.tenant, "Card")
	finishBatch(t, s.tenant, x.batch, func(row int) bool { return row == 2 })
	key := s.keyOf(s.tenant, app.AdminScope)
	page := parse(t, s.page("/t/acme/api").want(t, 200).body)

	var curls []string
	for _, details := range page.all("details") {
		curls = append(curls, details.one(t, "pre").text())
	}
	for _, curl := range curls {
		if changes := regexp.MustCompile(`-X (DELETE|PUT|PATCH)`).MatchString(curl); changes && !strings.Contains(curl, "/ID") {
			t.Errorf("who pastes it loses something: %s", curl)
		}
	}
	if n := len(calls(x, "")); len(curls) != n {
		t.Errorf("%d calls are shown, and there are %d", len(curls), n)
	}
	order := func(curl string) int { // what looks comes first, and what deletes last
		switch {
		case strings.Contains(curl, "-X DELETE"):
			return 2
		case strings.Contains(curl, " -d ") || strings.Contains(curl, " -F ") || strings.Contains(curl, "-X "):
			return 1
		}
		return 0
	}
	slices.SortStableFunc(curls, func(a, b string) int { return order(a) - order(b) })
	for _, curl := range curls {
		got := s.run(curl, key)
		if placeholder := strings.Contains(curl, "/ID"); got.StatusCode >= 300 && !(placeholder && got.StatusCode == 404) {
			t.Errorf("%s\nanswers %d %s", curl, got.StatusCode, got.body)
		}
	}
}

var shellWord = regexp.MustCompile(`(?:[^\s'"\\]|'[^']*'|"[^"]*"|\\')+`)

// run sends what a line for curl says.
func (s *site) run(line, key string) answer {
	s.t.Helper()
	files := map[string][]byte{"photo.jpg": apptest.PNG(3, 3), "Brand-Bold.woff2": gobold.TTF}
	line = strings.NewReplacer(`\ `, "", "$KEY", key).Replace(line) // a line that goes on
	var words []string
	for _, w := range shellWord.FindAllString(line, -1) {
		w = strings.ReplaceAll(w, `'\''`, "\x00")
		if strings.HasPrefix(w, "'") || strings.HasPrefix(w, `"`) {
			w = w[1 : len(w)-1]
		}
		words = append(words, strings.ReplaceAll(w, "\x00", "'"))
	}
	method, address, body := "GET", "", []byte(nil)
	var headers []string
	for i := 1; i < len(words); i++ {
		switch words[i] {
		case "-N":
		case "-o":
			i++
		case "-X":
			i++
			method = words[i]
		case "-H":
			i++
			name, value, _ := strings.Cut(words[i], ": ")
			headers = append(headers, name, value)
		case "-d":
			i++
			body = []byte(words[i])
		case "-F":
			i++
			name, file, _ := strings.Cut(words[i], "=@")
			form, contentType := fileForm(name, file, files[file])
			body, headers = []byte(form), append(headers, "Content-Type", contentType)
		default:
			address = words[i]
		}
	}
	if body != nil && method == "GET" {
		method = "POST"
	}
	path, ok := strings.CutPrefix(address, s.url)
	if !ok {
		s.t.Fatalf("%s calls %q", line, address)
	}
	if body == nil {
		return s.do(method, path, nil, headers...)
	}
	return s.do(method, path, bytes.NewReader(body), headers...)
}
