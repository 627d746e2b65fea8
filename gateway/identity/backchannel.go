package identity

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"florin/commands"
	"florin/domain/consent"
	"florin/domain/id"
	"florin/gateway/problem"
	"florin/gateway/token"
	"florin/gateway/wire"
	"florin/schemas"
)

// AskPath is the backchannel authentication endpoint.
const AskPath = "/oauth2/bc-authorize"

// AskedAnswer is that of the backchannel authentication endpoint (OpenID CIBA Core
// 1.0 section 7.3). The client polls; there is neither ping nor push.
type AskedAnswer struct {
	AuthReqID string `json:"auth_req_id"`
	ExpiresIn int64  `json:"expires_in"`
	Interval  int64  `json:"interval"`
}

// hintBytesMax bounds what a login_hint may be; the longest is an e-mail address.
const hintBytesMax = 320

// Ask is POST /oauth2/bc-authorize: a third party has the customer asked on the
// phone. Whether there is such a customer is not told: unknown_user_id is never said.
func (p *Provider) Ask(w http.ResponseWriter, r *http.Request) error {
	var proof *token.Proof
	if len(r.Header.Values("DPoP")) > 0 { // as at the pushed request endpoint: either this or dpop_jkt
		var err error
		if proof, err = p.proof(r); err != nil {
			return err
		}
	}
	values, err := formOf[schemas.AskConsent](r)
	if err != nil {
		return err
	}
	client, err := p.client(r, values)
	if err != nil {
		return err
	}
	ask, err := askOf(values, proof)
	if err != nil {
		return err
	}
	ask.ClientID = client.ClientID
	if hint := values.Get("id_token_hint"); hint != "" {
		if ask.Customer, err = p.hinted(hint, client.ClientID); err != nil {
			return err
		}
	}
	order := p.order(r, nil)
	order.Caller.ActorType, order.Caller.Actor, order.Caller.Client = commands.ActorClient, client.ID.UUID(), client.ID
	asked, _, err := p.settings.Bank.Consents().AskCustomer(r.Context(), order, ask)
	if err != nil {
		return err
	}
	interval := p.pace.begin(asked.AuthReqID, p.settings.Bank.Sources().Wall())
	return wire.OK(w, AskedAnswer{asked.AuthReqID, asked.ExpiresIn, interval})
}

func askOf(values url.Values, proof *token.Proof) (commands.BackchannelRequest, error) {
	ask := commands.BackchannelRequest{
		JKT: values.Get("dpop_jkt"), LoginHint: values.Get("login_hint"), Scopes: strings.Fields(values.Get("scope")),
		ACRValues: strings.Fields(values.Get("acr_values")), Message: values.Get("binding_message"),
	}
	if err := needs(values, "scope"); err != nil {
		return ask, err
	}
	if values.Has("login_hint") == values.Has("id_token_hint") || len(ask.LoginHint) > hintBytesMax || values.Has("dpop_jkt") && !isDigest(ask.JKT) {
		return ask, problem.OAuthInvalidRequest
	}
	if values.Has("requested_expiry") {
		seconds, err := strconv.ParseInt(values.Get("requested_expiry"), 10, 32)
		if err != nil || seconds <= 0 {
			return ask, problem.OAuthInvalidRequest
		}
		ask.TTL = time.Duration(seconds) * time.Second
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

// hinted is whom an ID token names that this client was given once, whether or not
// it has expired (CIBA section 7.1).
func (p *Provider) hinted(raw, clientID string) (id.Customer, error) {
	claims, err := token.ReadIdentity(raw, p.settings.Issuer, p.identityKeys())
	if err != nil || claims.Audience != clientID {
		return id.Customer{}, problem.OAuthInvalidRequest
	}
	named, err := id.Parse[id.Customer](claims.Subject)
	if err != nil {
		return id.Customer{}, problem.OAuthInvalidRequest
	}
	return named, nil
}

// collect gives the tokens of what the customer has agreed to on the phone, once
// there is an answer (CIBA section 10.1).
func (p *Provider) collect(r *http.Request, proof *token.Proof, client commands.Client, values url.Values) (commands.Tokens, commands.Outcome, error) {
	if err := needs(values, "auth_req_id"); err != nil || values.Has("code") || values.Has("refresh_token") || values.Has("scope") {
		return commands.Tokens{}, commands.Outcome{}, problem.OAuthInvalidRequest
	}
	named := values.Get("auth_req_id")
	tokens, outcome, err := p.settings.Bank.Sessions().Collect(r.Context(), p.order(r, proof), commands.CollectTokens{
		ClientID: client.ClientID, JKT: proof.JKT, AuthReqID: named,
	})
	if errors.Is(err, consent.ErrPending) {
		err = p.waits(named)
	}
	return tokens, outcome, err
}

// waits tells a client to ask again later, and more seldom when it asks too often.
func (p *Provider) waits(named string) error {
	pending := &problem.OAuthError{Status: http.StatusBadRequest, Code: errPending}
	var tooFast bool
	if pending.Interval, tooFast = p.pace.ask(named, p.settings.Bank.Sources().Wall()); tooFast {
		pending.Code = errSlowDown
	}
	return pending
}
