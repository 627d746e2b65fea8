// Package trust is what the bank believes of devices: whose apps, whose roots, which
// list of the revoked. It sends each statement to the platform that knows it.
//
//	Statement{format, what the platform gave, nonce, keys} --> Judge --> attest.Verdict | refusal
//
// A registration's challenge is SHA-256 over nonce, jkt and sca_jkt as the registration
// spells them, one after the other. Android attests a key while it is made, when its jkt
// cannot be known yet: there the device key may also carry SHA-256(nonce), and the SCA
// key SHA-256(nonce, jkt). The key is held against the certificate's in any case.
//
// Only Android proves that its owner is asked at every use of the SCA key, so only
// Android's can be Gated. It must never take one platform's word for another's keys.
package trust

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"time"

	"florin/domain"
	"florin/domain/attest"
	"florin/domain/attest/android"
	"florin/domain/attest/apple"
	"florin/domain/attest/play"
	"florin/domain/attest/webauthn"
)

// Trust is a bank's. The zero value believes nobody: every format but none is refused.
type Trust struct {
	Apple      []apple.App
	AppleRoots apple.Trust
	Android    []android.App
	Chains     android.Trust
	Play       []play.App
	WebAuthn   webauthn.Party
}

// Statement is what a registration says of its keys, of the members that its format has.
type Statement struct {
	Format                    string
	Nonce                     string
	Key, SCAKey               domain.PublicKey // the latter zero if there is none
	DeviceChain, SCAChain     [][]byte         // android-key
	Object, KeyID, ClientData []byte           // apple-appattest, apple-assertion, webauthn
	Token                     string           // play-integrity
}

// Prior is the attested key that a device has shown before, and the counter it was at.
type Prior struct {
	Key     domain.PublicKey
	Counter uint32
}

// Earns tells whether any device can have its SCA key proven here.
func (t Trust) Earns() bool { return len(t.Android) > 0 }

// Judge gives the verdict on a statement, at a time. Its error is one refusal.
func (t Trust) Judge(s Statement, prior Prior, at time.Time) (attest.Verdict, error) {
	verdict, err := t.judge(s, prior, at)
	if err != nil {
		return attest.Verdict{}, attest.First(err)
	}
	verdict.Format = s.Format
	return verdict, nil
}

func (t Trust) judge(s Statement, prior Prior, at time.Time) (attest.Verdict, error) {
	switch {
	case s.Format == attest.FormatNone:
		return attest.Verdict{Level: attest.LevelNone}, nil
	case s.Format == attest.FormatAndroid && len(t.Android) > 0:
		return t.android(s, at)
	case s.Format == attest.FormatApple && len(t.Apple) > 0:
		made, err := apple.Attest(s.Object, s.challenge(), s.KeyID, t.Apple, t.AppleRoots, at)
		return attest.Verdict{
			Level: attest.LevelHardware, Reasons: reasonsOf(made), AppKey: made.Key,
			Digests: attest.Digests{Statement: made.Statement, Roots: t.AppleRoots.Chains.Digest()},
		}, err
	case s.Format == attest.FormatAssertion && len(t.Apple) > 0:
		counter, err := apple.Assert(s.Object, s.challenge(), prior.Key, t.Apple, prior.Counter)
		return attest.Verdict{
			Level: attest.LevelHardware, Reasons: []string{"app-attest-assertion"}, AppKey: prior.Key, Counter: counter,
			Digests: attest.Digests{Statement: attest.Digest(s.Object)},
		}, err
	case s.Format == attest.FormatPlay && len(t.Play) > 0:
		finding, err := play.Judge(s.Token, s.challenge(), t.Play, at)
		return attest.Verdict{Level: attest.LevelSoftware, Reasons: finding.Reasons(), Digests: attest.Digests{Statement: finding.Statement}}, err
	case s.Format == attest.FormatWebAuthn && t.WebAuthn.ID != "":
		finding, err := webauthn.Judge(s.Object, s.ClientData, s.challenge(), t.WebAuthn, at)
		return attest.Verdict{Level: attest.LevelSoftware, Reasons: finding.Reasons(), Digests: attest.Digests{
			Statement: finding.Statement, Roots: t.WebAuthn.Roots.Digest()}}, err
	}
	return attest.Verdict{}, attest.ErrUnsupported
}

// android wants the device key attested, and the SCA key where its chain is there.
func (t Trust) android(s Statement, at time.Time) (attest.Verdict, error) {
	jkt := s.Key.Thumbprint()
	device, err := t.key(s.DeviceChain, s.Key, [][]byte{s.challenge(), hashed(s.Nonce)}, android.Signing, at)
	if err != nil {
		return attest.Verdict{}, err
	}
	verdict := attest.Verdict{
		Level: attest.LevelHardware, Reasons: device.Reasons(),
		Digests: attest.Digests{Statement: device.Statement, Roots: t.Chains.Roots.Digest(), List: t.Chains.List.Digest()},
	}
	if len(s.SCAChain) == 0 {
		return verdict, nil
	}
	if s.SCAKey.IsZero() {
		return attest.Verdict{}, attest.ErrKey
	}
	sca, err := t.key(s.SCAChain, s.SCAKey, [][]byte{s.challenge(), hashed(s.Nonce, jkt)}, android.Gated, at)
	if err != nil {
		return attest.Verdict{}, err
	}
	verdict.Gated, verdict.Reasons = true, append(verdict.Reasons, "sca-gated")
	verdict.Digests.Statement = attest.Digest([]byte(device.Statement), []byte(sca.Statement))
	return verdict, nil
}

func (t Trust) key(chain [][]byte, enrolled domain.PublicKey, challenges [][]byte, use android.Use, at time.Time) (android.Finding, error) {
	parsed, err := enrolled.Parsed()
	key, ec := parsed.(*ecdsa.PublicKey)
	if err != nil || !ec {
		return android.Finding{}, attest.ErrCurve
	}
	return android.Judge(chain, t.Chains, android.Expected{Challenges: challenges, Key: key, Apps: t.Android, Use: use}, at)
}

// challenge is what a registration's statement is bound by.
func (s Statement) challenge() []byte {
	var sca string
	if !s.SCAKey.IsZero() {
		sca = s.SCAKey.Thumbprint()
	}
	return Challenge(s.Nonce, s.Key.Thumbprint(), sca)
}

// Challenge is SHA-256(nonce || jkt || sca_jkt); the last is "" where there is no SCA key.
func Challenge(nonce, jkt, scaJKT string) []byte { return hashed(nonce, jkt, scaJKT) }

func hashed(parts ...string) []byte {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

func reasonsOf(made apple.Attestation) []string {
	reasons := []string{"app-attest"}
	if made.App.Environment == apple.Development {
		reasons = append(reasons, "development-build")
	}
	if made.Extended {
		reasons = append(reasons, "launch-validated")
	}
	return reasons
}
