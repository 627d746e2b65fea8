package trust_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/attest"
	"florin/domain/attest/android"
	"florin/domain/attest/apple"
	"florin/domain/attest/attesttest"
	"florin/domain/attest/play"
	"florin/domain/attest/trust"
	"florin/domain/attest/webauthn"
)

var (
	noon   = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	signer = bytes.Repeat([]byte{7}, sha256.Size)
)

const (
	pkg   = "com.example.bank"
	appID = "TEAM.com.example.bank"
	nonce = "a-nonce"
)

// house is a bank that believes one maker and one store.
type house struct {
	t           *testing.T
	maker       *attesttest.Maker
	store       attesttest.Store
	trust       trust.Trust
	device, sca *ecdsa.PrivateKey
}

func newHouse(t *testing.T) house {
	t.Helper()
	h := house{t: t}
	var err error
	h.maker, err = attesttest.New(rand.Reader, noon)
	require.NoError(t, err)
	h.store, err = attesttest.NewStore(rand.Reader)
	require.NoError(t, err)
	roots, err := attest.ParseRoots(h.maker.Root())
	require.NoError(t, err)
	list, err := android.ParseList([]byte(`{"entries":{}}`), noon, time.Hour)
	require.NoError(t, err)
	h.trust = trust.Trust{
		Apple: []apple.App{{ID: appID, Environment: apple.Production}}, AppleRoots: apple.Trust{Chains: roots, Receipts: roots},
		Android: []android.App{{Package: pkg, Signers: [][]byte{signer}}}, Chains: android.Trust{Roots: roots, List: list},
		Play:     []play.App{{Package: pkg, Signers: [][]byte{signer}, Opening: h.store.Opening, Verifying: &h.store.Signing.PublicKey}},
		WebAuthn: webauthn.Party{ID: "bank.example", Origins: []string{"https://bank.example"}, Roots: roots},
	}
	h.device, h.sca = h.key(), h.key()
	return h
}

func (h house) key() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(h.t, err)
	return key
}

func (h house) public(key *ecdsa.PrivateKey) domain.PublicKey {
	public, err := domain.ECKey(&key.PublicKey)
	require.NoError(h.t, err)
	return public
}

func (h house) statement(format string) trust.Statement {
	return trust.Statement{Format: format, Nonce: nonce, Key: h.public(h.device), SCAKey: h.public(h.sca)}
}

func (h house) challenge() []byte {
	return trust.Challenge(nonce, h.public(h.device).Thumbprint(), h.public(h.sca).Thumbprint())
}

func digest(text string) []byte { sum := sha256.Sum256([]byte(text)); return sum[:] }

func (h house) chain(key *ecdsa.PrivateKey, challenge []byte, gated bool) [][]byte {
	chain, _, err := h.maker.Android(&key.PublicKey, attesttest.GoodAndroid(challenge, pkg, signer, gated, noon))
	require.NoError(h.t, err)
	return chain
}

func (h house) judge(s trust.Statement) (attest.Verdict, error) {
	return h.trust.Judge(s, trust.Prior{}, noon)
}

func TestNoneIsALevel(t *testing.T) {
	t.Parallel()
	verdict, err := trust.Trust{}.Judge(trust.Statement{Format: "none"}, trust.Prior{}, noon)
	require.NoError(t, err)
	require.Equal(t, attest.Verdict{Format: "none", Level: "none"}, verdict)
}

func TestWhoTrustsNobodyTakesNothing(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"", "android-key", "apple-appattest", "apple-assertion", "play-integrity", "webauthn", "safetynet", "NONE"} {
		_, err := trust.Trust{}.Judge(trust.Statement{Format: format}, trust.Prior{}, noon)
		require.Equal(t, attest.ErrUnsupported, err, format)
	}
	require.False(t, trust.Trust{}.Earns())
}

func TestAndroidKeys(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jkt := h.public(h.device).Thumbprint()
	s := h.statement("android-key")
	for name, challenges := range map[string][2][]byte{
		"as a key is made":                    {digest(nonce), digest(nonce + jkt)},
		"by whoever knows both keys before":   {h.challenge(), h.challenge()},
		"each in its own way of the two ways": {digest(nonce), h.challenge()},
	} {
		s.DeviceChain, s.SCAChain = h.chain(h.device, challenges[0], false), h.chain(h.sca, challenges[1], true)
		verdict, err := h.judge(s)
		require.NoError(t, err, name)
		require.True(t, verdict.Gated, name)
		require.Equal(t, "hardware", verdict.Level)
		require.Contains(t, verdict.Reasons, "sca-gated")
		for _, digest := range []string{verdict.Digests.Statement, verdict.Digests.Roots, verdict.Digests.List} {
			require.Len(t, digest, 64)
		}
	}
	s.SCAChain = nil
	verdict, err := h.judge(s)
	require.NoError(t, err)
	require.False(t, verdict.Gated, "nothing was said of the SCA key")

	refused := func(why error, change func(*trust.Statement)) {
		t.Helper()
		s := h.statement("android-key")
		s.DeviceChain, s.SCAChain = h.chain(h.device, digest(nonce), false), h.chain(h.sca, digest(nonce+jkt), true)
		change(&s)
		_, err := h.judge(s)
		require.Equal(t, why, err)
	}
	refused(attest.ErrChallenge, func(s *trust.Statement) { s.Nonce = "another" })
	refused(attest.ErrChallenge, func(s *trust.Statement) { s.SCAChain = h.chain(h.sca, digest(nonce), true) })
	refused(attest.ErrUngated, func(s *trust.Statement) { s.SCAChain = h.chain(h.sca, digest(nonce+jkt), false) })
	refused(attest.ErrKey, func(s *trust.Statement) { s.SCAChain = h.chain(h.device, h.challenge(), true) })
	refused(attest.ErrKey, func(s *trust.Statement) { s.DeviceChain = h.chain(h.sca, h.challenge(), true) })
	refused(attest.ErrKey, func(s *trust.Statement) { s.SCAKey = domain.PublicKey{} })
	refused(attest.ErrChainLength, func(s *trust.Statement) { s.DeviceChain = nil })
	refused(attest.ErrCurve, func(s *trust.Statement) { s.Key = domain.PublicKey{} })
}

func TestAppleKeysAndAssertions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	object, id, key, err := h.maker.Apple(attesttest.Apple{At: noon, ClientData: h.challenge(), App: appID})
	require.NoError(t, err)
	s := h.statement("apple-appattest")
	s.Object, s.KeyID = object, id
	verdict, err := h.judge(s)
	require.NoError(t, err)
	require.Equal(t, []any{"hardware", false, uint32(0)}, []any{verdict.Level, verdict.Gated, verdict.Counter}, "nobody proves the gate of an iPhone")

	prior := trust.Prior{Key: verdict.AppKey, Counter: 3}
	assert := func(counter uint32) (attest.Verdict, error) {
		s := h.statement("apple-assertion")
		s.Object, err = h.maker.Assert(key, appID, h.challenge(), counter)
		require.NoError(t, err)
		return h.trust.Judge(s, prior, noon)
	}
	asserted, err := assert(4)
	require.NoError(t, err)
	require.Equal(t, uint32(4), asserted.Counter)
	_, err = assert(3)
	require.Equal(t, attest.ErrCounter, err)
	prior = trust.Prior{}
	_, err = assert(5)
	require.Equal(t, attest.ErrNoAppKey, err)

	s.SCAKey = domain.PublicKey{}
	_, err = h.judge(s)
	require.Equal(t, attest.ErrChallenge, err, "other keys")
}

func TestPlayAndWebAuthn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.statement("play-integrity")
	var err error
	s.Token, err = h.store.Token(attesttest.GoodPlay(h.challenge(), pkg, signer, noon))
	require.NoError(t, err)
	verdict, err := h.judge(s)
	require.NoError(t, err)
	require.Equal(t, "software", verdict.Level)
	s.Nonce = "another"
	_, err = h.judge(s)
	require.Equal(t, attest.ErrChallenge, err)

	s = h.statement("webauthn")
	s.Object, s.ClientData, err = h.maker.WebAuthn(attesttest.GoodWebAuthn(h.challenge(), "bank.example", "https://bank.example", noon))
	require.NoError(t, err)
	verdict, err = h.judge(s)
	require.NoError(t, err)
	require.Equal(t, []any{"webauthn", "software"}, []any{verdict.Format, verdict.Level})
}

// TestChallengesAreThoseOfTheVectors: what apps are shown is what the bank holds them to.
func TestChallengesAreThoseOfTheVectors(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../schemas/vectors/attestation-challenges.json")
	require.NoError(t, err)
	var v struct {
		Nonce   string `json:"nonce"`
		JKT     string `json:"jkt"`
		SCAJKT  string `json:"sca_jkt"`
		All     string `json:"all"`
		Android struct {
			Device string `json:"device"`
			SCA    string `json:"sca"`
		} `json:"android"`
	}
	require.NoError(t, json.Unmarshal(text, &v))
	spelled := base64.RawURLEncoding.EncodeToString
	require.Equal(t, v.All, spelled(trust.Challenge(v.Nonce, v.JKT, v.SCAJKT)))
	require.Equal(t, v.Android.Device, spelled(digest(v.Nonce)))
	require.Equal(t, v.Android.SCA, spelled(digest(v.Nonce+v.JKT)))
}
