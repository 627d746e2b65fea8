package gateway

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/gateway/phone"
	"florin/gateway/split"
	"florin/gateway/token"
)

// caller is whoever reaches the core's listener with a certificate: of a gateway,
// or of somebody who should not.
type caller struct {
	t      *testing.T
	h      *house
	creds  *split.Credentials
	client *http.Client
	why    string // what the core said of its last answer
}

func (h *house) caller(t *testing.T, dir, role string, change func(*tls.Config)) *caller {
	t.Helper()
	creds, err := split.LoadCredentials(split.FilesIn(dir, role), h.now())
	require.NoError(t, err)
	config := creds.Client(h.now)
	if change != nil {
		change(config)
	}
	transport := &http.Transport{TLSClientConfig: config}
	t.Cleanup(transport.CloseIdleConnections)
	return &caller{t: t, h: h, creds: creds, client: &http.Client{Transport: transport}}
}

// send sends with the given internal tokens and headers, past every gateway.
func (c *caller) send(method, target, body string, headers map[string]string, tokens ...string) (status int, code string, err error) {
	request, err := http.NewRequest(method, "https://"+c.h.behind.address+target, strings.NewReader(body))
	require.NoError(c.t, err)
	for name, value := range headers {
		request.Header[name] = []string{value}
	}
	for _, token := range tokens {
		request.Header.Add(split.HeaderToken, token)
	}
	answer, err := c.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	c.why = answer.Header.Get(split.HeaderWhy)
	var doc struct{ Code string }
	text, err := io.ReadAll(answer.Body)
	_ = json.Unmarshal(text, &doc)
	return answer.StatusCode, doc.Code, err
}

// alert is what the core says to the certificate, before anything is sent.
func (c *caller) alert() error {
	conn, err := tls.Dial("tcp", c.h.behind.address, c.client.Transport.(*http.Transport).TLSClientConfig)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Read(make([]byte, 1))
	return err
}

// said is a good internal token's content for GET /v1/accounts by somebody.
func (h *house) said(who *token.Claims) token.Internal {
	said := token.Internal{Audience: "accounts", ID: h.bank.Sources().NewID().String(), Method: "GET", Target: "/v1/accounts", ContentDigest: token.ContentDigest(nil)}
	if who != nil {
		said.Identity, said.TokenHash = who, base64.RawURLEncoding.EncodeToString(make([]byte, 32))
		said.Proof = &token.Shown{JKT: who.Confirmation.JKT, ID: said.ID, Nonce: h.behind.core.door.proofs.Nonce()}
	}
	return said
}

func (h *house) claims(p *phone.Phone) *token.Claims {
	h.t.Helper()
	var claims token.Claims
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(p.Tokens().Access, ".")[1])
	require.NoError(h.t, err)
	require.NoError(h.t, json.Unmarshal(text, &claims))
	return &claims
}

// Row 11 of the bad inputs.
func TestRow11NoServiceAnswersWithoutAGateway(t *testing.T) {
	t.Parallel()
	h := newHouseAs(t, true, true)
	claims := h.claims(h.customer("anna"))
	headers := identityOf(claims)
	foreign := t.TempDir()
	require.NoError(t, split.MakeAuthority(foreign, h.now(), time.Hour))
	ours, err := split.LoadCredentials(split.FilesIn(h.behind.creds, "core"), h.now())
	require.NoError(t, err)
	trusting := func(c *tls.Config) { c.RootCAs = ours.Client(h.now).RootCAs }
	for name, stranger := range map[string]*caller{
		"no certificate":              h.caller(t, h.behind.creds, "gateway", func(c *tls.Config) { c.Certificates = nil }),
		"another bank's gateway":      h.caller(t, foreign, "gateway", trusting),
		"the core's own certificate":  h.caller(t, h.behind.creds, "core", nil),
		"the authority's certificate": h.caller(t, h.behind.creds, "ca", nil),
		"an older TLS":                h.caller(t, h.behind.creds, "gateway", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }),
	} {
		signed, err := h.said(claims).Sign(stranger.creds.Signer(), h.now())
		require.NoError(t, err)
		_, _, err = stranger.send("GET", "/v1/accounts", "", headers, signed)
		require.Error(t, err, name)
		require.ErrorContains(t, stranger.alert(), "tls", name)
	}
	in := h.caller(t, h.behind.creds, "gateway", nil)
	status, code, err := in.send("GET", "/v1/accounts", "", headers)
	require.NoError(t, err)
	require.Equal(t, 401, status)
	require.Equal(t, "internal-token", code, "identity headers are nobody's word")
	good, err := h.said(claims).Sign(in.creds.Signer(), h.now())
	require.NoError(t, err)
	status, _, err = in.send("GET", "/v1/accounts", "", headers, good)
	require.NoError(t, err)
	require.Equal(t, 200, status)
}

// A token is for one request, of one gateway, for some seconds, once.
func TestInternalTokensAreForOneRequest(t *testing.T) {
	t.Parallel()
	h := newHouseAs(t, true, true)
	berts := h.customer("bert").Tokens().Access // good at the front door
	claims := h.claims(h.customer("anna"))
	headers := identityOf(claims)
	gateway := h.caller(t, h.behind.creds, "gateway", nil)
	_, stolen, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	sign := func(key crypto.Signer, at time.Time, change func(*token.Internal)) string {
		said := h.said(claims)
		if change != nil {
			change(&said)
		}
		raw, err := said.Sign(key, at)
		require.NoError(t, err)
		return raw
	}
	own, now := gateway.creds.Signer(), h.now()
	fresh := func() string { return sign(own, now, nil) }
	spent := fresh()
	status, _, err := gateway.send("GET", "/v1/accounts", "", headers, spent)
	require.NoError(t, err)
	require.Equal(t, 200, status)
	evil := map[string]string{}
	for name, value := range headers {
		evil[name] = value
	}
	evil[HeaderUser] = id.Named[id.Customer]("evil").String()
	parts := strings.Split(fresh(), ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"florin-internal+jwt"}`)) + "." + parts[1] + "."
	for name, try := range map[string]struct {
		method, target, body string
		headers              map[string]string
		tokens               []string
	}{
		"replayed":               {"GET", "/v1/accounts", "", headers, []string{spent}},
		"for another path":       {"GET", "/v1/sessions", "", headers, []string{sign(own, now, func(i *token.Internal) { i.Audience = "sessions" })}},
		"for another service":    {"GET", "/v1/accounts", "", headers, []string{sign(own, now, func(i *token.Internal) { i.Audience = "transfers" })}},
		"for another method":     {"POST", "/v1/accounts", "", headers, []string{fresh()}},
		"for another query":      {"GET", "/v1/accounts?limit=1", "", headers, []string{fresh()}},
		"for another body":       {"GET", "/v1/accounts", "{}", headers, []string{fresh()}},
		"of long ago":            {"GET", "/v1/accounts", "", headers, []string{sign(own, now.Add(-20*time.Second), nil)}},
		"of times to come":       {"GET", "/v1/accounts", "", headers, []string{sign(own, now.Add(20*time.Second), nil)}},
		"by another key":         {"GET", "/v1/accounts", "", headers, []string{sign(stolen, now, nil)}},
		"by none":                {"GET", "/v1/accounts", "", headers, []string{none}},
		"of another type":        {"GET", "/v1/accounts", "", headers, []string{berts}},
		"changed":                {"GET", "/v1/accounts", "", headers, []string{parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64))}},
		"two at once":            {"GET", "/v1/accounts", "", headers, []string{fresh(), fresh()}},
		"for another person":     {"GET", "/v1/accounts", "", evil, []string{fresh()}},
		"for nobody, as anna":    {"GET", "/v1/accounts", "", headers, []string{sign(own, now, func(i *token.Internal) { i.Identity = nil })}},
		"without the headers":    {"GET", "/v1/accounts", "", nil, []string{fresh()}},
		"the feed, as a request": {"GET", split.FeedPath, "", nil, []string{fresh()}},
	} {
		status, code, err := gateway.send(try.method, try.target, try.body, try.headers, try.tokens...)
		require.NoError(t, err, name)
		require.Equal(t, 401, status, name)
		require.Equal(t, "internal-token", code, name)
	}
}

// A gateway that was broken into makes up who asks. It cannot make up what a
// customer's device has signed: the key that counts is the stored one.
func TestNoGatewaySignsForACustomer(t *testing.T) {
	t.Parallel()
	h := newHouseAs(t, true, true)
	anna, evil := h.customer("anna"), h.customer("evil")
	from, to := h.account(anna, "100.00"), h.account(evil, "")
	gateway := h.caller(t, h.behind.creds, "gateway", nil)
	body := `{"from":"` + from + `","to":"` + to + `","amount":"50.00","currency":"EUR"}`
	annas, evils := h.claims(anna), h.claims(evil)
	as := func(change func(*token.Claims)) *token.Claims {
		claims := *annas
		change(&claims)
		return &claims
	}
	proof := func(p *phone.Phone) string {
		require.Equal(t, 200, h.get(p, "/v1/accounts").Status) // it has the present nonce
		request, err := p.Prepare("POST", "/v1/transfers", []byte(body), "k1")
		require.NoError(t, err)
		return request.Header.Get("DPoP")
	}
	for name, try := range map[string]struct {
		who  *token.Claims
		dpop string
	}{
		"anna, by another's key":               {annas, proof(evil)},
		"anna, bound to another's key":         {as(func(c *token.Claims) { c.Confirmation = evils.Confirmation }), proof(evil)},
		"anna, on another's device":            {as(func(c *token.Claims) { c.DeviceID, c.Confirmation = evils.DeviceID, evils.Confirmation }), proof(evil)},
		"anna, in another's session":           {as(func(c *token.Claims) { c.SessionID = evils.SessionID }), proof(evil)},
		"anna, in no session":                  {as(func(c *token.Claims) { c.SessionID = id.Named[id.Session]("none").String() }), proof(evil)},
		"anna, with another's device, session": {as(func(c *token.Claims) { c.DeviceID, c.SessionID = evils.DeviceID, evils.SessionID }), proof(evil)},
		"anna, unsigned":                       {annas, ""},
	} {
		said := h.said(try.who)
		said.Audience, said.Method, said.Target, said.ContentDigest, said.Key = "transfers", "POST", "/v1/transfers", token.ContentDigest([]byte(body)), "k1"
		said.TokenHash = hashOf(evil.Tokens().Access)
		signed, err := said.Sign(gateway.creds.Signer(), h.now())
		require.NoError(t, err)
		headers := identityOf(try.who)
		headers["Idempotency-Key"], headers["Content-Type"] = "k1", "application/json"
		if try.dpop != "" {
			headers["Dpop"] = try.dpop
		}
		status, code, err := gateway.send("POST", "/v1/transfers", body, headers, signed)
		require.NoError(t, err, name)
		require.Equal(t, 401, status, name)
		require.Contains(t, []string{"invalid-dpop-proof", "invalid-token"}, code, name)
	}
	require.Equal(t, "100.00", h.balance(anna, from))
}

func hashOf(access string) string {
	digest := token.ContentDigest([]byte(access)) // sha-256=:base64:
	raw, _ := base64.StdEncoding.DecodeString(strings.Trim(strings.TrimPrefix(digest, "sha-256="), ":"))
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Row 21: a proof is good once, at whichever gateway, and one nonce at all of them.
func TestRow21NoSecondGatewayTakesAProofTwice(t *testing.T) {
	t.Parallel()
	h := newHouseAs(t, true, true)
	_, address := h.another(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "100.00"), h.account(bert, "")
	there := h.at(t, anna, address)
	ctx := context.Background()
	order := []byte(`{"from":"` + from + `","to":"` + to + `","amount":"10.00","currency":"EUR"}`)
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
	for name, try := range map[string]struct {
		method, path string
		body         []byte
		key          string
		status       int
	}{
		"a question":     {"GET", "/v1/accounts", nil, "", 200},
		"a signed order": {"POST", "/v1/transfers", order, "k1", 201},
	} {
		request, err := anna.Prepare(try.method, try.path, try.body, try.key)
		require.NoError(t, err)
		first, err := there.Send(ctx, request)
		require.NoError(t, err)
		require.Equal(t, try.status, first.Status, "%s: one gateway's nonce is the other's: %s", name, first.Body)
		for _, again := range []*phone.Phone{anna, there} {
			replayed, err := again.Send(ctx, request)
			require.NoError(t, err)
			require.Equal(t, 401, replayed.Status, name)
			require.Equal(t, "invalid-dpop-proof", code(replayed), name)
		}
	}
	require.Equal(t, "90.00", h.balance(anna, from))

	carl := h.phone() // whose proof no gateway looks at: the identity provider does
	_, err := carl.Send(ctx, phone.Request{Method: "POST", Path: "/v1/devices/challenge"})
	require.NoError(t, err)
	request, err := carl.Prepare("POST", "/v1/devices", []byte(`{"registration":"x.y.z"}`), "")
	require.NoError(t, err)
	for i, by := range []*phone.Phone{h.at(t, carl, address), carl, h.at(t, carl, address)} {
		answer, err := by.Send(ctx, request)
		require.NoError(t, err)
		require.Equal(t, i > 0, code(answer) == "invalid-dpop-proof", "%d: %s", i, answer.Body)
	}
}

// at is the same phone, calling by another gateway.
func (h *house) at(t *testing.T, p *phone.Phone, address string) *phone.Phone {
	t.Helper()
	saved, err := p.Save()
	require.NoError(t, err)
	client := via(address)
	t.Cleanup(client.CloseIdleConnections)
	again, err := phone.Load(phone.Settings{Base: h.issuer, Now: h.now, Random: rand.Reader, Client: client,
		Wait: func(d time.Duration) error { h.pass(d); return nil }}, saved)
	require.NoError(t, err)
	return again
}
