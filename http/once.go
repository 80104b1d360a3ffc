package http

import (
	"crypto/sha256"
	"net/http"

	"majestic/app"
)

// onceOf reads the Idempotency-Key of a POST, nil when it has none.
func onceOf(r *http.Request, body []byte) (*app.Once, error) {
	keys, given := r.Header["Idempotency-Key"]
	if !given {
		return nil, nil
	}
	once := &app.Once{Key: keys[0], Method: r.Method, Path: r.URL.Path, Body: sha256.Sum256(body)}
	return once, once.CheckKey()
}

// onceOfEmpty does that for a POST that says all by its path: its body is empty, or an
// object without fields.
func onceOfEmpty(w http.ResponseWriter, r *http.Request) (*app.Once, error) {
	var body []byte
	if r.ContentLength != 0 {
		var err error
		if body, err = readJSON(w, r, maxBody, &struct{}{}); err != nil {
			return nil, err
		}
	}
	return onceOf(r, body)
}

// sayReplayed marks an answer that is an earlier one's.
func sayReplayed(w http.ResponseWriter, once *app.Once) {
	if once != nil && once.Replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
}
