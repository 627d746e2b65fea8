package token

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"slices"
)

// Certificate is what the request's connection has shown, and the listener has
// followed to one of its authorities; nil if there is none. Headers say nothing here:
// whoever ends TLS before this process cannot vouch for a certificate.
func Certificate(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}

// CertificateThumbprint is the x5t#S256 of a certificate (RFC 8705 section 3.1), ""
// of none.
func CertificateThumbprint(certificate *x509.Certificate) string {
	if certificate == nil {
		return ""
	}
	digest := sha256.Sum256(certificate.Raw)
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// Bears tells whether a certificate bears the one name that is given (RFC 8705
// section 2.1.2): its subject, spelled as RFC 4514 does, a DNS name or a URI. The
// names are compared as they stand; a wildcard is no name.
func Bears(certificate *x509.Certificate, subjectDN, dns, uri string) bool {
	switch {
	case certificate == nil:
		return false
	case subjectDN != "":
		return certificate.Subject.String() == subjectDN
	case dns != "":
		return slices.Contains(certificate.DNSNames, dns)
	case uri != "":
		for _, named := range certificate.URIs {
			if named.String() == uri {
				return true
			}
		}
	}
	return false
}

// On tells whether the token may be used on the request's connection: one that is
// bound to a certificate needs it there, beside the proof by its key.
func (a *Access) On(r *http.Request) bool {
	bound := a.Confirmation.X5T
	return bound == "" || subtle.ConstantTimeCompare([]byte(bound), []byte(CertificateThumbprint(Certificate(r)))) == 1
}
