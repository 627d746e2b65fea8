package domain_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain"
)

func TestThumbprintOfRFC7638(t *testing.T) {
	t.Parallel()
	key := domain.PublicKey{Type: "RSA", Exponent: "AQAB", KeyID: "2011-04-29", Algorithm: "RS256", Modulus: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}
	require.Equal(t, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", key.Thumbprint())
}

func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	good, err := domain.ECKey(&private.PublicKey)
	require.NoError(t, err)
	parsed, err := good.Parsed()
	require.NoError(t, err)
	require.True(t, private.PublicKey.Equal(parsed))
	for name, change := range map[string]func(*domain.PublicKey){
		"off the curve":         func(k *domain.PublicKey) { k.Y = k.X },
		"at infinity":           func(k *domain.PublicKey) { k.X, k.Y = "", "" },
		"another curve":         func(k *domain.PublicKey) { k.Curve = "P-384" },
		"symmetric":             func(k *domain.PublicKey) { k.Type = "oct" },
		"padded":                func(k *domain.PublicKey) { k.X += "=" },
		"short":                 func(k *domain.PublicKey) { k.X = k.X[:40] },
		"two kinds at once":     func(k *domain.PublicKey) { k.Exponent = "AQAB" },
		"a quote in a member":   func(k *domain.PublicKey) { k.X = `"` + k.X[1:] },
		"RSA without a modulus": func(k *domain.PublicKey) { *k = domain.PublicKey{Type: "RSA", Exponent: "AQAB"} },
		"RSA of 8 bits":         func(k *domain.PublicKey) { *k = domain.PublicKey{Type: "RSA", Exponent: "AQAB", Modulus: "_w"} },
		"nothing":               func(k *domain.PublicKey) { *k = domain.PublicKey{} },
	} {
		key := good
		change(&key)
		_, err := key.Parsed()
		require.ErrorIs(t, err, domain.ErrKey, name)
		require.Empty(t, key.Thumbprint(), name)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	_, err = domain.ECKey(&p384.PublicKey)
	require.ErrorIs(t, err, domain.ErrKey)
}
