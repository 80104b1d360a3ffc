package apptest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"majestic/app"
)

// API speaks to a server as a customer's program does.
type API struct {
	URL string // of the server
	Key string
}

// Key makes a tenant and a key for it, by the command line.
func Key(t testing.TB, binary, dir string, args ...string) string {
	t.Helper()
	var tenant struct{ Slug string }
	furnish(t, dir, args)
	decode(t, Must(t, binary, dir, append([]string{"tenant", "create", "Acme", "--json"}, args...)...), &tenant)
	var key struct{ Key string }
	decode(t, Must(t, binary, dir, append([]string{"apikey", "create", "--tenant", tenant.Slug, "--json"}, args...)...), &key)
	return key.Key
}

// Call sends a JSON body (none when nil), expects a status, and decodes the answer into result (when not nil).
func (a API) Call(t testing.TB, method, path string, body any, status int, result any) http.Header {
	t.Helper()
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		reader = bytes.NewReader(b)
	}
	r, err := http.NewRequest(method, a.URL+"/api/v1"+path, reader)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.Key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != status {
		t.Fatalf("%s %s: status %d, want %d\n%s", method, path, answer.StatusCode, status, b)
	}
	if raw, ok := result.(*[]byte); ok {
		*raw = b
	} else if result != nil {
		decode(t, string(b), result)
	}
	return answer.Header
}

// Draw asks for a picture, and waits for it as long as it takes.
func (a API) Draw(t testing.TB, request map[string]any) (r app.Render) {
	t.Helper()
	request = maps.Clone(request)
	request["async"] = true
	a.Call(t, "POST", "/renders", request, 202, &r)
	for !r.Finished() {
		time.Sleep(20 * time.Millisecond)
		a.Call(t, "GET", "/renders/"+r.ID, nil, 200, &r)
	}
	return r
}

func decode(t testing.TB, text string, result any) {
	t.Helper()
	if err := json.NewDecoder(strings.NewReader(text)).Decode(result); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}
