package schemas

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// The commands that no caller's body says: they come from the host, from a
// process of the bank's own, or follow from a request by themselves. What they
// concern is a member here, for there is no address that names it.
type (
	// CreateOperator is florin operator create.
	CreateOperator struct {
		Name   string           `json:"name"` // who this is
		Scopes []string         `json:"scopes"`
		Key    domain.PublicKey `json:"key"` // of the operator's assertions
	}
	// AppointOperator is florin operator create --person.
	AppointOperator struct {
		Name     string   `json:"name"` // who this is
		UserName string   `json:"user_name"`
		Scopes   []string `json:"scopes"`
		Roles    []string `json:"roles"`
	}
	// OpenEnrolment is florin operator enrol: a person's factors are set anew.
	OpenEnrolment struct {
		Operator id.Operator `json:"operator"`
		Reason   string      `json:"reason"` // code
	}
	// GrantScopes sets an operator's scopes anew.
	GrantScopes struct {
		Operator id.Operator `json:"operator"`
		Scopes   []string    `json:"scopes"`
	}
	// DisableOperator gives an operator no token any more.
	DisableOperator struct {
		Operator id.Operator `json:"operator"`
		Reason   string      `json:"reason"` // code
	}
	// RegisterClient is florin client register. With keys the client is
	// confidential, without any it is public.
	RegisterClient struct {
		ClientID     string             `json:"client_id"`
		Name         string             `json:"name"`
		Keys         []domain.PublicKey `json:"keys,omitempty"`
		RedirectURIs []string           `json:"redirect_uris,omitempty"`
		GrantTypes   []string           `json:"grant_types"`
		Scopes       []string           `json:"scopes,omitempty"`
		FirstParty   bool               `json:"first_party,omitzero"`

		PostLogoutURIs []string `json:"post_logout_redirect_uris,omitempty"` // OpenID Connect RP-Initiated Logout 1.0
		BackchannelURI string   `json:"backchannel_logout_uri,omitzero"`     // OpenID Connect Back-Channel Logout 1.0
		NearURIs       bool     `json:"near_uris,omitzero"`                  // a sandbox: addresses of this machine will do

		TLSSubjectDN string `json:"tls_client_auth_subject_dn,omitzero"` // RFC 8705: one of the three, instead of keys
		TLSSANDNS    string `json:"tls_client_auth_san_dns,omitzero"`
		TLSSANURI    string `json:"tls_client_auth_san_uri,omitzero"`
		TLSBound     bool   `json:"tls_client_certificate_bound_access_tokens,omitzero"`

		IDTokenAlgorithm string `json:"id_token_signed_response_alg,omitzero"` // of ID and logout tokens, ES256 if not said
	}
	// AssertClient uses up an assertion of a client whose clock is ahead.
	AssertClient struct {
		ClientID string `json:"client_id"`
	}
	// DisableClient is florin client disable.
	DisableClient struct {
		ClientID string `json:"client_id"`
		Reason   string `json:"reason"` // code
	}
	// RotateSigningKey is florin keys rotate. No lead is an emergency: the keys
	// before it are not believed any more.
	RotateSigningKey struct {
		LeadSeconds int64    `json:"lead_seconds" jsonschema:"minimum=0"`
		Algorithms  []string `json:"algorithms,omitempty"` // of the new keys
	}
	// ClosePeriod closes the next month of an account.
	ClosePeriod struct {
		Account id.Account `json:"account"`
		Month   string     `json:"month" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}$"`
	}
	// ReportDeath and CloseCustomer end the relation with a customer.
	ReportDeath struct {
		Customer id.Customer `json:"customer"`
	}
	CloseCustomer struct {
		Customer id.Customer `json:"customer"`
		Reason   string      `json:"reason"` // code
	}
	// FinishErasure notes that a customer's keys are destroyed.
	FinishErasure struct {
		Customer id.Customer `json:"customer"`
	}
	// OpenConsent is what a browser brings to GET /oauth2/authorize; whatever else
	// it brings does not count.
	OpenConsent struct {
		ClientID string `json:"client_id"`
		URI      string `json:"request_uri"`
	}
	// CountAttempt takes an attempt from lanes of a budget.
	CountAttempt struct {
		Attempts id.Attempts `json:"attempts"`
		Lanes    []string    `json:"lanes"`
	}
	// MeasureLogins notes how many attempts of unknown devices a minute had.
	MeasureLogins struct {
		Minute time.Time `json:"minute"`
		Tried  int64     `json:"tried"`
		Failed int64     `json:"failed"`
	}
	// ExpireTransfer ends a challenge whose time has run out.
	ExpireTransfer struct {
		Transfer id.Transfer `json:"transfer"`
	}
	// ExpireApproval notes that nobody has answered a request in time.
	ExpireApproval struct {
		Approval id.Approval `json:"approval"`
	}
	// GrantAccess records that a reader is answered.
	GrantAccess struct {
		Reader   id.Access `json:"reader"`
		Resource string    `json:"resource"`
		Query    string    `json:"query,omitzero"`
	}
	// RefuseAccess records how often somebody was turned away. Who is meant is whose
	// token was shown, if any was.
	RefuseAccess struct {
		Code      string      `json:"code"`
		Why       string      `json:"why,omitzero"`
		Resource  string      `json:"resource,omitzero"` // method and pattern of a route
		Count     int64       `json:"count" jsonschema:"minimum=1"`
		Since     time.Time   `json:"since"`
		Until     time.Time   `json:"until"`
		Customer  id.Customer `json:"customer,omitzero"`
		Operator  id.Operator `json:"operator,omitzero"`
		Client    id.Client   `json:"client,omitzero"`
		Device    id.Device   `json:"device,omitzero"`
		Session   id.Session  `json:"session,omitzero"`
		Presenter id.Device   `json:"presenter,omitzero"`
	}
	// TellClient records what became of telling a client that its session is over.
	TellClient struct {
		Session id.Session `json:"session"`
		Outcome string     `json:"outcome" jsonschema:"enum=taken,enum=refused,enum=late"`
	}
	// FileNotification puts an entry into a customer's inbox.
	FileNotification struct {
		Notification id.Notification `json:"notification"`
		Customer     id.Customer     `json:"customer"`
		Template     string          `json:"template"`
		About        string          `json:"about,omitzero"`
		Code         string          `json:"code,omitzero"`
	}
	// NoteNotification records what became of a message.
	NoteNotification struct {
		Notification id.Notification `json:"notification"`
		Customer     id.Customer     `json:"customer"`
		Channel      string          `json:"channel"`
		Template     string          `json:"template"`
		Failed       bool            `json:"failed,omitzero"`
	}
)
