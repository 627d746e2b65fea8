package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"florin/gateway/token"
)

// TLS is the certificate of the public listener, read from disk and read again
// whenever its files change: connections go on, new ones see the new certificate.
//
//	files --Load--> tls.Config --handshake--> connection
//	  ^--Watch(Reload): every WatchEvery, by content--/
//
// TLS 1.2 and up, with Go's own choice of suites, all of which are safe (forward
// secrecy, AEAD), for whoever asks for the bank by its name (SNI): scanners that know
// no more than an address learn no more either. Why polling: a mounted secret changes by a symlink's symlink,
// which file events miss and content does not.
type TLS struct {
	files  TLSFiles
	hosts  []string
	config atomic.Pointer[tls.Config]

	mu   sync.Mutex
	seen [3]string // what the files held when they were last taken
}

// TLSFiles are paths of PEM files. With ClientCA every client has to show a
// certificate of one of its authorities; "": none is asked for. Optional: clients
// may come without one, but not with another's.
type TLSFiles struct {
	Cert, Key, ClientCA string
	Optional            bool
}

// WatchEvery is how often the files are looked at; a change is served within it.
const WatchEvery = time.Second

// LoadTLS reads the files, which must fit each other and be valid now. hosts are what
// clients may ask for, the issuer's first. Where that is an address they need not
// ask: SNI cannot say one (RFC 6066 section 3).
func LoadTLS(files TLSFiles, hosts []string, now time.Time) (*TLS, error) {
	t := &TLS{files: files, hosts: hosts}
	if _, err := t.Reload(now); err != nil {
		return nil, err
	}
	return t, nil
}

// Config is for a listener; each handshake takes what is newest.
func (t *TLS) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if !t.answersTo(hello.ServerName) { // no certificate is what crypto/tls says unrecognized_name of; an old version it still says first
				return &tls.Config{MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true}, nil
			}
			return t.config.Load(), nil
		},
	}
}

func (t *TLS) answersTo(name string) bool {
	if name == "" {
		return len(t.hosts) > 0 && net.ParseIP(t.hosts[0]) != nil
	}
	return slices.ContainsFunc(t.hosts, func(host string) bool { return strings.EqualFold(host, name) })
}

// Reload takes the files if they hold something new. On an error what was served
// before is served on: a file half written is read again at the next look.
func (t *TLS) Reload(now time.Time) (changed bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var read [3]string
	for i, path := range []string{t.files.Cert, t.files.Key, t.files.ClientCA} {
		if path == "" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return false, fmt.Errorf("gateway: read TLS file: %w", err)
		}
		read[i] = string(text)
	}
	if read == t.seen {
		return false, nil
	}
	config, err := configOf(read, t.files, now)
	if err != nil {
		return false, err
	}
	t.config.Store(config)
	t.seen = read
	return true, nil
}

// suites are those of TLS 1.2: with forward secrecy and authenticated encryption, as
// FAPI 2.0 wants (section 5.2.1; RFC 9325 section 4.2), and nothing by blocks (Lucky 13).
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

func configOf(read [3]string, files TLSFiles, now time.Time) (*tls.Config, error) {
	pair, err := tls.X509KeyPair([]byte(read[0]), []byte(read[1]))
	if err != nil {
		return nil, fmt.Errorf("gateway: TLS certificate and key: %w", err)
	}
	if now.After(pair.Leaf.NotAfter) || now.Before(pair.Leaf.NotBefore) {
		return nil, fmt.Errorf("gateway: the TLS certificate is valid from %s to %s only", pair.Leaf.NotBefore, pair.Leaf.NotAfter)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: suites, NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{pair}}
	if files.ClientCA == "" {
		return config, nil
	}
	config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if files.Optional {
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if shown := state.PeerCertificates; len(shown) > 0 && len(shown[0].Raw) > token.CertificateBytesMax {
			return errors.New("gateway: the client's certificate is too long")
		}
		return nil
	}
	// A session that is resumed would outlive a change of the authorities.
	config.SessionTicketsDisabled = true
	if !config.ClientCAs.AppendCertsFromPEM([]byte(read[2])) {
		return nil, errors.New("gateway: no certificate in the file of the clients' authorities")
	}
	return config, nil
}

// Watch reloads files until ctx ends: those of a TLS, or of a split's credentials. A
// failure is logged when it begins, and what was taken before stands.
func Watch(ctx context.Context, what string, reload func(time.Time) (changed bool, err error), now func() time.Time, logger *slog.Logger) error {
	clock := time.NewTicker(WatchEvery)
	defer clock.Stop()
	failing := ""
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-clock.C:
		}
		changed, err := reload(now())
		switch {
		case err != nil && err.Error() != failing:
			failing = err.Error()
			logger.Error("the new "+what+" is not taken; the former stands", "error", err)
		case err == nil && changed:
			logger.Info("a new " + what + " is taken")
		}
		if err == nil {
			failing = ""
		}
	}
}
