package upgrade

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// remembered is how many generations that are gone are still listed.
const remembered = 5

// List tells of every generation, newest first: the living by their own word,
// the last five gone by what they left.
func List(ctx context.Context, dir string) ([]Status, error) {
	all, err := look(dir)
	all = recent(all)
	for i, s := range all {
		if s.State == Gone {
			continue
		}
		if told, err := ask(ctx, dir, s.Generation, question{Verb: "status"}); err == nil {
			all[i] = told
		} else {
			all[i].Silent = true
		}
	}
	return all, err
}

// recent leaves out those gone but the last five.
func recent(all []Status) []Status {
	gone := 0
	return slices.DeleteFunc(all, func(s Status) bool {
		if s.State == Gone {
			gone++
		}
		return s.State == Gone && gone > remembered
	})
}

// Alive lists the generations whose processes live, newest first, by their locks.
func Alive(dir string) ([]Status, error) {
	all, err := look(dir)
	return slices.DeleteFunc(all, func(s Status) bool { return s.State == Gone }), err
}

// look reads the locks, newest first. Of one that is held it says draining, until
// its process says more: who lives and does not answer is stopped, or on its way out.
func look(dir string) ([]Status, error) {
	entries, err := os.ReadDir(filepath.Join(tmp(dir), "generations"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list generations: %w", err)
	}
	var all []Status
	for _, e := range entries {
		n, ok := strings.CutSuffix(e.Name(), ".lock")
		if _, err := strconv.Atoi(n); !ok || err != nil {
			continue // another file, or a lock that has not got its name yet
		}
		s, err := glance(filepath.Join(tmp(dir), "generations", e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // forgotten meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Status) int { return cmp.Compare(b.Generation, a.Generation) })
	return all, nil
}

// glance reads what a lock says, and tries it: free means gone.
func glance(lock string) (s Status, err error) {
	b, err := os.ReadFile(lock)
	if err != nil {
		return s, err
	}
	alive, err := held(lock)
	if jerr := json.Unmarshal(b, &s); jerr != nil {
		if alive {
			return s, fmt.Errorf("read %s: %w", lock, jerr)
		}
		s = Status{Generation: numberOf(filepath.Base(lock))} // a power cut took what it said
	}
	s.State = Gone
	if alive {
		s.State = Draining
	}
	return s, err
}

// held tells whether somebody holds the lock of a file.
func held(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return heldBy(f)
}

// heldBy likewise, of a file that is open; when nobody does, the file is to be closed.
func heldBy(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// forget removes what generations long gone have left.
func forget(dir string) {
	all, err := look(dir)
	if err != nil {
		return
	}
	oldest := 0
	for _, s := range recent(all) {
		oldest = s.Generation
	}
	dir = filepath.Join(tmp(dir), "generations")
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if k := numberOf(e.Name()); k > 0 && k < oldest {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// numberOf is the generation that a file in generations/ belongs to, 0 for none.
func numberOf(file string) int {
	n, _, _ := strings.Cut(file, ".")
	k, err := strconv.Atoi(n)
	if err != nil {
		return 0
	}
	return k
}
