package gateway

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// forwarded gives a request that a trusted proxy has passed on the address of who sent
// it: the last one in X-Forwarded-For that is no trusted proxy's. Each proxy appends
// whom it heard from, so what stands before that is a stranger's own word, and counts
// for nothing. Without Settings.Proxies the header is nothing but text.
func (d *door) forwarded(next http.Handler) http.Handler {
	proxies := d.settings.Proxies
	if len(proxies) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = sender(proxies, r.RemoteAddr, r.Header.Values("X-Forwarded-For"))
		next.ServeHTTP(w, r)
	})
}

// sender walks from the socket towards the sender for as long as it trusts who speaks.
func sender(proxies []netip.Prefix, peer string, said []string) string {
	hops := strings.Split(strings.Join(said, ","), ",")
	for trusts(proxies, peer) && len(hops) > 0 {
		hop := strings.TrimSpace(hops[len(hops)-1])
		hops = hops[:len(hops)-1]
		if _, ok := addressIn(hop); !ok {
			break // the proxy has heard from nobody it can name
		}
		peer = hop
	}
	return peer
}

func trusts(proxies []netip.Prefix, peer string) bool {
	ip, ok := addressIn(peer)
	return ok && slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// addressIn reads an address with or without a port, in the ways that proxies write one.
func addressIn(text string) (netip.Addr, bool) {
	if with, err := netip.ParseAddrPort(text); err == nil {
		return with.Addr().Unmap().WithZone(""), true
	}
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return ip.Unmap().WithZone(""), err == nil
}
