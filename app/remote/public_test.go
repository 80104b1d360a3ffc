package remote

import (
	"net/http"
	"net/netip"
	"testing"
	"time"
)

func TestPublic(t *testing.T) {
	for _, s := range []string{"93.184.215.14", "1.1.1.1", "172.32.0.1", "2606:4700::1111"} {
		if !public(netip.MustParseAddr(s).Unmap()) {
			t.Errorf("%s is not public", s)
		}
	}
	for _, s := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255",
		"240.0.0.1", "198.18.0.1", "192.0.0.8", "203.0.113.7", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1",
		"fd00:ec2::254", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "100::1", "3fff::1",
	} {
		if public(netip.MustParseAddr(s).Unmap()) {
			t.Errorf("%s is public", s)
		}
	}
}

func TestFresh(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		header map[string]string
		want   time.Duration
	}{
		{nil, 10 * time.Minute},
		{map[string]string{"Cache-Control": "public, max-age=3600"}, time.Hour},
		{map[string]string{"Cache-Control": "Max-Age=3600", "Age": "600"}, 50 * time.Minute},
		{map[string]string{"Cache-Control": "max-age=3600, no-store"}, time.Minute},
		{map[string]string{"Cache-Control": "no-cache"}, time.Minute},
		{map[string]string{"Cache-Control": "max-age=0"}, time.Minute},
		{map[string]string{"Cache-Control": "max-age=99999999"}, 24 * time.Hour},
		{map[string]string{"Cache-Control": "max-age=99999999999999999999"}, 10 * time.Minute},
		{map[string]string{"Expires": now.Add(2 * time.Hour).Format(http.TimeFormat)}, 2 * time.Hour},
		{map[string]string{"Expires": now.Add(2 * time.Hour).Format(http.TimeFormat), "Cache-Control": "max-age=120"}, 2 * time.Minute},
		{map[string]string{"Expires": now.Add(-time.Hour).Format(http.TimeFormat)}, time.Minute},
		{map[string]string{"Expires": "0"}, 10 * time.Minute},
	} {
		h := http.Header{}
		for name, value := range c.header {
			h.Set(name, value)
		}
		if got := fresh(h, now); got != c.want {
			t.Errorf("%v: %s, want %s", c.header, got, c.want)
		}
	}
}
