package identity

import (
	"net/http"
	"slices"

	"florin/domain"
	"florin/domain/client"
	"florin/domain/grant"
	"florin/gateway/token"
	"florin/gateway/wire"
)

// JWKSPath is where the bank's public keys are.
const JWKSPath = "/oauth2/jwks"

// Metadata of the provider (OpenID Connect Discovery, RFC 8414).
type Metadata struct {
	Issuer              string   `json:"issuer"`
	Authorization       string   `json:"authorization_endpoint"`
	Pushed              string   `json:"pushed_authorization_request_endpoint"`
	PushedRequired      bool     `json:"require_pushed_authorization_requests"`
	IssuerInResponse    bool     `json:"authorization_response_iss_parameter_supported"`
	DetailTypes         []string `json:"authorization_details_types_supported"`
	TokenEndpoint       string   `json:"token_endpoint"`
	Ask                 string   `json:"backchannel_authentication_endpoint"`
	AskDelivery         []string `json:"backchannel_token_delivery_modes_supported"`
	AskUserCode         bool     `json:"backchannel_user_code_parameter_supported"`
	Challenge           string   `json:"authorization_challenge_endpoint"`
	RevocationEndpoint  string   `json:"revocation_endpoint"`
	Introspection       string   `json:"introspection_endpoint"`
	UserInfo            string   `json:"userinfo_endpoint"`
	EndSession          string   `json:"end_session_endpoint"`
	Backchannel         bool     `json:"backchannel_logout_supported"`
	BackchannelSession  bool     `json:"backchannel_logout_session_supported"`
	JWKS                string   `json:"jwks_uri"`
	Scopes              []string `json:"scopes_supported"`
	ResponseTypes       []string `json:"response_types_supported"`
	ResponseModes       []string `json:"response_modes_supported"`
	GrantTypes          []string `json:"grant_types_supported"`
	SubjectTypes        []string `json:"subject_types_supported"`
	IDTokenAlgs         []string `json:"id_token_signing_alg_values_supported"`
	TokenAuthMethods    []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs       []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevocationMethods   []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAlgs      []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	IntrospectMethods   []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectAlgs      []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	ChallengeMethods    []string `json:"code_challenge_methods_supported"`
	DPoPAlgs            []string `json:"dpop_signing_alg_values_supported"`
	ACRs                []string `json:"acr_values_supported"`
	Claims              []string `json:"claims_supported"`
	CertificateBound    bool     `json:"tls_client_certificate_bound_access_tokens,omitzero"` // RFC 8705, beside DPoP
	Prompts             []string `json:"prompt_values_supported"`
	ClaimsParameter     bool     `json:"claims_parameter_supported"`
	RequestParameter    bool     `json:"request_parameter_supported"`
	RequestURIParameter bool     `json:"request_uri_parameter_supported"`
}

// ResourceMetadata is that of the bank's API (RFC 9728).
type ResourceMetadata struct {
	Resource         string   `json:"resource"`
	Servers          []string `json:"authorization_servers"`
	Scopes           []string `json:"scopes_supported"`
	BearerMethods    []string `json:"bearer_methods_supported"`
	DPoPAlgs         []string `json:"dpop_signing_alg_values_supported"`
	DPoPBoundRequire bool     `json:"dpop_bound_access_tokens_required"`
}

// Keys is a JSON Web Key Set (RFC 7517 section 5).
type Keys struct {
	Keys []signingKey `json:"keys"`
}

type signingKey struct {
	domain.PublicKey
	Use string `json:"use"`
}

// offered are all scopes that software may ever be given.
func offered() []string {
	return slices.Concat(domain.CustomerScopes(), domain.OwnAppScopes(), domain.OperatorScopes())
}

var (
	es256         = []string{"ES256"}
	assertionAlgs = []string{"ES256", "PS256"} // FAPI 2.0 section 5.4.1: never RS256
)

// Discover answers what the provider can do. It is not a secret: caches may keep it.
func (p *Provider) Discover(w http.ResponseWriter, r *http.Request) error {
	base := p.settings.Issuer
	proven := []string{"private_key_jwt"}
	certificates := p.settings.Certificates(r)
	if certificates {
		proven = append(proven, "tls_client_auth")
	}
	cacheable(w)
	return wire.OK(w, Metadata{
		CertificateBound: certificates,
		Issuer:           base, Authorization: base + AuthorizePath, Pushed: base + "/oauth2/par", PushedRequired: true, IssuerInResponse: true,
		DetailTypes: []string{token.PaymentType}, TokenEndpoint: base + "/oauth2/token", Ask: base + AskPath, AskDelivery: []string{"poll"}, Challenge: base + "/oauth2/challenge",
		RevocationEndpoint: base + "/oauth2/revoke", JWKS: base + JWKSPath,
		Introspection: base + "/oauth2/introspect", UserInfo: base + "/oauth2/userinfo", EndSession: base + LogoutPath, Backchannel: true, BackchannelSession: true,
		IntrospectMethods: proven, IntrospectAlgs: assertionAlgs,
		Scopes: offered(), ResponseTypes: []string{"code"}, Prompts: prompts, ResponseModes: []string{"query"},
		GrantTypes:   []string{"authorization_code", "refresh_token", "client_credentials", client.CIBA},
		SubjectTypes: []string{"public"}, IDTokenAlgs: []string{"ES256", "RS256"}, // the latter for a client that asks
		TokenAuthMethods: append([]string{"none"}, proven...), TokenAuthAlgs: assertionAlgs,
		RevocationMethods: append([]string{"none"}, proven...), RevocationAlgs: assertionAlgs,
		ChallengeMethods: []string{"S256"}, DPoPAlgs: es256,
		ACRs:   p.classes(),
		Claims: []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "name", "preferred_username", "updated_at"},
	})
}

// classes are the acrs that can be earned here; the last one only where a phone can have
// its SCA key proven.
func (p *Provider) classes() []string {
	classes := []string{grant.ACRDevice, grant.ACRMulti, grant.ACRStrong}
	if p.settings.Bank.Trusts().Earns() {
		classes = append(classes, grant.ACRStrongInKey)
	}
	return classes
}

// DiscoverResource answers what the API asks of its callers.
func (p *Provider) DiscoverResource(w http.ResponseWriter, _ *http.Request) error {
	base := p.settings.Issuer
	cacheable(w)
	return wire.OK(w, ResourceMetadata{
		Resource: base, Servers: []string{base}, Scopes: offered(), BearerMethods: []string{"header"}, DPoPAlgs: es256, DPoPBoundRequire: true,
	})
}

// JWKS answers the public keys: those that sign, will sign, and have signed what
// is still believed.
func (p *Provider) JWKS(w http.ResponseWriter, _ *http.Request) error {
	published := p.settings.Bank.Signings().Published()
	set := Keys{Keys: make([]signingKey, 0, len(published))}
	for _, key := range published {
		set.Keys = append(set.Keys, signingKey{key, "sig"})
	}
	cacheable(w)
	return wire.OK(w, set)
}

func cacheable(w http.ResponseWriter) { w.Header().Set("Cache-Control", "public, max-age=60") }
