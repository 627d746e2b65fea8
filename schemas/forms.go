package schemas

// The forms of the commands (application/x-www-form-urlencoded): every member is
// text, comes once at most, and one that is empty counts as left out (RFC 6749
// section 3.1). The provider takes in exactly the members that stand here.
type (
	// LogIn is the form of POST /oauth2/challenge (OAuth 2.0 for First-Party
	// Applications): the first step names the client, the later ones the session.
	LogIn struct {
		ClientID            string `json:"client_id,omitzero"`
		ResponseType        string `json:"response_type,omitzero"` // code
		Scope               string `json:"scope,omitzero"`
		CodeChallenge       string `json:"code_challenge,omitzero"`
		CodeChallengeMethod string `json:"code_challenge_method,omitzero"` // S256
		Nonce               string `json:"nonce,omitzero"`
		ACRValues           string `json:"acr_values,omitzero"`
		MaxAge              string `json:"max_age,omitzero"`
		UserName            string `json:"username,omitzero"`
		Password            string `json:"password,omitzero"`
		AuthSession         string `json:"auth_session,omitzero"`
		OTP                 string `json:"otp,omitzero"`
		OTPMethod           string `json:"otp_method,omitzero"`
		OTPSend             string `json:"otp_send,omitzero"` // email or sms
		WebAuthn            string `json:"webauthn,omitzero"` // options, or a PublicKeyCredential
		RecoveryCode        string `json:"recovery_code,omitzero"`
		Push                string `json:"push,omitzero"`          // start or poll
		SCAAssertion        string `json:"sca_assertion,omitzero"` // florin-login+jwt
		Expected            string `json:"expected,omitzero"`      // word of a device of the customer's
	}
	// IssueToken is the form of POST /oauth2/token (RFC 6749): which parameters
	// are needed depends on the grant type.
	IssueToken struct {
		GrantType           string `json:"grant_type"`
		ClientID            string `json:"client_id,omitzero"`
		Code                string `json:"code,omitzero"`
		CodeVerifier        string `json:"code_verifier,omitzero"`
		RedirectURI         string `json:"redirect_uri,omitzero"`
		RefreshToken        string `json:"refresh_token,omitzero"`
		AuthReqID           string `json:"auth_req_id,omitzero"`
		ClientAssertionType string `json:"client_assertion_type,omitzero"`
		ClientAssertion     string `json:"client_assertion,omitzero"`
		Scope               string `json:"scope,omitzero"`
	}
	// LogOut is the form of POST /oauth2/logout (OpenID Connect RP-Initiated Logout
	// 1.0), as clients send it and, with csrf and decision, as our own page does.
	LogOut struct {
		IDTokenHint string `json:"id_token_hint,omitzero"`
		LogoutHint  string `json:"logout_hint,omitzero"`
		ClientID    string `json:"client_id,omitzero"`
		RedirectURI string `json:"post_logout_redirect_uri,omitzero"`
		State       string `json:"state,omitzero"`
		UILocales   string `json:"ui_locales,omitzero"`
		CSRF        string `json:"csrf,omitzero"`
		Decision    string `json:"decision,omitzero"` // leave or stay
	}
	// RevokeToken is the form of POST /oauth2/revoke (RFC 7009).
	RevokeToken struct {
		Token               string `json:"token"`
		TokenTypeHint       string `json:"token_type_hint,omitzero"`
		ClientID            string `json:"client_id,omitzero"`
		ClientAssertion     string `json:"client_assertion,omitzero"`
		ClientAssertionType string `json:"client_assertion_type,omitzero"`
	}
	// RequestConsent is the form of POST /oauth2/par (RFC 9126): an authorization
	// request that a third party pushes.
	RequestConsent struct {
		ResponseType        string `json:"response_type"`          // code
		ResponseMode        string `json:"response_mode,omitzero"` // query
		RedirectURI         string `json:"redirect_uri"`
		Scope               string `json:"scope"`
		State               string `json:"state,omitzero"`
		Nonce               string `json:"nonce,omitzero"`
		CodeChallenge       string `json:"code_challenge"`
		CodeChallengeMethod string `json:"code_challenge_method"` // S256
		ACRValues           string `json:"acr_values,omitzero"`
		MaxAge              string `json:"max_age,omitzero"`
		Prompt              string `json:"prompt,omitzero"`
		UILocales           string `json:"ui_locales,omitzero"`
		Details             string `json:"authorization_details,omitzero"` // JSON text (RFC 9396)
		JKT                 string `json:"dpop_jkt,omitzero"`
		ClientID            string `json:"client_id,omitzero"`
		ClientAssertion     string `json:"client_assertion,omitzero"`
		ClientAssertionType string `json:"client_assertion_type,omitzero"`
	}
	// AskConsent is the form of POST /oauth2/bc-authorize (OpenID CIBA Core 1.0): what a
	// third party asks for without a browser. One hint names the customer.
	AskConsent struct {
		Scope               string `json:"scope"`               // openid, and more
		LoginHint           string `json:"login_hint,omitzero"` // user name, phone or e-mail
		IDTokenHint         string `json:"id_token_hint,omitzero"`
		BindingMessage      string `json:"binding_message,omitzero"`
		ACRValues           string `json:"acr_values,omitzero"`
		RequestedExpiry     string `json:"requested_expiry,omitzero"`      // seconds
		Details             string `json:"authorization_details,omitzero"` // JSON text (RFC 9396)
		JKT                 string `json:"dpop_jkt,omitzero"`
		ClientID            string `json:"client_id,omitzero"`
		ClientAssertion     string `json:"client_assertion,omitzero"`
		ClientAssertionType string `json:"client_assertion_type,omitzero"`
	}
	// AnswerConsent is the form of POST /oauth2/authorize: what a person typed into
	// one of the pages. Without a decision it is a step of the login.
	AnswerConsent struct {
		URI          string `json:"request_uri"`
		CSRF         string `json:"csrf"`
		Once         string `json:"once,omitzero"`  // tells one login's first form from the next
		Shown        string `json:"shown,omitzero"` // which form it was
		AuthSession  string `json:"auth_session,omitzero"`
		UserName     string `json:"username,omitzero"`
		Password     string `json:"password,omitzero"`
		OTP          string `json:"otp,omitzero"`
		OTPMethod    string `json:"otp_method,omitzero"` // email or sms; else the authenticator app's
		OTPSend      string `json:"otp_send,omitzero"`   // email or sms
		WebAuthn     string `json:"webauthn,omitzero"`   // a PublicKeyCredential
		RecoveryCode string `json:"recovery_code,omitzero"`
		Push         string `json:"push,omitzero"` // start or poll
		Way          string `json:"way,omitzero"`  // the factor whose form is to be shown
		Decision     string `json:"decision,omitzero" jsonschema:"enum=allow,enum=deny"`
	}
	// EndFromPage is the form of POST /account/devices: a customer without a phone
	// logs in, and ends a device or a session. Without an act it is a step of the
	// login.
	EndFromPage struct {
		CSRF         string `json:"csrf"`
		Once         string `json:"once,omitzero"`
		Shown        string `json:"shown,omitzero"`
		AuthSession  string `json:"auth_session,omitzero"`
		UserName     string `json:"username,omitzero"`
		Password     string `json:"password,omitzero"`
		OTP          string `json:"otp,omitzero"`
		WebAuthn     string `json:"webauthn,omitzero"`
		RecoveryCode string `json:"recovery_code,omitzero"`
		Way          string `json:"way,omitzero"`
		Act          string `json:"act,omitzero" jsonschema:"enum=lost,enum=revoke,enum=end,enum=leave"`
		Thing        string `json:"thing,omitzero"`                      // the device or the session
		Sure         string `json:"sure,omitzero" jsonschema:"enum=yes"` // else the page asks first
	}
)
