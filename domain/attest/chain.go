package attest

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
)

// Limits of a chain. The longest that platforms make has six certificates of at most
// 1.4 KiB.
const (
	CertificateBytesMax = 8 << 10
	CertificatesMax     = 10
)

// ParseChain reads certificates, the leaf first. Whether they fit each other is for
// Linked and Roots.
func ParseChain(der [][]byte, least int) ([]*x509.Certificate, error) {
	if len(der) < least || len(der) > CertificatesMax {
		return nil, ErrChainLength
	}
	chain := make([]*x509.Certificate, len(der))
	for i, raw := range der {
		if len(raw) > CertificateBytesMax {
			return nil, ErrTooLarge
		}
		certificate, err := x509.ParseCertificate(raw)
		switch {
		case err != nil && strings.Contains(err.Error(), "duplicate extension"): // it has no error of its own
			return nil, ErrExtensionTwice
		case err != nil:
			return nil, ErrMalformed
		}
		chain[i] = certificate
	}
	return chain, nil
}

// Linked holds that each certificate names the next one as its issuer and is signed by
// it, and the last one by itself: so no byte of any of them is anybody else's. It goes
// down from the root, so that a chain of strangers costs least. What a certificate says
// of its being an authority is not looked at: real chains say it wrong.
func Linked(chain []*x509.Certificate) error {
	for i, child := range slices.Backward(chain) {
		parent := chain[min(i+1, len(chain)-1)]
		if !bytes.Equal(child.RawIssuer, parent.RawSubject) ||
			parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature) != nil {
			return ErrChain
		}
	}
	return nil
}

// Roots are trust anchors, known by their keys: makers put the same key into several
// certificates.
type Roots struct {
	keys         [][sha256.Size]byte
	certificates []*x509.Certificate
}

// ErrRoots: not a list of certificates in PEM.
var ErrRoots = errors.New("attest: not certificates in PEM")

// ParseRoots reads certificates in PEM and nothing else.
func ParseRoots(text []byte) (Roots, error) {
	var roots Roots
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			return Roots{}, ErrRoots
		}
		roots.keys = append(roots.keys, keyDigest(certificate))
		roots.certificates = append(roots.certificates, certificate)
		text = rest
	}
	if len(roots.keys) == 0 {
		return Roots{}, ErrRoots
	}
	return roots.sorted(), nil
}

func keyDigest(c *x509.Certificate) [sha256.Size]byte {
	return sha256.Sum256(c.RawSubjectPublicKeyInfo)
}

// With are these roots and others.
func (r Roots) With(others Roots) Roots {
	return Roots{append(slices.Clone(r.keys), others.keys...), append(slices.Clone(r.certificates), others.certificates...)}.sorted()
}

func (r Roots) sorted() Roots {
	slices.SortFunc(r.keys, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	r.keys = slices.Compact(r.keys)
	return r
}

// Trusts tells whether a certificate carries the key of one of them.
func (r Roots) Trusts(c *x509.Certificate) bool { return slices.Contains(r.keys, keyDigest(c)) }

// Holds tells whether a certificate is one of them, byte by byte.
func (r Roots) Holds(c *x509.Certificate) bool {
	return slices.ContainsFunc(r.certificates, c.Equal)
}

// Pool is the roots as crypto/x509 takes them.
func (r Roots) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, certificate := range r.certificates {
		pool.AddCert(certificate)
	}
	return pool
}

// Digest names the set: SHA-256 over the sorted SHA-256 of their public keys.
func (r Roots) Digest() string {
	parts := make([][]byte, len(r.keys))
	for i := range r.keys {
		parts[i] = r.keys[i][:]
	}
	return Digest(parts...)
}
