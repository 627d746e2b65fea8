// Package apple judges App Attest: that a key lives in the Secure Enclave of a genuine
// device and was made by a genuine copy of an app (an attestation, once), and that this
// key has signed something (an assertion, each time with a greater counter). The steps
// are those of Apple's "Attestation Object Validation Guide".
//
//	object + client data + apps + root + time --> Attestation{key, counter 0} | refusal
//	assertion + client data + that key        --> counter | refusal
//
// Leaves live from days to months, so an attestation is judged at the time at which it
// arrived and at no other. Whether a counter is greater than the last one is for the
// device's own stream to say: two racing assertions are two appends at one version.
//
// The receipt is for Apple's own fraud counter. It is held to be Apple's, and of this
// attestation, so that no byte of an object is anybody else's.
package apple

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	_ "embed"
	"encoding/asn1"
	"errors"
	"time"

	"florin/domain"
	"florin/domain/attest"
)

// rootPEM is Apple's App Attestation Root CA, P-384, good until 2045-03-15, SHA-256
// 1cb9823ba28ba6ad2d33a006941de2ae4f513ef1d4e831b9f7e0fa7b6242c932, as
// https://www.apple.com/certificateauthority/Apple_App_Attestation_Root_CA.pem has it.
//
//go:embed root.pem
var rootPEM []byte

// Trust is whom attestations and their receipts go back to.
type Trust struct{ Chains, Receipts attest.Roots }

// Roots are Apple's own.
func Roots() Trust { return Trust{builtIn(rootPEM), builtIn(receiptRootPEM)} }

// With trusts others as well: a simulated maker.
func (t Trust) With(others attest.Roots) Trust {
	return Trust{t.Chains.With(others), t.Receipts.With(others)}
}

func builtIn(text []byte) attest.Roots {
	roots, err := attest.ParseRoots(text)
	if err != nil {
		panic(err) // a bug: it is built in
	}
	return roots
}

// App is an app of the bank's. An environment accepts no other's keys.
type App struct {
	ID          string // team and bundle: 6MURL8TA57.com.example.bank
	Environment Environment
}

// Environment of App Attest, by its AAGUID.
type Environment string

const (
	Production  Environment = "appattest\x00\x00\x00\x00\x00\x00\x00"
	Development Environment = "appattestdevelop"
)

// ObjectBytesMax bounds an attestation object: those of devices have 5 to 6 KiB, most
// of it the receipt.
const ObjectBytesMax = 16 << 10

// Attestation is what an attestation object has shown.
type Attestation struct {
	Key       domain.PublicKey // that assertions are made by
	App       App
	Extended  bool // iOS 27 said how the app was started
	Category  uint32
	Version   string // of the bundle
	Statement string // SHA-256 of the object
}

// object is the CBOR of an attestation.
type object struct {
	Format    string `cbor:"fmt"`
	Statement struct {
		Chain   [][]byte `cbor:"x5c"`
		Receipt []byte   `cbor:"receipt"`
	} `cbor:"attStmt"`
	Data []byte `cbor:"authData"`
}

// Attest judges an attestation object. clientData is what was appended to the
// authenticator data: a SHA-256 in this bank's protocol. keyID is the key that the app
// says it is. Its error is one refusal.
func Attest(raw, clientData, keyID []byte, apps []App, trust Trust, at time.Time) (Attestation, error) {
	if len(raw) > ObjectBytesMax {
		return Attestation{}, attest.ErrTooLarge
	}
	said, err := attest.Unpack[object](raw)
	if err != nil {
		return Attestation{}, err
	}
	if said.Format != "apple-appattest" || len(said.Statement.Receipt) == 0 {
		return Attestation{}, attest.ErrMalformed
	}
	leaf, err := verified(said.Statement.Chain, trust.Chains, at)
	if err != nil {
		return Attestation{}, err
	}
	nonce := sha256.Sum256(append(bytes.Clone(said.Data), clientData...))
	if err := speaks(leaf, nonce); err != nil {
		return Attestation{}, err
	}
	data, err := parseData(said.Data, true)
	if err != nil {
		return Attestation{}, err
	}
	key, err := keyOf(leaf, data, keyID)
	if err != nil {
		return Attestation{}, err
	}
	app, err := data.of(apps)
	switch {
	case err != nil:
		return Attestation{}, err
	case app.Environment != Environment(data.aaguid):
		return Attestation{}, attest.ErrEnvironment
	case data.counter != 0:
		return Attestation{}, attest.ErrNewCounter
	}
	if err := judgeReceipt(said.Statement.Receipt, leaf, clientData, app.ID, trust.Receipts, at); err != nil {
		return Attestation{}, err
	}
	return Attestation{
		Key: key, App: app, Extended: data.extended, Category: data.category, Version: data.version, Statement: attest.Digest(raw),
	}, nil
}

// verified is the leaf of a chain that ends at the root, at that time.
func verified(der [][]byte, roots attest.Roots, at time.Time) (*x509.Certificate, error) {
	if len(der) != 2 {
		return nil, attest.ErrChainLength
	}
	chain, err := attest.ParseChain(der, 2)
	if err != nil {
		return nil, err
	}
	between := x509.NewCertPool()
	between.AddCert(chain[1])
	_, err = chain[0].Verify(x509.VerifyOptions{
		Roots: roots.Pool(), Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return nil, attest.ErrExpired
	}
	if chain[0].IsCA || err != nil && chain[0].CheckSignatureFrom(chain[1]) != nil {
		return nil, attest.ErrChain
	}
	if err != nil {
		return nil, attest.ErrRoot
	}
	return chain[0], nil
}

// extension holds the nonce: a SEQUENCE of [1], and therein the octets.
var extension = asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}

func speaks(leaf *x509.Certificate, nonce [sha256.Size]byte) error {
	for _, e := range leaf.Extensions {
		if !e.Id.Equal(extension) {
			continue
		}
		want := append([]byte{0x30, 0x24, 0xa1, 0x22, 0x04, 0x20}, nonce[:]...)
		if len(e.Value) != len(want) || !bytes.Equal(e.Value[:6], want[:6]) {
			return attest.ErrNotDER
		}
		if !bytes.Equal(e.Value, want) {
			return attest.ErrChallenge
		}
		return nil
	}
	return attest.ErrExtensionMissing
}

// keyOf holds the four words about the key against each other: the certificate's, the
// authenticator's, its credential's name, and what the app says.
func keyOf(leaf *x509.Certificate, data authenticatorData, keyID []byte) (domain.PublicKey, error) {
	key, ec := leaf.PublicKey.(*ecdsa.PublicKey)
	if !ec || key.Curve != elliptic.P256() {
		return domain.PublicKey{}, attest.ErrCurve
	}
	point, err := key.Bytes()
	if err != nil {
		return domain.PublicKey{}, attest.ErrCurve
	}
	digest := sha256.Sum256(point)
	if !bytes.Equal(digest[:], keyID) || !bytes.Equal(digest[:], data.credential) || !bytes.Equal(point, data.point) {
		return domain.PublicKey{}, attest.ErrKey
	}
	public, err := domain.ECKey(key)
	public.Algorithm = ""
	return public, err
}
