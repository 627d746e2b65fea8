// Package attesttest is a maker of phones that nobody sells: it attests keys as the
// platforms do, under a root of its own, for tests and for the simulated phones of a
// sandbox. What it makes is as good as what Android and Apple make, for whoever trusts
// its root; every field can be told to lie.
//
//	Maker (root key) --> Android chains, App Attest objects, integrity tokens
//
// A production bank never trusts such a root: the configuration has no place for one.
package attesttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"time"
)

// Maker is a root and its key.
type Maker struct {
	key    *ecdsa.PrivateKey
	root   *x509.Certificate
	random io.Reader
}

// lives is how long a maker's certificates last: simulated phones are not made anew.
const lives = 20 * 365 * 24 * time.Hour

// New makes a maker whose certificates are valid from a day before the given time.
func New(random io.Reader, at time.Time) (*Maker, error) {
	m := &Maker{random: random}
	var err error
	if m.key, err = ecdsa.GenerateKey(elliptic.P256(), random); err != nil {
		return nil, err
	}
	template := authority("Simulated Attestation Root", at)
	raw, err := x509.CreateCertificate(random, template, template, m.key.Public(), m.key)
	if err == nil {
		m.root, err = x509.ParseCertificate(raw)
	}
	return m, err
}

// Root is the root's certificate in PEM.
func (m *Maker) Root() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.root.Raw})
}

// ErrMaker: not what PEM has made.
var ErrMaker = errors.New("attesttest: not a maker's file")

// PEM is the maker, private key included.
func (m *Maker) PEM() ([]byte, error) {
	raw, err := x509.MarshalPKCS8PrivateKey(m.key)
	return append(m.Root(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})...), err
}

// Parse reads what PEM has made.
func Parse(text []byte, random io.Reader) (*Maker, error) {
	first, rest := pem.Decode(text)
	if first == nil {
		return nil, ErrMaker
	}
	second, _ := pem.Decode(rest)
	if second == nil {
		return nil, ErrMaker
	}
	root, err := x509.ParseCertificate(first.Bytes)
	if err != nil {
		return nil, ErrMaker
	}
	key, err := x509.ParsePKCS8PrivateKey(second.Bytes)
	private, ec := key.(*ecdsa.PrivateKey)
	if err != nil || !ec || !private.PublicKey.Equal(root.PublicKey) {
		return nil, ErrMaker
	}
	return &Maker{key: private, root: root, random: random}, nil
}

func authority(name string, at time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, SerialNumber: big.NewInt(1), NotBefore: at.Add(-24 * time.Hour), NotAfter: at.Add(lives),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
}

// issue has the root sign an authority, and that one the leaf; the chain has the leaf first.
func (m *Maker) issue(between, leaf *x509.Certificate, public crypto.PublicKey) ([][]byte, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), m.random)
	if err != nil {
		return nil, nil, err
	}
	middle, err := x509.CreateCertificate(m.random, between, m.root, key.Public(), m.key)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := x509.ParseCertificate(middle)
	if err != nil {
		return nil, nil, err
	}
	raw, err := x509.CreateCertificate(m.random, leaf, parsed, public, key)
	return [][]byte{raw, middle, m.root.Raw}, key, err
}
