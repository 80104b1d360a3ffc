// Package remote fetches images that designs show from other people's servers, and
// posts messages to them. An address is somebody's wish, so it must lead to a public
// server, by https, and what comes is bounded in time and size. What it says is
// checked by who asked.
package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"majestic/app"
)

// The limits of a fetch.
const (
	limit     = 15 * time.Second // for all of it
	redirects = 5
)

// Client fetches and posts.
type Client struct {
	client  *http.Client
	poster  *http.Client
	port    string // the only one; "" is any
	allowed func(netip.Addr) bool
}

// New is a client of the public internet.
func New() *Client { return newClient("443", public, nil) }

// Loopback reaches servers of this machine and no others: for tests, whose
// servers have certificates that nobody else believes.
func Loopback(roots *x509.CertPool) *Client { return newClient("", netip.Addr.IsLoopback, roots) }

func newClient(port string, allowed func(netip.Addr) bool, roots *x509.CertPool) *Client {
	c := &Client{port: port, allowed: allowed}
	// Here the name is looked up already: whatever it led to before or leads to
	// next, this is the address that is dialled.
	dialer := &net.Dialer{Timeout: limit, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !allowed(to.Addr().Unmap()) {
			return notPublic
		}
		return nil
	}}
	c.client = &http.Client{
		Timeout: limit,
		Transport: &http.Transport{ // with no Proxy: it would do the dialling
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: limit, ResponseHeaderTimeout: limit, MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns: 20, IdleConnTimeout: 30 * time.Second,
			DisableCompression: true, // images are small already, and a limit shall count what comes
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > redirects {
				return refusal(fmt.Sprintf("it leads on more than %d times", redirects))
			}
			r.Header.Del("Referer")
			return c.check(r.URL)
		},
	}
	c.poster = &http.Client{Transport: c.client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c
}

// refusal is a rule of ours that an address breaks: it would again.
type refusal string

func (r refusal) Error() string { return string(r) }

const notPublic = refusal("it leads to an address that is not public")

// Fetch asks once more when the server fails.
func (c *Client) Fetch(ctx context.Context, address, validator string) (f app.Fetched, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	f, again, err := c.fetch(ctx, address, validator)
	if err != nil && again {
		f, _, err = c.fetch(ctx, address, validator)
	}
	if err != nil {
		return f, app.Errorf(app.Invalid, "the image at %.200q cannot be fetched: %s", address, reason(err))
	}
	return f, nil
}

func (c *Client) fetch(ctx context.Context, address, validator string) (f app.Fetched, again bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return f, false, err
	}
	if err := c.check(r.URL); err != nil {
		return f, false, err
	}
	r.Header.Set("User-Agent", "Majestic")
	r.Header.Set("Accept", "image/png,image/jpeg,image/webp,image/gif,image/svg+xml")
	switch {
	case strings.HasSuffix(validator, `"`):
		r.Header.Set("If-None-Match", validator)
	case validator != "":
		r.Header.Set("If-Modified-Since", validator)
	}
	answer, err := c.client.Do(r)
	if err != nil {
		_, ours := errors.AsType[refusal](err)
		return f, !ours, err
	}
	defer answer.Body.Close()
	f = app.Fetched{Validator: answer.Header.Get("ETag"), Fresh: fresh(answer.Header, time.Now())}
	if f.Validator == "" {
		f.Validator = answer.Header.Get("Last-Modified")
	}
	switch {
	case answer.StatusCode == http.StatusNotModified && validator != "":
		return f, false, nil
	case answer.StatusCode != http.StatusOK:
		return f, answer.StatusCode >= 500, fmt.Errorf("its server answers %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	if t, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); t == "text/html" {
		return f, false, errors.New("it is a web page, not an image")
	}
	f.Data, err = io.ReadAll(io.LimitReader(answer.Body, app.MaxAssetBytes+1))
	if err != nil {
		return f, true, err
	}
	if len(f.Data) > app.MaxAssetBytes {
		return f, false, fmt.Errorf("it has more than %d MiB", app.MaxAssetBytes>>20)
	}
	if len(f.Data) == 0 {
		return f, false, errors.New("it is empty")
	}
	return f, false, nil
}

func (c *Client) check(u *url.URL) error {
	switch port := u.Port(); {
	case u.Scheme != "https":
		return refusal("it leads to an address without https")
	case u.User != nil:
		return refusal("there is a name or password in the address")
	case c.port != "" && port != "" && port != c.port:
		return refusal("it leads to another port than that of https")
	}
	return nil
}

// fresh is how long an answer may be used: what its server says, held to a minute,
// so that one job asks once, and a day.
func fresh(h http.Header, now time.Time) time.Duration {
	const least, most, unsaid = time.Minute, 24 * time.Hour, 10 * time.Minute
	said := unsaid
	if expires, err := http.ParseTime(h.Get("Expires")); err == nil {
		said = expires.Sub(now)
	}
	for directive := range strings.SplitSeq(strings.ToLower(strings.Join(h.Values("Cache-Control"), ",")), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch name {
		case "no-store", "no-cache":
			return least
		case "max-age":
			if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				age, _ := strconv.ParseUint(h.Get("Age"), 10, 31)
				said = time.Duration(int64(seconds)-int64(age)) * time.Second
			}
		}
	}
	return min(max(said, least), most)
}

// reason is what went wrong without what the person knows already.
func reason(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		if u.Timeout() {
			return fmt.Sprintf("its server takes longer than %s", limit)
		}
		err = u.Err
	}
	if r, ok := errors.AsType[refusal](err); ok {
		return r.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("its server takes longer than %s", limit)
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "its server refuses the connection"
	}
	if d, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Sprintf("there is no server named %.100s", d.Name)
	}
	return err.Error()
}
