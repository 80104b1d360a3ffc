package screenshots

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(dir, "chromium-link")
	if err := os.Symlink(file("usr/bin/snap", "\x7fELF", 0o755), link); err != nil {
		t.Fatal(err)
	}

	for path, reason := range map[string]string{
		filepath.Join(dir, "nothing"):         "there is no Chromium at",
		file("notes.txt", "hello", 0o644):     "is not a program",
		dir:                                   "is not a program",
		link:                                  "is the snap of Chromium",
		file("chromium-browser", snap, 0o755): "is the snap of Chromium",
	} {
		_, err := Find(path)
		if _, ok := errors.AsType[*MissingError](err); !ok || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: %v, not %q", path, err, reason)
		}
	}

	program := file("chrome", "\x7fELF", 0o755)
	if got, err := Find(program); err != nil || got != program {
		t.Errorf("%s: %s, %v", program, got, err)
	}
	found, err := Find("")
	if err != nil {
		t.Fatal(err)
	}
	if head(found) != nil {
		t.Errorf("%s is a script", found)
	}
}

// snap is what Ubuntu's package chromium-browser installs.
const snap = `#!/bin/sh
if ! [ -x /snap/bin/chromium ]; then
    echo "Command '$0' requires the chromium snap to be installed." >&2
    exit 1
fi
exec /snap/bin/chromium "$@"
`
