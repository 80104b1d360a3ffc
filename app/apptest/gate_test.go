package apptest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/goregular"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/screenshots"
	"majestic/upgrade"
)

// The doctor draws again what customers were given, and knows what draws; a release that
// draws otherwise is refused, with a report, until somebody says that it may.
func TestRenderGate(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	server := apptest.Serve(t, binary, dir)
	api := apptest.API{URL: server.URL, Key: apptest.Key(t, binary, dir)}
	v1 := current(t, dir)
	for i, format := range []string{"png", "pdf"} { // each in a design of its own: the last render of each counts
		if r := api.Draw(t, map[string]any{"design": card(t, api), "variables": apptest.Countries(t)[i], "format": format}); r.Status != app.Succeeded {
			t.Fatalf("%+v", r)
		}
	}
	rows := diagnose(t, binary, dir)
	if s := rows["render"]; !s.OK || s.Found != "2 of 2 designs are drawn alike" {
		t.Errorf("%+v", s)
	}
	if s := rows["runtime"]; !s.OK || !strings.Contains(s.Found, "the system's Chromium") {
		t.Errorf("%+v", s)
	}
	file := filepath.Join(dir, "data", "runtime.json")
	was, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(was), `"1`, `"0.1`, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	changed := inverted(t)
	rows = diagnose(t, changed, dir)
	if s := rows["render"]; s.OK || !strings.Contains(s.Problem, "2 of 2 designs are drawn otherwise") {
		t.Errorf("another release: %+v", s)
	}
	if s := rows["runtime"]; s.OK || !strings.Contains(s.Problem, "Chromium 0.1") {
		t.Errorf("Chromium replaced: %+v", s)
	}
	if err := os.WriteFile(file, was, 0o600); err != nil {
		t.Fatal(err)
	}

	last := upgradeTo(t, binary, dir, 3, changed, "--probation", "500ms")
	page := filepath.Join(dir, "tmp", "gate", "2", "index.html")
	if last.Result != "refused" || !strings.Contains(last.Reason, "2 of 2 designs") || !strings.Contains(last.Reason, page) || current(t, dir) != v1 {
		t.Errorf("%+v, current %s", last, current(t, dir))
	}
	report, err := os.ReadFile(page)
	if err != nil {
		t.Error(err)
	}
	for _, word := range []string{"01-before.", "01-after.", "-difference.png", ".pdf", "pixels differ", v1, last.To} {
		if !strings.Contains(string(report), word) {
			t.Errorf("the report has no %s:\n%s", word, report)
		}
	}
	if info, err := os.Stat(filepath.Dir(page)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("others may look at it: %v, %v", info, err)
	}
	if s := status(t, dir); s[0].State != upgrade.Gone || s[1].State != upgrade.Serving {
		t.Errorf("%+v", s)
	}

	out := apptest.Must(t, binary, dir, "upgrade", "--json", changed, "--probation", "500ms", "--accept-render-changes")
	if s := stepOf(t, out, "compare"); !strings.Contains(s.Detail, "2 of 2 designs are drawn otherwise, and that is accepted") {
		t.Errorf("%+v", s)
	}
	if current(t, dir) != last.To {
		t.Errorf("current is %s, not %s", current(t, dir), last.To)
	}
	apptest.Must(t, binary, dir, "stop")
}

// inverted is a release that draws all designs otherwise.
func inverted(t *testing.T) (binary string) {
	t.Helper()
	return apptest.BinaryWith(t, "inverted", "main.go", mainWith(t, "Fit: static.Fit()",
		"Fit: `() => { document.documentElement.style.filter = \"invert(1)\"; return (` + static.Fit() + `)(); }`"))
}

// mainWith is main.go with something else in one place.
func mainWith(t *testing.T, old, other string) string {
	t.Helper()
	text := string(apptest.File(t, "../../../main.go"))
	if strings.Count(text, old) != 1 {
		t.Fatalf("main.go reads otherwise: where is %s?", old)
	}
	return strings.Replace(text, old, other, 1)
}

// stepOf is a step of an upgrade's output.
func stepOf(t testing.TB, out, name string) (s upgrade.Step) {
	t.Helper()
	for line := range strings.Lines(out) {
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		if s.Step == name {
			return s
		}
	}
	t.Errorf("there is no step %s in:\n%s", name, out)
	return upgrade.Step{}
}

// diagnose is what the doctor says of an instance that it lets draw, by row.
func diagnose(t *testing.T, binary, dir string) map[string]diagnosis {
	t.Helper()
	out, _, _ := apptest.Run(t, binary, dir, "doctor", "--render", "--json")
	rows := map[string]diagnosis{}
	for line := range strings.Lines(out) {
		var d diagnosis
		if err := json.Unmarshal([]byte(line), &d); err == nil {
			rows[d.Name] = d
		}
	}
	return rows
}

type diagnosis struct {
	Name, Found, Problem string
	OK                   bool
}

// A frozen runtime comes in with an upgrade, which passes since it draws the same, and
// stays while a process draws with it.
func TestFrozenRuntime(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	server := apptest.Serve(t, binary, dir)
	api := apptest.API{URL: server.URL, Key: apptest.Key(t, binary, dir)}
	body := map[string]any{"design": card(t, api), "variables": apptest.Countries(t)[0]}
	was := api.Draw(t, body)
	var greeting app.Design
	api.Call(t, "POST", "/designs", map[string]any{"name": "Khmer", "document": json.RawMessage(
		`{"version":1,"pages":[{"width":90,"height":40,"elements":[{"id":"t","type":"text","x":0,"y":0,"width":90,"height":40,"text":"ក"}]}]}`)}, 201, &greeting)

	var frozen screenshots.Frozen
	if err := json.Unmarshal([]byte(apptest.Must(t, binary, dir, "runtime", "freeze", "--json")), &frozen); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := apptest.Run(t, binary, dir, "runtime", "use", "ffffffffffff"); code != 1 || !strings.Contains(errs, "there are: "+frozen.Hash) {
		t.Errorf("one that is not there: exit %d, %s", code, errs)
	}
	// A font of its own, which has no Khmer letters.
	khmer := filepath.Join(dir, "runtimes", frozen.Hash, "fonts/usr/share/fonts/truetype/noto/NotoSansKhmer-Regular.ttf")
	if err := errors.Join(os.Remove(khmer), os.WriteFile(khmer, goregular.TTF, 0o644)); err != nil {
		t.Fatal(err)
	}
	apptest.Must(t, binary, dir, "runtime", "use", frozen.Hash)
	if fonts := apptest.Must(t, binary, dir, "fonts"); !strings.Contains(fonts, frozen.Hash) {
		t.Errorf("whose fonts: %s", fonts)
	}
	out := apptest.Must(t, binary, dir, "upgrade", "--json", "--probation", "500ms")
	if s := stepOf(t, out, "compare"); s.Detail != "1 of 1 designs are drawn alike" {
		t.Errorf("%+v", s)
	}
	if _, err := os.Stat(filepath.Join(dir, "tmp", "gate", "2")); err == nil {
		t.Error("drawings that were alike are kept")
	}
	if is := api.Draw(t, body); *was.SHA256 != *is.SHA256 {
		t.Errorf("the frozen runtime draws %s, the system's %s", *is.SHA256, *was.SHA256)
	}
	lacking := api.Draw(t, map[string]any{"design": greeting.ID})
	if lacking.Status != app.Failed || !strings.Contains(*lacking.Error, "U+1780") {
		t.Errorf("a letter that its fonts lack: %+v", lacking)
	}
	file := func(path string) string {
		t.Helper()
		b, err := io.ReadAll(get(t, server.URL+path).Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	sheet := file("/fonts/any.css")
	address := regexp.MustCompile(`/fonts/[0-9a-f]+-NotoSansKhmer-Regular.ttf`).FindString(sheet)
	if address == "" || file(address) != string(goregular.TTF) {
		t.Errorf("the preview's font at %q is another", address)
	}
	if rule := regexp.MustCompile(`@font-face{font-family:"Noto Sans Khmer"[^}]*` + address).FindString(sheet); strings.Contains(rule, "U+17") {
		t.Errorf("the preview asks it for Khmer letters: %s", rule)
	}

	pid := status(t, dir)[0].PID
	list := func() (l struct{ Runtimes []screenshots.Frozen }) {
		t.Helper()
		if err := json.Unmarshal([]byte(apptest.Must(t, binary, dir, "runtime", "list", "--json")), &l); err != nil {
			t.Fatal(err)
		}
		return l
	}
	apptest.Must(t, binary, dir, "runtime", "use", "system")
	apptest.Must(t, binary, dir, "runtime", "prune")
	if l := list().Runtimes; len(l) != 1 || !slices.Contains(l[0].Users, pid) || l[0].Current {
		t.Errorf("process %d draws with it, and the list is %+v", pid, l)
	}
	apptest.Must(t, binary, dir, "stop")
	apptest.Must(t, binary, dir, "runtime", "prune")
	if l := list().Runtimes; len(l) != 0 {
		t.Errorf("nobody draws with it, and the list is %+v", l)
	}
}
