package commands

import (
	"context"
	"errors"
	"slices"
	"strings"

	"florin/domain"
	"florin/domain/attempt"
	"florin/domain/client"
	"florin/domain/customer"
	"florin/domain/device"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/operator"
	"florin/domain/risk"
)

// Refusals of a login that are not the grant's own.
var (
	ErrFactors = &domain.Refusal{Class: domain.Invalid, Code: "invalid-request", Detail: "Show one factor at a time."}
	ErrNoKey   = &domain.Refusal{Class: domain.Invalid, Code: "invalid-request", Detail: "Register this device first."}
)

// Grants are the verbs of native logins.
type Grants struct{ bank *Bank }

// Grants gives the verbs of native logins.
func (b *Bank) Grants() Grants { return Grants{b} }

// LoginStep is one step of a native login. The first one names who and for what;
// each later one, and each, shows at most one factor. JKT is of the proven key.
type LoginStep struct {
	AuthSession       string // of the step before, or of a family (step-up); "": a new login
	ClientID, JKT     string
	CodeChallenge     string // S256
	Nonce             string
	Scopes, ACRValues []string
	MaxAge            int64 // -1: not said. Every login here is fresh, so it holds always
	UserName          string
	Password, OTP     string
	OTPMethod         string // email or sms; else the one-time password is of the TOTP factor
	OTPSend           string // email or sms: one is to be sent
	SCA               *SCAAssent
	Passkey           *PasskeyAssent // over the challenge of PasskeyQuestion
	RecoveryCode      string
	Push              string // PushStart or PushPoll
	Expected          string // word of a device of the customer's, that this one is expected (Devices.Expect)

	// In a browser there is no device: a secret of the browser's stands for the
	// key, and what is asked for is the third party's, in its request.
	Consent id.Consent
	Browser string
}

// SCAAssent is what the SCA key signed, verified; the zero one did not stand.
type SCAAssent struct{ CodeChallenge, ID string }

// factor is the one that is shown, "" if none.
func (s LoginStep) factor() (factor string, err error) {
	for _, given := range []struct {
		factor string
		shown  bool
	}{{grant.Password, s.Password != ""}, {s.oneTime(), s.OTP != ""}, {grant.OTPSend, s.OTPSend != ""}, {grant.SCAKey, s.SCA != nil},
		{grant.Passkey, s.Passkey != nil}, {grant.RecoveryCode, s.RecoveryCode != ""}, {grant.PushStart, s.Push == PushStart}, {grant.Push, s.Push == PushPoll}} {
		if given.shown && factor != "" {
			return "", ErrFactors
		}
		if given.shown {
			factor = given.factor
		}
	}
	return factor, nil
}

func (s LoginStep) oneTime() string {
	if s.OTPMethod == grant.ByEmail || s.OTPMethod == grant.BySMS {
		return s.OTPMethod
	}
	return grant.OneTime
}

// LoginAnswer is a code, or the next step.
type LoginAnswer struct {
	Code        string
	AuthSession string
	Next        []string
	Done        bool // in a browser: AuthSession stands for the customer now

	// Sends are the ways, email and sms, by which Next's otp_send can be asked for.
	Sends []string

	// Of a push approval.
	Pending   bool   // the customer has not answered yet
	Number    string // to be shown, and typed on the approving device
	ExpiresIn int64  // seconds
}

// login is one login as far as it has come.
type login struct {
	id       id.Grant
	start    grant.Command // of a new one
	fresh    bool
	state    grant.State
	customer customer.State // zero for a name that is nobody's
	operator operator.State // of a login at the desk
	from     device.State   // zero but for its key in a browser
	hardware bool           // the SCA key is attested to live in hardware
	lanes    lanes
	doubted  bool // risk is not sure of the device that it binds
}

// Challenge takes one step of a login. Work and answers are the same whether the
// name is anybody's and whether a factor was right, up to the last step: the
// attempt is counted (one commit), the factor checked (one password hash, if it is
// a password), the result noted (one commit).
//
// Refusals: grant.ErrDenied ends the login, whatever the reason; *attempt.Throttled
// tells how long to wait; grant.ErrSession and grant.ErrFactor cost no attempt.
func (g Grants) Challenge(ctx context.Context, order Order, ask LoginStep) (LoginAnswer, Outcome, error) {
	b := g.bank
	factor, err := ask.factor()
	if err != nil {
		return LoginAnswer{}, Outcome{}, err
	}
	if ask.Browser != "" {
		if ask.JKT, err = b.markOf(ask.Browser); err != nil {
			return LoginAnswer{}, Outcome{}, err
		}
	}
	if ask.Browser != "" {
		if answer, outcome, found, err := g.repeated(ctx, order); found || err != nil {
			return answer, outcome, err
		}
	}
	l, err := g.login(ctx, order, ask)
	if err == nil {
		l.lanes, err = b.expected(l, ask.Expected, order.At)
	}
	if err != nil {
		return LoginAnswer{}, Outcome{}, err
	}
	if factor == "" {
		if !l.fresh {
			return LoginAnswer{}, Outcome{}, grant.ErrFactor
		}
		return g.note(ctx, order, l, func(*work) error { return nil })
	}
	prove := grant.Prove{Factor: factor, Step: l.state.Steps, Hardware: l.hardware, JKT: ask.JKT, At: order.At}
	if err := l.state.Expects(factor, prove.Step, ask.JKT, order.At); err != nil {
		if l.fresh && l.state.Bound && factor == grant.Password && errors.Is(err, grant.ErrFactor) { // it cannot reach the class that was asked for: what can is said
			return g.note(ctx, order, l, func(*work) error { return nil })
		}
		return LoginAnswer{}, Outcome{}, err
	}
	if factor == grant.OTPSend && !slices.Contains(l.state.Sends(), ask.OTPSend) {
		return LoginAnswer{}, Outcome{}, grant.ErrFactor
	}
	if factor == grant.Push { // looks, and guesses nothing
		return g.poll(ctx, order, l, ask, prove)
	}
	around, err := b.around(l.lanes, factor, ask.Password)
	if err != nil {
		return LoginAnswer{}, Outcome{}, err
	}
	if err := b.count(ctx, order, l.state.Attempts, l.state.Customer, l.lanes.of(factor), around...); err != nil {
		return LoginAnswer{}, Outcome{}, err
	}
	switch factor {
	case grant.PushStart:
		return g.askApproval(ctx, order, l, grant.RequestApproval{Step: prove.Step, JKT: ask.JKT, At: order.At}, l.from)
	case grant.OTPSend:
		request := grant.RequestOTP{Method: ask.OTPSend, Salt: opaque.EncodeToString(b.sources.Secret(16)), Step: prove.Step, JKT: ask.JKT, At: order.At}
		return g.note(ctx, order, l, func(w *work) error { return b.grants.decide(w, l.id, request) })
	}
	if l.state.Desk {
		return g.proveAtDesk(ctx, order, l, prove, ask)
	}
	var spent customer.Command
	if prove.Right, spent, err = g.check(ctx, order, l, factor, ask); err != nil {
		return LoginAnswer{}, Outcome{}, err
	}
	if _, prove.CodeHash, err = b.codeOf(l.id); err != nil {
		return LoginAnswer{}, Outcome{}, err
	}
	return g.note(ctx, order, l, func(w *work) error { return g.prove(w, l, prove, spent) })
}

// check looks at one factor; spent is what its use means for the customer. Right is
// not yet success: see prove.
func (g Grants) check(ctx context.Context, order Order, l login, factor string, ask LoginStep) (right bool, spent customer.Command, err error) {
	b := g.bank
	switch factor {
	case grant.Password:
		right, err = b.rightPassword(ctx, l.customer.Password, ask.Password)
	case grant.OneTime:
		spent, right, err = b.matchOTP(l.customer, l.state.TOTP, ask.OTP, order.At)
	case grant.ByEmail, grant.BySMS:
		right, err = b.matchSent(l.id, l.state.Requested, ask.OTP)
	case grant.Passkey:
		_, right = l.customer.Factor(ask.Passkey.Factor)
		spent = ask.Passkey.use(order)
	case grant.RecoveryCode:
		spent, right, err = b.matchRecoveryCode(l.customer, l.state.TOTP, ask.RecoveryCode, order.At)
	case grant.SCAKey:
		right = ask.SCA.CodeChallenge != "" && ask.SCA.CodeChallenge == l.state.CodeChallenge
	}
	return right && l.customer.MayLogIn(), spent, err
}

// prove notes a factor, and with the last right one all that a login brings. What
// speaks against it by then (the one-time password was used meanwhile, the device
// is another's) makes the factor a wrong one.
func (g Grants) prove(w *work, l login, prove grant.Prove, spent customer.Command) error {
	said, here, scored := g.scoreLogin(w, l, &prove)
	enrols, binds := g.scoreEnrolment(w, l, &prove)
	if binds && enrols.Effect == risk.Block {
		said.Effect = risk.Block // the login ends with it
	}
	l.doubted = binds && enrols.Effect != risk.Allow
	if err := g.proveScored(w, l, prove, spent); err != nil || !scored {
		return err
	}
	if binds {
		if err := g.noteEnrolment(w, l, enrols); err != nil {
			return err
		}
	}
	if err := w.noteDecision(said); err != nil || !here.Known || !prove.Right || said.Effect != risk.Allow || said.Customer.IsZero() {
		return err
	}
	return w.notePlace(said.Decision, said.Customer, here)
}

func (g Grants) proveScored(w *work, l login, prove grant.Prove, spent customer.Command) error {
	if prove.Right {
		err := try(w, func() error {
			if err := g.bank.grants.decide(w, l.id, prove); err != nil {
				return err
			}
			return g.complete(w, l, prove.Factor, spent)
		})
		if err == nil || !refused(err) {
			return err
		}
		prove.Right = false
	}
	return g.bank.grants.decide(w, l.id, prove)
}

func (g Grants) complete(w *work, l login, factor string, spent customer.Command) error {
	b := g.bank
	state, err := b.grants.load(w, l.id)
	if err != nil || !state.Complete() {
		return err
	}
	person, err := b.customers.load(w, state.Customer)
	switch {
	case err != nil:
		return err
	case !person.MayLogIn():
		return grant.ErrDenied
	case factor == grant.Password && person.Password != l.customer.Password: // changed while it was checked
		return grant.ErrDenied
	case state.At.Before(person.PasswordAt), state.At.Before(person.RecoveredAt): // an earlier step was by what is no more
		return grant.ErrDenied
	}
	if spent != nil {
		if err := b.customers.decide(w, state.Customer, spent); err != nil {
			return err
		}
	}
	switch {
	case state.Device.IsZero(): // a browser is nobody's
	case state.Weak():
		err = b.customers.decide(w, state.Customer, customer.VisitDevice{Device: state.Device, At: w.order.At})
	default:
		if w.order.Caller.Reason == "" {
			w.order.Caller.Reason = "login-by-" + strings.ReplaceAll(factor, "_", "-")
		}
		err = b.bind(w, state.Device, state.Customer, l.id, l.doubted)
	}
	if err != nil {
		return err
	}
	if err := w.giveBack(l.lanes.places, state.Attempts); err != nil {
		return err
	}
	return b.attempts.decide(w, state.Attempts, attempt.Succeed{Lanes: l.lanes.all(), At: w.order.At})
}

// note commits one step and makes its answer.
func (g Grants) note(ctx context.Context, order Order, l login, part func(*work) error) (LoginAnswer, Outcome, error) {
	b := g.bank
	answer, outcome, err := execute(ctx, b, "grant.challenge", order, streams(l.id), func(w *work) error {
		if l.fresh {
			b.grants.begin(w, l.id)
			if err := b.grants.decide(w, l.id, l.start); err != nil {
				return err
			}
		}
		return part(w)
	}, func(facts []Fact) (LoginAnswer, error) { return g.answer(l.id, facts) })
	return answer.sending(l.state.Sends()), outcome, err
}

// sending tells by which ways a code can be asked for next, if it can.
func (a LoginAnswer) sending(ways []string) LoginAnswer {
	if slices.Contains(a.Next, grant.OTPSend) {
		a.Sends = ways
	}
	return a
}

func (g Grants) answer(named id.Grant, facts []Fact) (answer LoginAnswer, err error) {
	var step int64
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case grant.Started:
			answer.Next = e.Next
		case grant.DeskStarted:
			answer.Next = e.Next
		case grant.FactorVerified:
			step, answer.Next = e.Step, e.Next
		case grant.FactorFailed:
			step, answer.Next = e.Step, e.Next
		case grant.OTPRequested:
			step, answer.Next = e.Step, e.Next
		case grant.ApprovalRequested:
			step, answer.Next = e.Step, e.Next
		case grant.Denied:
			return LoginAnswer{}, grant.ErrDenied
		case grant.Authenticated:
			answer.Done = true
		case grant.CodeIssued:
			answer.Code, _, err = g.bank.codeOf(named)
			return answer, err
		}
	}
	answer.AuthSession, err = g.bank.handle(handleLogin, named.UUID(), step)
	return answer, err
}

// deviceOf is the device of a proven key, if anything is accepted from it; of a
// browser it is nothing but what the browser is known by.
func (g Grants) deviceOf(ctx context.Context, ask LoginStep) (device.State, error) {
	if ask.Browser != "" {
		return device.State{JKT: ask.JKT}, nil
	}
	state, err := g.bank.devices.look(ctx, id.Named[id.Device](ask.JKT))
	switch {
	case err != nil:
		return state, err
	case state.Device.IsZero():
		return state, ErrNoKey
	case state.Revoked:
		return state, grant.ErrDenied
	}
	return state, nil
}

// firstParty is the client of a native login. One that is registered to send people
// to the bank's pages is told to: no third party ever sees a factor.
func (g Grants) firstParty(ctx context.Context, clientID string) (Client, error) {
	found, err := g.bank.allowed(ctx, clientID, client.AuthorizationCode)
	if err == nil && !found.FirstParty {
		err = ErrToWeb
	}
	return found, err
}
