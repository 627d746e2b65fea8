package commands

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/client"
	"florin/domain/session"
	"florin/domain/signing"
)

func registered(clientID, algorithm string) RegisterClient {
	return RegisterClient{ClientID: clientID, Name: "Shop", GrantTypes: []string{client.AuthorizationCode}, Scopes: []string{"openid"},
		RedirectURIs: []string{"https://shop.example/back"}, IDTokenAlgorithm: algorithm}
}

// An RSA key is made for the first client that asks for RS256, and for no other.
func TestAnRSAKeyIsMadeForWhoAsks(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	keys := b.bank.Signings()
	for _, algorithm := range []string{"HS256", "none", "PS256"} {
		_, err := b.bank.Clients().Register(background, b.system(), registered("shop", algorithm))
		require.ErrorIs(t, err, client.ErrAlgorithm)
	}
	_, err := b.bank.Clients().Register(background, b.system(), registered("plain", "ES256"))
	require.NoError(t, err)
	_, _, err = keys.CurrentRSA()
	require.ErrorIs(t, err, ErrNoSigner)

	var all sync.WaitGroup
	var errs [2]error
	for i, name := range []string{"shop", "till"} {
		all.Go(func() { _, errs[i] = b.bank.Clients().Register(background, b.system(), registered(name, "RS256")) })
	}
	all.Wait()
	require.NoError(t, errors.Join(errs[:]...))
	kid, private, err := keys.CurrentRSA()
	require.NoError(t, err)
	require.Equal(t, rsaBits, private.N.BitLen())
	require.Len(t, keys.Published(), 2, "two at once made one")
	for name, want := range map[string]string{"shop": "RS256", "till": "RS256", "plain": ""} {
		found, err := b.bank.Clients().Get(background, name)
		require.NoError(t, err)
		require.Equal(t, want, found.IDTokens.Algorithm, name)
	}

	b.restart()
	keys = b.bank.Signings()
	again, _, err := keys.CurrentRSA()
	require.NoError(t, err)
	require.Equal(t, kid, again)
	current, _, err := keys.Current()
	require.NoError(t, err)
	_, known := keys.Public(kid)
	require.False(t, known, "an RSA key signs no access token")
	_, known = keys.PublicRSA(current)
	require.False(t, known)
	require.Len(t, keys.Believed(), 1)
	require.Equal(t, current, keys.Believed()[0].KeyID)
}

// Both keys are rotated, each by its like.
func TestRSAKeysRotateToo(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	keys := b.bank.Signings()
	_, err := b.bank.Clients().Register(background, b.system(), registered("shop", "RS256"))
	require.NoError(t, err)
	first, _, err := keys.CurrentRSA()
	require.NoError(t, err)
	fresh, _, err := keys.Rotate(background, b.system(), KeyLead)
	require.NoError(t, err)
	require.Len(t, keys.Published(), 4)
	current, _, err := keys.CurrentRSA()
	require.NoError(t, err)
	require.Equal(t, first, current, "clients see the new one before it signs")
	b.pass(KeyLead)
	second, _, err := keys.CurrentRSA()
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	_, known := keys.PublicRSA(first)
	require.True(t, known, "what the old one signed is believed")
	kid, _, err := keys.Current()
	require.NoError(t, err)
	require.Equal(t, fresh, kid, "the id that is returned is of the key for access tokens")
	b.pass(session.AccessTTL + keyLeeway)
	require.Len(t, keys.Published(), 2)

	_, _, err = keys.Rotate(background, b.system(), 0)
	require.NoError(t, err)
	_, known = keys.PublicRSA(second)
	require.False(t, known, "an emergency ends the old one at once")
	algorithms := []string{}
	for _, key := range keys.Published() {
		algorithms = append(algorithms, key.Algorithm)
	}
	require.ElementsMatch(t, []string{signing.ES256, signing.RS256}, algorithms)
}
