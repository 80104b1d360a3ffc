package objects_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/objects"
)

func TestFolder(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	f, err := objects.Open(filepath.Join(dir, "objects"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, data := range []string{"first", "second, which replaces it"} {
		if err := f.Put(ctx, "tenant/renders/1.png", []byte(data)); err != nil {
			t.Fatal(err)
		}
		r, err := f.Open(ctx, "tenant/renders/1.png")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		r.Close()
		if err != nil || string(got) != data {
			t.Errorf("read %q, %v; put %q", got, err, data)
		}
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "objects/tenant/renders")); len(left) != 1 {
		t.Errorf("%d files are left", len(left))
	}
	if _, err := f.Open(ctx, "tenant/renders/2.png"); app.KindOf(err) != app.NotFound {
		t.Errorf("a file that is not there: %v", err)
	}
	for range 2 {
		if err := f.Remove(ctx, "tenant/renders/1.png"); err != nil {
			t.Error(err)
		}
	}
	if _, err := f.Open(ctx, "tenant/renders/1.png"); app.KindOf(err) != app.NotFound {
		t.Errorf("a file that was removed: %v", err)
	}
	// A second key keeps the bytes when the first one goes, and what is put there is its own.
	if err := f.Put(ctx, "tenant/renders/3.png", []byte("three")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := f.Link(ctx, "tenant/renders/3.png", "other/4.png"); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Put(ctx, "tenant/renders/3.png", []byte("another three")); err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(ctx, "tenant/renders/3.png"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "objects/other/4.png")); err != nil || string(got) != "three" {
		t.Errorf("a second key: %q, %v", got, err)
	}
	if err := f.Link(ctx, "tenant/renders/3.png", "other/4.png"); app.KindOf(err) != app.NotFound {
		t.Errorf("a second key of what is not there: %v", err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "objects/other/4.png")); err != nil || string(got) != "three" {
		t.Errorf("and its place is touched: %q, %v", got, err)
	}
	// No key leads out of the folder, by dots or by a link.
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "secret"), filepath.Join(dir, "objects/link")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"../secret", "tenant/../../secret", "link", "/etc/passwd"} {
		if _, err := f.Open(ctx, key); err == nil {
			t.Errorf("%s was opened", key)
		}
		if err := f.Link(ctx, key, "other/5.png"); err == nil && key != "link" {
			t.Errorf("%s was linked", key)
		}
		if err := f.Link(ctx, "other/4.png", key); err == nil && key != "link" {
			t.Errorf("%s was written", key)
		}
		if err := f.Put(ctx, key, []byte("x")); err == nil && key != "link" {
			t.Errorf("%s was written", key)
		}
		if err := f.Remove(ctx, key); err == nil && key != "link" {
			t.Errorf("%s was removed", key)
		}
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "secret")); string(b) != "secret" {
		t.Errorf("the file outside is %q", b)
	}
}

// The kernel's own file system has no room for anybody.
func TestReady(t *testing.T) {
	for dir, want := range map[string]string{t.TempDir(): "", "/proc": "has 0 MB left, and 64 must be free"} {
		f, err := objects.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := f.Ready(t.Context()); (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || app.KindOf(err) != app.Unavailable) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
