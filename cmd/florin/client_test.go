package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const shopKey = `{"kty":"EC","crv":"P-256","kid":"s1","alg":"ES256","use":"sig",
	"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"` // RFC 7515 appendix A.3

func (h *host) keySet(name, text string) string {
	path := filepath.Join(h.work, name)
	require.NoError(h.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// registerClients walks the clients of a stopped bank.
func (h *host) registerClients(dir string) {
	t := h.t
	register := func(clientID string, more ...string) []string {
		return append([]string{"client", "register", clientID, "--dir", dir, "--name", "Shop Ltd", "--scopes", "openid accounts.read"}, more...)
	}
	keys := h.keySet("shop.jwks", `{"keys":[`+shopKey+`}]}`)
	back := []string{"--redirect-uri", "https://shop.example/cb"}
	h.does(register("shop", append(back, "--jwks", keys)...)...)
	require.Contains(t, h.fails(register("shop", append(back, "--jwks", keys)...)...), "registered already")
	require.Contains(t, h.fails(register("spa", back...)...), "needs --jwks", "a third party is confidential")
	require.Contains(t, h.fails(register("spa", append(back, "--jwks", keys, "--first-party")...)...), "--first-party and neither")
	require.Contains(t, h.fails(register("nowhere", "--jwks", keys)...), "redirect URI")
	require.Contains(t, h.fails(register("bad", "--redirect-uri", "https://a.example/#x", "--jwks", keys)...), "redirect URI")
	for name, text := range map[string]string{
		"a private key": `{"keys":[` + shopKey + `,"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}]}`,
		"a secret":      `{"keys":[{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMko","kid":"1"}]}`,
		"another use":   `{"keys":[` + shopKey[:len(shopKey)-1] + `","use":"enc"}]}`,
		"nothing":       `{"keys":[]}`,
		"no JSON":       `-----BEGIN PRIVATE KEY-----`,
	} {
		require.Contains(t, h.fails(register("bad", append(back, "--jwks", h.keySet("bad.jwks", text))...)...), "read the client's keys", name)
	}
	h.does(register("tablet", "--first-party")...)
	require.Contains(t, h.fails("client", "disable", "nobody", "--dir", dir, "--reason", "x"), "no such thing")
	h.does("client", "disable", "shop", "--dir", dir, "--reason", "key-leaked")
	listed := read[[]listedClient](t, h.does("client", "list", "--dir", dir, "--json"))
	require.Len(t, listed, 4, "and florin-app and florin-desk, which every bank has")
	require.Equal(t, listedClient{ClientID: "shop", Name: "Shop Ltd", Type: "confidential", Disabled: true, Scopes: []string{"accounts.read", "openid"},
		GrantTypes: []string{"authorization_code", "refresh_token"}, RedirectURIs: []string{"https://shop.example/cb"}}, listed[2])
	require.Contains(t, h.does("client", "list", "--dir", dir), "tablet")
}

func TestKeySetsAreReadStrictly(t *testing.T) {
	t.Parallel()
	_, err := readKeySet(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
