package webauthn_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/attest"
	"florin/domain/attest/attesttest"
	"florin/domain/attest/webauthn"
)

var (
	noon      = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	challenge = bytes.Repeat([]byte{3}, sha256.Size)
)

const origin = "https://bank.example"

func newBench(t testing.TB) (*attesttest.Maker, webauthn.Party) {
	t.Helper()
	maker, err := attesttest.New(rand.Reader, noon)
	require.NoError(t, err)
	roots, err := attest.ParseRoots(maker.Root())
	require.NoError(t, err)
	return maker, webauthn.Party{ID: "bank.example", Origins: []string{origin}, Roots: roots}
}

func TestWhatAnAuthenticatorIsRefusedFor(t *testing.T) {
	t.Parallel()
	maker, party := newBench(t)
	foreign, _ := newBench(t)
	for name, tc := range map[string]struct {
		change func(*attesttest.WebAuthn)
		why    error
	}{
		"good":                          {func(*attesttest.WebAuthn) {}, nil},
		"another challenge":             {func(w *attesttest.WebAuthn) { w.Challenge = []byte("x") }, attest.ErrChallenge},
		"another origin":                {func(w *attesttest.WebAuthn) { w.Origin = "https://bank.example.evil" }, attest.ErrApp},
		"within another page":           {func(w *attesttest.WebAuthn) { w.CrossOrigin = true }, attest.ErrApp},
		"another ceremony":              {func(w *attesttest.WebAuthn) { w.Type = "webauthn.get" }, attest.ErrMalformed},
		"another relying party":         {func(w *attesttest.WebAuthn) { w.Party = "evil.example" }, attest.ErrApp},
		"nobody present":                {func(w *attesttest.WebAuthn) { w.Flags = 0x44 }, attest.ErrPresence},
		"nobody verified":               {func(w *attesttest.WebAuthn) { w.Flags = 0x41 }, attest.ErrPresence},
		"no credential":                 {func(w *attesttest.WebAuthn) { w.Flags = 0x05 }, attest.ErrMalformed},
		"format none":                   {func(w *attesttest.WebAuthn) { w.Format = "none" }, attest.ErrUnsupported},
		"self attestation":              {func(w *attesttest.WebAuthn) { w.Naked = true }, attest.ErrUnsupported},
		"another algorithm":             {func(w *attesttest.WebAuthn) { w.Algorithm = -257 }, attest.ErrAlgorithm},
		"another model":                 {func(w *attesttest.WebAuthn) { w.LeafModel = "some other model" }, attest.ErrKey},
		"a certificate that ran out":    {func(w *attesttest.WebAuthn) { w.At = noon.Add(-2 * time.Hour) }, attest.ErrExpired},
		"a signature of something else": {func(w *attesttest.WebAuthn) { w.EditSig = func(s []byte) []byte { s[len(s)-1]++; return s } }, attest.ErrSignature},
		"bytes after the data":          {func(w *attesttest.WebAuthn) { w.EditData = func(d []byte) []byte { return append(d, 0) } }, attest.ErrMalformed},
	} {
		said := attesttest.GoodWebAuthn(challenge, party.ID, origin, noon)
		tc.change(&said)
		object, client, err := maker.WebAuthn(said)
		require.NoError(t, err)
		finding, err := webauthn.Judge(object, client, challenge, party, noon)
		if tc.why != nil {
			require.Equal(t, tc.why, err, name)
			continue
		}
		require.NoError(t, err, name)
		require.Len(t, finding.Model, 32)
	}
	object, client, err := foreign.WebAuthn(attesttest.GoodWebAuthn(challenge, party.ID, origin, noon))
	require.NoError(t, err)
	_, err = webauthn.Judge(object, client, challenge, party, noon)
	require.Equal(t, attest.ErrRoot, err)
	_, err = webauthn.Judge(make([]byte, 1<<20), client, challenge, party, noon)
	require.Equal(t, attest.ErrTooLarge, err)
	_, err = webauthn.Judge(object, []byte("{"), challenge, party, noon)
	require.Equal(t, attest.ErrMalformed, err)
}

func TestAFlippedByteOfAnObject(t *testing.T) {
	t.Parallel()
	maker, party := newBench(t)
	object, client, err := maker.WebAuthn(attesttest.GoodWebAuthn(challenge, party.ID, origin, noon))
	require.NoError(t, err)
	for _, part := range [][]byte{object, client} {
		for at := range part {
			part[at] ^= 1 << (at % 8)
			_, err := webauthn.Judge(object, client, challenge, party, noon)
			require.Error(t, err, "byte %d", at)
			part[at] ^= 1 << (at % 8)
		}
	}
}

// FuzzObject reads whatever may come out of a browser.
func FuzzObject(f *testing.F) {
	maker, party := newBench(f)
	object, client, err := maker.WebAuthn(attesttest.GoodWebAuthn(challenge, party.ID, origin, noon))
	require.NoError(f, err)
	f.Add(object, client)
	f.Fuzz(func(t *testing.T, raw, data []byte) {
		if _, err := webauthn.Judge(raw, data, challenge, party, noon); err == nil && !bytes.Equal(data, client) {
			t.Fatal("client data that nobody has signed was taken")
		}
	})
}
