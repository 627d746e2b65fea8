package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"florin/commands"
	"florin/domain/client"
	"florin/domain/id"
	"florin/gateway/problem"
	"florin/gateway/token"
	"florin/gateway/wire"
	"florin/schemas"
)

// TokenAnswer is that of the token endpoint (RFC 6749 section 5.1).
type TokenAnswer struct {
	Access      string          `json:"access_token"`
	Type        string          `json:"token_type"`
	ExpiresIn   int64           `json:"expires_in"`
	Refresh     string          `json:"refresh_token,omitzero"`
	Scope       string          `json:"scope"`
	Identity    string          `json:"id_token,omitzero"`
	Details     []token.Payment `json:"authorization_details,omitempty"`
	AuthSession string          `json:"auth_session,omitzero"` // handle of the family, for a step-up
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Token is POST /oauth2/token: IssueToken.
func (p *Provider) Token(w http.ResponseWriter, r *http.Request) error {
	proof, err := p.proof(r)
	if err != nil {
		return err
	}
	values, err := formOf[schemas.IssueToken](r)
	if err != nil {
		return err
	}
	client, err := p.client(r, values)
	if err != nil {
		return err
	}
	exchange, known := exchanges[values.Get("grant_type")]
	certificate := token.CertificateThumbprint(token.Certificate(r))
	switch {
	case client.TLS.Bound && certificate == "":
		return problem.OAuthInvalidRequest.Describe("This client's tokens are bound to its certificate, and none was shown.")
	case values.Get("grant_type") == "":
		return problem.OAuthInvalidRequest
	case !known, !slices.Contains(client.GrantTypes, values.Get("grant_type")):
		return problem.OAuthUnsupportedGrant
	}
	issued, outcome, err := exchange(p, r, proof, client, values)
	if err != nil {
		return refusedAs(err, problem.OAuthInvalidGrant)
	}
	if outcome.Replayed {
		wire.Replayed(w, true)
	}
	if !client.TLS.Bound {
		certificate = ""
	}
	answer, err := p.write(issued, certificate, client.IDTokens.Algorithm)
	if err != nil {
		return err
	}
	w.Header().Set("Pragma", "no-cache")
	if last := outcome.Receipt.Last; last > 0 { // whoever logs in sees the login in what they read next
		wire.Position(w, last)
	}
	return wire.OK(w, answer)
}

type exchange func(*Provider, *http.Request, *token.Proof, commands.Client, url.Values) (commands.Tokens, commands.Outcome, error)

var exchanges = map[string]exchange{
	"authorization_code": (*Provider).redeem,
	"refresh_token":      (*Provider).refresh,
	"client_credentials": (*Provider).machine,
	client.CIBA:          (*Provider).collect,
}

// redeem exchanges a code. Its verifier is needed always (RFC 9700 section 2.1.1).
func (p *Provider) redeem(r *http.Request, proof *token.Proof, client commands.Client, values url.Values) (commands.Tokens, commands.Outcome, error) {
	verifier := values.Get("code_verifier")
	if err := needs(values, "code", "code_verifier"); err != nil || values.Has("refresh_token") || values.Has("scope") || !isVerifier(verifier) {
		return commands.Tokens{}, commands.Outcome{}, problem.OAuthInvalidRequest
	}
	hash := sha256.Sum256([]byte(verifier))
	return p.settings.Bank.Sessions().Redeem(r.Context(), p.order(r, proof), commands.RedeemCode{
		ClientID: client.ClientID, JKT: proof.JKT, Code: values.Get("code"), Challenge: base64.RawURLEncoding.EncodeToString(hash[:]),
		RedirectURI: values.Get("redirect_uri"),
	})
}

// isVerifier: 43 to 128 unreserved characters (RFC 7636 section 4.1).
func isVerifier(text string) bool {
	if len(text) < 43 || len(text) > 128 {
		return false
	}
	return strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") == ""
}

// refresh rotates. The Idempotency-Key lets a phone that lost the answer ask again.
func (p *Provider) refresh(r *http.Request, proof *token.Proof, client commands.Client, values url.Values) (commands.Tokens, commands.Outcome, error) {
	keys := r.Header.Values("Idempotency-Key")
	if err := needs(values, "refresh_token"); err != nil || values.Has("code") || len(keys) > 1 || len(keys) == 1 && (keys[0] == "" || len(keys[0]) > 128) {
		return commands.Tokens{}, commands.Outcome{}, problem.OAuthInvalidRequest
	}
	ask := commands.RefreshTokens{ClientID: client.ClientID, JKT: proof.JKT, Token: values.Get("refresh_token"), Scopes: strings.Fields(values.Get("scope"))}
	if len(keys) == 1 {
		ask.Key = keys[0]
	}
	return p.settings.Bank.Sessions().Refresh(r.Context(), p.order(r, proof), ask)
}

// machine gives a client a token for itself; only a confidential one has a self.
// The command's id follows from the assertion, so the log itself takes each once,
// whichever process is asked and whatever its clock says: the client's may be ahead,
// and then its iat does not show that it was used before a restart (CVE-2020-15222).
func (p *Provider) machine(r *http.Request, proof *token.Proof, client commands.Client, values url.Values) (commands.Tokens, commands.Outcome, error) {
	if !client.Confidential || values.Has("code") || values.Has("refresh_token") {
		return commands.Tokens{}, commands.Outcome{}, problem.OAuthInvalidRequest
	}
	order := p.order(r, proof)
	ask := commands.MachineTokens{ClientID: client.ClientID, JKT: proof.JKT, Scopes: strings.Fields(values.Get("scope"))}
	if client.TLS.Authenticates() {
		return p.settings.Bank.Sessions().Machine(r.Context(), order, ask)
	}
	claims, err := token.OpenAssertion(values.Get("client_assertion"), p.settings.Issuer, client.Keys, p.settings.Bank.Sources().Wall())
	if err != nil {
		return commands.Tokens{}, commands.Outcome{}, problem.OAuthInvalidClient
	}
	order.ID = commands.CommandID("client-assertion", id.Named[id.Client](client.ClientID).UUID(), claims.ID)
	tokens, outcome, err := p.settings.Bank.Sessions().Machine(r.Context(), order, ask)
	if err == nil && outcome.Replayed {
		err = problem.OAuthInvalidClient
	}
	return tokens, outcome, err
}

// write signs what the commands have decided, bound to a certificate if there is the
// thumbprint of one. The algorithm is of the ID token alone: an access token is for the
// bank itself, and always ES256.
func (p *Provider) write(t commands.Tokens, certificate, algorithm string) (TokenAnswer, error) {
	claims := token.Claims{
		Subject: subjectOf(t), ClientID: t.ClientID, DeviceID: t.Device.String(), SessionID: t.Session.String(),
		Scope: strings.Join(t.Scopes, " "), ACR: t.ACR, AMR: t.AMR, AuthTime: t.AuthTime.Unix(), AuthStrength: t.Strength, RiskScore: t.Risk,
		Confirmation: token.Binding{JKT: t.JKT, X5T: certificate}, ID: t.JTI, IssuedAt: t.IssuedAt.Unix(), ExpiresAt: t.ExpiresAt.Unix(), Details: token.WritePayment(t.Payment, t.Debtor),
	}
	if !t.Customer.IsZero() || !t.Operator.IsZero() {
		claims.UserID = claims.Subject
	}
	access, err := p.tokens.Access(claims)
	if err != nil {
		return TokenAnswer{}, err
	}
	answer := TokenAnswer{
		Access: access, Type: "DPoP", ExpiresIn: claims.ExpiresAt - claims.IssuedAt, Refresh: t.Refresh, Scope: claims.Scope, AuthSession: t.AuthSession, Details: claims.Details,
	}
	if slices.Contains(t.Scopes, "openid") && claims.UserID != "" {
		answer.Identity, err = p.tokens.Identity(token.IDClaims{
			Subject: claims.Subject, Audience: t.ClientID, SessionID: claims.SessionID, Nonce: t.Nonce, ACR: t.ACR, AMR: t.AMR,
			AuthTime: claims.AuthTime, IssuedAt: claims.IssuedAt, ExpiresAt: claims.ExpiresAt,
		}, algorithm)
	}
	return answer, err
}

func subjectOf(t commands.Tokens) string {
	switch {
	case !t.Customer.IsZero():
		return t.Customer.String()
	case !t.Operator.IsZero():
		return t.Operator.String()
	}
	return t.ClientID
}

// client finds out which client asks, and has a confidential one prove it: by
// private_key_jwt whose audience is the issuer and which is used once, or by the
// certificate of the connection, whichever it is registered with.
func (p *Provider) client(r *http.Request, values url.Values) (commands.Client, error) {
	if len(r.Header.Values("Authorization")) > 0 {
		return commands.Client{}, problem.OAuthInvalidClient // client_secret_basic: there are no secrets here
	}
	assertion, clientID := values.Get("client_assertion"), values.Get("client_id")
	if assertion != "" {
		named, err := token.PeekAssertion(assertion)
		if err != nil || values.Get("client_assertion_type") != assertionType || clientID != "" && clientID != named {
			return commands.Client{}, problem.OAuthInvalidClient
		}
		clientID = named
	}
	if clientID == "" || len(clientID) > 128 {
		return commands.Client{}, problem.OAuthInvalidClient
	}
	client, err := p.settings.Bank.Clients().Get(r.Context(), clientID)
	byCertificate := client.TLS.Authenticates()
	switch {
	case err != nil:
		return client, refusedAs(err, problem.OAuthInvalidClient)
	case client.Disabled, (client.Confidential && !byCertificate) != (assertion != ""):
		return client, problem.OAuthInvalidClient
	case byCertificate && !token.Bears(token.Certificate(r), client.TLS.SubjectDN, client.TLS.SANDNS, client.TLS.SANURI):
		return client, problem.OAuthInvalidClient
	case client.Confidential && !byCertificate:
		return client, p.proveClient(r, client, assertion)
	}
	return client, nil
}

// proveClient has an assertion used once. The ids of those made before this process
// began are forgotten, so they are refused; one that says it was made later than now,
// by a client whose clock is ahead, could say the same after a restart, and is noted
// in the log.
func (p *Provider) proveClient(r *http.Request, client commands.Client, assertion string) error {
	now := p.settings.Bank.Sources().Wall()
	claims, err := token.OpenAssertion(assertion, p.settings.Issuer, client.Keys, now)
	if err != nil || claims.Issuer != client.ClientID || claims.IssuedAt <= p.began.Unix() {
		return problem.OAuthInvalidClient
	}
	if err := p.assertions.Claim(client.ClientID, claims.ID, now); errors.Is(err, token.ErrFull) {
		return problem.Busy
	} else if err != nil {
		return problem.OAuthInvalidClient
	}
	if claims.IssuedAt <= now.Unix() {
		return nil
	}
	outcome, err := p.settings.Bank.Accesses().Assert(r.Context(), p.order(r, nil), client, claims.ID)
	if err == nil && outcome.Replayed {
		err = problem.OAuthInvalidClient
	}
	return err
}

// Revoke is POST /oauth2/revoke (RFC 7009): 200 also for a token that means
// nothing, but never while the log cannot say that it is done. A client that
// authenticates needs no DPoP proof, as stock clients send none here; one that
// does not is known by its key alone.
func (p *Provider) Revoke(w http.ResponseWriter, r *http.Request) error {
	var proof *token.Proof
	if len(r.Header.Values("DPoP")) > 0 {
		var err error
		if proof, err = p.proof(r); err != nil {
			return err
		}
	}
	values, err := formOf[schemas.RevokeToken](r)
	if err != nil {
		return err
	}
	if err := needs(values, "token"); err != nil {
		return err
	}
	client, err := p.client(r, values)
	if err != nil {
		return err
	}
	ask, order := commands.RevokeToken{ClientID: client.ClientID, Token: values.Get("token")}, p.order(r, proof)
	switch {
	case proof != nil:
		ask.JKT = proof.JKT
	case !client.Confidential:
		return problem.OAuthInvalidProof
	default:
		order.Caller.ActorType, order.Caller.Actor, order.Caller.Client = commands.ActorClient, client.ID.UUID(), client.ID
	}
	if access, err := p.verifier.Verify(ask.Token); err == nil {
		if access.ClientID != client.ClientID || proof != nil && access.Confirmation.JKT != proof.JKT {
			return wire.OK(w, struct{}{}) // another's: it means nothing here
		}
		ask.Token, ask.Session = "", access.Session
	}
	outcome, err := p.settings.Bank.Sessions().RevokeToken(r.Context(), order, ask)
	if err != nil {
		return err
	}
	if position := outcome.Receipt.Last; position > 0 {
		if err := p.settings.Settled(r.Context(), position); err != nil {
			return err
		}
	}
	return wire.OK(w, struct{}{})
}
