// Package objects keeps the files of an instance, uploads and renders, in a local folder.
package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"majestic/app"
)

// Folder keeps each object as a file below a directory; the key is its path.
type Folder struct{ root *os.Root }

// Open makes the directory when it is missing.
func Open(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	return &Folder{root}, nil
}

// Close lets the directory go.
func (f *Folder) Close() error { return f.root.Close() }

// room is what must be free: a picture of the largest size, its temporary twin, and
// what a database keeps of it.
const room = 64 << 20

// Ready fails when the disk has little room left.
func (f *Folder) Ready(context.Context) error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(f.root.Name(), &disk); err != nil {
		return &app.Error{Kind: app.Unavailable, Message: "the disk with the files cannot be looked at", Err: err}
	}
	if free := int64(disk.Bavail) * disk.Bsize; free < room {
		return app.Errorf(app.Unavailable, "the disk with the files has %d MB left, and %d must be free; free some space", free>>20, room>>20)
	}
	return nil
}

// Put writes a temporary file, syncs it, and renames it over the key: a reader
// sees the old bytes or the new, and what Put has confirmed outlives a power cut.
func (f *Folder) Put(ctx context.Context, key string, data []byte) (err error) {
	key = filepath.FromSlash(key)
	if err := f.makeDir(filepath.Dir(key)); err != nil {
		return full(err)
	}
	temp := key + ".tmp"
	file, err := f.root.OpenFile(temp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return full(err)
	}
	defer func() {
		if err != nil {
			f.root.Remove(temp)
		}
	}()
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return full(err)
	}
	if err = f.root.Rename(temp, key); err != nil {
		return full(err)
	}
	return f.syncDir(filepath.Dir(key))
}

// Link gives an object a second key, in the place of what was there: the bytes are
// there once, and last as long as either key.
func (f *Folder) Link(ctx context.Context, from, to string) error {
	from, to = filepath.FromSlash(from), filepath.FromSlash(to)
	if err := f.makeDir(filepath.Dir(to)); err != nil {
		return full(err)
	}
	err := f.root.Link(from, to)
	if errors.Is(err, fs.ErrExist) {
		err = errors.Join(f.root.Remove(to), f.root.Link(from, to))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &app.Error{Kind: app.NotFound, Message: "the file is not here any more", Err: err}
	}
	if err != nil {
		return full(err)
	}
	return f.syncDir(filepath.Dir(to))
}

// Open opens an object for reading; one that is not there is NotFound.
func (f *Folder) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	file, err := f.root.Open(filepath.FromSlash(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &app.Error{Kind: app.NotFound, Message: "the file is not here any more", Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	return file, nil
}

// Remove takes an object away; one that is not there is no error.
func (f *Folder) Remove(ctx context.Context, key string) error {
	if err := f.root.Remove(filepath.FromSlash(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("objects: %w", err)
	}
	return nil
}

// Walk visits all objects, and what is left of those that were never whole.
func (f *Folder) Walk(ctx context.Context, visit func(key string, changed time.Time) error) error {
	err := fs.WalkDir(f.root.FS(), ".", func(key string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && e.IsDir() {
			return ctx.Err() // or removed meanwhile
		}
		if err != nil {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		// Not the time of its bytes: a link gives old ones a new key.
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return fmt.Errorf("%s does not tell when it was changed", key)
		}
		return visit(filepath.ToSlash(key), time.Unix(stat.Ctim.Unix()))
	})
	if err != nil {
		return fmt.Errorf("objects: %w", err)
	}
	return nil
}

// makeDir makes a folder and those above it that are missing; a name is durable
// when the folder that holds it is synced.
func (f *Folder) makeDir(dir string) error {
	if _, err := f.root.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err // there, or a name that leads out of the folder
	}
	above := filepath.Dir(dir)
	if err := f.makeDir(above); err != nil {
		return err
	}
	if err := f.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return f.syncDir(above)
}

func (f *Folder) syncDir(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return fmt.Errorf("objects: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// full says in words what a full disk means; nothing was written.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &app.Error{Kind: app.Unavailable, Message: "the server's disk is full, so nothing was kept; free some space and try again", Err: err}
	}
	return fmt.Errorf("objects: %w", err)
}
