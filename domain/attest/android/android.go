// Package android judges Android Key Attestation: a chain of certificates whose leaf
// carries, in an extension, what the device's hardware says of a key and of itself
// (source.android.com/docs/security/features/keystore/attestation).
//
//	chain --> links, root, revocation, validity --> key description --> policy --> Finding | refusals
//
// Why by hand: crypto/x509 refuses real chains, whose issuers say CA:FALSE, and no
// library can be had. Why roots by key: three certificates carry the RSA root's.
//
// A boot key of zeros is recorded and not refused: good Pixels have one. The leaf's own
// validity is never judged, for devices make it up. It must never print what a
// description says of the device: some carry its serial numbers.
package android

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"florin/domain"
	"florin/domain/attest"
)

// Use says what a key is for, and so what its description has to say.
type Use uint8

const (
	AnyUse  Use = iota // only where it lives, and on what device
	Signing            // ECDSA with SHA-256, by one app
	Gated              // Signing, and its owner is asked at every use
)

// App is an app of the bank's: its package, and the SHA-256 of the certificates that
// may have signed it.
type App struct {
	Package string
	Signers [][]byte
}

// Trust is what a chain is held against.
type Trust struct {
	Roots attest.Roots
	List  List
}

// Expected is what a key has to be.
type Expected struct {
	Challenges [][]byte         // any one of them
	Key        *ecdsa.PublicKey // nil: whichever it is
	Apps       []App
	Use        Use
}

// Finding is what was seen of a key that stands.
type Finding struct {
	StrongBox   bool // else a trusted execution environment
	Remote      bool // provisioned remotely, else in the factory
	BootKeyZero bool
	OSPatch     int64 // as the device has it: 202511
	Statement   string
}

// Reasons are its codes, for the record.
func (f Finding) Reasons() []string {
	reasons := []string{"android-tee", "factory-provisioned", "boot-verified"}
	if f.StrongBox {
		reasons[0] = "android-strongbox"
	}
	if f.Remote {
		reasons[1] = "remotely-provisioned"
	}
	if f.BootKeyZero {
		reasons = append(reasons, "boot-key-zero")
	}
	return reasons
}

// Judge holds a chain, the leaf first, against what is trusted and expected, at a time.
// Its error is attest.Refusals: all that the device and its key fall short of, or the
// one thing for which nothing more can be said.
func Judge(der [][]byte, trust Trust, want Expected, at time.Time) (Finding, error) {
	chain, err := attest.ParseChain(der, 2)
	if err != nil {
		return Finding{}, alone(err)
	}
	remote, err := judgeChain(chain, trust, at)
	if err != nil {
		return Finding{}, alone(err)
	}
	said, err := description(chain)
	if err != nil {
		return Finding{}, alone(err)
	}
	if refusals := judgeKey(chain[0], said, want); len(refusals) > 0 {
		return Finding{}, refusals
	}
	return Finding{
		StrongBox: said.level == levelStrongBox, Remote: remote, BootKeyZero: zero(said.hardware.boot.key),
		OSPatch: said.hardware.osPatch, Statement: attest.Digest(der...),
	}, nil
}

func alone(err error) error {
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok {
		return attest.Refusals{refusal}
	}
	return err
}

// judgeKey collects what speaks against a key whose chain stands.
func judgeKey(leaf *x509.Certificate, said keyDescription, want Expected) (refusals attest.Refusals) {
	refuse := func(wrong bool, why *domain.Refusal) {
		if wrong {
			refusals = append(refusals, why)
		}
	}
	key, ec := leaf.PublicKey.(*ecdsa.PublicKey)
	p256 := ec && key.Curve == elliptic.P256() && said.hardware.algorithm == algorithmEC &&
		said.hardware.curve == curveP256 && (said.hardware.keySize == 0 || said.hardware.keySize == 256)
	refuse(!slices.ContainsFunc(want.Challenges, func(c []byte) bool { return subtle.ConstantTimeCompare(c, said.challenge) == 1 }), attest.ErrChallenge)
	refuse(!p256, attest.ErrCurve)
	refuse(p256 && want.Key != nil && !key.Equal(want.Key), attest.ErrKey)
	refuse(said.level == levelSoftware, attest.ErrLevelSoftware)
	refuse(said.level != said.keyLevel, attest.ErrLevelMismatch)
	refuse(said.hardware.origin != originGenerated, attest.ErrImported)
	refuse(want.Use >= Signing && !said.hardware.signsOnly(), attest.ErrKeyPurpose)
	refuse(want.Use >= Gated && !said.hardware.gated(), attest.ErrUngated)
	if said.hardware.boot == nil {
		refuse(true, attest.ErrBootUnknown)
	} else {
		refuse(!said.hardware.boot.locked, attest.ErrUnlocked)
		refuse(said.hardware.boot.state != bootVerified, attest.ErrUnverified)
	}
	if err := judgeApp(said.software.app, want.Apps); err != nil {
		refuse(true, err)
	}
	return refusals
}

// judgeApp wants one of the apps among those that may use the key (several, where apps
// share a user id), and nobody's signature but that app's.
func judgeApp(from application, apps []App) *domain.Refusal {
	ours := slices.IndexFunc(apps, func(a App) bool { return slices.Contains(from.packages, a.Package) })
	if ours < 0 {
		return attest.ErrApp
	}
	for _, signer := range from.signers {
		if !slices.ContainsFunc(apps[ours].Signers, func(known []byte) bool { return string(known) == string(signer) }) {
			return attest.ErrSigner
		}
	}
	if len(from.signers) == 0 {
		return attest.ErrSigner
	}
	return nil
}

func zero(key []byte) bool {
	return !slices.ContainsFunc(key, func(b byte) bool { return b != 0 })
}
