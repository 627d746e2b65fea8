package gateway

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
	"florin/gateway/phone"
	"florin/gateway/split"
	"florin/gateway/token"
)

// spelledAsHeaders are the ways in which servers that end TLS hand a certificate on: a header
// of RFC 9440, of Envoy, of nginx and Apache, and what ours might be called.
func spelledAsHeaders(leaf []byte) http.Header {
	der := base64.StdEncoding.EncodeToString(leaf)
	text := url.QueryEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf})))
	digest := sha256.Sum256(leaf)
	return http.Header{
		"Client-Cert": {":" + der + ":"}, "Client-Cert-Chain": {":" + der + ":"},
		"X-Forwarded-Client-Cert": {fmt.Sprintf(`Hash=%x;Cert="%s";Subject="CN=rail,O=Clients";DNS=rail.example`, digest, text)},
		"X-Ssl-Client-Cert":       {text}, "Ssl-Client-Cert": {text}, "X-Ssl-Client-S-Dn": {"CN=rail,O=Clients"}, "X-Ssl-Client-Verify": {"SUCCESS"}, "X-Client-Cert": {der},
		"X-Florin-Certificate": {der}, "Certificate": {der}, "X-Florin-Internal": {`{"certificate":"` + der + `"}`},
	}
}

// A certificate is what a connection has shown. What a header says of one is nothing:
// not at the front door, and not at a core, to whom only the signed token speaks.
func TestAHeaderIsNoCertificate(t *testing.T) {
	t.Parallel()
	inBothWirings(t, func(t *testing.T, h *house) {
		g := newGuarded(t, h)
		shown := g.clients.named("rail", "rail.example")
		rail := g.client(commands.RegisterClient{ClientID: "rail", TLSSANDNS: "rail.example"}, nil, shown)
		require.Equal(t, 200, rail.byCertificate().Status, "so it does come from there")
		for name, p := range map[string]*phone.Phone{"in clear": g.phone(), "over TLS, without one": g.speaker(), "over TLS, with another's": g.speaker(g.clients.named("mail", "mail.example"))} {
			for header, values := range spelledAsHeaders(shown.Certificate[0]) {
				answer := g.form(p, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"rail"}}, header+": "+values[0])
				require.Equal(t, 401, answer.Status, "%s, %s: %s", name, header, answer.Body)
				require.Equal(t, "invalid_client", code(answer), "%s, %s", name, header)
			}
		}
	})
}

// Behind a gateway there are two certificates. Only the client's, of which the signed
// token tells, is one; the gateway's own, and what lies beside the token, are not.
func TestACoreTakesACertificateFromTheTokenAlone(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, newHouseAs(t, true, true))
	shown := g.clients.named("rail", "rail.example")
	g.client(commands.RegisterClient{ClientID: "rail", TLSSANDNS: "rail.example"}, nil, shown)
	g.client(commands.RegisterClient{ClientID: "front", TLSSANDNS: split.GatewayName}, nil)
	gateway := g.caller(t, g.behind.creds, "gateway", nil)
	ask := func(client string, change func(*token.Internal, http.Header)) (status int, why string) {
		p := g.phone()
		require.Equal(t, 401, (&machine{h: g.house, p: p, name: client}).byCertificate().Status) // learns the nonce
		request, err := p.PrepareForm("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {client}})
		require.NoError(t, err)
		said := token.Internal{Audience: "identity", ID: g.bank.Sources().NewID().String(), Method: request.Method, Target: request.Path, ContentDigest: token.ContentDigest(request.Body)}
		change(&said, request.Header)
		signed, err := said.Sign(gateway.creds.Signer(), g.now())
		require.NoError(t, err)
		headers := map[string]string{}
		for name := range request.Header {
			headers[name] = request.Header.Get(name)
		}
		status, _, err = gateway.send(request.Method, request.Path, string(request.Body), headers, signed)
		require.NoError(t, err)
		return status, gateway.why
	}
	status, _ := ask("rail", func(said *token.Internal, _ http.Header) { said.Certificate = shown.Certificate[0] })
	require.Equal(t, 200, status)
	status, _ = ask("rail", func(*token.Internal, http.Header) {})
	require.Equal(t, 401, status)
	status, _ = ask("front", func(*token.Internal, http.Header) {})
	require.Equal(t, 401, status, "the gateway's certificate is nobody else's")
	for header, values := range spelledAsHeaders(shown.Certificate[0]) {
		if header == split.HeaderToken {
			continue // two tokens are none: TestInternalTokensAreForOneRequest
		}
		status, _ = ask("rail", func(_ *token.Internal, h http.Header) { h.Set(header, values[0]) })
		require.Equal(t, 401, status, header)
	}
	for name, der := range map[string][]byte{
		"no certificate":     []byte("x"),
		"more behind it":     append(append([]byte(nil), shown.Certificate[0]...), 0),
		"cut off":            shown.Certificate[0][:100],
		"longer than may be": g.clients.long().Certificate[0],
	} {
		status, why := ask("rail", func(said *token.Internal, _ http.Header) { said.Certificate = der })
		require.Equal(t, 401, status, name)
		require.Equal(t, "malformed", why, name)
	}
}

// long has more names than a gateway would send on.
func (a *authority) long() tls.Certificate {
	own := key(a.t)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "rail"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, DNSNames: []string{"rail.example"}}
	for i := range 200 {
		template.DNSNames = append(template.DNSNames, fmt.Sprintf("%s%d.example", strings.Repeat("x", 40), i))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &own.PublicKey, a.key)
	require.NoError(a.t, err)
	require.Greater(a.t, len(der), token.CertificateBytesMax)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: own}
}

// A certificate that is too long to be sent on is refused in the handshake, in every
// wiring; one that is almost as long gets through to the core.
func TestACertificateOfBoundedLength(t *testing.T) {
	t.Parallel()
	inBothWirings(t, func(t *testing.T, h *house) {
		g := newGuarded(t, h)
		names := []string{"rail.example"}
		for i := range 140 {
			names = append(names, fmt.Sprintf("%s%d.example", strings.Repeat("x", 40), i))
		}
		almost := g.clients.named("rail", names...)
		require.Greater(t, len(almost.Certificate[0]), token.CertificateBytesMax*3/4)
		rail := g.client(commands.RegisterClient{ClientID: "rail", TLSSANDNS: "rail.example"}, nil, almost)
		require.Equal(t, 200, rail.byCertificate().Status)
		conn, err := tls.Dial("tcp", g.address, &tls.Config{RootCAs: g.ca.pool(), ServerName: "127.0.0.1", Certificates: []tls.Certificate{g.clients.long()}})
		if err == nil {
			err = ask(conn)
			_ = conn.Close() // which may be gone
		}
		require.Error(t, err)
	})
}

// A gateway lets a bound token through with its certificate; the core, which knows
// the token's claims by the gateway alone, holds it to the certificate once more.
func TestACoreHoldsATokenToItsCertificate(t *testing.T) {
	t.Parallel()
	g := newGuarded(t, newHouseAs(t, true, true))
	private := key(t)
	jwk, err := domain.ECKey(&private.PublicKey)
	require.NoError(t, err)
	jwk.KeyID = "k"
	right := g.clients.named("audit")
	bound := g.client(commands.RegisterClient{ClientID: "audit", Keys: []domain.PublicKey{jwk}, TLSBound: true}, private, right)
	bound.p.SetTokens(tokensOf(t, bound.token(nil)))
	claims := g.claims(bound.p)
	require.NotEmpty(t, claims.Confirmation.X5T)
	gateway := g.caller(t, g.behind.creds, "gateway", nil)
	for name, try := range map[string]struct {
		der    []byte
		status int
	}{"its own": {right.Certificate[0], 200}, "none": {nil, 401}, "another": {g.clients.named("audit").Certificate[0], 401}} {
		said := g.said(claims)
		said.Audience, said.Target, said.Certificate = "audit", "/v1/audit/events", try.der
		signed, err := said.Sign(gateway.creds.Signer(), g.now())
		require.NoError(t, err)
		status, code, err := gateway.send(http.MethodGet, "/v1/audit/events", "", identityOf(claims), signed)
		require.NoError(t, err)
		require.Equal(t, try.status, status, name)
		if try.status == 401 {
			require.Equal(t, "invalid-token", code, name)
		}
	}
}
