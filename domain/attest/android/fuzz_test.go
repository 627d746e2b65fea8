package android_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/attest"
	"florin/domain/attest/android"
	"florin/domain/attest/attesttest"
)

// FuzzDescription reads whatever a leaf may say of its key.
func FuzzDescription(f *testing.F) {
	maker, err := attesttest.New(rand.Reader, noon)
	require.NoError(f, err)
	roots, err := attest.ParseRoots(maker.Root())
	require.NoError(f, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f, err)
	said := attesttest.GoodAndroid(challenge, bankApp.Package, signer, true, noon)
	said.Edit = func(der []byte) []byte { f.Add(der); return der }
	_, _, err = maker.Android(&key.PublicKey, said)
	require.NoError(f, err)
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		said := said
		said.Edit = func([]byte) []byte { return der }
		chain, _, err := maker.Android(&key.PublicKey, said)
		if err != nil {
			return
		}
		_, err = android.Judge(chain, android.Trust{Roots: roots}, android.Expected{
			Challenges: [][]byte{challenge}, Key: &key.PublicKey, Apps: []android.App{bankApp}, Use: android.Gated}, noon)
		if refusals, ok := err.(attest.Refusals); err != nil && (!ok || len(refusals) == 0) {
			t.Fatal(err)
		}
	})
}

// FuzzChain reads whatever may be sent as three certificates.
func FuzzChain(f *testing.F) {
	maker, err := attesttest.New(rand.Reader, noon)
	require.NoError(f, err)
	roots, err := attest.ParseRoots(maker.Root())
	require.NoError(f, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f, err)
	good, _, err := maker.Android(&key.PublicKey, attesttest.GoodAndroid(challenge, bankApp.Package, signer, true, noon))
	require.NoError(f, err)
	f.Add(good[0], good[1], good[2])
	f.Add(good[2], good[2], good[2])
	f.Fuzz(func(t *testing.T, leaf, middle, root []byte) {
		_, err := android.Judge([][]byte{leaf, middle, root}, android.Trust{Roots: roots}, android.Expected{
			Challenges: [][]byte{challenge}, Apps: []android.App{bankApp}}, noon)
		if err == nil && !(bytes.Equal(leaf, good[0]) && bytes.Equal(middle, good[1]) && bytes.Equal(root, good[2])) {
			t.Fatal("a chain that nobody has made was taken")
		}
	})
}
