package machine

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

// What a backup brings is not made anew, and it is brought once, unless somebody wants
// what came since.
func TestRestored(t *testing.T) {
	h := host{root: machine(t, debian)}
	v := &service{host: h, name: "shop", dir: "/var/lib/shop"}
	brought := 0
	needs := Needs{Restore: func(_ context.Context, dir string, from Source) error {
		brought++
		if dir != v.dir || from.From != "/root/shop" {
			t.Errorf("%s of %+v", dir, from)
		}
		write(t, h.path(dir+"/data/secret.key"), "key")
		write(t, h.path(dir+"/app.toml"), "listen_addr = \"127.0.0.1:9000\"\n")
		return nil
	}}
	settings := row{name: "settings", check: v.exists(v.dir + "/app.toml"), mend: func() error {
		return errors.New("they are written over")
	}}
	for want, follow := range []bool{false, false, true} {
		s := &Setup{Source: Source{From: "/root/shop", Follow: follow}}
		var out bytes.Buffer
		if err := s.run(t.Context(), h, []row{h.restored(t.Context(), v.dir, s.Source, needs), settings}, &out); err != nil {
			t.Errorf("%v\n%s", err, &out)
		}
		if brought != max(1, want) || strings.Contains(out.String(), "--follow replaces it") != (want == 1) {
			t.Errorf("brought %d times, follow %t:\n%s", brought, follow, &out)
		}
	}
	if v.address() != "127.0.0.1:9000" {
		t.Errorf("the service listens at %s", v.address())
	}
}
