package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/stretchr/testify/require"
)

// vectors are a file of Project Wycheproof (C2SP): cases that signature code has
// got wrong somewhere, each with its verdict.
type vectors[Group any] struct {
	Algorithm string  `json:"algorithm"`
	Tests     int     `json:"numberOfTests"`
	Groups    []Group `json:"testGroups"`
}

func vectorsOf[Group any](t *testing.T, file string) vectors[Group] {
	t.Helper()
	text, err := fs.ReadFile(wycheproof.TestVectors, file)
	require.NoError(t, err)
	var all vectors[Group]
	require.NoError(t, json.Unmarshal(text, &all))
	return all
}

// verdict of a case; none of these files calls anything merely acceptable.
type verdict struct {
	ID      int    `json:"tcId"`
	Comment string `json:"comment"`
	Result  string `json:"result"`
}

func (v verdict) valid(t *testing.T) bool {
	t.Helper()
	require.Contains(t, []string{"valid", "invalid"}, v.Result, "case %d", v.ID)
	return v.Result == "valid"
}

type ecdsaGroup struct {
	Key struct {
		Curve, Uncompressed string
	} `json:"publicKey"`
	JWK   json.RawMessage `json:"publicKeyJwk"`
	Hash  string          `json:"sha"`
	Tests []struct {
		verdict
		Message   string `json:"msg"`
		Signature string `json:"sig"`
	} `json:"tests"`
}

// key reads the group's key as we read keys, as a JWK, wherever there is one.
func (g ecdsaGroup) key(t *testing.T) *ecdsa.PublicKey {
	t.Helper()
	require.Equal(t, "secp256r1", g.Key.Curve)
	require.Equal(t, "SHA-256", g.Hash)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), unhex(t, g.Key.Uncompressed))
	require.NoError(t, err)
	if len(g.JWK) > 0 {
		var members map[string]string
		require.NoError(t, json.Unmarshal(g.JWK, &members))
		delete(members, "kid")
		text, err := json.Marshal(members)
		require.NoError(t, err)
		_, read, err := header{JWK: text}.key()
		require.NoError(t, err, "%s", g.JWK)
		require.True(t, key.Equal(read))
	}
	return key
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	require.NoError(t, err)
	return raw
}

// Row 19: ECDSA with P-256 and SHA-256, as JWS has it (RFC 7518 section 3.4).
func TestRow19ECDSAVectors(t *testing.T) {
	t.Parallel()
	all, tried := vectorsOf[ecdsaGroup](t, "ecdsa_secp256r1_sha256_p1363_test.json"), 0
	require.Equal(t, "ECDSA", all.Algorithm)
	for _, group := range all.Groups {
		key := group.key(t)
		for _, v := range group.Tests {
			raw := string(unhex(t, v.Message)) + "." + base64.RawURLEncoding.EncodeToString(unhex(t, v.Signature))
			require.Equal(t, v.valid(t), verify(raw, key) == nil, "case %d: %s", v.ID, v.Comment)
			tried++
		}
	}
	require.Equal(t, all.Tests, tried)
	require.Greater(t, tried, 250)
}

// Row 19: the same signatures in DER are none of a JWS, the right ones included.
func TestRow19DERVectors(t *testing.T) {
	t.Parallel()
	all, tried := vectorsOf[ecdsaGroup](t, "ecdsa_secp256r1_sha256_test.json"), 0
	for _, group := range all.Groups {
		key := group.key(t)
		for _, v := range group.Tests {
			raw := string(unhex(t, v.Message)) + "." + base64.RawURLEncoding.EncodeToString(unhex(t, v.Signature))
			require.Error(t, verify(raw, key), "case %d: %s", v.ID, v.Comment)
			tried++
		}
	}
	require.Equal(t, all.Tests, tried)
	require.Greater(t, tried, 450)
}

type jwsGroup struct {
	Public json.RawMessage `json:"public"`
	Tests  []struct {
		verdict
		JWS any `json:"jws"`
	} `json:"tests"`
}

// Row 19: whole JWS. Those of P-256 keys get their verdict; whatever else is
// right by another algorithm or serialisation is none of ours.
func TestRow19JWSVectors(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"json_web_signature_test.json", "json_web_crypto_test.json"} {
		all, tried, ours := vectorsOf[jwsGroup](t, file), 0, 0
		for _, group := range all.Groups {
			var public struct {
				Curve string `json:"crv"`
			}
			if len(group.Public) > 0 {
				require.NoError(t, json.Unmarshal(group.Public, &public))
			}
			for _, v := range group.Tests {
				tried++
				raw, compact := v.JWS.(string)
				if !compact {
					continue // a JWE, or a JWS in JSON
				}
				want := v.valid(t) && public.Curve == "P-256"
				require.Equal(t, want, opens(raw, group.Public), "%s, case %d: %s", file, v.ID, v.Comment)
				if public.Curve == "P-256" {
					ours++
				}
			}
		}
		require.Equal(t, all.Tests, tried)
		require.Greater(t, ours, 10, file)
	}
}

// opens goes the way of every JWS here: frame, header, key, signature. The vectors
// have no typ, so none is asked for.
func opens(raw string, public []byte) bool {
	if _, err := readHeader(raw, "", StatementBytesMax); err != nil {
		return false
	}
	_, key, err := header{JWK: public}.key()
	return err == nil && verify(raw, key) == nil
}
