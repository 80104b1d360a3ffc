package upgrade

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The two verdicts on a successor.
const (
	verdictCommitted  = "committed"
	verdictRolledBack = "rolled back"
)

// verdict is what became of a successor: a file that is made once, by whoever
// comes first, and that both obey.
type verdict struct {
	Verdict string    `json:"verdict"`
	By      int       `json:"by"` // the generation that decided
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at"`
}

// Decided is the result of the upgrade to a generation by its verdict, "" while there
// is none: for an upgrade whose host was killed before it could tell.
func Decided(dir string, generation int) (result, reason string, at time.Time) {
	v, err := readVerdict(dir, generation)
	switch {
	case err != nil:
		return "", "", at
	case v.event() == committed:
		return resultCommitted, "", v.At
	}
	return resultRolledBack, v.Reason, v.At
}

// decide makes the verdict on a generation, unless there is one, and answers with
// the one that stands. It is written beside its place and linked there: O_EXCL,
// and never half there.
func decide(dir string, generation int, v verdict) (verdict, error) {
	name := verdictFile(dir, generation)
	temp, err := os.CreateTemp(filepath.Dir(name), ".verdict-*")
	if err != nil {
		return v, fmt.Errorf("decide on generation %d: %w", generation, err)
	}
	defer os.Remove(temp.Name())
	v.At = time.Now().UTC()
	err = json.NewEncoder(temp).Encode(v)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return v, fmt.Errorf("decide on generation %d: %w", generation, err)
	}
	if err := os.Link(temp.Name(), name); err != nil && !errors.Is(err, fs.ErrExist) {
		return v, fmt.Errorf("decide on generation %d: %w", generation, err)
	}
	return readVerdict(dir, generation)
}

// readVerdict answers with fs.ErrNotExist while nothing is decided.
func readVerdict(dir string, generation int) (v verdict, err error) {
	b, err := os.ReadFile(verdictFile(dir, generation))
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("the verdict on generation %d: %w", generation, err)
	}
	return v, nil
}

func (v verdict) event() event {
	if v.Verdict == verdictCommitted {
		return committed
	}
	return rolledBack
}

func verdictFile(dir string, generation int) string {
	return filepath.Join(tmp(dir), "generations", fmt.Sprintf("%d.verdict", generation))
}
