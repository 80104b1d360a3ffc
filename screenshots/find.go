package screenshots

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Find is the Chromium executable to run: the one at path, or with "" the first
// of the usual places. The error is a *MissingError that says what to do.
func Find(path string) (string, error) {
	if path != "" {
		return usable(path)
	}
	var refused error
	for _, place := range []string{
		"/usr/lib/chromium/chromium", // Debian: /usr/bin/chromium is a script that adds flags by machine
		"/usr/lib/chromium-browser/chromium-browser",
		"/usr/lib64/chromium-browser/chromium-browser",
		"/opt/google/chrome/chrome",
		"chromium", "chromium-browser", "google-chrome-stable", "google-chrome",
	} {
		found, err := exec.LookPath(place)
		if err != nil {
			continue
		}
		if found, err = usable(found); err == nil {
			return found, nil
		}
		refused = err
	}
	if refused != nil {
		return "", refused
	}
	return "", &MissingError{"there is no Chromium on this machine: run `app setup`, or name one with CHROMIUM_PATH"}
}

func usable(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", &MissingError{fmt.Sprintf("there is no Chromium at %s: run `app setup`, or correct CHROMIUM_PATH", path)}
	}
	if real, err = filepath.Abs(real); err != nil {
		return "", err
	}
	info, err := os.Stat(real)
	if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return "", &MissingError{fmt.Sprintf("%s is not a program: correct CHROMIUM_PATH, or leave it empty", path)}
	}
	script := head(real)
	if strings.HasPrefix(path, "/snap/") || filepath.Base(real) == "snap" || bytes.Contains(script, []byte("/snap/bin")) {
		return "", &MissingError{fmt.Sprintf("%s is the snap of Chromium, which sees neither our folders nor our fonts: "+
			"install Chromium or Google Chrome as a Debian package and name it with CHROMIUM_PATH", path)}
	}
	// Debian's script is passed by for the program that it starts.
	if program := filepath.Join("/usr/lib", filepath.Base(real), filepath.Base(real)); script != nil && isFile(program) {
		return program, nil
	}
	return real, nil
}

// head is the beginning of a script, nil for anything else.
func head(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, 64<<10))
	if !bytes.HasPrefix(b, []byte("#!")) {
		return nil
	}
	return b
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
