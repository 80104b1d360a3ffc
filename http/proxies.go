package http

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// parseProxies reads addresses and networks; one that is neither is left out, and said.
func parseProxies(list []string, log *slog.Logger) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if a, single := netip.ParseAddr(text); err != nil && single == nil {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			log.Warn("TRUSTED_PROXIES takes addresses and networks such as 10.0.0.0/8; this one is left out", "entry", text)
			continue
		}
		prefixes = append(prefixes, p)
	}
	return prefixes
}

// client is the address that a request comes from. X-Forwarded-For is read from
// the right, past the proxies we trust: what stands left of them anybody can write.
func (s *Server) client(r *http.Request) string {
	if passed(r) {
		return r.Header.Get(passedClient)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !s.trusts(host) || strings.TrimSpace(hop) == "" {
			break
		}
		host = strings.TrimSpace(hop)
	}
	return host
}

func (s *Server) trusts(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(s.proxies, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}
