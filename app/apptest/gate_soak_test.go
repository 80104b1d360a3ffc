//go:build soak

package apptest_test

import (
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

// Each format is compared; going back needs no leave, and who wants nothing compared is not held up.
func TestRenderGateBack(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	server := apptest.Serve(t, binary, dir)
	api := apptest.API{URL: server.URL, Key: apptest.Key(t, binary, dir)}
	for i, format := range []string{"png", "jpeg", "webp", "pdf"} {
		if r := api.Draw(t, map[string]any{"design": card(t, api), "variables": apptest.Countries(t)[i], "format": format}); r.Status != app.Succeeded {
			t.Fatalf("%+v", r)
		}
	}
	changed := inverted(t)
	out := apptest.Must(t, binary, dir, "upgrade", "--json", changed, "--probation", "500ms", "--accept-render-changes")
	if s := stepOf(t, out, "compare"); !strings.Contains(s.Detail, "4 of 4 designs are drawn otherwise, and that is accepted") {
		t.Errorf("%+v", s)
	}
	apptest.Must(t, binary, dir, "rollback", "--probation", "500ms")
	out = apptest.Must(t, binary, dir, "upgrade", "--json", changed, "--probation", "500ms", "--render-sample", "0")
	if s := stepOf(t, out, "compare"); s.Detail != "nothing, as was wished" {
		t.Errorf("%+v", s)
	}
	apptest.Must(t, binary, dir, "stop")
}
