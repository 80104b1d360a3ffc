package apptest_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"majestic/app/apptest"
)

// follow is a browser's EventSource: it comes back when it is cut off, says what it
// saw last, and waits as it is told. It fails when something comes twice.
func follow(t *testing.T, address string, session *http.Cookie) (f followed) {
	pause := time.Millisecond
	for {
		r := get(t, address, "Cookie", session.String(), "Last-Event-ID", f.last())
		if r == nil || r.StatusCode == http.StatusNoContent {
			return f
		}
		if r.StatusCode != http.StatusOK {
			t.Errorf("a stream is answered with %s", r.Status)
			return f
		}
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				if id == f.last() {
					t.Errorf("%s came twice", id)
				}
				f.statuses = append(f.statuses, id)
			}
			if text, ok := strings.CutPrefix(lines.Text(), "retry: "); ok {
				ms, err := strconv.Atoi(text)
				if err != nil || ms < 500 {
					t.Errorf("told to come back in %s ms", text)
				}
				pause = time.Duration(ms) * time.Millisecond
			}
		}
		r.Body.Close()
		time.Sleep(pause)
		f.returns = append(f.returns, time.Now())
	}
}

// followed is what came of a stream: the statuses it showed, in their order, and
// when it was opened again.
type followed struct {
	statuses []string
	returns  []time.Time
}

func (f followed) last() string {
	if len(f.statuses) == 0 {
		return ""
	}
	return f.statuses[len(f.statuses)-1]
}

// signUp makes the first account, by the link that serve printed.
func signUp(t *testing.T, server *apptest.Process) *http.Cookie {
	t.Helper()
	link, err := url.Parse(server.Setup)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"token": link.Query()["token"], "name": {"Ada"}, "email": {"ada@example.com"}, "password": {"correct horse"}, "workspace": {"Acme"}}
	r, err := http.NewRequest("POST", server.URL+"/setup", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	for _, c := range answer.Cookies() {
		if c.Name == "session" {
			return c
		}
	}
	t.Fatalf("no session: %s", answer.Status)
	return nil
}

// acme is the API of the workspace that signUp made.
func acme(t *testing.T, binary, dir string, server *apptest.Process) apptest.API {
	t.Helper()
	var key struct{ Key string }
	if err := json.Unmarshal([]byte(apptest.Must(t, binary, dir, "apikey", "create", "--tenant", "acme", "--json")), &key); err != nil {
		t.Fatal(err)
	}
	return apptest.API{URL: server.URL, Key: key.Key}
}

// noise is a picture that cannot be made small: more than a socket holds.
func noise(t *testing.T, side int) []byte {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, side, side))
	rand.Read(picture.Pix)
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func upload(t *testing.T, api apptest.API, data []byte, into any) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", "noise.png")
	if err == nil {
		_, err = part.Write(data)
	}
	if err = firstOf(err, form.Close()); err != nil {
		t.Fatal(err)
	}
	r := send(t, api.URL+"/api/v1/assets", api.Key, form.FormDataContentType(), &b)
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(into); err != nil || r.StatusCode != http.StatusCreated {
		t.Fatalf("%s, %v", r.Status, err)
	}
}

func send(t *testing.T, address, key, contentType string, body io.Reader) *http.Response {
	r, err := http.NewRequest("POST", address, body)
	if err == nil {
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("Content-Type", contentType)
		var answer *http.Response
		if answer, err = http.DefaultClient.Do(r); err == nil {
			return answer
		}
	}
	t.Error(err)
	return nil
}

func get(t *testing.T, address string, headers ...string) *http.Response {
	r, err := http.NewRequest("GET", address, nil)
	if err == nil {
		for i := 0; i < len(headers); i += 2 {
			if headers[i+1] != "" {
				r.Header.Set(headers[i], headers[i+1])
			}
		}
		var answer *http.Response
		if answer, err = http.DefaultClient.Do(r); err == nil {
			return answer
		}
	}
	t.Error(fmt.Errorf("GET %s: %w", address, err))
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
