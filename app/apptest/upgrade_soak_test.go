//go:build soak

package apptest_test

import (
	"strings"
	"testing"

	"majestic/app/apptest"
)

// A release that is never ready does not take over.
func TestNeverReady(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	apptest.Serve(t, binary, dir)
	v1 := current(t, dir)
	sick := apptest.BinaryWith(t, "sick", "main.go", mainWith(t, isReady, `func(context.Context) error { return errors.New("sick") }`))
	if last := upgradeTo(t, binary, dir, 4, sick); last.Result != "failed" || !strings.Contains(last.Reason, "GET /readyz answers 503") {
		t.Errorf("one that is never ready: %+v", last)
	}
	if now := current(t, dir); now != v1 {
		t.Errorf("current is %s", now)
	}
	apptest.Must(t, binary, dir, "stop")
}
