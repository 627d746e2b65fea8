package token

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"slices"
)

// CertificateBytesMax bounds a client's certificate: the gateway sends it on with every
// request. A listener refuses a longer one in the handshake.
const CertificateBytesMax = 8 << 10

// Certificate is what the request's connection has shown, and the listener has
// followed to one of its authorities; nil if there is none. Headers say nothing here:
// whoever ends TLS before this process cannot vouch for a certificate.
func Certificate(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}

// Client is the client's connection as the gateway has seen it: with the certificate
// that it has shown there, nil if it has shown none. ErrInternal: it is no certificate.
// Of the chain only the leaf is told: it is all that RFC 8705 looks at, and what it
// leads to is for whoever has done the handshake to judge.
func (i *Internal) Client() (*tls.ConnectionState, error) {
	if len(i.Certificate) == 0 {
		return nil, nil
	}
	leaf, err := x509.ParseCertificate(i.Certificate)
	if err != nil || len(i.Certificate) > CertificateBytesMax {
		return nil, ErrInternal
	}
	chain := []*x509.Certificate{leaf}
	return &tls.ConnectionState{PeerCertificates: chain, VerifiedChains: [][]*x509.Certificate{chain}}, nil
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
