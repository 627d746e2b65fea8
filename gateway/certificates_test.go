package gateway

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
	"florin/gateway/phone"
	"florin/gateway/token"
	"florin/schemas/seal"
)

// guarded is a bank that is also served over TLS, to whoever shows a certificate of
// the clients' authority or none.
type guarded struct {
	*house
	ca, clients *authority
	address     string
}

func newGuarded(t *testing.T, h *house) *guarded {
	g := &guarded{house: h, ca: newAuthority(t, "bank"), clients: newAuthority(t, "clients")}
	dir := t.TempDir()
	files := TLSFiles{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), ClientCA: filepath.Join(dir, "clients.pem"), Optional: true}
	write(t, files.ClientCA, "CERTIFICATE", g.clients.cert.Raw)
	lay(t, files, g.ca.issue(10, time.Now().Add(time.Hour)))
	loaded, err := LoadTLS(files, []string{"127.0.0.1"}, time.Now())
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g.address = listener.Addr().String()
	server := Server(g.truth.watch(g.door), slog.New(slog.DiscardHandler))
	go func() { _ = server.Serve(Framed(tls.NewListener(listener, loaded.Config()))) }()
	t.Cleanup(func() { _ = server.Close() })
	return g
}

// named issues a certificate to a client.
func (a *authority) named(common string, dns ...string) tls.Certificate {
	own := key(a.t)
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: common, Organization: []string{"Clients"}}, DNSNames: dns,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &own.PublicKey, a.key)
	require.NoError(a.t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: own}
}

// over is a client whose connections show certificates.
func (g *guarded) over(certificates ...tls.Certificate) *http.Client {
	config := &tls.Config{RootCAs: g.ca.pool(), Certificates: certificates, ServerName: "127.0.0.1"}
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return tls.Dial("tcp", g.address, config) }}
	g.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Timeout: 20 * time.Second, Transport: transport}
}

// client registers a machine of this name; the phone's connections show certificates.
func (g *guarded) client(ask commands.RegisterClient, private *ecdsa.PrivateKey, certificates ...tls.Certificate) *machine {
	g.t.Helper()
	ask.Name, ask.GrantTypes, ask.Scopes = "Rail Ltd", []string{"client_credentials"}, []string{"audit.read"}
	order := commands.SystemOrder("test", uuid.New(), ask.ClientID, g.now(), seal.Subject{})
	order.Intent = nil
	_, err := g.bank.Clients().Register(context.Background(), order, ask)
	require.NoError(g.t, err)
	g.pass(2 * time.Second)
	return &machine{h: g.house, p: g.speaker(certificates...), key: private, name: ask.ClientID}
}

func (g *guarded) speaker(certificates ...tls.Certificate) *phone.Phone {
	g.t.Helper()
	p, err := phone.New(phone.Settings{Base: g.issuer, Now: g.now, Random: rand.Reader, Client: g.over(certificates...)})
	require.NoError(g.t, err)
	return p
}

// byCertificate asks for a token with the connection's certificate alone.
func (m *machine) byCertificate() phone.Answer {
	return m.h.form(m.p, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {m.name}})
}

// RFC 8705 section 2.1: the client is who its certificate names, of an authority
// that the bank has chosen.
func TestAClientAuthenticatesByItsCertificate(t *testing.T) {
	t.Parallel()
	inBothWirings(t, func(t *testing.T, h *house) { authenticatesByItsCertificate(t, newGuarded(t, h)) })
}

func authenticatesByItsCertificate(t *testing.T, g *guarded) {
	others := newAuthority(t, "others")
	right := g.clients.named("rail", "rail.example")
	rail := g.client(commands.RegisterClient{ClientID: "rail", TLSSANDNS: "rail.example"}, nil, right)
	mail := g.client(commands.RegisterClient{ClientID: "mail", TLSSubjectDN: "CN=mail,O=Clients"}, nil, g.clients.named("mail"))
	require.Equal(t, 200, rail.byCertificate().Status)
	require.Equal(t, 200, mail.byCertificate().Status)
	for name, certificates := range map[string][]tls.Certificate{
		"no certificate":             nil,
		"another client's":           {g.clients.named("mail", "mail.example")},
		"a longer name":              {g.clients.named("x", "rail.example.evil.example")},
		"a wildcard":                 {g.clients.named("x", "*.example")},
		"the name as a subject":      {g.clients.named("rail.example")},
		"an own one, of the subject": {g.clients.named("CN=rail.example")},
	} {
		answer := (&machine{h: g.house, p: g.speaker(certificates...), name: "rail"}).byCertificate()
		require.Equal(t, 401, answer.Status, "%s: %s", name, answer.Body)
		require.Equal(t, "invalid_client", code(answer), name)
	}
	stranger := others.named("rail", "rail.example")
	require.Equal(t, "invalid_client", code((&machine{h: g.house, p: g.speaker(stranger), name: "rail"}).byCertificate()), "of another authority: a client that sends what it was asked for sends none")
	conn, err := tls.Dial("tcp", g.address, &tls.Config{RootCAs: g.ca.pool(), ServerName: "127.0.0.1",
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &stranger, nil }})
	if err == nil {
		err = ask(conn)
		_ = conn.Close() // which may be gone
	}
	require.Error(t, err, "one that sends it nevertheless ends the handshake")
	plain := &machine{h: g.house, p: g.phone(), name: "rail"}
	require.Equal(t, "invalid_client", code(plain.byCertificate()), "in clear there is no certificate")
	require.Equal(t, "invalid_client", code(g.form(rail.p, "/oauth2/token", phone.MachineForm(func() string { rail.key = key(t); return rail.assertion(nil) }()))),
		"nor does it authenticate by a key")
	inspected := g.form(rail.p, "/oauth2/introspect", url.Values{"token": {"x"}, "client_id": {"rail"}})
	require.Equal(t, 200, inspected.Status, "%s", inspected.Body)
	require.Equal(t, "invalid_client", code(g.form(g.speaker(), "/oauth2/introspect", url.Values{"token": {"x"}, "client_id": {"rail"}})))
}

// RFC 8705 section 3: a token that is bound to a certificate is good with no other,
// and still needs its key's proof.
func TestATokenIsBoundToItsCertificate(t *testing.T) {
	t.Parallel()
	inBothWirings(t, func(t *testing.T, h *house) { boundToItsCertificate(t, newGuarded(t, h)) })
}

func boundToItsCertificate(t *testing.T, g *guarded) {
	private := key(t)
	jwk, err := domain.ECKey(&private.PublicKey)
	require.NoError(t, err)
	jwk.KeyID = "k"
	right, next := g.clients.named("audit"), g.clients.named("audit")
	bound := g.client(commands.RegisterClient{ClientID: "audit", Keys: []domain.PublicKey{jwk}, TLSBound: true}, private, right)
	none := &machine{h: g.house, p: g.speaker(), key: private, name: "audit"}
	require.Equal(t, "invalid_request", code(none.token(nil)), "without a certificate there is nothing to bind to")
	issued := tokensOf(t, bound.token(nil))
	leaf, err := x509.ParseCertificate(right.Certificate[0])
	require.NoError(t, err)
	cnf := claimsOf(t, issued.Access)["cnf"].(map[string]any)
	require.Equal(t, token.CertificateThumbprint(leaf), cnf["x5t#S256"])
	require.Equal(t, bound.p.Thumbprint(), cnf["jkt"])
	bound.p.SetTokens(issued)
	events := func(client *http.Client, spoil func(*http.Request)) phone.Answer {
		return g.through(bound.p, client, "/v1/audit/events", spoil)
	}
	same := g.over(right)
	require.Equal(t, 200, events(same, nil).Status)
	for name, client := range map[string]*http.Client{"no certificate": g.over(), "another certificate of its own": g.over(next), "another client's": g.over(g.clients.named("mail"))} {
		answer := events(client, nil)
		require.Equal(t, 401, answer.Status, name)
		require.Equal(t, "invalid-token", code(answer), name)
	}
	require.Equal(t, 401, events(same, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+issued.Access) }).Status, "never a bearer's")
	require.Equal(t, 401, events(same, func(r *http.Request) { r.Header.Del("DPoP") }).Status, "nor without the key")
	inspected := g.form(bound.p, "/oauth2/introspect", bound.proven(url.Values{"token": {issued.Access}}))
	require.Equal(t, cnf["x5t#S256"], field[map[string]any](t, inspected, "cnf")["x5t#S256"])
	require.Contains(t, string(g.get(g.phone(), "/.well-known/openid-configuration").Body), `"private_key_jwt"`)
}

// through sends a read of a phone's over another connection than its own.
func (g *guarded) through(p *phone.Phone, client *http.Client, path string, spoil func(*http.Request)) phone.Answer {
	g.t.Helper()
	for {
		prepared, err := p.Prepare(http.MethodGet, path, nil, "")
		require.NoError(g.t, err)
		request, err := http.NewRequest(http.MethodGet, g.issuer+path, nil)
		require.NoError(g.t, err)
		request.Header = prepared.Header
		if spoil != nil {
			spoil(request)
		}
		answer, err := client.Do(request)
		require.NoError(g.t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(g.t, err)
		require.NoError(g.t, answer.Body.Close())
		result := phone.Answer{Status: answer.StatusCode, Header: answer.Header, Body: body}
		if code(result) != "use-dpop-nonce" {
			return result
		}
		g.get(p, path) // the phone learns the nonce by its own connection
	}
}
