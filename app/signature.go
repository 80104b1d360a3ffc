package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// bothSecrets is for how long the secret before still signs.
const bothSecrets = 24 * time.Hour

// webhookSecret is a webhook's secret as people pass it on.
func (a *App) webhookSecret(w Webhook) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(a.webhookKey(w.ID, w.Serial))
}

// sign makes the headers of a message, as Standard Webhooks has them.
func (a *App) sign(w Webhook, id, body string, now time.Time) map[string]string {
	at := strconv.FormatInt(now.Unix(), 10)
	signatures := []string{signature(a.webhookKey(w.ID, w.Serial), id, at, body)}
	if w.RotatedAt != nil && now.Sub(*w.RotatedAt) < bothSecrets {
		signatures = append(signatures, signature(a.webhookKey(w.ID, w.Serial-1), id, at, body))
	}
	return map[string]string{"webhook-id": id, "webhook-timestamp": at, "webhook-signature": strings.Join(signatures, " ")}
}

// webhookKey follows from the instance's secret key: whoever reads the database, or
// a dump of it, can sign nothing.
func (a *App) webhookKey(webhook string, serial int) []byte {
	mac := hmac.New(sha256.New, a.secret)
	fmt.Fprintf(mac, "majestic webhook %s %d", webhook, serial)
	return mac.Sum(nil)
}

func signature(key []byte, id, at, body string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
