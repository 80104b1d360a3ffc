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
// the last five gone by what they left. Dir is the instance's tmp folder.
func List(ctx context.Context, dir string) ([]Status, error) {
	entries, err := os.ReadDir(filepath.Join(dir, "generations"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list generations: %w", err)
	}
	var all []Status
	for _, e := range entries {
		n, ok := strings.CutSuffix(e.Name(), ".lock")
		if !ok {
			continue
		}
		if _, err := strconv.Atoi(n); err != nil {
			continue // not yet named
		}
		s, err := look(ctx, dir, e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // forgotten meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Status) int { return cmp.Compare(b.Generation, a.Generation) })
	gone := 0
	return slices.DeleteFunc(all, func(s Status) bool {
		if s.State == Gone {
			gone++
		}
		return s.State == Gone && gone > remembered
	}), nil
}

// Alive lists the generations whose processes live.
func Alive(ctx context.Context, dir string) ([]Status, error) {
	all, err := List(ctx, dir)
	return slices.DeleteFunc(all, func(s Status) bool { return s.State == Gone }), err
}

// look reads a lock's content and tries the lock: free means gone.
func look(ctx context.Context, dir, name string) (s Status, err error) {
	path := filepath.Join(dir, "generations", name)
	b, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("read %s: %w", path, err)
	}
	alive, err := held(path)
	if err != nil {
		return s, err
	}
	if !alive {
		s.State = Gone
		return s, nil
	}
	told, err := ask(ctx, dir, s.Generation, question{Verb: "status"})
	if err == nil {
		return told, nil
	}
	if alive, _ = held(path); !alive {
		s.State = Gone // it went while we asked
		return s, nil
	}
	s.State = Draining // it lives and does not answer: stopped, or on its way out
	return s, nil
}

// held tells whether somebody holds the lock of a file.
func held(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// forget removes what generations long gone have left.
func forget(dir string, listed []Status) {
	oldest := 0
	for _, s := range listed {
		oldest = s.Generation
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		n, _, _ := strings.Cut(e.Name(), ".")
		if k, err := strconv.Atoi(n); err == nil && k < oldest {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
