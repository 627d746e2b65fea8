package main

import (
	"net/netip"
	"strings"
)

// trustedProxies are the networks of trusted_proxies.
func trustedProxies(text string) (networks []netip.Prefix, ok bool) {
	if text == "" {
		return nil, true
	}
	for one := range strings.SplitSeq(text, ",") {
		network, err := netip.ParsePrefix(strings.TrimSpace(one))
		widest := 8 // who trusts the whole internet has not meant it
		if network.Addr().Is6() {
			widest = 16
		}
		if err != nil || network.Bits() < widest || network != network.Masked() {
			return nil, false
		}
		networks = append(networks, network)
	}
	return networks, true
}

func (c config) proxies() []netip.Prefix {
	networks, _ := trustedProxies(c.TrustedProxies) // checked
	return networks
}

func (c config) trusts() bool {
	_, ok := trustedProxies(c.TrustedProxies)
	return ok
}
