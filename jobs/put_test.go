package jobs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"majestic/app"
)

// A picture comes into its place as a whole: who reads the one before reads on.
func TestPut(t *testing.T) {
	dir := t.TempDir()
	name, link := filepath.Join(dir, "a", "b", "card.png"), filepath.Join(dir, "link.png")
	if err := errors.Join(put(name, []byte("first")), os.Symlink(name, link)); err != nil {
		t.Fatal(err)
	}
	before, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	if err := put(name, []byte("second")); err != nil {
		t.Fatal(err)
	}
	old, _ := io.ReadAll(before)
	now, _ := os.ReadFile(name)
	if string(old) != "first" || string(now) != "second" {
		t.Errorf("%q became %q", old, now)
	}

	// What is no file stays what it is.
	if err := put(link, []byte("third")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info, err)
	}
	if now, _ = os.ReadFile(name); string(now) != "third" {
		t.Errorf("through the link: %q", now)
	}
	if err := put(filepath.Join(name, "card.png"), nil); app.KindOf(err) != app.Unavailable {
		t.Errorf("below a file: %v", err)
	}
	if err := put(filepath.Join(dir, "a"), nil); app.KindOf(err) != app.Unavailable {
		t.Errorf("in the place of a folder: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "a", "b", ".*")); left != nil {
		t.Errorf("left: %q", left)
	}
}
