package apptest

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Hook is a customer's server that webhooks tell. What it got is read from Got.
type Hook struct {
	*httptest.Server
	Got chan Told
}

// Told is a message that it got.
type Told struct {
	Path   string
	Header http.Header
	Body   []byte
}

// NewHook starts one that answers as it is told to, nil with 200.
func NewHook(t testing.TB, answer http.HandlerFunc) *Hook {
	t.Helper()
	h := &Hook{Got: make(chan Told, 1000)}
	h.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.Got <- Told{r.URL.Path, r.Header, body}
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// Verify is what a customer does with a message, by the library of Standard Webhooks.
func (m Told) Verify(t testing.TB, secret string) (event struct {
	Type, Timestamp string
	Data            map[string]any
}) {
	t.Helper()
	hook, err := standardwebhooks.NewWebhook(secret)
	if err == nil {
		err = hook.Verify(m.Body, m.Header)
	}
	if err == nil {
		err = json.Unmarshal(m.Body, &event)
	}
	if err != nil {
		t.Fatalf("%v\n%v\n%s", err, m.Header, m.Body)
	}
	return event
}

// PEM writes a certificate as files have it.
func PEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
