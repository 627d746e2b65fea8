package passkey

import (
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/stretchr/testify/require"
)

// Row 19: ECDSA with P-256 and SHA-256 in DER, as authenticators sign, by the way
// that every assertion goes: a COSE key, and the library that checks with it.
func TestRow19PasskeyVectors(t *testing.T) {
	t.Parallel()
	text, err := fs.ReadFile(wycheproof.TestVectors, "ecdsa_secp256r1_sha256_test.json")
	require.NoError(t, err)
	var all struct {
		Tests  int `json:"numberOfTests"`
		Groups []struct {
			Key   struct{ Uncompressed string } `json:"publicKey"`
			Tests []struct {
				ID        int    `json:"tcId"`
				Comment   string `json:"comment"`
				Message   string `json:"msg"`
				Signature string `json:"sig"`
				Result    string `json:"result"`
			} `json:"tests"`
		} `json:"testGroups"`
	}
	require.NoError(t, json.Unmarshal(text, &all))
	unhex := func(text string) []byte {
		raw, err := hex.DecodeString(text)
		require.NoError(t, err)
		return raw
	}
	tried := 0
	for _, group := range all.Groups {
		point := unhex(group.Key.Uncompressed)
		require.Len(t, point, 65)
		key, err := webauthncose.ParsePublicKey(cose(point[1:33], point[33:]))
		require.NoError(t, err)
		for _, v := range group.Tests {
			require.Contains(t, []string{"valid", "invalid"}, v.Result)
			ok, err := webauthncose.VerifySignature(key, unhex(v.Message), unhex(v.Signature))
			require.Equal(t, v.Result == "valid", ok && err == nil, "case %d: %s", v.ID, v.Comment)
			tried++
		}
	}
	require.Equal(t, all.Tests, tried)
	require.Greater(t, tried, 450)
}
