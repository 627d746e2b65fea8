package android_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/attest"
	"florin/domain/attest/android"
	"florin/domain/attest/vectors"
)

// reasons are the vectors' names for the codes.
var reasons = map[string]*domain.Refusal{
	"KEY_NOT_P256": attest.ErrCurve, "BOOTLOADER_UNLOCKED": attest.ErrUnlocked, "BOOT_NOT_VERIFIED": attest.ErrUnverified,
	"CHAIN_TOO_SHORT": attest.ErrChainLength, "ROOT_OF_TRUST_NOT_DER": attest.ErrNotDER, "SECURITY_LEVEL": attest.ErrLevelMismatch,
	"ROOT_OF_TRUST_MISSING": attest.ErrBootUnknown, "UNKNOWN_ROOT": attest.ErrRoot,
}

type vector struct {
	File      string   `json:"file"`
	At        string   `json:"at"`
	Challenge string   `json:"challenge_b64"`
	Verdict   string   `json:"verdict"`
	Reasons   []string `json:"reasons"`
}

// sample is a vector, read.
type sample struct {
	chain [][]byte
	want  android.Expected
	at    time.Time
}

func (v vector) read(t *testing.T, dir string) (s sample) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, v.File))
	require.NoError(t, err)
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		s.chain = append(s.chain, block.Bytes)
	}
	challenge, err := base64.StdEncoding.DecodeString(v.Challenge)
	require.NoError(t, err)
	s.at, err = time.Parse(time.RFC3339, v.At)
	require.NoError(t, err)
	s.want = android.Expected{Challenges: [][]byte{challenge}}
	var said struct {
		Software struct {
			App struct {
				Packages []struct {
					Name string `json:"name"`
				} `json:"packages"`
				Signatures []string `json:"signatures"`
			} `json:"attestationApplicationId"`
		} `json:"softwareEnforced"`
	}
	text, err = os.ReadFile(filepath.Join(dir, strings.TrimSuffix(v.File, ".pem")+".json"))
	if err != nil || json.Unmarshal(text, &said) != nil || len(said.Software.App.Packages) == 0 {
		return s
	}
	app := android.App{Package: said.Software.App.Packages[0].Name}
	for _, signature := range said.Software.App.Signatures {
		raw, err := base64.StdEncoding.DecodeString(signature)
		require.NoError(t, err)
		app.Signers = append(app.Signers, raw)
	}
	s.want.Apps = []android.App{app}
	return s
}

func readVectors(t *testing.T) (dir string, all []vector) {
	t.Helper()
	dir = vectors.Dir(t)
	text, err := os.ReadFile(filepath.Join(dir, "android", "verdicts.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &all))
	return dir, all
}

func google() android.Trust { return android.Trust{Roots: android.GoogleRoots()} }

// TestEveryVectorHasItsVerdict judges the chains of real devices, and finds the reasons
// that are written beside them, where the chain lets them be looked for.
func TestEveryVectorHasItsVerdict(t *testing.T) {
	t.Parallel()
	dir, all := readVectors(t)
	accepted := 0
	for _, v := range all {
		s := v.read(t, dir)
		finding, err := android.Judge(s.chain, google(), s.want, s.at)
		if v.Verdict == "accept" {
			require.NoError(t, err, v.File)
			require.NotEmpty(t, finding.Reasons())
			accepted++
			continue
		}
		require.Error(t, err, v.File)
		switch {
		case strings.Contains(v.File, "marlin"):
			require.Equal(t, attest.Refusals{attest.ErrSoftwareRoot}, err, v.File)
		case len(v.Reasons) == 2 && v.Reasons[0] == "CHAIN_TOO_SHORT":
			require.Equal(t, attest.Refusals{attest.ErrChainLength}, err, v.File)
		default:
			for _, reason := range v.Reasons {
				require.ErrorIs(t, err, reasons[reason], "%s: %s", v.File, reason)
			}
			if len(s.want.Apps) > 0 && len(s.want.Apps[0].Signers) > 0 {
				require.Len(t, err, len(v.Reasons), "%s: %v", v.File, errors.Join(err.(attest.Refusals).Unwrap()...))
			}
		}
	}
	require.Equal(t, 2, accepted)
	require.Len(t, all, 11)
}

// good are the two chains of real devices that stand.
func good(t *testing.T) (all []sample) {
	t.Helper()
	dir, found := readVectors(t)
	for _, v := range found {
		if v.Verdict == "accept" {
			all = append(all, v.read(t, dir))
		}
	}
	return all
}

func TestGoodVectorsAreGoodForNothingElse(t *testing.T) {
	t.Parallel()
	for _, s := range good(t) {
		with := func(change func(*android.Expected)) android.Expected { want := s.want; change(&want); return want }
		refused := func(why *domain.Refusal, trust android.Trust, want android.Expected) {
			t.Helper()
			_, err := android.Judge(s.chain, trust, want, s.at)
			require.Equal(t, attest.Refusals{why}, err)
		}
		app := s.want.Apps[0]
		refused(attest.ErrChallenge, google(), with(func(e *android.Expected) { e.Challenges = [][]byte{[]byte("another")} }))
		refused(attest.ErrApp, google(), with(func(e *android.Expected) { e.Apps = []android.App{{Package: "com.example", Signers: app.Signers}} }))
		refused(attest.ErrSigner, google(), with(func(e *android.Expected) {
			e.Apps = []android.App{{Package: app.Package, Signers: [][]byte{make([]byte, 32)}}}
		}))
		_, err := android.Judge(s.chain, google(), with(func(e *android.Expected) { e.Use = android.Gated }), s.at)
		require.ErrorIs(t, err, attest.ErrUngated)
		refused(attest.ErrRoot, android.Trust{}, s.want)
	}
}

// TestARemoteChainRunsOut: the Pixel's, whose certificates live for eight days; the
// Sony's had run out before its key was made, and stands.
func TestARemoteChainRunsOut(t *testing.T) {
	t.Parallel()
	for _, s := range good(t) {
		finding, err := android.Judge(s.chain, google(), s.want, s.at)
		require.NoError(t, err)
		_, later := android.Judge(s.chain, google(), s.want, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
		if finding.Remote {
			require.Equal(t, attest.Refusals{attest.ErrExpired}, later)
			require.True(t, finding.BootKeyZero)
			require.Equal(t, int64(202511), finding.OSPatch)
		} else {
			require.NoError(t, later)
		}
	}
}

// TestAFlippedByteIsNeverAccepted walks over every byte of both chains.
func TestAFlippedByteIsNeverAccepted(t *testing.T) {
	t.Parallel()
	trust, walked := google(), atomic.Int64{}
	for _, s := range good(t) {
		for i := range s.chain {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				chain := append([][]byte{}, s.chain...)
				chain[i] = append([]byte{}, s.chain[i]...)
				for at := range chain[i] {
					chain[i][at] ^= 1 << (at % 8)
					_, err := android.Judge(chain, trust, s.want, s.at)
					require.Error(t, err, "byte %d of certificate %d", at, i)
					chain[i][at] = s.chain[i][at]
					walked.Add(1)
				}
			})
		}
	}
	t.Cleanup(func() { require.Greater(t, walked.Load(), int64(7000)) })
}
