package apple_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/attest"
	"florin/domain/attest/apple"
	"florin/domain/attest/vectors"
)

// vector is an attestation of a real device, and an assertion by the same key.
type vector struct {
	name        string
	AppID       string    `json:"app_id"`
	Environment string    `json:"environment"`
	Challenge   []byte    `json:"challenge_b64"`
	Mode        string    `json:"client_data_hash_mode"`
	KeyID       []byte    `json:"key_id_b64"`
	Attestation []byte    `json:"attestation_b64"`
	At          time.Time `json:"at"`
	Assertion   []byte    `json:"assertion_b64"`
	ClientData  []byte    `json:"client_data_b64"`
	Counter     uint32    `json:"assertion_counter"`
}

func (v vector) app() apple.App {
	if v.Environment == "production" {
		return apple.App{ID: v.AppID, Environment: apple.Production}
	}
	return apple.App{ID: v.AppID, Environment: apple.Development}
}

func (v vector) bound() []byte {
	if v.Mode == "raw" { // as Apple's samples have it
		return v.Challenge
	}
	digest := sha256.Sum256(v.Challenge)
	return digest[:]
}

func (v vector) judge() (apple.Attestation, error) {
	return apple.Attest(v.Attestation, v.bound(), v.KeyID, []apple.App{v.app()}, apple.Roots(), v.At)
}

func readVectors(t *testing.T) (all []vector) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(vectors.Dir(t), "apple", "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 4)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		v := vector{name: filepath.Base(file)}
		require.NoError(t, json.Unmarshal(text, &v))
		all = append(all, v)
	}
	return all
}

func TestEveryVectorHasItsVerdict(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t) {
		made, err := v.judge()
		require.NoError(t, err, v.name)
		require.False(t, made.Extended)
		refused := func(why error, change func(*vector)) {
			t.Helper()
			changed := v
			change(&changed)
			_, err := changed.judge()
			require.Equal(t, why, err, v.name)
		}
		refused(attest.ErrChallenge, func(v *vector) { v.Challenge = flipped(v.Challenge, 0) })
		refused(attest.ErrKey, func(v *vector) { v.KeyID = flipped(v.KeyID, 5) })
		refused(attest.ErrApp, func(v *vector) { v.AppID += "x" })
		refused(attest.ErrExpired, func(v *vector) { v.At = v.At.Add(90 * 24 * time.Hour) })
		refused(attest.ErrExpired, func(v *vector) { v.At = v.At.Add(-90 * 24 * time.Hour) })
		refused(attest.ErrEnvironment, func(v *vector) {
			if v.Environment == "production" {
				v.Environment = "development"
			} else {
				v.Environment = "production"
			}
		})
		if len(v.Assertion) == 0 {
			continue
		}
		hash := sha256.Sum256(v.ClientData)
		apps := []apple.App{v.app()}
		counter, err := apple.Assert(v.Assertion, hash[:], made.Key, apps, 0)
		require.NoError(t, err, v.name)
		require.Equal(t, v.Counter, counter)
		_, err = apple.Assert(v.Assertion, hash[:], made.Key, apps, counter)
		require.Equal(t, attest.ErrCounter, err, "replayed")
		_, err = apple.Assert(v.Assertion, flipped(hash[:], 3), made.Key, apps, 0)
		require.Equal(t, attest.ErrSignature, err)
		_, err = apple.Assert(v.Assertion, hash[:], made.Key, []apple.App{{ID: "another"}}, 0)
		require.Equal(t, attest.ErrApp, err)
	}
}

func flipped(raw []byte, at int) []byte {
	raw = bytes.Clone(raw)
	raw[at] ^= 1
	return raw
}

// TestAFlippedByteIsNeverAccepted walks over every byte of an attestation and of an
// assertion of a real device.
func TestAFlippedByteIsNeverAccepted(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors(t) {
		if v.name != "ios-14.4.json" { // one of them tells as much as all
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			made, err := v.judge()
			require.NoError(t, err)
			receipt := bytes.Index(v.Attestation, []byte("receipt")) + len("receipt") + 3
			receiptEnds := bytes.Index(v.Attestation, []byte("hauthData"))
			for at := range v.Attestation {
				if at > receipt && at < receiptEnds && at%101 != 0 {
					continue // see TestAFlippedByteOfAReceipt
				}
				changed := v
				changed.Attestation = bytes.Clone(v.Attestation)
				changed.Attestation[at] ^= 1 << (at % 8)
				_, err := changed.judge()
				require.Error(t, err, "byte %d", at)
			}
			hash := sha256.Sum256(v.ClientData)
			for at := range v.Assertion {
				changed := bytes.Clone(v.Assertion)
				changed[at] ^= 1 << (at % 8)
				_, err := apple.Assert(changed, hash[:], made.Key, []apple.App{v.app()}, 0)
				require.Error(t, err, "byte %d of the assertion", at)
			}
		})
	}
}

func TestApplesRootsAreTheOnesThatAreWrittenDown(t *testing.T) {
	t.Parallel()
	for file, known := range map[string]string{
		"root.pem":         "1cb9823ba28ba6ad2d33a006941de2ae4f513ef1d4e831b9f7e0fa7b6242c932",
		"receipt_root.pem": "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179",
	} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		block, rest := pem.Decode(text)
		require.Empty(t, rest)
		require.Equal(t, known, attest.Digest(block.Bytes))
	}
}
