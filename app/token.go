package app

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// newToken makes a secret of 256 bits, for a session or an API key.
func newToken() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashToken is what is kept of a token. It has 256 bits of its own, so a plain hash is enough.
func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// setupToken follows from the instance's secret key, so that nothing need be
// kept: the link works while there is no user and never again.
func setupToken(secret []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("majestic setup link"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:18])
}

func sameToken(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
