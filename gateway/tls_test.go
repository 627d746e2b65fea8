package gateway

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// authority signs certificates of tests.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T, name string) *authority {
	a := &authority{t: t, key: key(t)}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	require.NoError(t, err)
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	return a
}

func (a *authority) issue(serial int64, until time.Time) tls.Certificate {
	own := key(a.t)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "florin"}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"bank.example", "localhost"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &own.PublicKey, a.key)
	require.NoError(a.t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: own}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// lay writes the certificate as an operator would: one file after the other.
func lay(t *testing.T, files TLSFiles, cert tls.Certificate) {
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	require.NoError(t, err)
	write(t, files.Cert, "CERTIFICATE", cert.Certificate[0])
	write(t, files.Key, "PRIVATE KEY", der)
}

func write(t *testing.T, path, kind string, der []byte) {
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// served is a TLS server on a real socket; its watch is at work.
type served struct {
	files   TLSFiles
	address string
	tls     *TLS
}

func serveTLS(t *testing.T, ca *authority, clients *authority) *served {
	return serveTLSAs(t, ca, clients, "127.0.0.1")
}

// serveTLSAs answers to the hosts, the issuer's first.
func serveTLSAs(t *testing.T, ca, clients *authority, hosts ...string) *served {
	t.Helper()
	dir := t.TempDir()
	s := &served{files: TLSFiles{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}}
	if clients != nil {
		s.files.ClientCA = filepath.Join(dir, "clients.pem")
		write(t, s.files.ClientCA, "CERTIFICATE", clients.cert.Raw)
	}
	lay(t, s.files, ca.issue(10, time.Now().Add(time.Hour)))
	var err error
	s.tls, err = LoadTLS(s.files, hosts, time.Now())
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.address = listener.Addr().String()
	server := Server(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") }), slog.New(slog.DiscardHandler))
	go func() { _ = server.Serve(Framed(tls.NewListener(listener, s.tls.Config()))) }()
	ctx, cancel := context.WithCancel(context.Background())
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		_ = Watch(ctx, "TLS certificate", s.tls.Reload, time.Now, slog.New(slog.DiscardHandler))
	}()
	t.Cleanup(func() { cancel(); <-watching; _ = server.Close() })
	return s
}

// shown makes a handshake and one request, and gives the certificate shown.
func (s *served) shown(config *tls.Config) (*x509.Certificate, error) {
	conn, err := tls.Dial("tcp", s.address, config)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0], ask(conn)
}

// ask makes a request on the connection: with TLS 1.3 a client learns only there
// that its certificate was refused.
func ask(conn *tls.Conn) error {
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return err
	}
	_, err := io.ReadAtLeast(conn, make([]byte, 512), 12)
	return err
}

func TestRow50OldAndWeakTLSIsRefused(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "bank")
	s := serveTLS(t, ca, nil)
	for name, version := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		_, err := s.shown(&tls.Config{RootCAs: ca.pool(), MinVersion: version, MaxVersion: version})
		require.NoError(t, err, name)
	}
	for name, version := range map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11} {
		_, err := s.shown(&tls.Config{RootCAs: ca.pool(), MinVersion: tls.VersionTLS10, MaxVersion: version})
		require.ErrorContains(t, err, "protocol version", name)
	}
	weak := append(tls.InsecureCipherSuites(), &tls.CipherSuite{ID: tls.TLS_RSA_WITH_AES_128_GCM_SHA256, Name: "static RSA"},
		&tls.CipherSuite{ID: tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, Name: "blocks"}, &tls.CipherSuite{ID: tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, Name: "blocks"})
	for _, suite := range weak {
		_, err := s.shown(&tls.Config{RootCAs: ca.pool(), MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}})
		require.Error(t, err, suite.Name)
	}
}

// A bank that has a name is asked for by it, in whatever version.
func TestRow50WhoDoesNotAskForTheBankGetsNoCertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "bank")
	s := serveTLSAs(t, ca, nil, "bank.example", "localhost")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := func(name string) *tls.Config {
			return &tls.Config{ServerName: name, InsecureSkipVerify: true, MinVersion: version, MaxVersion: version}
		}
		for _, name := range []string{"bank.example", "BANK.example", "localhost"} {
			shown, err := s.shown(config(name))
			require.NoError(t, err, name)
			require.NoError(t, shown.VerifyHostname(name))
		}
		for what, name := range map[string]string{
			"nothing": "127.0.0.1", "another": "evil.example", "a name below": "www.bank.example", "the name as a beginning": "bank.example.evil.example",
			"a part of the name": "example", "the name's end": "evilbank.example", "a wildcard": "*.example",
		} {
			shown, err := s.shown(config(name)) // of an address Go's client asks for nothing
			require.ErrorContains(t, err, "unrecognized name", "%s, in TLS %x", what, version)
			require.Nil(t, shown, "no certificate tells who is here")
		}
		kept := &oneSession{}
		resuming := config("bank.example")
		resuming.ClientSessionCache = kept
		_, err := s.shown(resuming)
		require.NoError(t, err)
		conn, err := tls.Dial("tcp", s.address, resuming)
		require.NoError(t, err)
		require.True(t, conn.ConnectionState().DidResume)
		require.NoError(t, conn.Close())
		resuming.ServerName = "evil.example"
		_, err = s.shown(resuming)
		require.ErrorContains(t, err, "unrecognized name", "nor is a session taken up under another name")
	}
	_, err := s.shown(&tls.Config{ServerName: "evil.example", InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	require.ErrorContains(t, err, "protocol version", "first of all")

	address := serveTLS(t, ca, nil) // that has an address only cannot be asked for
	_, err = address.shown(&tls.Config{RootCAs: ca.pool()})
	require.NoError(t, err)
	_, err = address.shown(&tls.Config{RootCAs: ca.pool(), ServerName: "localhost"})
	require.ErrorContains(t, err, "unrecognized name", "and goes by no name")
}

// oneSession offers one session to whatever server.
type oneSession struct{ session *tls.ClientSessionState }

func (o *oneSession) Get(string) (*tls.ClientSessionState, bool) { return o.session, o.session != nil }

func (o *oneSession) Put(_ string, session *tls.ClientSessionState) {
	if session != nil {
		o.session = session
	}
}

func TestRow50ClientsShowACertificateOfTheirAuthority(t *testing.T) {
	t.Parallel()
	ca, clients, others := newAuthority(t, "bank"), newAuthority(t, "clients"), newAuthority(t, "others")
	s := serveTLS(t, ca, clients)
	with := func(cert ...tls.Certificate) error {
		_, err := s.shown(&tls.Config{RootCAs: ca.pool(), Certificates: cert})
		return err
	}
	require.NoError(t, with(clients.issue(1, time.Now().Add(time.Hour))))
	require.Error(t, with(), "none")
	require.Error(t, with(others.issue(2, time.Now().Add(time.Hour))), "of another authority")
	require.Error(t, with(clients.issue(3, time.Now().Add(-time.Minute))), "expired")
	require.Error(t, with(ca.issue(4, time.Now().Add(time.Hour))), "of the bank's own authority")
}

func TestRow50ANewCertificateIsServedWithoutDroppingConnections(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "bank")
	s := serveTLS(t, ca, nil)
	config := &tls.Config{RootCAs: ca.pool()}
	before, err := s.shown(config)
	require.NoError(t, err)
	require.EqualValues(t, 10, before.SerialNumber.Int64())
	open, err := tls.Dial("tcp", s.address, config)
	require.NoError(t, err)
	defer open.Close()
	require.NoError(t, ask(open))

	lay(t, s.files, ca.issue(11, time.Now().Add(time.Hour)))
	changed := time.Now()
	require.Eventually(t, func() bool {
		now, err := s.shown(config)
		return err == nil && now.SerialNumber.Int64() == 11
	}, 30*time.Second, 20*time.Millisecond)
	t.Logf("a new certificate is served %s after it was written", time.Since(changed).Round(time.Millisecond))
	require.NoError(t, ask(open), "a connection that was open goes on")
}

func TestABadCertificateNeverReplacesAGoodOne(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "bank")
	s := serveTLS(t, ca, nil)
	for name, spoil := range map[string]func(){
		"half written":       func() { require.NoError(t, os.WriteFile(s.files.Cert, []byte("-----BEGIN CERT"), 0o600)) },
		"the key of another": func() { write(t, s.files.Cert, "CERTIFICATE", ca.issue(12, time.Now().Add(time.Hour)).Certificate[0]) },
		"expired":            func() { lay(t, s.files, ca.issue(13, time.Now().Add(-time.Minute))) },
		"gone":               func() { require.NoError(t, os.Remove(s.files.Cert)) },
	} {
		spoil()
		_, err := s.tls.Reload(time.Now())
		require.Error(t, err, name)
		shown, err := s.shown(&tls.Config{RootCAs: ca.pool()})
		require.NoError(t, err, name)
		require.EqualValues(t, 10, shown.SerialNumber.Int64(), name)
		_, err = LoadTLS(s.files, []string{"127.0.0.1"}, time.Now())
		require.Error(t, err, "nor is it begun with: "+name)
	}
}
