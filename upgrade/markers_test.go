package upgrade_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A hand's touch, also one that a clock set back makes older than the last, lets a
// process finish and end. A mark left over from before a start is none.
func TestTouchedByHand(t *testing.T) {
	t.Parallel()
	for name, touch := range map[string]func(i *instance){
		"now": func(i *instance) { i.touch() },
		"clock set back": func(i *instance) {
			temp, past := filepath.Join(i.dir, "old"), time.Now().Add(-48*time.Hour)
			err := os.WriteFile(temp, []byte("left over"), 0o644)
			if err = errors.Join(err, os.Chtimes(temp, past, past), os.Rename(temp, i.marker())); err != nil {
				i.Fatal(err)
			}
		},
		"only its time": func(i *instance) {
			past := time.Now().Add(-48 * time.Hour)
			if err := os.Chtimes(i.marker(), past, past); err != nil {
				i.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := at(t, open(t))
			err := os.Mkdir(filepath.Join(i.dir, "tmp"), 0o755)
			if err = errors.Join(err, os.WriteFile(i.marker(), []byte("left over"), 0o644)); err != nil {
				t.Fatal(err)
			}
			p := i.start(example(t))
			i.url = p.url(t)
			i.alone(1)
			hangUp := i.linger()
			touch(i)
			i.until("it finishes", func() bool { return i.status()[0].State == "draining" })
			select {
			case <-p.ended:
				t.Error("it ended with a request under way")
			default:
			}
			hangUp()
			p.end(t)
			i.nobody()
		})
	}
}

// A hand's touch while a successor warms up calls that off, also one that hears nothing.
func TestTouchedWhileWarming(t *testing.T) {
	t.Parallel()
	for _, deaf := range []bool{false, true} {
		t.Run(fmt.Sprintf("deaf %v", deaf), func(t *testing.T) {
			t.Parallel()
			i := serve(t)
			v1 := i.link("current")
			up := i.upgrading(faulty(t, "waits"))
			up.step("start")
			i.until("it waits", func() bool { return i.warms(2) })
			if deaf {
				i.signal(2, syscall.SIGSTOP)
			}
			i.touch()
			if end := up.end(4); !strings.Contains(end.Reason, "touched by hand") {
				t.Errorf("%+v", end)
			}
			i.first.end(t)
			i.nobody()
			i.holds(v1)
		})
	}
}

// The mark of a take-over stands in the marker afterwards; a hand's touch leaves it
// there, and counts.
func TestTouchedAfterUpgrades(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]func(*testing.T) string{"committed": next, "called off": func(t *testing.T) string { return faulty(t, "sick") }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := serve(t)
			if name == "committed" {
				i.upgrade(0, file(t), "--probation", "300ms")
				i.first.end(t)
				i.alone(2)
			} else {
				i.upgrade(5, file(t), "--probation", "1m")
			}
			now := time.Now()
			if err := os.Chtimes(i.marker(), now, now); err != nil {
				t.Fatal(err)
			}
			i.nobody()
		})
	}
}

// On probation a hand's touch waits for the verdict, and ends who serves then.
func TestTouchedOnProbation(t *testing.T) {
	t.Parallel()
	i := serve(t)
	up := i.upgrading(next(t), "--probation", "1s")
	up.step("takeover")
	i.touch()
	up.end(0)
	i.nobody()
}

// A folder in the marker's place is in nobody's way.
func TestMarkerIsFolder(t *testing.T) {
	t.Parallel()
	i := serve(t)
	seen := i.visitors()
	if err := os.MkdirAll(filepath.Join(i.marker(), "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	i.upgrade(0, next(t), "--probation", "300ms")
	i.alone(2)
	// Now it is a file again, and that is a successor's.
	i.upgrade(0, "--probation", "300ms")
	i.alone(3)
	seen.leave(t, 0)
}
