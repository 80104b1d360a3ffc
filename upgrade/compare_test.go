package upgrade_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"majestic/upgrade"
)

// A successor holds itself against what its predecessor has laid down, and may
// refuse; when that is gone, it serves.
func TestCompare(t *testing.T) {
	i := serve(t)
	dir := i.dir
	i.upgrade(0, faulty(t, "compares"), "--probation", "100ms")
	next := faulty(t, "compares too")
	wish := func(wishes string) (steps []upgrade.Step, code int) {
		t.Helper()
		c := upgrade.UpgradeCommand{Wishes: json.RawMessage(wishes), Probation: 100e6, Timeout: 60e9, JSON: true}
		if err := c.File.UnmarshalText([]byte(next)); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		err := c.Run(t.Context(), upgrade.Place(dir), &out)
		if end, ok := err.(*upgrade.Outcome); ok {
			code = end.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		for d := json.NewDecoder(&out); d.More(); {
			var s upgrade.Step
			if err := d.Decode(&s); err != nil {
				t.Fatal(err)
			}
			steps = append(steps, s)
		}
		return steps, code
	}
	for _, c := range []struct {
		wishes, reason string
		code           int
	}{{`"differ"`, "I am otherwise", 3}, {`"break"`, "I have no pencil", 4}} {
		steps, code := wish(c.wishes)
		if end := steps[len(steps)-1]; code != c.code || end.Reason != c.reason || len(i.releases()) != 2 {
			t.Errorf("%s: exit %d, %+v, releases %v", c.wishes, code, end, i.releases())
		}
	}
	compared := func(wishes, want string) {
		t.Helper()
		steps, code := wish(wishes)
		detail := ""
		for _, s := range steps {
			if s.Step == "compare" {
				detail = s.Detail
			}
		}
		if code != 0 || !strings.Contains(detail, want) {
			t.Errorf("%s: exit %d, %q, not %q: %+v", wishes, code, detail, want, steps)
		}
	}
	compared(`"fails"`, "nothing was compared: my pencil is blunt")
	next = faulty(t, "compares")
	compared(`"equal"`, "for 6")

	next = faulty(t, "compares too")
	done := make(chan int, 1)
	go func() {
		_, code := wish(`"wait"`)
		done <- code
	}()
	i.until("the successor compares", func() bool {
		_, err := os.Stat(filepath.Join(dir, "comparing"))
		return err == nil
	})
	i.signal(6, syscall.SIGKILL)
	if code := <-done; code != 0 {
		t.Errorf("the predecessor died meanwhile: exit %d", code)
	}
}
