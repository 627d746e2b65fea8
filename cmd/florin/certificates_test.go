package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
	"florin/gateway/split"
)

// certified is a bank of the real binary that asks for certificates, and clients of it.
type certified struct {
	t              *testing.T
	issuer, dir    string
	program        string
	environ, flags []string // of whatever serves it
	roots          *x509.CertPool
	thumbprint     string
	right, other   tls.Certificate
}

func newCertified(t *testing.T) *certified {
	t.Helper()
	c := &certified{t: t, dir: t.TempDir(), roots: x509.NewCertPool()}
	c.program, c.environ = program(t)
	listen, err := freeAddress()
	require.NoError(t, err)
	c.issuer = "https://" + listen
	file := func(name string) string { return filepath.Join(c.dir, name) }
	c.roots.AddCert(layCertificate(t, file("cert.pem"), file("key.pem"), 1))
	leaf := layCertificate(t, file("right.pem"), file("right.key"), 2) // each is its own authority
	layCertificate(t, file("other.pem"), file("other.key"), 3)
	digest := sha256.Sum256(leaf.Raw)
	c.thumbprint = base64.RawURLEncoding.EncodeToString(digest[:])
	var authorities []byte
	for name, pair := range map[string]*tls.Certificate{"right": &c.right, "other": &c.other} {
		*pair, err = tls.LoadX509KeyPair(file(name+".pem"), file(name+".key"))
		require.NoError(t, err)
		text, err := os.ReadFile(file(name + ".pem"))
		require.NoError(t, err)
		authorities = append(authorities, text...)
	}
	require.NoError(t, os.WriteFile(file("clients.pem"), authorities, 0o600))
	c.flags = []string{"--listen", listen, "--issuer", c.issuer, "--log-level", "warn", "--rate-per-second", "100000", "--rate-burst", "100000"}
	return c
}

// starts has a part of the bank serve, or all of it.
func (c *certified) starts(public bool, more ...string) *child {
	c.t.Helper()
	if public {
		file := func(name string) string { return filepath.Join(c.dir, name) }
		more = append(more, "--tls-cert", file("cert.pem"), "--tls-key", file("key.pem"), "--tls-client-ca", file("clients.pem"), "--tls-client-optional")
	}
	bank, _, err := newChild(c.program, filepath.Join(c.dir, "bank"), filepath.Join(c.dir, "bank.log"), childEnvironment(c.environ), append(more, c.flags...)...)
	require.NoError(c.t, err)
	require.NoError(c.t, bank.start(context.Background()))
	c.t.Cleanup(func() { _ = errors.Join(bank.kill(), bank.close()) })
	return bank
}

// over is a client whose connections show certificates.
func (c *certified) over(certificates ...tls.Certificate) *http.Client {
	client := newHTTPClient()
	client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.roots, Certificates: certificates}, ForceAttemptHTTP2: true}
	c.t.Cleanup(client.CloseIdleConnections)
	return client
}

// token asks for one by the connection's certificate.
func (c *certified) token(p *phone.Phone, headers ...string) phone.Answer {
	c.t.Helper()
	for {
		request, err := p.PrepareForm("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"rail"}})
		require.NoError(c.t, err)
		for _, name := range headers {
			request.Header.Set(name, "CN=florin")
		}
		answer, err := p.Send(context.Background(), request)
		require.NoError(c.t, err)
		if !strings.Contains(string(answer.Body), "use_dpop_nonce") {
			return answer
		}
	}
}

func (c *certified) phone(client *http.Client) *phone.Phone {
	c.t.Helper()
	p, err := phone.New(phoneSettings(c.issuer, client))
	require.NoError(c.t, err)
	return p
}

// status is what a read by the phone's key and token is answered over a client's connections.
func (c *certified) status(p *phone.Phone, client *http.Client) int {
	c.t.Helper()
	for {
		signed, err := p.Prepare(http.MethodGet, "/v1/audit/events", nil, "")
		require.NoError(c.t, err)
		request, err := http.NewRequest(http.MethodGet, c.issuer+signed.Path, nil)
		require.NoError(c.t, err)
		request.Header = signed.Header
		answer, err := client.Do(request)
		require.NoError(c.t, err)
		text, err := io.ReadAll(answer.Body)
		require.NoError(c.t, err)
		require.NoError(c.t, answer.Body.Close())
		if !strings.Contains(string(text), "use-dpop-nonce") {
			return answer.StatusCode
		}
		_, err = p.Send(context.Background(), signed) // learns the nonce
		require.NoError(c.t, err)
	}
}

// holds is RFC 8705 as a client sees it.
func (c *certified) holds() {
	t := c.t
	t.Helper()
	right := c.over(c.right)
	p := c.phone(right)
	told, err := p.Send(context.Background(), phone.Request{Method: http.MethodGet, Path: "/.well-known/openid-configuration"})
	require.NoError(t, err)
	require.Contains(t, string(told.Body), `"tls_client_auth"`)
	require.Contains(t, string(told.Body), `"tls_client_certificate_bound_access_tokens":true`)
	stranger := c.phone(c.over())
	require.Equal(t, 401, c.token(stranger).Status, "no certificate")
	require.Equal(t, 401, c.token(stranger, "Client-Cert", "X-SSL-Client-S-DN", "X-Forwarded-Client-Cert").Status, "nor is a header one")
	_, err = c.over(c.bare()).Get(c.issuer + "/oauth2/jwks")
	require.Error(t, err, "the subject's name, signed by nobody who counts")
	answer := c.token(p)
	require.Equal(t, 200, answer.Status, "%s", answer.Body)
	var issued struct {
		Access string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal(answer.Body, &issued))
	var claims struct {
		CNF map[string]string `json:"cnf"`
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(issued.Access, ".")[1])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &claims))
	require.Equal(t, c.thumbprint, claims.CNF["x5t#S256"])
	require.Equal(t, p.Thumbprint(), claims.CNF["jkt"])
	p.SetTokens(phone.Tokens{Access: issued.Access})
	require.Equal(t, 200, c.status(p, right))
	require.Equal(t, 401, c.status(p, c.over(c.other)), "another certificate, of the same subject")
	require.Equal(t, 401, c.status(p, c.over()), "none")
}

// bare is a certificate of the right name that the bank's authorities know nothing of.
func (c *certified) bare() tls.Certificate {
	layCertificate(c.t, filepath.Join(c.dir, "bare.pem"), filepath.Join(c.dir, "bare.key"), 4)
	pair, err := tls.LoadX509KeyPair(filepath.Join(c.dir, "bare.pem"), filepath.Join(c.dir, "bare.key"))
	require.NoError(c.t, err)
	return pair
}

// TestAClientIsItsCertificate registers a client by its certificate with the real
// binary, which serves in one process and then as a gateway and a core.
func TestAClientIsItsCertificate(t *testing.T) {
	t.Parallel()
	c := newCertified(t)
	require.NoError(t, c.starts(true).stop()) // begins the bank
	code, _, says := florin(t, nil, "client", "register", "rail", "--dir", filepath.Join(c.dir, "bank"), "--name", "Rail Ltd", "--scopes", "audit.read",
		"--grant-types", "client_credentials", "--tls-client-auth-subject-dn", "CN=florin", "--certificate-bound-tokens")
	require.Equal(t, exitDone, code, says)
	whole := c.starts(true)
	c.holds()
	require.NoError(t, whole.stop())

	code, out, errs := florin(t, nil, "keys", "internal", "--to", filepath.Join(c.dir, "internal"))
	require.Equal(t, exitDone, code, "%s%s", out, errs)
	internal, err := freeAddress()
	require.NoError(t, err)
	part := func(only string) []string {
		files := split.FilesIn(filepath.Join(c.dir, "internal"), only)
		return []string{"--only", only, "--internal", internal, "--internal-cert", files.Cert, "--internal-key", files.Key, "--internal-ca", files.CA}
	}
	core := c.starts(false, part("core")...)
	gateway := c.starts(true, part("gateway")...)
	c.holds()
	require.NoError(t, gateway.stop())
	require.NoError(t, core.stop())
}
