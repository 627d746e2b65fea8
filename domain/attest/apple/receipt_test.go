package apple

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/attest"
	"florin/domain/attest/vectors"
)

// TestAFlippedByteOfAReceipt walks over every byte of the receipt of a real device, by
// itself: the attestation around it would be verified anew for each.
func TestAFlippedByteOfAReceipt(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(vectors.Dir(t), "apple", "ios-14.4.json"))
	require.NoError(t, err)
	var v struct {
		AppID       string    `json:"app_id"`
		Challenge   []byte    `json:"challenge_b64"`
		Attestation []byte    `json:"attestation_b64"`
		At          time.Time `json:"at"`
	}
	require.NoError(t, json.Unmarshal(text, &v))
	said, err := attest.Unpack[object](v.Attestation)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(said.Statement.Chain[0])
	require.NoError(t, err)
	bound, roots := sha256.Sum256(v.Challenge), Roots().Receipts
	judge := func(raw []byte) error { return judgeReceipt(raw, leaf, bound[:], v.AppID, roots, v.At) }
	require.NoError(t, judge(said.Statement.Receipt))
	for at := range said.Statement.Receipt {
		changed := bytes.Clone(said.Statement.Receipt)
		changed[at] ^= 1 << (at % 8)
		require.Error(t, judge(changed), "byte %d", at)
	}
}

// FuzzReceipt reads whatever may be sent as a receipt.
func FuzzReceipt(f *testing.F) {
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 40))
	f.Add(append(append([]byte{0x30, 0x80}, oidSignedData...), 0xa0, 0x80, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := parseReceipt(raw); err == nil && len(r.signature) == 0 && len(r.serial) == 0 && len(r.issuer) == 0 {
			t.Fatal("a receipt of nothing was read")
		}
	})
}
