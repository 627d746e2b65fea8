package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// securityKey is an authenticator with one passkey.
type securityKey struct {
	party         virtualwebauthn.RelyingParty
	authenticator virtualwebauthn.Authenticator
	credential    virtualwebauthn.Credential
}

func (h *house) securityKey(options virtualwebauthn.AuthenticatorOptions) *securityKey {
	host, _, _ := strings.Cut(h.address, ":")
	return &securityKey{
		party:         virtualwebauthn.RelyingParty{ID: host, Name: "Florin", Origin: h.issuer},
		authenticator: virtualwebauthn.NewAuthenticatorWithOptions(options), credential: newCredential(),
	}
}

// attest answers navigator.credentials.create.
func (k *securityKey) attest(t *testing.T, options json.RawMessage) string {
	t.Helper()
	parsed, err := virtualwebauthn.ParseAttestationOptions(string(options))
	require.NoError(t, err)
	return virtualwebauthn.CreateAttestationResponse(k.party, k.authenticator, k.credential, *parsed)
}

// assert answers navigator.credentials.get, and counts.
func (k *securityKey) assert(challenge []byte) string {
	k.credential.Counter++
	return virtualwebauthn.CreateAssertionResponse(k.party, k.authenticator, k.credential, virtualwebauthn.AssertionOptions{Challenge: challenge})
}

func (h *house) offerPasskey(p *phone.Phone) (id string, options json.RawMessage) {
	h.t.Helper()
	offered := h.command(p, http.MethodPost, "/v1/factors/passkeys", nil, p.NewID())
	require.Equal(h.t, 201, offered.Status, "%s", offered.Body)
	return field[string](h.t, offered, "factor_id"), field[json.RawMessage](h.t, offered, "options")
}

func (h *house) attestation(p *phone.Phone, id, response string) phone.Answer {
	h.t.Helper()
	return h.command(p, http.MethodPost, "/v1/factors/"+id+"/attestation", map[string]string{"credential": response}, p.NewID())
}

// passkey adds one, good in all respects.
func (h *house) passkey(t *testing.T, p *phone.Phone) *securityKey {
	t.Helper()
	k := h.securityKey(virtualwebauthn.AuthenticatorOptions{})
	id, options := h.offerPasskey(p)
	added := h.attestation(p, id, k.attest(t, options))
	require.Equal(t, 200, added.Status, "%s", added.Body)
	return k
}

func TestPasskeysAreAddedOnlyAsOffered(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, eve := h.customer("anna"), h.customer("eve")
	_, offered := h.offerPasskey(anna)
	require.Contains(t, string(offered), `"name":"anna"`)
	require.Contains(t, string(offered), `"displayName":"Anna anna"`)
	require.NotContains(t, string(offered), anna.Profile().Customer, "the user handle says nothing")
	good := h.securityKey(virtualwebauthn.AuthenticatorOptions{})
	unverified := h.securityKey(virtualwebauthn.AuthenticatorOptions{UserNotVerified: true})
	absent := h.securityKey(virtualwebauthn.AuthenticatorOptions{UserNotPresent: true})
	elsewhere, other := h.securityKey(virtualwebauthn.AuthenticatorOptions{}), h.securityKey(virtualwebauthn.AuthenticatorOptions{})
	elsewhere.party.Origin, other.party.ID = "https://florin.example.evil.test", "evil.test"
	port := h.securityKey(virtualwebauthn.AuthenticatorOptions{})
	port.party.Origin = strings.Replace(h.issuer, "127.0.0.1:", "127.0.0.1:1", 1)

	id, options := h.offerPasskey(anna)
	require.Contains(t, string(options), `"userVerification":"required"`)
	for name, response := range map[string]string{
		"UV flag not set (CVE-2026-8830)": unverified.attest(t, options), "nobody present": absent.attest(t, options),
		"another origin": elsewhere.attest(t, options), "another port": port.attest(t, options), "another relying party": other.attest(t, options),
		"an assertion": good.assert([]byte("x")), "nothing": "{}", "no JSON": "\x00", "a novel": strings.Repeat("x", 20<<10),
		"cut off": good.attest(t, options)[:200],
	} {
		require.Equal(t, "factor-unconfirmed", code(h.attestation(anna, id, response)), name)
	}
	evesID, evesOptions := h.offerPasskey(eve)
	require.Equal(t, "factor-unconfirmed", code(h.attestation(anna, id, good.attest(t, evesOptions))), "another's challenge")
	require.Equal(t, "not-found", code(h.attestation(anna, evesID, good.attest(t, evesOptions))), "another's offer")
	require.Len(t, h.factors(anna), 1)

	response := good.attest(t, options)
	added := h.attestation(anna, id, response)
	require.Equal(t, 200, added.Status, "%s", added.Body)
	require.Equal(t, "passkey", h.factors(anna)[1].Type)
	require.Equal(t, "factor-offer-ended", code(h.attestation(anna, id, response)), "replayed")
	id, options = h.offerPasskey(anna)
	require.Contains(t, string(options), `"excludeCredentials"`)
	require.Equal(t, "passkey-refused", code(h.attestation(anna, id, good.attest(t, options))), "the same key again would be the same factor counted twice (Kratos #4317)")
}

func TestAPasskeyAuthorisesAPayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := context.Background()
	anna, eve := h.customer("anna"), h.customer("eve")
	from, to := h.account(anna, "90000.00"), h.account(eve, "9000.00")
	mine, theirs := h.passkey(t, anna), h.passkey(t, eve)
	challenged := func(methods ...string) phone.Transfer {
		transfer, err := anna.Transfer(ctx, phone.Order{From: from, To: to, Amount: "2000.00", Currency: "EUR"}, anna.NewID())
		require.NoError(t, err)
		require.NotNil(t, transfer.Challenge)
		require.Equal(t, methods, transfer.Challenge.Methods, "what the customer can answer by")
		return transfer
	}
	sends := func(transfer phone.Transfer, body map[string]any) phone.Answer {
		return h.command(anna, http.MethodPost, "/v1/transfers/"+transfer.ID+"/authorization", body, anna.NewID())
	}
	answer := func(transfer phone.Transfer, statement, response string) string {
		answer := sends(transfer, map[string]any{"authorization": statement, "assertion": json.RawMessage(response)})
		if answer.Status == 200 {
			return field[string](t, answer, "status")
		}
		return code(answer)
	}
	sign := func(k *securityKey, statement string) string {
		sum := sha256.Sum256([]byte(statement))
		return k.assert(sum[:])
	}
	first := challenged("sca-key", "totp")
	text := string(first.Challenge.Display)
	require.Equal(t, "sca-failed", answer(first, text, sign(mine, text)), "it is too new")
	h.pass(24 * time.Hour)
	require.NoError(t, anna.Refresh(ctx))

	one, two := challenged("sca-key", "totp", "passkey"), challenged("sca-key", "totp", "passkey")
	text, another := string(one.Challenge.Display), string(two.Challenge.Display)
	for want, body := range map[string]map[string]any{
		"bad-json":      {"authorization": text, "assertion": sign(mine, text)}, // JSON text is no object
		"unknown-field": {"authorization": text, "passkey": sign(mine, text)},
	} {
		require.Equal(t, want, code(sends(one, body)))
	}
	cheaper := strings.Replace(text, "2000.00", "1.00", 1)
	spaced := strings.Replace(text, "{", "{ ", 1)
	unverified, abroad := *mine, *mine
	unverified.authenticator.Options.UserNotVerified = true
	abroad.party.Origin = "https://evil.test"
	for name, response := range map[string][2]string{
		"another amount was shown": {cheaper, sign(mine, cheaper)}, "another amount was signed": {text, sign(mine, cheaper)},
		"another spelling": {spaced, sign(mine, spaced)}, "UV flag not set (CVE-2026-8830)": {text, sign(&unverified, text)},
	} {
		require.Equal(t, "sca-failed", answer(one, response[0], response[1]), name)
	}
	for name, response := range map[string][2]string{
		"another transfer's": {text, sign(mine, text)}, "another customer's passkey": {another, sign(theirs, another)},
		"another origin": {another, sign(&abroad, another)}, "nothing signed": {another, "{}"},
	} {
		require.Equal(t, "sca-failed", answer(two, response[0], response[1]), name)
	}
	good := sign(mine, text)
	require.Equal(t, "posted", answer(one, text, good))
	require.Equal(t, "sca-failed", answer(one, text, good), "a replayed assertion")
	mine.credential.Counter = 0
	require.Equal(t, "sca-failed", answer(two, another, sign(mine, another)), "the counter went back: a clone")
}

// coseKeyBytes is a P-256 key in COSE with both coordinates at their full length.
const coseKeyBytes = 77

// newCredential makes a key whose coordinates need no leading nought: the virtual
// authenticator leaves those out, and one key in 128 would be refused.
func newCredential() virtualwebauthn.Credential {
	for {
		credential := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		if len(credential.Key.AttestationData()) >= coseKeyBytes {
			return credential
		}
	}
}
