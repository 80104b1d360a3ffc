package apptest_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

// A process that is killed while it sends a message sends it again when it comes back,
// with the same id and signature, and says so. Its binary reaches servers of this
// machine, which none that is released does.
func TestDeliveryOutlivesKill(t *testing.T) {
	t.Parallel()
	const public = `func New() *Client { return newClient("443", public, nil) }`
	text := string(apptest.File(t, "../../remote/remote.go"))
	if !strings.Contains(text, public) {
		t.Fatal("remote.go reads otherwise")
	}
	hanging := atomic.Bool{}
	hanging.Store(true)
	hook := apptest.NewHook(t, func(_ http.ResponseWriter, r *http.Request) {
		if hanging.Load() {
			<-r.Context().Done()
		}
	})
	dir := apptest.Dir(t)
	roots := filepath.Join(dir, "roots.pem")
	local := strings.Replace(text, public, `func New() *Client {
		pem, _ := os.ReadFile("`+roots+`")
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		return newClient("", netip.Addr.IsLoopback, roots)
	}`, 1)
	local = strings.Replace(local, "import (", "import (\n\t\"os\"", 1)
	if err := os.WriteFile(roots, apptest.PEM(hook.Certificate()), 0o644); err != nil {
		t.Fatal(err)
	}
	binary := apptest.BinaryWith(t, "local", "app/remote/remote.go", local)
	first := apptest.Serve(t, binary, dir)
	api := apptest.API{URL: first.URL, Key: apptest.Key(t, binary, dir)}
	var w app.Webhook
	api.Call(t, "POST", "/webhooks", map[string]any{"url": hook.URL, "events": []string{"render.succeeded"}}, 201, &w)
	api.Call(t, "POST", "/webhooks", map[string]any{"url": "https://10.0.0.1/", "events": []string{"render.succeeded"}}, 422, nil)
	var r app.Render
	api.Call(t, "POST", "/renders", map[string]any{"design": card(t, api), "variables": apptest.Countries(t)[0], "scale": 0.2, "async": true}, 202, &r)
	cut := <-hook.Got
	first.Crash()
	hanging.Store(false)

	second := apptest.Serve(t, binary, dir)
	api.URL = second.URL
	again := <-hook.Got
	e := again.Verify(t, w.Secret)
	if again.Header.Get("webhook-id") != cut.Header.Get("webhook-id") || string(again.Body) != string(cut.Body) || e.Type != "render.succeeded" || e.Data["id"] != r.ID {
		t.Errorf("%v %s, and then %v %s", cut.Header, cut.Body, again.Header, again.Body)
	}
	var now, then json.RawMessage
	api.Call(t, "GET", "/renders/"+r.ID, nil, 200, &now)
	var event struct{ Data json.RawMessage }
	if err := json.Unmarshal(again.Body, &event); err != nil {
		t.Fatal(err)
	}
	if then = event.Data; strings.ReplaceAll(string(now), second.URL, first.URL) != string(then) {
		t.Errorf("it was told of\n%s\nand it is\n%s", then, now)
	}
	var sent app.List[app.Delivery]
	until(t, "it is delivered", func() bool {
		api.Call(t, "GET", "/webhooks/"+w.ID+"/deliveries", nil, 200, &sent)
		return sent.Data[0].Status == app.Delivered
	})
	if d := sent.Data[0]; len(sent.Data) != 1 || len(d.Attempts) != 2 || !strings.Contains(d.Attempts[0].Error, "our server ended") || d.Attempts[1].ResponseCode != 200 {
		t.Errorf("%+v", sent)
	}
	apptest.Must(t, binary, dir, "stop")
}
