package operator

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/text"
)

// Limits of persons.
const (
	EnrolmentTTL       = 30 * time.Minute // of a code, from its making
	SessionsMax        = 5                // at once; the oldest makes room
	CredentialBytesMax = 4096             // of a passkey's id and public key, each, in base64url
)

type (
	// Appoint makes a person an operator, who has to enrol before anything else.
	Appoint struct {
		Operator id.Operator
		Name     domain.Profile
		UserName domain.Profile // as it is normalised
		Scopes   []string
		At       time.Time
	}
	// OpenEnrolment lets whoever shows the code set the person's factors anew.
	OpenEnrolment struct {
		Factor   id.Factor
		CodeHash string
		At       time.Time
	}
	// Enrol shows the code, by its hash, and sets the factors: a password with the
	// step of a one-time password that was right, a verified credential, or both.
	Enrol struct {
		CodeHash   string
		Password   string // PHC string
		Step       int64
		Credential Credential
		At         time.Time
	}
	// UseOTP spends one step: the same or an older one is refused.
	UseOTP struct {
		Step int64
		At   time.Time
	}
	// UsePasskey is an assertion whose signature was verified.
	UsePasskey struct {
		SignCount      int64
		BackupEligible bool
		BackedUp       bool
		UserVerified   bool
		At             time.Time
	}
	// JoinSession notes a family of tokens that a login began.
	JoinSession struct {
		Session   id.Session
		ExpiresAt time.Time
		At        time.Time
	}
	// GrantRole gives a role's scopes, WithdrawRole takes them.
	GrantRole struct {
		Role string
		At   time.Time
	}
	WithdrawRole struct {
		Role string
		At   time.Time
	}
)

func (Appoint) operatorCommand()       {}
func (OpenEnrolment) operatorCommand() {}
func (Enrol) operatorCommand()         {}
func (UseOTP) operatorCommand()        {}
func (UsePasskey) operatorCommand()    {}
func (JoinSession) operatorCommand()   {}
func (GrantRole) operatorCommand()     {}
func (WithdrawRole) operatorCommand()  {}

var (
	// ErrEnrolment is what is wrong with every code that is not taken, and with
	// every name that is nobody's.
	ErrEnrolment = &domain.Refusal{Class: domain.Forbidden, Code: "enrolment-refused", Detail: "This name and code enrol nobody; ask for a new code."}
	// ErrFactors: a password comes with a one-time password, and something has to come.
	ErrFactors = &domain.Refusal{Class: domain.Invalid, Code: "enrolment-incomplete", Detail: "A password with a one-time password, or a passkey, is needed."}
	ErrMachine = &domain.Refusal{Class: domain.Refused, Code: "operator-is-machine", Detail: "This operator is a machine: it has a key and nothing to enrol."}
	ErrPasskey = &domain.Refusal{Class: domain.Refused, Code: "passkey-refused", Detail: "This passkey cannot be used."}
	ErrCloned  = &domain.Refusal{Class: domain.Forbidden, Code: "passkey-cloned", Detail: "This passkey has been used elsewhere since."}
	ErrSpent   = &domain.Refusal{Class: domain.Forbidden, Code: "otp-spent", Detail: "This one-time password was used already."}
	ErrReason  = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reason", Detail: "Give a reason code of lower-case letters, digits and hyphens."}
)

// Enrolment is a code that is out; the zero one is none.
type Enrolment struct {
	Factor    id.Factor
	CodeHash  string
	ExpiresAt time.Time
}

// Session is a family of tokens that a login began.
type Session struct {
	Session   id.Session
	ExpiresAt time.Time
}

// Person tells whether this is a person, who logs in, and no machine.
func (s State) Person() bool { return s.person && !s.Operator.IsZero() }

// MayLogIn tells whether anybody may log in as this person.
func (s State) MayLogIn() bool { return s.Enabled() && s.person && s.Enrolment == Enrolment{} }

// Opens refuses a code, by its hash, that does not enrol this person at that time.
func (s State) Opens(codeHash string, at time.Time) error {
	if !s.Enabled() || s.Enrolment.CodeHash == "" || !at.Before(s.Enrolment.ExpiresAt) ||
		subtle.ConstantTimeCompare([]byte(s.Enrolment.CodeHash), []byte(codeHash)) != 1 {
		return ErrEnrolment
	}
	return nil
}

// Displaced is the session that has to make room for one more at a time, if any.
func (s State) Displaced(at time.Time) (id.Session, bool) {
	open := s.open(at)
	if len(open) < SessionsMax {
		return id.Session{}, false
	}
	return open[0].Session, true
}

func (s State) open(at time.Time) []Session {
	return slices.DeleteFunc(slices.Clone(s.Sessions), func(one Session) bool { return !at.Before(one.ExpiresAt) })
}

func (s State) appoint(c Appoint) ([]Event, error) {
	scopes, ok := domain.Scopes(c.Scopes, domain.OperatorScopes())
	name := c.Name.Reveal()
	switch {
	case !s.Operator.IsZero():
		return nil, ErrExists
	case strings.TrimSpace(name) == "", utf8.RuneCountInString(name) > NameRunesMax, !text.Line(name), c.UserName.Reveal() == "", c.Operator.IsZero():
		return nil, ErrName
	case !ok:
		return nil, ErrScope
	}
	c.Scopes = scopes
	return []Event{Appointed(c)}, nil
}

// human decides about what only persons have.
func (s State) human(command Command) ([]Event, error) {
	if !s.person {
		return nil, ErrMachine
	}
	switch c := command.(type) {
	case OpenEnrolment:
		return []Event{EnrolmentOpened{Factor: c.Factor, CodeHash: c.CodeHash, ExpiresAt: c.At.Add(EnrolmentTTL), At: c.At}}, nil
	case Enrol:
		return s.enrol(c)
	case UseOTP:
		if s.TOTP.IsZero() || c.Step <= s.LastStep {
			return nil, ErrSpent
		}
		return []Event{OTPUsed(c)}, nil
	case UsePasskey:
		return s.usePasskey(c)
	case JoinSession:
		return []Event{SessionJoined(c)}, nil
	}
	panic(unknown(command))
}

func (s State) enrol(c Enrol) ([]Event, error) {
	if err := s.Opens(c.CodeHash, c.At); err != nil {
		return nil, err
	}
	enrolled := Enrolled{Password: c.Password, Key: c.Credential, At: c.At}
	switch hasKey := c.Credential != (Credential{}); {
	case c.Password == "" && !hasKey, c.Password != "" && (c.Step == 0 || !strings.HasPrefix(c.Password, "$argon2id$")):
		return nil, ErrFactors
	case hasKey && !c.Credential.good():
		return nil, ErrPasskey
	case hasKey:
		enrolled.Passkey = s.Enrolment.Factor
	}
	if c.Password != "" {
		enrolled.TOTP, enrolled.Step = s.Enrolment.Factor, c.Step
	}
	return []Event{enrolled}, nil
}

func (c Credential) good() bool {
	return c.UserVerified && c.ID != "" && c.PublicKey != "" && c.SignCount >= 0 && len(c.ID) <= CredentialBytesMax &&
		len(c.PublicKey) <= CredentialBytesMax && (c.BackupEligible || !c.BackedUp)
}

// usePasskey holds what a verified assertion says against the record: WebAuthn
// Level 3 section 7.2, from user verification to the signature counter.
func (s State) usePasskey(c UsePasskey) ([]Event, error) {
	switch {
	case s.Passkey.IsZero(), !c.UserVerified, c.BackupEligible != s.Credential.BackupEligible, c.BackedUp && !c.BackupEligible:
		return nil, ErrPasskey
	case (c.SignCount != 0 || s.Credential.SignCount != 0) && c.SignCount <= s.Credential.SignCount:
		return nil, ErrCloned
	}
	return []Event{PasskeyUsed{SignCount: c.SignCount, BackedUp: c.BackedUp, At: c.At}}, nil
}

// evolvePerson takes in the facts of persons.
func (s State) evolvePerson(event Event) State {
	switch e := event.(type) {
	case Appointed:
		s = State{Operator: e.Operator, Scopes: e.Scopes, person: true}
	case EnrolmentOpened:
		s.Enrolment = Enrolment{Factor: e.Factor, CodeHash: e.CodeHash, ExpiresAt: e.ExpiresAt}
		s.Password, s.TOTP, s.Passkey, s.Credential, s.LastStep = "", id.Factor{}, id.Factor{}, Credential{}, 0
	case Enrolled:
		s.Enrolment = Enrolment{}
		s.Password, s.TOTP, s.LastStep, s.Passkey, s.Credential = e.Password, e.TOTP, e.Step, e.Passkey, e.Key
	case OTPUsed:
		s.LastStep = e.Step
	case PasskeyUsed:
		s.Credential.SignCount, s.Credential.BackedUp = e.SignCount, e.BackedUp
	case SessionJoined:
		open := s.open(e.At)
		if len(open) >= SessionsMax {
			open = open[1:]
		}
		s.Sessions = append(open, Session{e.Session, e.ExpiresAt})
	}
	return s
}
