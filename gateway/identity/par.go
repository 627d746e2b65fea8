package identity

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"florin/commands"
	"florin/domain"
	"florin/domain/consent"
	"florin/gateway/problem"
	"florin/gateway/token"
	"florin/gateway/wire"
	"florin/schemas"
)

// PushedAnswer is that of the pushed authorization request endpoint (RFC 9126
// section 2.2).
type PushedAnswer struct {
	URI       string `json:"request_uri"`
	ExpiresIn int64  `json:"expires_in"`
}

// Push is POST /oauth2/par: a third party says, authenticated, what it asks for
// (RFC 9126, FAPI 2.0 section 5.3.2.2). Nothing of it comes through a browser.
func (p *Provider) Push(w http.ResponseWriter, r *http.Request) error {
	var proof *token.Proof
	if len(r.Header.Values("DPoP")) > 0 { // RFC 9449 section 10.1: either this or dpop_jkt
		var err error
		if proof, err = p.proof(r); err != nil {
			return err
		}
	}
	values, err := formOf[schemas.RequestConsent](r)
	if err != nil {
		return err
	}
	client, err := p.client(r, values)
	if err != nil {
		return err
	}
	ask, err := pushOf(values, proof)
	if err != nil {
		return err
	}
	ask.ClientID = client.ClientID
	order := p.order(r, nil)
	order.Caller.ActorType, order.Caller.Actor, order.Caller.Client = commands.ActorClient, client.ID.UUID(), client.ID
	pushed, _, err := p.settings.Bank.Consents().Push(r.Context(), order, ask)
	if err != nil {
		return err
	}
	return wire.Pushed(w, PushedAnswer{pushed.URI, pushed.ExpiresIn})
}

func pushOf(values url.Values, proof *token.Proof) (commands.PushRequest, error) {
	ask := commands.PushRequest{
		JKT: values.Get("dpop_jkt"), RedirectURI: values.Get("redirect_uri"), CodeChallenge: values.Get("code_challenge"), Nonce: values.Get("nonce"),
		Scopes: strings.Fields(values.Get("scope")), ACRValues: strings.Fields(values.Get("acr_values")), State: profile(values.Get("state")),
		Silent: values.Get("prompt") == promptNone,
	}
	if err := pushedRightly(values); err != nil {
		return ask, err
	}
	if _, ok := domain.Scopes(ask.Scopes, domain.CustomerScopes()); !ok {
		return ask, problem.OAuthInvalidScope
	}
	if proof != nil {
		if ask.JKT != "" && ask.JKT != proof.JKT {
			return ask, problem.OAuthInvalidProof
		}
		ask.JKT = proof.JKT
	}
	if text := values.Get("authorization_details"); text != "" {
		var err error
		if ask.Payment, ask.Debtor, err = token.ReadPayment(text); err != nil {
			return ask, consent.ErrDetails
		}
	}
	return ask, nil
}

func pushedRightly(values url.Values) error {
	if err := needs(values, "response_type", "redirect_uri", "scope", "code_challenge", "code_challenge_method"); err != nil {
		return err
	}
	if values.Get("response_type") != "code" {
		return problem.OAuthUnsupportedType
	}
	if values.Get("code_challenge_method") != "S256" || !isDigest(values.Get("code_challenge")) {
		return problem.OAuthInvalidRequest.Describe("PKCE with code_challenge_method S256 is required.")
	}
	age, err := strconv.ParseInt(values.Get("max_age"), 10, 32)
	switch {
	case values.Has("max_age") && (err != nil || age < 0), // every login here is fresh, so any age holds
		values.Has("dpop_jkt") && !isDigest(values.Get("dpop_jkt")),
		values.Has("response_mode") && values.Get("response_mode") != "query",
		!isPrompt(values.Get("prompt")):
		return problem.OAuthInvalidRequest
	}
	return nil
}

// What prompt may say (OpenID Connect Core 3.1.2.1). All but none ask for what happens
// to everybody: who comes says who they are, logs in, and is asked.
const promptNone = "none"

var prompts = []string{promptNone, "login", "consent", "select_account"}

// isPrompt: none stands alone.
func isPrompt(text string) bool {
	given := strings.Fields(text)
	known := !slices.ContainsFunc(given, func(one string) bool { return !slices.Contains(prompts, one) })
	return known && (text == promptNone || !slices.Contains(given, promptNone))
}

// isDigest: SHA-256 in base64url.
func isDigest(text string) bool {
	digest, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(digest) == 32
}
