package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// Row 53: keys are rotated, and third parties come and go, while the bank serves.
func TestTheHostRotatesKeysAndKnowsClientsOfARunningBank(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	ctx := t.Context()
	admin := strings.TrimPrefix(h.bank.admin, "http://")
	asks := func(args ...string) []string { return append(args, "--dir", h.dir, "--admin", admin) }
	anna, err := newPerson(ctx, h.base, "anna", newHTTPClient())
	require.NoError(t, err)
	status := func() int {
		answer, err := anna.phone.Get(ctx, "/v1/accounts")
		if refused := new(phone.Refused); err != nil {
			require.ErrorAs(t, err, &refused)
			return refused.Status
		}
		return answer.Status
	}
	keys := read[[]listedKey](t, h.does(asks("keys", "rotate", "--json")...))
	require.Len(t, keys, 2, "the new one is published, the old one signs")
	require.Equal(t, []bool{true, false}, []bool{keys[0].Signs, keys[1].Signs})
	require.Equal(t, http.StatusOK, status())

	shop := asks("client", "register", "shop", "--jwks", h.keySet("shop.jwks", `{"keys":[`+shopKey+`}]}`), "--name", "Shop Ltd", "--scopes", "openid", "--redirect-uri", "https://shop.example/cb")
	require.Contains(t, h.fails(append(shop, "--id-token-signed-response-alg", "HS256")...), "RS256 for a client that cannot read others")
	h.does(shop...)
	require.Contains(t, h.fails(shop...), "registered already")
	h.does(asks("client", "disable", "shop", "--reason", "key-leaked")...)

	keys = read[[]listedKey](t, h.does(asks("keys", "rotate", "--emergency", "--json")...))
	require.Len(t, keys, 1, "the new one alone")
	require.Equal(t, http.StatusUnauthorized, status(), "by the key that has leaked")
	require.NoError(t, anna.phone.Refresh(ctx), "nobody is logged out")
	require.Equal(t, http.StatusOK, status())

	require.Contains(t, h.fails("keys", "rotate", "--dir", h.dir, "--admin", "127.0.0.1:1"), "name its admin listener", "a bank that runs and is not there is not touched")
	require.NoError(t, h.bank.stop())
	listed := read[[]listedClient](t, h.does("client", "list", "--dir", h.dir, "--json"))
	require.Len(t, listed, 3)
	require.Equal(t, []any{"shop", true}, []any{listed[2].ClientID, listed[2].Disabled})
	require.Equal(t, keys, read[[]listedKey](t, h.does("keys", "list", "--dir", h.dir, "--json")))
	require.FileExists(t, filepath.Join(h.dir, "keys", "admin.token"))
}
