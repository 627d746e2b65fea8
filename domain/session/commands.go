package session

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Lifetimes.
const (
	AccessTTL = 300 * time.Second
	IdleMax   = 30 * 24 * time.Hour // of a refresh token
	LifeMax   = 90 * 24 * time.Hour // of a family, from login
	// An operator's session is short: unattended for this long it is over, and with
	// the working day it is over in any case.
	OperatorIdleMax = 15 * time.Minute
	OperatorLifeMax = 10 * time.Hour

	foldRefusals = time.Minute // refusals closer than this are one fact
)

// ACRDevice is what is left when an elevation has ended: the key alone.
const ACRDevice = "urn:florin:acr:device"

// ACRKey is what an operator or machine has that comes for itself: it has just
// signed an assertion with its registered key (private_key_jwt), and it proves the
// token's key with every request (DPoP). It is one factor, possession, and stands
// outside the order of a customer's: nobody steps up from it or to it.
const ACRKey = "urn:florin:acr:key"

// Retry rules: when the token before the current one may come again.
const (
	RetryKeyed     = "keyed"      // with the Idempotency-Key it was first refreshed with
	RetryUntilUsed = "until-used" // FAPI 2.0 section 5.3.2.1-9
)

// Command is something one may ask of a token family.
type Command interface{ sessionCommand() }

type (
	// Start begins a family. ExpiresAt is its end, whatever happens.
	Start struct {
		Session   id.Session
		Customer  id.Customer
		Operator  id.Operator
		Client    id.Client
		Device    id.Device
		Grant     id.Grant
		Consent   id.Consent
		JKT       string
		Scopes    []string
		ACR       string
		AMR       []string
		AuthTime  time.Time
		Retry     string
		Salt      string
		ExpiresAt time.Time
		At        time.Time
	}
	// Issue gives out an access token, and a first refresh token if there is a hash.
	Issue struct {
		JTI         string
		RefreshHash string
		At          time.Time
	}
	// Refresh shows a refresh token that is truly the family's, of Generation.
	// RefreshHash is the successor's. Scopes narrow the access token; none: all.
	Refresh struct {
		Generation  int64
		Client      id.Client
		JKT         string
		JTI         string
		RefreshHash string
		RetryHash   string
		Scopes      []string
		At          time.Time
	}
	// Elevate lifts the family after a step-up.
	Elevate struct {
		Grant    id.Grant
		ACR      string
		AMR      []string
		AuthTime time.Time
		At       time.Time
	}
	// Revoke ends the family.
	Revoke struct {
		By     string
		Reason string
		At     time.Time
	}
)

func (Start) sessionCommand()   {}
func (Issue) sessionCommand()   {}
func (Refresh) sessionCommand() {}
func (Elevate) sessionCommand() {}
func (Revoke) sessionCommand()  {}

var (
	ErrExists  = &domain.Refusal{Class: domain.Conflict, Code: "session-exists", Detail: "This session was begun already."}
	ErrUnknown = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	// ErrGrant is what is wrong with every refresh token that is not taken.
	ErrGrant = &domain.Refusal{Class: domain.Invalid, Code: "invalid-grant", Detail: "Log in again."}
	// ErrScope: more was asked for than the family has.
	ErrScope = &domain.Refusal{Class: domain.Invalid, Code: "invalid-scope", Detail: "The session does not have this scope."}
	// ErrStranger: the session was begun with a device that is not the customer's.
	ErrStranger = &domain.Refusal{Class: domain.Unproven, Code: "insufficient-user-authentication", Detail: "Confirm that it is you."}
)
