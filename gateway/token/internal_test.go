package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func inside(t testing.TB, key crypto.Signer, now time.Time) (string, InternalWant) {
	t.Helper()
	request := httptest.NewRequest("POST", "/v1/transfers?x=1", nil)
	want := InternalWant{Audience: "transfers", Request: request, Body: []byte("{}")}
	raw, err := Internal{Audience: "transfers", ID: now.String(), Method: "POST", Target: TargetOf(request.URL), ContentDigest: ContentDigest([]byte("{}")),
		Identity: &Claims{Subject: "cus_x"}}.Sign(key, now)
	require.NoError(t, err)
	return raw, want
}

func TestInternalTokensAreSignedByTheKeyOfTheCertificate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	keys := []crypto.Signer{ed, newKey(t)}
	for i, key := range keys {
		at := now
		internals := NewInternals(func() time.Time { return at })
		raw, want := inside(t, key, now)
		_, err := internals.Open(raw, keys[1-i].Public(), want)
		require.ErrorIs(t, err, ErrInternal, "another key")
		said, err := internals.Open(raw, key.Public(), want)
		require.NoError(t, err)
		require.Equal(t, "cus_x", said.Identity.Subject)
		_, err = internals.Open(raw, key.Public(), want)
		require.ErrorIs(t, err, ErrInternal, "once")
		for past := InternalTTL + Skew + time.Second; past < 3*time.Minute; past += time.Second {
			at = now.Add(past)
			_, err = internals.Open(raw, key.Public(), want)
			require.ErrorIs(t, err, ErrInternal, "%s later: what is forgotten has expired", past)
		}
	}
	_, err = Internal{}.Sign(p384, now)
	require.Error(t, err, "no other kind of key")
	raw, want := inside(t, ed, now)
	_, err = NewInternals(func() time.Time { return now }).Open(raw, p384.Public(), want)
	require.ErrorIs(t, err, ErrInternal)
}

// Whatever bytes come in, nothing is an internal token but what was signed.
func FuzzInternal(f *testing.F) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(f, err)
	raw, want := inside(f, key, now)
	for _, seed := range []string{raw, raw[:len(raw)-1], "", "..", "a.b.c", raw + "A"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := NewInternals(func() time.Time { return now }).Open(text, key.Public(), want); err == nil {
			require.Equal(t, raw, text)
		}
	})
}
