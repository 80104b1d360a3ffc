package backup

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"majestic/app"
)

// shelf holds the files of all backups of a place, each once, by its sum. Where it
// lies on the disk of the instance it takes no room while the instance has them, too.
type shelf struct {
	dir     string
	touched map[string]bool // folders that are to be synced
	doubted bool            // what is there is read before it is believed
	read    map[string]bool // what was
}

func shelfOf(place string) *shelf {
	return &shelf{dir: filepath.Join(place, "objects"), touched: map[string]bool{}, read: map[string]bool{}}
}

// damaged is the error of a file that is not what its row says.
type damaged struct{ key string }

func (d *damaged) Error() string { return d.key + " is not what was written" }

// keep puts a file of the instance on the shelf, unless it is there already.
func (s *shelf) keep(from string, f app.File) (sum string, size int64, err error) {
	if f.SHA256 != "" && s.has(f) {
		return f.SHA256, f.Bytes, nil
	}
	temp := filepath.Join(s.dir, unfinished+rand.Text())
	if err := take(from, temp); err != nil {
		return "", 0, err
	}
	defer os.Remove(temp)
	if sum, size, err = sumOf(temp); err != nil {
		return "", 0, err
	}
	if f.SHA256 != "" && sum != f.SHA256 {
		return "", 0, &damaged{f.Key}
	}
	folder := filepath.Dir(s.path(sum))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", 0, err
	}
	s.touched[folder] = true
	return sum, size, os.Rename(temp, s.path(sum))
}

func (s *shelf) has(f app.File) bool {
	info, err := os.Stat(s.path(f.SHA256))
	if err != nil || info.Size() != f.Bytes {
		return false
	}
	if s.doubted && !s.read[f.SHA256] {
		sum, _, err := sumOf(s.path(f.SHA256))
		s.read[f.SHA256] = err == nil && sum == f.SHA256
		return s.read[f.SHA256]
	}
	return true
}

// sync makes what was put there outlast a power cut.
func (s *shelf) sync() error {
	for folder := range s.touched {
		if err := syncDir(folder); err != nil {
			return err
		}
	}
	clear(s.touched)
	return syncDir(s.dir)
}

// sweep removes what no backup of the place lists, also none that is damaged.
func (s *shelf) sweep() error {
	listed := map[string]bool{}
	lists, err := filepath.Glob(filepath.Join(filepath.Dir(s.dir), "*", listFile))
	if err != nil {
		return err
	}
	for _, list := range lists {
		b := Backup{Path: filepath.Dir(list)}
		if err := b.objects(func(o object) error { listed[o.sum] = true; return nil }); err != nil {
			return app.Errorf(app.Invalid, "%s is damaged, and which files are its own cannot be told, so none that are left over are removed; remove it with: rm -r %[1]s; because: %v", b.Path, err)
		}
	}
	return filepath.WalkDir(s.dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || e.IsDir() || listed[e.Name()] {
			return err
		}
		return os.Remove(path)
	})
}

func (s *shelf) path(sum string) string { return filepath.Join(s.dir, sum[:min(2, len(sum))], sum) }

// take makes a file another name for what is there, or a copy where that cannot be.
func take(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		os.Remove(to)
	}
	return err
}

// object is a file of a backup.
type object struct {
	sum   string
	bytes int64
	key   string
}

func (o object) line() string { return fmt.Sprintf("%s %d %s\n", o.sum, o.bytes, o.key) }

// objects reads the list of a backup's files.
func (b Backup) objects(each func(object) error) error {
	f, err := os.Open(filepath.Join(b.Path, listFile))
	if err != nil {
		return err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		part := strings.SplitN(lines.Text(), " ", 3)
		if len(part) < 3 {
			return fmt.Errorf("%s: %.100q names no file", listFile, lines.Text())
		}
		size, err := strconv.ParseInt(part[1], 10, 64)
		raw, herr := hex.DecodeString(part[0])
		if err != nil || herr != nil || len(raw) != sha256.Size || !filepath.IsLocal(filepath.FromSlash(part[2])) {
			return fmt.Errorf("%s: %.100q names no file", listFile, lines.Text())
		}
		if err := each(object{part[0], size, part[2]}); err != nil {
			return err
		}
	}
	return nil
}

// unpack puts the files of a backup into a folder, each looked at whole. They are on
// the shelf beside the backup, or in a folder of its own that was copied with it.
func (b Backup) unpack(to string) error {
	shelves := []*shelf{shelfOf(b.Path), shelfOf(filepath.Dir(b.Path))}
	sure := sync.Map{} // sums of files that were read
	var group errgroup.Group
	group.SetLimit(2)
	err := b.objects(func(o object) error {
		group.Go(func() error {
			target := filepath.Join(to, filepath.FromSlash(o.key))
			if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
				return err
			}
			err := fs.ErrNotExist
			for _, s := range shelves {
				if err = take(s.path(o.sum), target); !errors.Is(err, fs.ErrNotExist) {
					break
				}
			}
			if errors.Is(err, fs.ErrNotExist) {
				return b.broken("the file %s is missing", o.key)
			}
			if err != nil {
				return fmt.Errorf("restore the file %s: %w", o.key, err)
			}
			if _, ok := sure.Load(o.sum); ok {
				return nil
			}
			sum, _, err := sumOf(target)
			if err == nil && sum != o.sum {
				return b.broken("the file %s (objects/%s/%s) is not what was written", o.key, o.sum[:2], o.sum)
			}
			sure.Store(o.sum, true)
			return err
		})
		return nil
	})
	return errors.Join(err, group.Wait())
}

func (b Backup) broken(what string, args ...any) error {
	return app.Errorf(app.Invalid, "the backup %s does not come back: %s", b.Path, fmt.Sprintf(what, args...))
}
