// Package static carries what a page needs beside its HTML: the stylesheet, the
// modules, the icons. A file is served under a name that holds its hash, so a
// browser keeps it for ever and a release never meets the files of another.
package static

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

//go:embed *.css *.js *.svg
var embedded embed.FS

// Files are the embedded files under their hashed names.
type Files struct {
	paths  map[string]string // by plain name
	served map[string][]byte // by path
}

// New hashes the files. It panics on a module that imports what is not there:
// the files are ours, and any test that makes a server finds out.
func New() *Files {
	f := &Files{paths: map[string]string{}, served: map[string][]byte{}}
	entries, err := embedded.ReadDir(".")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		f.add(e.Name())
	}
	return f
}

// Path is the address of a file: app.css is served as /static/app.3f2a9c01.css.
func (f *Files) Path(name string) string {
	p, ok := f.paths[name]
	if !ok {
		panic("static: there is no file " + name)
	}
	return p
}

// Fit is a JavaScript function that fits every text of the document it runs in.
// It is the same module that fits them in the editor and the gallery.
func (f *Files) Fit() string {
	return "() => {\n" + strings.ReplaceAll(read("fit.js"), "export function", "function") + "\nfit(document);\nreturn null;\n}"
}

// ServeHTTP serves a file under its hashed name, to be kept for ever.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, ok := f.served[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(r.URL.Path)))
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// Has tells whether a file is served under the path.
func (f *Files) Has(path string) bool { return f.served[path] != nil }

var imports = regexp.MustCompile(`(?m)^(import\s[^"]*|export\s[^"]*from\s+)"\./([^"]+)"`)

// add gives a file its name. The imports of a module are named first: their
// hashes are part of its text, so a change below changes every name above.
func (f *Files) add(name string) string {
	if p, ok := f.paths[name]; ok {
		return p
	}
	text := read(name)
	if path.Ext(name) == ".js" {
		text = imports.ReplaceAllStringFunc(text, func(line string) string {
			m := imports.FindStringSubmatch(line)
			return m[1] + `"` + f.add(m[2]) + `"`
		})
	}
	sum := sha256.Sum256([]byte(text))
	ext := path.Ext(name)
	p := "/static/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:4]) + ext
	f.paths[name], f.served[p] = p, []byte(text)
	return p
}

func read(name string) string {
	data, err := embedded.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return string(data)
}
