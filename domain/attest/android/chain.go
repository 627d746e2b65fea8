package android

import (
	"crypto/x509"
	_ "embed"
	"encoding/asn1"
	"strings"
	"time"

	"florin/domain/attest"
)

// extension is where the key description lies.
var extension = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}

// provisioning marks the certificate of a key that Google's servers have provisioned.
var provisioning = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 30}

// rootsPEM are Google's two roots: RSA-4096 with serial number f92009e853b6b045
// (certificate SHA-256 cedb1cb6dc896ae5ec797348bce9286753c2b38ee71ce0fbe34a9a1248800dfc)
// and P-384 "Key Attestation CA1" (6d9db4ce6c5c0b293166d08986e05774a8776ceb525d9e4329520de12ba4bcc0),
// as https://android.googleapis.com/attestation/root lists them and
// github.com/android/keyattestation carries them (roots.json, Apache-2.0).
//
//go:embed roots.pem
var rootsPEM []byte

// GoogleRoots are those of devices that Google vouches for.
func GoogleRoots() attest.Roots {
	roots, err := attest.ParseRoots(rootsPEM)
	if err != nil {
		panic(err) // a bug: they are built in
	}
	return roots
}

// judgeChain holds a chain against roots, list and time, and tells whether its key was
// provisioned remotely. Factory certificates outlive their dates, as devices do; those
// of a remote server are renewed within days, so theirs count.
func judgeChain(chain []*x509.Certificate, trust Trust, at time.Time) (remote bool, err error) {
	root := chain[len(chain)-1]
	if !trust.Roots.Trusts(root) {
		if strings.Contains(root.Subject.CommonName, "Software Attestation Root") {
			return false, attest.ErrSoftwareRoot
		}
		return false, attest.ErrRoot
	}
	if err := attest.Linked(chain); err != nil {
		return false, err
	}
	if trust.List.stale(at) {
		return false, attest.ErrStaleList
	}
	for _, certificate := range chain {
		if trust.List.names(certificate.SerialNumber) {
			return false, attest.ErrRevoked
		}
		remote = remote || provisionedRemotely(certificate)
	}
	for _, certificate := range chain[1:] {
		if remote && (at.Before(certificate.NotBefore) || at.After(certificate.NotAfter)) {
			return false, attest.ErrExpired
		}
	}
	return remote, nil
}

func provisionedRemotely(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(provisioning) {
			return true
		}
	}
	return strings.HasPrefix(c.Subject.CommonName, "Droid CA") && len(c.Subject.Organization) == 1 && c.Subject.Organization[0] == "Google LLC"
}

// description finds the leaf's word about its key. One that stands higher up is no
// word of the platform's: whoever holds an attested key can sign a certificate with it.
func description(chain []*x509.Certificate) (keyDescription, error) {
	leaf := spoken(chain[0])
	switch {
	case len(leaf) > 1:
		return keyDescription{}, attest.ErrExtensionTwice
	case len(leaf) == 0 && len(spoken(chain[1])) > 0:
		return keyDescription{}, attest.ErrExtraLeaf
	}
	for _, certificate := range chain[1:] {
		if len(spoken(certificate)) > 0 {
			return keyDescription{}, attest.ErrExtensionElsewhere
		}
	}
	if len(leaf) == 0 {
		return keyDescription{}, attest.ErrExtensionMissing
	}
	return parseDescription(leaf[0])
}

func spoken(c *x509.Certificate) (found [][]byte) {
	for _, e := range c.Extensions {
		if e.Id.Equal(extension) {
			found = append(found, e.Value)
		}
	}
	return found
}
