package consent

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Lifetimes and limits.
const (
	RequestTTL       = 90 * time.Second // from the push to the browser; FAPI 2.0 section 5.3.2.2 wants less than 600 s
	PageTTL          = 10 * time.Minute // from there to the customer's answer
	CodeTTL          = 60 * time.Second
	NonceBytesMax    = 512
	StateBytesMax    = 1024
	CreditorRunesMax = 70 // ISO 20022, Max70Text as the rails take it
	accountBytesMax  = 64
	acrValuesMax     = 8
)

// Command is something one may ask of a request.
type Command interface{ consentCommand() }

type (
	// Push makes a request. That the client is who it says, may go back to
	// RedirectURI and may ask for Scopes is shown before.
	Push struct {
		Consent       id.Consent
		Client        id.Client
		JKT           string // "": the code is not bound to a key before it is redeemed
		Scopes        []string
		Payment       Payment
		RedirectURI   string
		State         domain.Profile
		CodeChallenge string // S256
		Nonce         string
		ACRValues     []string
		At            time.Time
	}
	// Open shows the request to a browser.
	Open struct {
		Client  id.Client
		Browser string
		At      time.Time
	}
	// Grant is the customer's yes, after the login Grant in the same browser.
	Grant struct {
		Browser  string
		Customer id.Customer
		Grant    id.Grant
		ACR      string
		AMR      []string
		AuthTime time.Time
		CodeHash string
		At       time.Time
	}
	// Deny is a no; Customer is zero if it was said before a login.
	Deny struct {
		Browser  string
		Customer id.Customer
		Grant    id.Grant
		At       time.Time
	}
	// Redeem turns the code into a token family. The code itself was right.
	Redeem struct {
		Session     id.Session
		Client      id.Client
		JKT         string
		RedirectURI string
		Challenge   string // S256 of the PKCE verifier
		At          time.Time
	}
)

func (Push) consentCommand()   {}
func (Open) consentCommand()   {}
func (Grant) consentCommand()  {}
func (Deny) consentCommand()   {}
func (Redeem) consentCommand() {}

var (
	// ErrRequest: PKCE, state or nonce is not as it must be, or nothing is asked for.
	ErrRequest = &domain.Refusal{Class: domain.Invalid, Code: "invalid-request", Detail: "A code_challenge by S256, a redirect URI and a scope are needed."}
	// ErrRedirect: not one of the client's, byte for byte.
	ErrRedirect = &domain.Refusal{Class: domain.Invalid, Code: "invalid-request", Detail: "The redirect_uri is not registered for this client."}
	// ErrDetails: RFC 9396 section 5.
	ErrDetails = &domain.Refusal{Class: domain.Invalid, Code: "invalid-authorization-details", Detail: "The authorization_details are not one payment_initiation as this bank reads it."}
	// ErrURI: whatever is wrong with a request_uri, it is only told this.
	ErrURI = &domain.Refusal{Class: domain.Malformed, Code: "invalid-request-uri", Detail: "This request is not known, has expired, or was answered already."}
	// ErrCode is what is wrong with every code that is not taken.
	ErrCode = &domain.Refusal{Class: domain.Invalid, Code: "invalid-grant", Detail: "The code is not valid any more."}
)
