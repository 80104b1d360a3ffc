// Package static carries what a page needs beside its HTML: the stylesheet, the
// modules, the icons. A file is served under a name that holds its hash, so a
// browser keeps it for ever and a release never meets the files of another.
package static

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

//go:embed *.css *.js *.svg editor/*.js
var embedded embed.FS

// Fit is a JavaScript function that fits every text of the document it runs in.
// It is the same module that fits them in the editor and the gallery.
func Fit() string {
	return "() => {\n" + strings.ReplaceAll(read("fit.js"), "export function", "function") + "\nfit(document);\nreturn null;\n}"
}

// Files are the embedded files under their hashed names.
type Files struct {
	paths  map[string]string // by plain name
	served map[string]*Text  // by path
	store  Store             // what other releases have published; nil without
}

// Store keeps files by their keys.
type Store interface {
	Put(ctx context.Context, key string, data []byte) error
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
}

// New hashes the files. It panics on a module that imports what is not there:
// the files are ours, and any test that makes a server finds out.
func New() *Files {
	f := &Files{paths: map[string]string{}, served: map[string]*Text{}}
	err := fs.WalkDir(embedded, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			f.add(name)
		}
		return err
	})
	if err != nil {
		panic(err)
	}
	return f
}

// Publish puts the files into a store that all releases share, and answers with
// files that also serve what others have put there: while one release takes over
// from another, a page of the one may ask the other for its stylesheet.
func (f *Files) Publish(ctx context.Context, store Store) (*Files, error) {
	for p, text := range f.served {
		if file, err := store.Open(ctx, key(p)); err == nil {
			file.Close()
			continue
		}
		if err := store.Put(ctx, key(p), []byte(text.plain)); err != nil {
			return nil, fmt.Errorf("publish %s: %w", p, err)
		}
	}
	return &Files{f.paths, f.served, store}, nil
}

// Path is the address of a file: app.css is served as /static/app.3f2a9c01.css,
// editor/tool.js as /static/editor-tool.53a0b3f2.js.
func (f *Files) Path(name string) string {
	p, ok := f.paths[name]
	if !ok {
		panic("static: there is no file " + name)
	}
	return p
}

// ServeHTTP serves a file under its hashed name, to be kept for ever.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, err := f.open(r.Context(), r.URL.Path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(r.URL.Path)))
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	if text, ok := f.served[r.URL.Path]; ok {
		text.ServeHTTP(w, r)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, file)
}

// Has tells whether a file is served under the path.
func (f *Files) Has(ctx context.Context, path string) bool {
	file, err := f.open(ctx, path)
	if err != nil {
		return false
	}
	file.Close()
	return true
}

func (f *Files) open(ctx context.Context, p string) (io.ReadSeekCloser, error) {
	if text, ok := f.served[p]; ok {
		return nopCloser{strings.NewReader(text.plain)}, nil
	}
	if f.store == nil || !hashed.MatchString(p) {
		return nil, fs.ErrNotExist
	}
	return f.store.Open(ctx, key(p))
}

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }

// hashed is what the path of a file of any release looks like.
var hashed = regexp.MustCompile(`^/static/[a-z0-9_-]+\.[0-9a-f]{8}\.[a-z0-9]+$`)

func key(p string) string { return strings.TrimPrefix(p, "/") }

var imports = regexp.MustCompile(`(?m)(^import\s[^"]*|^export\s[^"]*from\s+|\bimport\()"(\.\.?/[^"]+)"`)

// comments take a line each. The line stays, so that an error names the right one.
var comments = regexp.MustCompile(`(?m)^[ \t]*//.*$`)

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
			return m[1] + `"` + f.add(path.Join(path.Dir(name), m[2])) + `"`
		})
		text = comments.ReplaceAllString(text, "")
	}
	sum := sha256.Sum256([]byte(text))
	ext := path.Ext(name)
	p := "/static/" + strings.ReplaceAll(strings.TrimSuffix(name, ext), "/", "-") + "." + hex.EncodeToString(sum[:4]) + ext
	f.paths[name], f.served[p] = p, NewText(text)
	return p
}

func read(name string) string {
	data, err := embedded.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return string(data)
}
