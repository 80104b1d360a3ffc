//go:build soak

package upgrade_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"majestic/upgrade/load"
)

// Twenty upgrades lose nothing, and nobody waits for them noticeably longer than
// for the server at other times.
func TestTwentyUpgrades(t *testing.T) {
	trial := underLoad(t, 360)
	trial.Probation, trial.Window = 2*time.Second, 5*time.Second
	f, err := trial.Upgrades(t.Context(), 20)
	if err != nil {
		t.Fatal(err)
	}
	f.Print(t.Output())
	clean(t, f)
	if f.Gap.Ratio > 3 {
		t.Errorf("the longest gap is %.1f times the control's", f.Gap.Ratio)
	}
}

// Twelve times the new release is killed on probation: nobody is refused, what it
// had in hand is all that fails, and the release before is there at once.
func TestTwelveKills(t *testing.T) {
	f, err := underLoad(t, 360).Kills(t.Context(), 12)
	if err != nil {
		t.Fatal(err)
	}
	f.Print(t.Output())
	if f.Refused > 0 || f.Effects.Lost > 0 || f.Effects.Twice > 0 {
		t.Errorf("%d refused; %+v", f.Refused, f.Effects)
	}
	if f.MedianFailed() > 2 {
		t.Errorf("a kill costs %d requests: %v", f.MedianFailed(), f.FailedByKill)
	}
	if f.MedianAgain() > 50 {
		t.Errorf("the release before answers after %.1f ms: %.1f", f.MedianAgain(), f.AcceptsAgain)
	}
}

// A hundred upgrades in a row leave nothing behind, in the process that serves or
// beside it.
func TestHundredUpgrades(t *testing.T) {
	trial := underLoad(t, 100)
	trial.Probation = 200 * time.Millisecond
	trial.Plan.Mix = slices.DeleteFunc(trial.Plan.Mix, func(s load.Sort) bool { return strings.HasPrefix(s.Name, "slow") }) // each would hold a release for as long
	f, err := trial.Upgrades(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	f.Print(t.Output())
	clean(t, f)
	few, many := f.Vitals[0], f.Vitals[1]
	for _, v := range []struct {
		what               string
		few, many, allowed int
	}{
		// What varies with the load of the moment: connections, a thread, the heap's last growth.
		{"descriptors", few.Descriptors, many.Descriptors, 15},
		{"goroutines", few.Goroutines, many.Goroutines, 30},
		{"threads", few.Threads, many.Threads, 5},
		{"kB of memory", few.MemoryKB, many.MemoryKB, few.MemoryKB / 4},
		{"processes", few.Processes, many.Processes, 0},
		{"files", few.Files, many.Files, 6}, // of the generation that is the fifth gone by then
	} {
		if v.many > v.few+v.allowed {
			t.Errorf("%d %s after 5 upgrades, %d after 100", v.few, v.what, v.many)
		}
	}
}
