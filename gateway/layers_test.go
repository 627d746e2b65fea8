package gateway

import (
	"encoding/json"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/token"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Row 8.
func TestRow8Sizes(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	require.Equal(t, 200, p.send("GET", "/open", "").status)
	big := p.send("GET", "/open", "", "X-Big: "+strings.Repeat("x", HeaderBytesMax))
	require.Equal(t, 431, big.status)
	require.Equal(t, "headers-too-large", big.code(t))
	require.Equal(t, 431, p.send("GET", "/open", "", "X-Big: "+strings.Repeat("x", 1<<20)).status, "net/http's own bound")
	body := p.send("POST", "/open", `{"text":"`+strings.Repeat("x", BodyBytesMax)+`"}`, "Content-Type: application/json")
	require.Equal(t, 413, body.status)
	require.Equal(t, "body-too-large", body.code(t))
	chunked := p.raw("POST /open HTTP/1.1\r\nHost: " + p.address + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
		strings.Repeat("1000\r\n"+strings.Repeat("x", 0x1000)+"\r\n", 20) + "0\r\n\r\n")
	require.Equal(t, 413, chunked.status, "also when its length is not said")
	query := p.send("GET", "/open?x="+strings.Repeat("x", QueryBytesMax), "")
	require.Equal(t, 414, query.status)
	require.Equal(t, "query-too-long", query.code(t))
	require.EqualValues(t, 1, p.seen.Load(), "none of them reached a service")
}

// Rows 9 and 10.
func TestRow9And10IdentityComesFromTheTokenAlone(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	answer := p.own("GET", "/own", "", "X-User-ID: cus_evil", "x-user-id: cus_evil", "X_User_ID: cus_evil", "x_user-id: cus_evil",
		"X-Scopes: audit.read", "X-Auth-Strength: 9", "X-Risk-Score: 0", "X_DEVICE_ID: d", "X-Session-Id: s", "X-Florin-Anything: 1", "X_Florin_Admin: 1").told(t)
	require.Equal(t, anna.String(), answer.Customer)
	require.Equal(t, anna.String(), answer.Headers["X-User-Id"])
	require.Equal(t, "openid accounts.read", answer.Headers["X-Scopes"])
	for name := range answer.Headers {
		require.NotContains(t, name, "_")
		require.NotContains(t, strings.ToLower(name), "florin")
	}
	require.NotContains(t, answer.Headers, "Authorization", "no service ever sees a token")
	require.NotContains(t, answer.Headers, "Dpop")
	require.Contains(t, p.metrics(), "florin_identity_headers_stripped_total 1", "ten and more")
	require.NotContains(t, p.metrics(), "florin_identity_headers_stripped_total 1\n")

	answer = p.own("GET", "/own", "", "Connection: X-User-ID, Authorization, DPoP").told(t)
	require.Equal(t, anna.String(), answer.Headers["X-User-Id"], "a hop-by-hop list does not delete it")
	require.NotContains(t, answer.Headers, "Connection")

	stranger := p.send("GET", "/open", "", "X-User-ID: "+anna.String()).told(t)
	require.Equal(t, "anonymous", stranger.Actor)
	require.NotContains(t, stranger.Headers, "X-User-Id")
}

// Row 13.
func TestRow13OnePathOneSpelling(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	for _, path := range []string{
		"//open", "/open/", "/x/../open", "/./open", "/..", "/open/..", "/%6fpen", "/open%2fx", "/open%2Fx", "/open%00", "/open;x=1", "/open;", "/op en",
		"/open%", "/open%zz", "/open\\x", "/open%5cx", "/öpen", "/open/%2e%2e/admin", "/open:x", "/open*", "/OPEN//", "/open/\x01",
	} {
		answer := p.send("GET", path, "")
		require.Equal(t, 400, answer.status, "%q", path)
		require.Empty(t, answer.header.Get("Location"), "no redirect")
	}
	require.Equal(t, "bad-path", p.send("GET", "/x/../open", "").code(t))
	require.Equal(t, "bad-path", p.send("GET", "//open", "").code(t))
	missing := p.send("GET", "/nothing", "")
	require.Equal(t, 404, missing.status)
	require.Equal(t, "not-found", missing.code(t))
	wrong := p.send("DELETE", "/open", "")
	require.Equal(t, 405, wrong.status)
	require.Equal(t, "method-not-allowed", wrong.code(t))
	require.Equal(t, "GET, POST", wrong.header.Get("Allow"))
	require.Zero(t, p.seen.Load())
}

// Row 14.
func TestRow14OnlyThisHost(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	for name, text := range map[string]string{
		"another host":      "GET /open HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"another port":      "GET /open HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n",
		"absolute URI":      "GET http://" + p.address + "/open HTTP/1.1\r\nHost: " + p.address + "\r\n\r\n",
		"absolute, foreign": "GET http://evil.example/open HTTP/1.1\r\nHost: " + p.address + "\r\n\r\n",
		"no host, HTTP/1.0": "GET /open HTTP/1.0\r\n\r\n",
		"CONNECT":           "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
	} {
		answer := p.raw(text)
		require.Equal(t, 421, answer.status, name)
		require.Equal(t, "misdirected-request", answer.code(t), name)
	}
	require.Equal(t, 400, p.raw("GET /open HTTP/1.1\r\nHost: "+p.address+"\r\nHost: evil.example\r\n\r\n").status)
	require.Equal(t, 400, p.raw("GET /open HTTP/1.1\r\n\r\n").status)
	require.Zero(t, p.seen.Load())
}

func TestHalfABodyIsNoRequest(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	for name, text := range map[string]string{
		"bad chunk":        "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
		"chunk without LF": "Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n",
	} {
		answer := p.raw("POST /open HTTP/1.1\r\nHost: " + p.address + "\r\nContent-Type: application/json\r\n" + text)
		require.Equal(t, 400, answer.status, name)
	}
	conn, err := net.Dial("tcp", p.address)
	require.NoError(t, err)
	_, err = io.WriteString(conn, "POST /open HTTP/1.1\r\nHost: "+p.address+"\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"text\":")
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	_, _ = io.ReadAll(conn)
	require.Zero(t, p.seen.Load())
}

// Row 45, and the media types of rows 46 and 49.
func TestRow45And46OriginsAndMediaTypes(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	for _, origin := range []string{"https://evil.example", "null", p.issuer + ".evil.example"} {
		answer := p.send("GET", "/open", "", "Origin: "+origin)
		require.Equal(t, 403, answer.status, origin)
		require.Equal(t, "foreign-origin", answer.code(t))
		require.Empty(t, answer.header.Get("Access-Control-Allow-Origin"))
	}
	require.Equal(t, 200, p.send("GET", "/open", "", "Origin: "+p.issuer).status)
	for _, headers := range [][]string{
		{}, {"Content-Type: text/plain"}, {"Content-Type: application/xml"}, {"Content-Type: multipart/form-data; boundary=x"},
		{"Content-Type: application/x-www-form-urlencoded"}, {"Content-Type: application/json", "Content-Encoding: gzip"},
	} {
		answer := p.send("POST", "/open", `{"text":"x"}`, headers...)
		require.Equal(t, 415, answer.status, headers)
		require.Equal(t, "unsupported-media-type", answer.code(t))
	}
	answer := p.send("GET", "/open", "", "Accept: application/xml")
	require.Equal(t, 406, answer.status)
	require.Equal(t, "not-acceptable", answer.code(t))
	require.Equal(t, 400, p.send("GET", "/open", "{}", "Content-Type: application/json").status, "a GET has no body")
}

// Rows 15 to 18, 20 and 23 as the socket sees them; every variety of them is
// tried in package token.
func TestRow15To23WhoIsAskedForProof(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	access := p.access(nil)
	require.Equal(t, anna.String(), p.own("GET", "/own", "").told(t).Customer)
	good := func() string { return "DPoP: " + p.proof("GET", "/own", access, nil) }
	nonced := good()
	require.Equal(t, 200, p.send("GET", "/own", "", "Authorization: DPoP "+access, nonced).status)
	for name, tc := range map[string]struct {
		headers []string
		code    string
	}{
		"nothing":                  {nil, "invalid-token"},
		"proof alone":              {[]string{good()}, "invalid-token"},
		"token alone":              {[]string{"Authorization: DPoP " + access}, "invalid-dpop-proof"},
		"as a bearer (row 23)":     {[]string{"Authorization: Bearer " + access, good()}, "invalid-token"},
		"two tokens":               {[]string{"Authorization: DPoP " + access, "Authorization: DPoP " + access, good()}, "invalid-token"},
		"two proofs":               {[]string{"Authorization: DPoP " + access, good(), good()}, "invalid-dpop-proof"},
		"replayed":                 {[]string{"Authorization: DPoP " + access, nonced}, "invalid-dpop-proof"},
		"for another method":       {[]string{"Authorization: DPoP " + access, "DPoP: " + p.proof("POST", "/own", access, nil)}, "invalid-dpop-proof"},
		"for another path":         {[]string{"Authorization: DPoP " + access, "DPoP: " + p.proof("GET", "/admin", access, nil)}, "invalid-dpop-proof"},
		"for another token":        {[]string{"Authorization: DPoP " + access, "DPoP: " + p.proof("GET", "/own", "x", nil)}, "invalid-dpop-proof"},
		"a minute and a bit old":   {[]string{"Authorization: DPoP " + access, "DPoP: " + p.proof("GET", "/own", access, map[string]any{"iat": noon.Unix() - 61})}, "invalid-dpop-proof"},
		"without nonce (row 22)":   {[]string{"Authorization: DPoP " + access, "DPoP: " + p.proof("GET", "/own", access, map[string]any{"nonce": nil})}, "use-dpop-nonce"},
		"expired":                  {[]string{"Authorization: DPoP " + p.access(func(c *token.Claims) { c.ExpiresAt = noon.Unix() - 61 }), good()}, "invalid-token"},
		"bound to another key":     {[]string{"Authorization: DPoP " + p.access(func(c *token.Claims) { c.Confirmation.JKT = "x" }), good()}, "invalid-dpop-proof"},
		"a megabyte of token":      {[]string{"Authorization: DPoP " + strings.Repeat("a", 20_000), good()}, "invalid-token"},
		"basic":                    {[]string{"Authorization: Basic YTpi", good()}, "invalid-token"},
		"a scheme without a token": {[]string{"Authorization: DPoP", good()}, "invalid-token"},
	} {
		answer := p.send("GET", "/own", "", tc.headers...)
		require.Equal(t, 401, answer.status, name)
		require.Equal(t, tc.code, answer.code(t), name)
		require.True(t, strings.HasPrefix(answer.header.Get("WWW-Authenticate"), `DPoP error="`+strings.ReplaceAll(tc.code, "-", "_")+`"`), name)
		require.NotEmpty(t, answer.header.Get("DPoP-Nonce"), name)
	}
	query := p.send("GET", "/own?access_token="+access, "", good())
	require.Equal(t, "invalid-token", query.code(t), "in the query (RFC 9700 section 4.3.2)")
	require.EqualValues(t, 2, p.seen.Load())
}

func TestRevokedIsRevokedAtOnce(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	access, err := p.door.verifier.Verify(p.access(nil))
	require.NoError(t, err)
	for _, end := range []any{access.Session, access.Device, access.Customer} {
		require.Equal(t, 200, p.own("GET", "/own", "").status)
		p.guards.Store(end, true)
		answer := p.own("GET", "/own", "")
		require.Equal(t, 401, answer.status, "%T", end)
		require.Equal(t, "invalid-token", answer.code(t))
		p.guards.Delete(end)
	}
}

func TestScopesAndStepUp(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	narrow := p.own("GET", "/admin", "")
	require.Equal(t, 403, narrow.status)
	require.Equal(t, "insufficient-scope", narrow.code(t))
	require.Contains(t, narrow.header.Get("WWW-Authenticate"), `scope="audit.read"`)

	strong := func(change func(*token.Claims)) reply {
		access := p.access(change)
		return p.send("GET", "/strong", "", "Authorization: DPoP "+access, "DPoP: "+p.proof("GET", "/strong", access, nil))
	}
	require.Equal(t, 200, strong(nil).status)
	require.Equal(t, 200, strong(func(c *token.Claims) { c.AuthTime = noon.Unix() - 300 }).status)
	for name, change := range map[string]func(*token.Claims){
		"too weak":            func(c *token.Claims) { c.ACR = "urn:florin:acr:device" },
		"too old":             func(c *token.Claims) { c.AuthTime = noon.Unix() - 301 },
		"of an unknown class": func(c *token.Claims) { c.ACR = "urn:florin:acr:super" },
		"of no class":         func(c *token.Claims) { c.ACR = "" },
	} {
		answer := strong(change)
		require.Equal(t, 401, answer.status, name)
		require.Equal(t, "insufficient-user-authentication", answer.code(t), name)
		require.Equal(t, `DPoP error="insufficient_user_authentication", acr_values="urn:florin:acr:mfa", max_age="300", algs="ES256"`,
			answer.header.Get("WWW-Authenticate"), name)
	}
}

func TestSignedCommands(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	access, body := p.access(nil), `{"text":"100.00"}`
	signed := func(sent string, claims map[string]any, headers ...string) reply {
		headers = append(headers, "Content-Type: application/json", "Authorization: DPoP "+access, "DPoP: "+p.proof("POST", "/signed", access, claims))
		return p.send("POST", "/signed", sent, headers...)
	}
	good := map[string]any{"content_digest": token.ContentDigest([]byte(body)), "idempotency_key": "k1"}
	require.Equal(t, "k1", signed(body, good, "Idempotency-Key: k1").told(t).Key)
	for name, tc := range map[string]struct {
		answer reply
		status int
		code   string
	}{
		"changed amount":   {signed(`{"text":"900.00"}`, good, "Idempotency-Key: k1"), 401, "invalid-dpop-proof"},
		"another key":      {signed(body, good, "Idempotency-Key: k2"), 401, "invalid-dpop-proof"},
		"no key":           {signed(body, good), 400, "idempotency-key-required"},
		"empty key":        {signed(body, good, "Idempotency-Key: "), 400, "idempotency-key-required"},
		"two keys":         {signed(body, good, "Idempotency-Key: k1", "Idempotency-Key: k1"), 400, "idempotency-key-required"},
		"a key with space": {signed(body, good, "Idempotency-Key: k 1"), 400, "idempotency-key-required"},
		"a long key":       {signed(body, good, "Idempotency-Key: "+strings.Repeat("k", 129)), 400, "idempotency-key-required"},
		"no digest":        {signed(body, map[string]any{"idempotency_key": "k1"}, "Idempotency-Key: k1"), 400, "signature-required"},
		"no claims":        {signed(body, nil, "Idempotency-Key: k1"), 400, "signature-required"},
	} {
		require.Equal(t, tc.status, tc.answer.status, name)
		require.Equal(t, tc.code, tc.answer.code(t), name)
	}
	require.EqualValues(t, 1, p.seen.Load())
}

func TestRatesAreKeptPerCaller(t *testing.T) {
	t.Parallel()
	p := newPorch(t, func(s *Settings) { s.Rates.Caller = Rate{PerSecond: 1, Burst: 3} })
	for range 3 {
		require.Equal(t, 200, p.own("GET", "/own", "").status)
	}
	answer := p.own("GET", "/own", "", "X-Forwarded-For: 10.0.0.1")
	require.Equal(t, 429, answer.status)
	require.Equal(t, "too-many-requests", answer.code(t))
	require.Equal(t, "1", answer.header.Get("Retry-After"))
	require.Equal(t, `"caller";q=3;w=3`, answer.header.Get("RateLimit-Policy"))
	require.Contains(t, answer.header.Get("RateLimit"), `"caller";r=0`)
	p.clock.Add(time.Second.Microseconds())
	require.Equal(t, 200, p.own("GET", "/own", "").status)
	require.Equal(t, 200, p.send("GET", "/open", "").status, "others go on")

	flooded := newPorch(t, func(s *Settings) { s.Rates.Peer = Rate{PerSecond: 1, Burst: 2} })
	require.Equal(t, 200, flooded.send("GET", "/open", "").status)
	require.Equal(t, 200, flooded.send("GET", "/open", "").status)
	require.Equal(t, 429, flooded.send("GET", "/open", "", "X-Forwarded-For: 10.0.0.9", "Forwarded: for=10.0.0.9").status)
}

func TestPanicsRevealNothing(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	answer := p.send("GET", "/boom", "")
	require.Equal(t, 500, answer.status)
	require.Equal(t, "internal-error", answer.code(t))
	require.NotContains(t, answer.body, "hunter2")
	require.NotContains(t, p.logged(), "hunter2")
	require.Contains(t, p.logged(), "door_test.go", "but the log says where")
}

// Row 44 and 54: what is written of a request is one line of JSON without secrets.
func TestRow44And54OneLineWithoutSecrets(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	require.Equal(t, 404, p.send("GET", "/canary-path-1?canary=2", "", "User-Agent: canary3 \u009b31m", "Referer: canary4").status)
	access := p.access(nil)
	proof := p.proof("POST", "/signed", access, nil)
	p.send("POST", "/signed", `{"text":"canary5"}`, "Content-Type: application/json", "Authorization: DPoP "+access, "DPoP: "+proof, "Idempotency-Key: canary6", "X-User-ID: canary7")
	p.send("CANARY8", "/open", "")
	text := p.logged()
	for _, secret := range []string{"canary", "CANARY", access, proof, access[:40], "hunter2"} {
		require.NotContains(t, text, secret)
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	require.Len(t, lines, 3, "one line per request")
	for _, line := range lines {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields), line)
		require.NotEmpty(t, fields["request"])
		require.Contains(t, fields, "took_us", "a number without a unit is a riddle")
	}
	require.Contains(t, lines[1], `"route":"/signed"`)
	require.Contains(t, lines[1], `"stripped":1`)
}
