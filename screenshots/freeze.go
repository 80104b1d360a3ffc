package screenshots

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Freeze copies the system's Chromium, its libraries and the fonts into the
// folder, where it is found under the hash of its contents. It is kept only when
// it draws the same bytes as the system's does. When ctx ends nothing is left.
func (r Runtimes) Freeze(ctx context.Context, o Options) (f Frozen, err error) {
	o.Runtime, o.Tabs = "", 1
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if err := os.MkdirAll(string(r), 0o755); err != nil {
		return f, fmt.Errorf("freezing the runtime: %w", err)
	}
	r.sweep()
	temp, err := os.MkdirTemp(string(r), ".new-")
	if err != nil {
		return f, fmt.Errorf("freezing the runtime: %w", err)
	}
	defer os.RemoveAll(temp)
	c := copier{ctx: ctx, from: place{}, to: temp, options: o, sums: map[string]string{}}
	if f, err = c.freeze(); err != nil {
		return f, fmt.Errorf("freezing the runtime: %w", err)
	}
	final := r.path(f.Hash)
	if known, err := readFrozen(final); err == nil {
		return *known, nil
	}
	if err := errors.Join(os.Rename(temp, final), flush(string(r))); err != nil {
		return f, fmt.Errorf("freezing the runtime: %w", err)
	}
	f.folder = final
	return f, nil
}

// copier makes one frozen runtime.
type copier struct {
	ctx     context.Context
	options Options
	from    place
	to      string
	sums    map[string]string // what was copied, by its path there
	bytes   int64
}

func (c *copier) freeze() (f Frozen, err error) {
	lock, err := os.Open(c.to)
	if err != nil {
		return f, err
	}
	defer lock.Close()
	if err := errors.Join(os.Chmod(c.to, 0o755), unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)); err != nil {
		return f, err
	}
	if c.from, err = c.options.place(); err != nil {
		return f, err
	}
	proof, loaded, err := c.prove("")
	if err != nil {
		return f, err
	}
	if f, err = c.copy(loaded); err != nil {
		return f, err
	}
	b, err := json.MarshalIndent(f, "", "\t")
	if err == nil {
		err = os.WriteFile(filepath.Join(c.to, record), append(b, '\n'), 0o644)
	}
	if err == nil {
		err = unix.Flock(int(lock.Fd()), unix.LOCK_SH) // its own proof uses it
	}
	if err != nil {
		return f, err
	}
	again, loaded, err := c.prove(c.to)
	if err != nil {
		return f, fmt.Errorf("the copy does not draw: %w", err)
	}
	for i := range proof {
		if !bytes.Equal(proof[i], again[i]) {
			return f, fmt.Errorf("the copy draws otherwise than the system's, and was thrown away (the %s)", proofs()[i].Format)
		}
	}
	for _, file := range loaded {
		if !strings.HasPrefix(file, c.to+"/") {
			return f, fmt.Errorf("the copy still loads %s from the system, and was thrown away", file)
		}
	}
	return f, unix.Syncfs(int(lock.Fd()))
}

// copy brings all of it, and says what it is.
func (c *copier) copy(loaded []string) (f Frozen, err error) {
	f = Frozen{FrozenAt: time.Now().UTC().Truncate(time.Second), Program: "chromium/" + filepath.Base(c.from.chromium), folder: c.to}
	if f.Chromium, err = c.from.version(); err != nil {
		return f, err
	}
	f.Package, f.Packaged = packageOf(c.ctx, c.from.chromium)
	loader, err := loaderOf(c.from.chromium)
	if err == nil && loader == "" {
		err = fmt.Errorf("%s is no program that Linux loads libraries for: it cannot be frozen", c.from.chromium)
	}
	if err != nil {
		return f, err
	}
	f.Loader = nameOf(loader)
	programs, err := c.chromium(filepath.Dir(c.from.chromium))
	if err != nil {
		return f, err
	}
	libraries := map[string]string{} // by the name that is asked for
	for _, file := range loaded {
		libraries[nameOf(file)] = file
	}
	for _, program := range programs {
		needed, err := c.from.libraries(program)
		if err != nil {
			return f, err
		}
		for _, file := range needed {
			libraries[nameOf(file)] = file
		}
	}
	for _, name := range slices.Sorted(maps.Keys(libraries)) {
		if err := c.file(libraries[name], "lib/"+name); err != nil {
			return f, err
		}
	}
	if err := os.Symlink(f.Loader, filepath.Join(c.to, "lib", loaderName)); err != nil {
		return f, err
	}
	if err := c.folder("/usr/lib/locale/C.utf8", "locale/C.utf8"); err != nil {
		return f, err
	}
	for _, font := range c.options.Fonts {
		if err := c.file(font.File, "fonts"+font.File); err != nil {
			return f, err
		}
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(c.sums)) {
		fmt.Fprintf(h, "%s %s\n", c.sums[name], name)
	}
	f.Hash, f.Bytes = hex.EncodeToString(h.Sum(nil))[:12], c.bytes
	return f, nil
}

// chromium copies Chromium's folder but for the sandbox's helper, which is of no
// use without root's rights, and answers with what in it needs libraries.
func (c *copier) chromium(folder string) (programs []string, err error) {
	if !isFile(filepath.Join(folder, "icudtl.dat")) {
		return nil, fmt.Errorf("%s is not Chromium's own folder: it has no icudtl.dat; name Chromium's own program with CHROMIUM_PATH", folder)
	}
	err = filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == "chrome-sandbox" || !isFile(path) {
			return err
		}
		inside, _ := filepath.Rel(folder, path)
		name := filepath.Join("chromium", inside)
		if err := c.file(path, name); err != nil {
			return err
		}
		loader, err := loaderOf(path)
		if loader != "" {
			err = c.reload(name)
		}
		if loader != "" || strings.HasSuffix(path, ".so") {
			programs = append(programs, path)
		}
		return err
	})
	return programs, err
}

// folder copies one, if it is there.
func (c *copier) folder(from, name string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		inside, _ := filepath.Rel(from, path)
		return c.file(path, filepath.Join(name, inside))
	})
}

// reload has a program look for its loader where ours is.
func (c *copier) reload(name string) error {
	file := filepath.Join(c.to, name)
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	return errors.Join(setLoader(file, loaderName), os.Chtimes(file, info.ModTime(), info.ModTime()))
}

// file copies one, with its time: that tells libraries apart.
func (c *copier) file(from, name string) error {
	if c.sums[name] != "" {
		return nil
	}
	if err := c.ctx.Err(); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	to := filepath.Join(c.to, name)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if info.Mode()&0o111 != 0 {
		mode = 0o755
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, h), in)
	if err := errors.Join(err, out.Close(), os.Chmod(to, mode), os.Chtimes(to, info.ModTime(), info.ModTime())); err != nil {
		return err
	}
	c.sums[name] = fmt.Sprintf("%s %o", hex.EncodeToString(h.Sum(nil)), mode)
	c.bytes += n
	return nil
}

//go:embed proof.html
var proofPage string

// proofs are what a copy has to draw as the system does: each kind of text, shape
// and picture, in each format.
func proofs() (shots []Shot) {
	for _, format := range []Format{PNG, JPEG, WebP, PDF} {
		shots = append(shots, Shot{HTML: proofPage, Width: 800, Height: 1000, Scale: 1.5, Format: format})
	}
	return shots
}

// prove draws the proofs, and tells which libraries the browser has loaded for it.
func (c *copier) prove(runtime string) (files [][]byte, loaded []string, err error) {
	o := c.options
	o.Runtime = runtime
	pool, err := Start(c.ctx, o)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	for _, shot := range proofs() {
		file, err := pool.Capture(c.ctx, shot)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, file.Data)
	}
	for _, pid := range running(pool.folder.path) {
		maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
		if err != nil {
			continue // the sandboxed are closed to us; what they load the browser has loaded before
		}
		for line := range strings.Lines(string(maps)) {
			_, path, _ := strings.Cut(strings.TrimSpace(line), " /")
			if name := filepath.Base(path); strings.HasSuffix(name, ".so") || strings.Contains(name, ".so.") {
				loaded = append(loaded, "/"+strings.TrimLeft(path, "/"))
			}
		}
	}
	slices.Sort(loaded)
	return files, slices.Compact(loaded), nil
}

// packageOf asks Debian which package a file is of, and its version; where there
// is none that is no loss.
func packageOf(ctx context.Context, file string) (name, version string) {
	out, err := exec.CommandContext(ctx, "dpkg-query", "--search", file).Output()
	if err != nil {
		return "", ""
	}
	name, _, _ = strings.Cut(string(out), ":")
	out, err = exec.CommandContext(ctx, "dpkg-query", "--show", "--showformat", "${Version}", name).Output()
	if err != nil {
		return "", ""
	}
	return name, string(out)
}

func flush(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
