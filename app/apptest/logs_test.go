package apptest_test

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

// Each line of a serving process tells its release and generation; about a request
// or a job, also which it is, and whose. No line holds a secret.
func TestLogs(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	secrets := map[string]string{
		"the database's password": "pw-of-the-database", "the secret key": "key-that-signs", "a password": "horse-battery-staple",
		"a wrong password": "horse-battery-stapler", "a wrong key": "mj_wrong-key-of-somebody", "a wrong session": "session-of-somebody",
		"a wrong token": "token-of-somebody",
	}
	database := []string{"--database-url", strings.Replace(apptest.Database(t).URL, "@", ":"+secrets["the database's password"]+"@", 1)}
	server := apptest.Serve(t, binary, dir, append(database, "--log-level", "debug", "--secret-key", secrets["the secret key"])...)
	v1 := current(t, dir)

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := http.Client{Jar: jar}
	visit := func(path string, form url.Values) {
		t.Helper()
		r, err := browser.Get(server.URL + path)
		if form != nil {
			r, err = browser.PostForm(server.URL+path, form)
		}
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
	}
	setup, err := url.Parse(server.Setup)
	if err != nil {
		t.Fatal(err)
	}
	token := setup.Query().Get("token")
	secrets["the setup token"] = token
	account := url.Values{"name": {"Ada"}, "email": {"ada@example.com"}, "workspace": {"Engines"}}
	with := func(name, value string, more ...string) url.Values {
		form := url.Values{name: {value}}
		for k, v := range account {
			form[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		return form
	}
	visit("/setup?token="+secrets["a wrong token"], nil)
	visit("/setup?token="+token, nil)
	visit("/setup", with("token", secrets["a wrong token"], "password", secrets["a password"]))
	visit("/setup", with("token", token, "password", "short"))
	visit("/setup", with("token", token, "password", secrets["a password"]))
	visit("/t/engines/", nil)
	site, _ := url.Parse(server.URL)
	for _, c := range jar.Cookies(site) {
		secrets["a session"] = c.Value
	}
	visit("/signout", url.Values{})
	visit("/signin", with("password", secrets["a wrong password"]))
	visit("/signin?password="+secrets["a password"]+"&session="+secrets["a session"], with("password", secrets["a password"]))
	for _, c := range jar.Cookies(site) {
		secrets["another session"] = c.Value
	}
	visit("/t/engines/designs/none?token="+secrets["another session"], nil)
	jar.SetCookies(site, []*http.Cookie{{Name: "session", Value: secrets["a wrong session"]}})
	visit("/t/engines/", nil)
	var made struct{ Password string }
	if err := json.Unmarshal([]byte(apptest.Must(t, binary, dir, append(database, "user", "create", "bob@example.com", "--tenant", "engines", "--json")...)), &made); err != nil {
		t.Fatal(err)
	}
	secrets["a made password"] = made.Password
	visit("/signin", url.Values{"email": {"bob@example.com"}, "password": {made.Password}})

	api := apptest.API{URL: server.URL, Key: secrets["a wrong key"]}
	api.Call(t, "GET", "/designs", nil, 401, nil)
	api.Key = apptest.Key(t, binary, dir, database...)
	secrets["an API key"] = api.Key
	api.Call(t, "GET", "/nowhere", nil, 404, nil)
	api.Call(t, "POST", "/designs", map[string]any{"name": "x"}, 422, nil)
	design := card(t, api)
	upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v2"), append(database, "--probation", "500ms")...)
	v2 := current(t, dir)
	http.DefaultClient.CloseIdleConnections()
	r := api.Draw(t, map[string]any{"design": design, "variables": apptest.Countries(t)[0]})
	var b app.Batch
	header := api.Call(t, "POST", "/batches", map[string]any{"design": design, "rows": apptest.Countries(t)[:2]}, 202, &b)
	until(t, "the batch is done", func() bool {
		api.Call(t, "GET", "/batches/"+b.ID, nil, 200, &b)
		return b.Finished()
	})
	apptest.Must(t, binary, dir, append(database, "stop")...)
	if err := server.Wait(); err != nil {
		t.Error(err)
	}

	successor, err := os.ReadFile(filepath.Join(dir, "tmp", "generations", "2.log"))
	if err != nil {
		t.Fatal(err)
	}
	var tenant, job, batch bool
	for i, text := range []string{server.Output(), string(successor)} {
		release := []string{v1, v2}[i]
		n := 0
		for line := range strings.Lines(text) {
			if line == "\n" || strings.HasPrefix(line, "  M") {
				continue // the greeting, on standard output
			}
			for what, secret := range secrets {
				if strings.Contains(line, secret) {
					t.Errorf("%s is logged: %s", what, line)
				}
			}
			var l struct {
				Msg, Release, Request, Tenant, Kind, Render, Batch, Outcome string
				Generation                                                  int
				Status                                                      int
				Job                                                         int64 `json:"job_id"`
			}
			if err := json.Unmarshal([]byte(line), &l); err != nil || l.Release != release || l.Generation != i+1 {
				t.Errorf("%v: %s", err, line)
			}
			n++
			if l.Msg == "request" && l.Request == "" || l.Msg == "job" && (l.Job == 0 || l.Tenant == "" || l.Kind == "" || l.Outcome != "done") {
				t.Errorf("not said what it is about: %s", line)
			}
			tenant = tenant || l.Msg == "request" && l.Request == header.Get("X-Request-Id") && l.Tenant != ""
			job = job || l.Msg == "job" && l.Kind == "render" && l.Render == r.ID
			batch = batch || l.Msg == "job" && l.Kind == "batch" && l.Batch == b.ID
		}
		if n < 10 {
			t.Errorf("generation %d logs %d lines", i+1, n)
		}
	}
	if !tenant || !job || !batch {
		t.Errorf("found: a request's tenant %v, the render's job %v, the batch's %v", tenant, job, batch)
	}
}
