// Package split is the way between a gateway process and the core behind it.
//
//	gateway  --mTLS, one internal token a request-->  core
//	         <--feed: who is not in good standing, token keys, nonce keys--
//
// Both show certificates of the bank's own authority; a gateway's certificate also
// signs its internal tokens (token.Internal). The feed tells a gateway all that it
// needs to turn requests away by itself: no log, no key ring and no personal data
// reach it, for it is the process that strangers talk to. What it lets through the
// core checks again, so a feed that lags opens nothing.
//
// It must never send a request twice: what was sent may have moved money, and only
// the client, with the same key, may ask again.
package split

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// The names that certificates are made for. They are roles, not places: a core
// is the core wherever it listens.
const (
	CoreName    = "core.florin.internal"
	GatewayName = "gateway.florin.internal"
)

// Files are paths of PEM files: certificate chain, its private key (Ed25519 or
// P-256), and the bank's internal authority.
type Files struct{ Cert, Key, CA string }

// Credentials are a process's certificate and whom it believes, read from disk and
// read again when they change: connections go on, new ones use the new.
type Credentials struct {
	files Files
	held  atomic.Pointer[held]

	mu   sync.Mutex
	seen [3]string // what the files held when they were last taken
}

type held struct {
	pair  tls.Certificate
	key   crypto.Signer
	roots *x509.CertPool
}

// LoadCredentials reads the files, which must fit each other and be valid now.
func LoadCredentials(files Files, now time.Time) (*Credentials, error) {
	c := &Credentials{files: files}
	if _, err := c.Reload(now); err != nil {
		return nil, err
	}
	return c, nil
}

// Reload takes the files if they hold something new. On an error what was held
// before stands.
func (c *Credentials) Reload(now time.Time) (changed bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var read [3]string
	for i, path := range []string{c.files.Cert, c.files.Key, c.files.CA} {
		text, err := os.ReadFile(path)
		if err != nil {
			return false, fmt.Errorf("split: read internal TLS file: %w", err)
		}
		read[i] = string(text)
	}
	if read == c.seen {
		return false, nil
	}
	pair, err := tls.X509KeyPair([]byte(read[0]), []byte(read[1]))
	if err != nil {
		return false, fmt.Errorf("split: internal certificate and key: %w", err)
	}
	if now.After(pair.Leaf.NotAfter) || now.Before(pair.Leaf.NotBefore) {
		return false, fmt.Errorf("split: the internal certificate is valid from %s to %s only", pair.Leaf.NotBefore, pair.Leaf.NotAfter)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	roots := x509.NewCertPool()
	if !ok || !roots.AppendCertsFromPEM([]byte(read[2])) {
		return false, errors.New("split: no certificate in the file of the internal authority")
	}
	c.held.Store(&held{pair, key, roots})
	c.seen = read
	return true, nil
}

// Signer is the certificate's private key.
func (c *Credentials) Signer() crypto.Signer { return c.held.Load().key }

// Server is for the core's listener: TLS 1.3, and nobody but a gateway of this
// bank's gets a connection. Sessions are not resumed: one would outlive a change
// of the authority.
func (c *Credentials) Server(now func() time.Time) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		h := c.held.Load()
		return &tls.Config{
			MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}, Certificates: []tls.Certificate{h.pair}, Time: now,
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: h.roots, SessionTicketsDisabled: true,
			VerifyConnection: func(state tls.ConnectionState) error { return state.PeerCertificates[0].VerifyHostname(GatewayName) },
		}, nil
	}}
}

// Client is for one connection of a gateway's to the core.
func (c *Credentials) Client(now func() time.Time) *tls.Config {
	h := c.held.Load()
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}, Certificates: []tls.Certificate{h.pair}, Time: now,
		RootCAs: h.roots, ServerName: CoreName,
	}
}

// PeerKey is the public key of the certificate that the request's connection was
// opened with; nil if none was shown.
func PeerKey(r *http.Request) crypto.PublicKey {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0].PublicKey
}
