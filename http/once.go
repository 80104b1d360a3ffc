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

// sayReplayed marks an answer that is an earlier one's.
func sayReplayed(w http.ResponseWriter, once *app.Once) {
	if once != nil && once.Replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
}
