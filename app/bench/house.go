package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/upgrade/load"
)

// house is an instance for a benchmark, with a customer in it.
type house struct {
	home     string // all of it
	instance *load.Instance
	pool     *pgxpool.Pool
	leave    func() error // the database
	open     Database

	key     string
	session string
	stream  string // the path of one that does not end by itself
}

// newHouse prepares an instance of this very binary. It is to be closed even when
// it could not be prepared.
func newHouse(open Database) (h *house, err error) {
	h = &house{open: open}
	// Short, and open to the accounts that Postgres and Chrome have when we are root.
	if h.home, err = os.MkdirTemp("", "majestic-bench-"); err != nil {
		return h, err
	}
	if err = os.Chmod(h.home, 0o755); err != nil {
		return h, err
	}
	h.instance = &load.Instance{Binary: filepath.Join(h.home, "app"), Dir: filepath.Join(h.home, "instance"), Args: []string{"--listen", "127.0.0.1:0"}}
	for _, name := range []string{"PATH", "HOME", "USER", "TMPDIR", "LANG", "CHROMIUM_PATH"} { // and none of the settings of an instance that is in earnest
		if v, ok := os.LookupEnv(name); ok {
			h.instance.Env = append(h.instance.Env, name+"="+v)
		}
	}
	h.instance.Env = append(h.instance.Env, "RATE_LIMIT=0", "LOG_LEVEL=warn")
	if err = copyFile(h.instance.Binary, "/proc/self/exe"); err == nil {
		err = os.Mkdir(h.instance.Dir, 0o755)
	}
	return h, err
}

// close ends the instance and leaves nothing of it.
func (h *house) close() (err error) {
	if h.leave != nil {
		err = h.leave()
	}
	if h.instance != nil {
		err = errors.Join(err, h.instance.Stop())
	}
	return errors.Join(err, os.RemoveAll(h.home))
}

// furnish starts the instance and makes a customer, a key, a session, and a render
// that nobody works.
func (h *house) furnish(ctx context.Context) (err error) {
	if err := h.instance.Start(ctx); err != nil {
		return err
	}
	var tenant struct{ ID, Slug string }
	var key struct{ Key string }
	var user struct{ Email, Password string }
	for _, verb := range []struct {
		args   func() []string
		result any
	}{
		{func() []string { return []string{"tenant", "create", "Bench"} }, &tenant},
		{func() []string { return []string{"apikey", "create", "--tenant", tenant.Slug} }, &key},
		{func() []string { return []string{"user", "create", "bench@example.com", "--tenant", tenant.Slug} }, &user},
	} {
		b, err := h.instance.Run(ctx, append(verb.args(), "--json")...)
		if err == nil {
			err = json.Unmarshal(b, verb.result)
		}
		if err != nil {
			return fmt.Errorf("furnish the instance: %w", err)
		}
	}
	h.key = key.Key
	if h.session, err = h.signIn(url.Values{"email": {user.Email}, "password": {user.Password}}); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	r := h.post("first")
	r = r.WithContext(ctx)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("make a design: %w", err)
	}
	defer a.Body.Close()
	var design struct{ ID string }
	if err := json.NewDecoder(a.Body).Decode(&design); err != nil || a.StatusCode != http.StatusCreated {
		return fmt.Errorf("make a design: %s, %v", a.Status, err)
	}
	if h.pool, h.leave, err = h.open(ctx, h.instance.Dir); err != nil {
		return err
	}
	var id string
	err = h.pool.QueryRow(ctx, `
		INSERT INTO renders (tenant_id, design_id, design_version, variables, format, scale, page)
		VALUES ($1, $2, 1, '{}', 'png', 1, 1) RETURNING id`, tenant.ID, design.ID).Scan(&id)
	if err != nil {
		return fmt.Errorf("make a render that waits: %w", err)
	}
	h.stream = "/t/" + tenant.Slug + "/renders/" + id + "/events"
	return nil
}

// plan is what customers do: look at pages and designs, save designs, and follow a
// render that waits.
func (h *house) plan(rate float64, rtt time.Duration) load.Plan {
	pages, n := []string{"/signin", "/api/v1/designs?limit=5", "/version", "/healthz"}, 0
	get := func(string) *http.Request {
		n++
		return h.request("GET", pages[n%len(pages)], "")
	}
	return load.Plan{
		Address: h.instance.Address, Rate: rate, RTT: rtt, Connections: 60, Mix: load.Mixed(get, h.post),
		Streams: 8, Stream: func() *http.Request { return h.request("GET", h.stream, "") },
	}
}

// post makes a design of that name.
func (h *house) post(name string) *http.Request {
	const document = `{"version":1,"pages":[{"width":100,"height":100,"elements":[]}]}`
	return h.request("POST", "/api/v1/designs", fmt.Sprintf(`{"name":%q,"document":%s}`, name, document))
}

// designs counts them by their names.
func (h *house) designs(ctx context.Context) (map[string]int, error) {
	rows, err := h.pool.Query(ctx, `SELECT name, count(*) FROM designs GROUP BY name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	did := map[string]int{}
	for rows.Next() {
		var name string
		var n int
		if err := rows.Scan(&name, &n); err != nil {
			return nil, err
		}
		did[name] = n
	}
	return did, rows.Err()
}

// signIn answers with the cookie of a session.
func (h *house) signIn(form url.Values) (string, error) {
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a, err := c.PostForm("http://"+h.instance.Address+"/signin", form)
	if err != nil {
		return "", err
	}
	defer a.Body.Close()
	if len(a.Cookies()) == 0 {
		return "", fmt.Errorf("answered %s", a.Status)
	}
	return a.Cookies()[0].Name + "=" + a.Cookies()[0].Value, nil
}

func (h *house) request(method, path, body string) *http.Request {
	r, err := http.NewRequest(method, "http://"+h.instance.Address+path, strings.NewReader(body))
	if err != nil {
		panic(err) // the paths are ours
	}
	r.Header.Set("Authorization", "Bearer "+h.key)
	r.Header.Set("Cookie", h.session)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func copyFile(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o755)
}
