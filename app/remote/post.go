package remote

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"majestic/app"
)

// maxAnswer is how much is read of what a server answers, so that its connection is
// good for another message.
const maxAnswer = 16 << 10

// Check knows the rules that an address breaks by itself. Where its name leads to is
// seen when it is dialled, each time.
func (c *Client) Check(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if err := c.check(u); err != nil {
		return err
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		host = "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(host); err == nil && !c.allowed(ip.Unmap()) {
		return notPublic
	}
	return nil
}

// Post brings a message to an address by the same rules, once, and follows it nowhere
// else: a redirect is an answer like any other.
func (c *Client) Post(ctx context.Context, m app.Message) (a app.Answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.Address, bytes.NewReader(m.Body))
	if err == nil {
		err = c.check(r.URL)
	}
	if err != nil {
		return a, unsent(err)
	}
	r.Header.Set("User-Agent", "Majestic")
	r.Header.Set("Content-Type", "application/json")
	for name, value := range m.Headers {
		r.Header.Set(name, value)
	}
	// Whoever gets a message twice knows it by its id: so it may be sent again on a new
	// connection when the server has let go of the old one. Empty, this is for net/http alone.
	r.Header["Idempotency-Key"] = []string{}
	answer, err := c.poster.Do(r)
	if err != nil {
		return a, unsent(err)
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	return app.Answer{Code: answer.StatusCode, Wait: wait(answer.Header.Get("Retry-After"), time.Now())}, nil
}

func unsent(err error) error {
	return &app.Error{Kind: app.Invalid, Message: "nothing got there: " + reason(err)}
}

// wait is what a server asks for, in seconds or as a time.
func wait(after string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(after, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(after); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
