package apptest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

type room struct {
	name string
	may  []string
	why  string
}

// The house: each room, and the rooms it may enter. Everything else is forbidden,
// for the reason given.
var rooms = []room{
	{"app", []string{"app/images", "app/sfnt"}, "the product knows no other room but what reads pictures and fonts: rules outlive the technology around them"},
	{"app/images", nil, "pixels are arithmetic"},
	{"app/remote", []string{"app"}, "what is fetched or posted for whom is not known here"},
	{"app/mail", []string{"app"}, "a mail is sent, whatever it says"},
	{"app/sfnt", nil, "a font is bytes, whoever sends it"},
	{"app/canvas", []string{"app"}, "a drawing is made of a design and nothing else, so that editor, gallery and screenshot agree"},
	{"app/logs", nil, "a line is written, whatever it tells"},
	{"app/metrics", nil, "each room measures itself, and main brings it all together"},
	{"app/config", []string{"app", "app/logs"}, "settings are read once, and handed down by main"},
	{"app/backup", []string{"app", "app/postgres"}, "rows and files are kept whatever they mean; what the schema and a drawing are is told to it by main"},
	{"app/bench", []string{"app/config", "upgrade/load"}, "it knows the house from outside, by its verbs and addresses"},
	{"app/rehearsal", []string{"app", "app/backup", "app/config", "app/postgres", "upgrade", "upgrade/load"}, "it knows a release from outside, by its verbs and addresses"},
	{"app/postgres", []string{"app"}, "the cluster knows nothing of what is kept in it"},
	{"app/objects", []string{"app"}, "files know nothing of what they mean"},
	{"app/machine", []string{"app"}, "what the machine must have is told to it by main"},
	{"migrations", []string{"app"}, "the schema is applied before there is a product"},
	{"screenshots", nil, "Chrome gets pages, and knows nothing of designs, rows or tenants"},
	{"upgrade", nil, "any Go program could use it"},
	{"upgrade/load", []string{"upgrade"}, "any Go program could use it"},
	{"upgrade/example", []string{"upgrade"}, "it shows how any Go program uses it"},
	{"static", nil, "files are served, not thought about"},
	{"jobs", []string{"app", "app/canvas", "app/logs", "app/sfnt", "screenshots"}, "a worker loads and saves through app; it never answers a request"},
	{"http/views", []string{"app", "app/canvas", "static"}, "a view takes values and never queries"},
	{"http", []string{"app", "app/canvas", "app/logs", "app/sfnt", "http/views", "static"}, "a handler calls app once and renders; it never draws, captures or works a job"},
	{"app/apptest", []string{"*"}, "only tests import it"},
	{".", []string{"*"}, "main wires the rooms"},
}

func TestArrows(t *testing.T) {
	imports := importsOfOurs(t)
	for name := range imports {
		if !slices.ContainsFunc(rooms, func(r room) bool { return r.name == name }) {
			t.Errorf("%s is a new room: say in rooms what it may import, and why no more", name)
		}
	}
	for _, r := range rooms {
		if _, ok := imports[r.name]; !ok {
			t.Errorf("the room %s is gone: take it out of rooms", r.name)
		}
		for _, imported := range imports[r.name] {
			switch {
			case imported == "app/apptest":
				t.Errorf("%s imports app/apptest, which only tests may", r.name)
			case !slices.Contains(r.may, "*") && !slices.Contains(r.may, imported):
				t.Errorf("%s imports %s: %s", r.name, imported, r.why)
			}
		}
	}
}

// importsOfOurs maps each of our packages to those of ours it imports, tests left out.
func importsOfOurs(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "majestic/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "majestic"
	name := func(path string) (string, bool) {
		if path == module {
			return ".", true
		}
		return strings.CutPrefix(path, module+"/")
	}
	imports := map[string][]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return imports
		} else if err != nil {
			t.Fatal(err)
		}
		from, ok := name(p.ImportPath)
		if !ok {
			t.Fatalf("%s is not of this module", p.ImportPath)
		}
		imports[from] = []string{}
		for _, i := range p.Imports {
			if to, ok := name(i); ok {
				imports[from] = append(imports[from], to)
			}
		}
	}
}
