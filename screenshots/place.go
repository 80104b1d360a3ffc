package screenshots

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// place is where a Chromium lies with all that it needs: in the system, or frozen.
type place struct {
	chromium string
	frozen   *Frozen // nil is the system's
}

// place finds it, and keeps a frozen one from being removed until close.
func (o Options) place() (p place, err error) {
	if o.Runtime == "" {
		p.chromium, err = Find(o.Chromium)
		return p, err
	}
	if p.frozen, err = openFrozen(o.Runtime); err == nil {
		p.chromium = p.frozen.path(p.frozen.Program)
	}
	return p, err
}

func (p place) close() {
	if p.frozen != nil {
		p.frozen.lock.Close()
	}
}

// fonts are the same fonts as they lie there.
func (p place) fonts(fonts []Font) ([]Font, error) {
	if p.frozen == nil {
		return fonts, nil
	}
	fonts = slices.Clone(fonts)
	for i, font := range fonts {
		fonts[i].File = p.font(font.File)
		if !isFile(fonts[i].File) {
			return nil, fmt.Errorf("the frozen runtime %s has no %s, with which this release draws: freeze another with this release's `app runtime freeze`, or say `app runtime use system`", p.frozen.Hash, font.File)
		}
	}
	return fonts, nil
}

// font is where a file of the system's fonts lies there.
func (p place) font(file string) string {
	if p.frozen == nil {
		return file
	}
	return p.frozen.path("fonts", file)
}

// furnish puts what a browser there needs into its profile, and tells its environment.
func (p place) furnish(profile string) (environment []string, err error) {
	if p.frozen == nil {
		return nil, nil
	}
	return p.environment(), os.Symlink(p.frozen.loader(), filepath.Join(profile, loaderName))
}

// environment is for programs there: where libraries, locales, character sets and
// the schemas of desktop settings are.
func (p place) environment() []string {
	if p.frozen == nil {
		return nil
	}
	lib := p.frozen.path("lib")
	return []string{"LD_LIBRARY_PATH=" + lib, "GCONV_PATH=" + lib, "LOCPATH=" + p.frozen.path("locale"), "XDG_DATA_DIRS=" + p.frozen.path("share")}
}

// libraries are the shared libraries that a program or a library there loads: what
// the loader says. By name; a static program has none.
func (p place) libraries(file string) ([]string, error) {
	loader, err := loaderOf(p.chromium)
	if loader == "" || err != nil {
		return nil, err
	}
	if p.frozen != nil {
		loader = p.frozen.loader()
	}
	out, err := p.command(loader, "--list", file).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("finding the libraries of %s: %w: %s", file, err, exit.Stderr)
	}
	if err != nil {
		return nil, fmt.Errorf("finding the libraries of %s: %w", file, err)
	}
	files := []string{loader}
	for line := range strings.Lines(string(out)) {
		_, path, _ := strings.Cut(line, " => ")
		path, _, _ = strings.Cut(path, " (")
		if filepath.IsAbs(path) && filepath.Base(path) != filepath.Base(loader) {
			files = append(files, path)
		}
	}
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	return files, nil
}

// weigh is the hash of the libraries by name, size and time: packages keep the time
// of their files, and to read 40 MB at each start would tell no more.
func (p place) weigh() (string, error) {
	files, err := p.libraries(p.chromium)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d %d\n", nameOf(file), info.Size(), info.ModTime().Unix())
	}
	return short(h.Sum(nil)), nil
}

// version asks the program, without starting a browser.
func (p place) version() (string, error) {
	out, err := p.command(p.chromium, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("asking %s for its version: %w", p.chromium, err)
	}
	return versionIn(string(out)), nil
}

// versionIn finds the number in "Chromium 156.0.8078.79" and in "Chrome/156.0.8078.79".
func versionIn(text string) string {
	return regexp.MustCompile(`\d+(\.\d+)+`).FindString(text)
}

func (p place) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Env = append(p.environment(), "PATH=/usr/bin:/bin", "LANG=C.UTF-8")
	if p.frozen != nil {
		c.Dir = p.frozen.path("lib")
	}
	return c
}

// loaderName is what a frozen program calls its loader: a name in the folder that
// it is started in, since no other is the same on all machines and as short.
const loaderName = "ld.so"

// loaderOf reads the name of a program's loader in the program; "" if it needs none.
func loaderOf(program string) (string, error) {
	f, err := elf.Open(program)
	if _, other := errors.AsType[*elf.FormatError](err); other || errors.Is(err, io.EOF) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	part := interpreter(f)
	if part == nil {
		return "", nil
	}
	name, err := io.ReadAll(part.Open())
	return string(bytes.TrimRight(name, "\x00")), err
}

// setLoader writes another name into the program, not longer than the one it has.
func setLoader(program, name string) error {
	f, err := elf.Open(program)
	if err != nil {
		return err
	}
	defer f.Close()
	part := interpreter(f)
	text := make([]byte, part.Filesz)
	if copy(text, name) == len(text) {
		return fmt.Errorf("%s has no room for the name of its loader", program)
	}
	w, err := os.OpenFile(program, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = w.WriteAt(text, int64(part.Off))
	return errors.Join(err, w.Close())
}

// nameOf is the name by which programs ask for a library.
func nameOf(file string) string {
	if f, err := elf.Open(file); err == nil {
		defer f.Close()
		if names, err := f.DynString(elf.DT_SONAME); err == nil && len(names) == 1 {
			return names[0]
		}
	}
	return filepath.Base(file)
}

// interpreter is the part of a program that names its loader, nil if there is none.
func interpreter(f *elf.File) *elf.Prog {
	i := slices.IndexFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
	if i < 0 {
		return nil
	}
	return f.Progs[i]
}
