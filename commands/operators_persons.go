package commands

import (
	"context"
	"encoding/base32"
	"fmt"
	"strings"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/operator"
	"florin/domain/text"
	"florin/schemas"
	"florin/schemas/seal"
)

// AppointOperator asks for a person to be an operator. The user name is theirs
// for ever, also when they have left.
type AppointOperator struct {
	Name     domain.Profile
	UserName domain.Profile
	Scopes   []string
	Roles    []string
}

// EnrolmentAnswer is an enrolment that was opened. The code is derived and kept
// nowhere, so that a repeated answer has it as well.
type EnrolmentAnswer struct {
	Operator id.Operator
	Code     string
}

// Appoint makes a person an operator, and opens the enrolment. Whoever runs the
// binary on the host may. The order's reason is a code.
func (o Operators) Appoint(ctx context.Context, order Order, ask AppointOperator) (EnrolmentAnswer, Outcome, error) {
	b := o.bank
	appointed, normal, err := b.operatorNamed(ask.UserName.Reveal())
	if _, ok := newUser(ask.UserName.Reveal()); err == nil && !ok {
		err = ErrName
	}
	if err != nil {
		return EnrolmentAnswer{}, Outcome{}, err
	}
	order.Asked = schemas.AppointOperator{Name: ask.Name.Reveal(), UserName: normal, Scopes: ask.Scopes, Roles: ask.Roles}
	return execute(ctx, b, "operator.appoint", order, streams(appointed), func(w *work) error {
		w.under(seal.Subject{Kind: ActorOperator, ID: appointed.UUID()})
		appoint := operator.Appoint{Operator: appointed, Name: ask.Name, UserName: domain.NewProfile(normal), Scopes: ask.Scopes, At: order.At}
		if err := b.operators.decide(w, appointed, appoint); err != nil {
			return err
		}
		for _, role := range ask.Roles {
			if err := b.operators.decide(w, appointed, operator.GrantRole{Role: role, At: order.At}); err != nil {
				return err
			}
		}
		return b.openEnrolment(w, appointed, id.From[id.Factor](DerivedID(order.ID, "enrolment")))
	}, b.enrolmentAnswer)
}

// OpenEnrolment takes a person's factors away, ends every session, and gives a
// code that new factors are set with: for a person who has lost one. The order's
// reason is a code.
func (o Operators) OpenEnrolment(ctx context.Context, order Order, of id.Operator) (EnrolmentAnswer, Outcome, error) {
	b := o.bank
	if !text.Code(order.Caller.Reason) {
		return EnrolmentAnswer{}, Outcome{}, operator.ErrReason
	}
	order.Asked = schemas.OpenEnrolment{Operator: of, Reason: order.Caller.Reason}
	return execute(ctx, b, "operator.open_enrolment", order, streams(of), func(w *work) error {
		return b.openEnrolment(w, of, id.From[id.Factor](DerivedID(order.ID, "enrolment")))
	}, b.enrolmentAnswer)
}

func (b *Bank) openEnrolment(w *work, of id.Operator, enrolment id.Factor) error {
	open := operator.OpenEnrolment{Factor: enrolment, At: w.order.At}
	code, err := b.enrolmentCode(of, open.Factor)
	if err != nil {
		return err
	}
	if open.CodeHash, err = b.macText(keyEnrolHash, []byte(plainCode(code))); err != nil {
		return err
	}
	if err := b.endOperator(w, of, "enrolled-anew"); err != nil {
		return err
	}
	return b.operators.decide(w, of, open)
}

func (b *Bank) enrolmentAnswer(facts []Fact) (answer EnrolmentAnswer, err error) {
	for _, fact := range facts {
		if e, ok := fact.Event.(operator.EnrolmentOpened); ok {
			answer.Operator = id.From[id.Operator](uuidIn(fact.Stream))
			answer.Code, err = b.enrolmentCode(answer.Operator, e.Factor)
			return answer, err
		}
	}
	return answer, fmt.Errorf("commands: no enrolment was opened")
}

// enrolmentCode is what a person shows to enrol: 130 bits in two parts of thirteen
// letters and digits, so that two operators can hold one each.
func (b *Bank) enrolmentCode(of id.Operator, enrolment id.Factor) (string, error) {
	u, f := of.UUID(), enrolment.UUID()
	digest, err := b.mac(keyEnrol, u[:], f[:])
	if err != nil {
		return "", err
	}
	digits := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(digest)
	return digits[:13] + "-" + digits[13:26], nil
}

// plainCode is a code as people may write it.
func plainCode(code string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))
}

// EnrolmentOffer is what a person who enrols can choose from.
type EnrolmentOffer struct {
	Operator  id.Operator
	Label     string // the user name
	Secret    string // of one-time passwords, base32
	URI       string // otpauth://
	Challenge []byte // that a new passkey signs
}

// OfferEnrolment shows the seed of the one-time passwords and the challenge of a
// passkey to whoever has the code. It changes nothing. Refusal:
// operator.ErrEnrolment, whatever is wrong.
func (o Operators) OfferEnrolment(ctx context.Context, userName, code string) (EnrolmentOffer, error) {
	b := o.bank
	named, state, _, err := o.opened(ctx, userName, code)
	if err != nil {
		return EnrolmentOffer{}, err
	}
	_, normal, err := b.operatorNamed(userName)
	if err != nil {
		return EnrolmentOffer{}, err
	}
	offer := EnrolmentOffer{Operator: named, Label: normal}
	if offer.Secret, offer.URI, err = b.totpOffer(state.Enrolment.Factor, normal); err != nil {
		return offer, err
	}
	offer.Challenge, err = b.Factors().PasskeyChallenge(state.Enrolment.Factor)
	return offer, err
}

// opened finds the enrolment that a code is for.
func (o Operators) opened(ctx context.Context, userName, code string) (named id.Operator, state operator.State, hash string, err error) {
	b := o.bank
	if named, _, err = b.operatorNamed(userName); err != nil {
		return named, state, "", err
	}
	if hash, err = b.macText(keyEnrolHash, []byte(plainCode(code))); err != nil {
		return named, state, "", err
	}
	if state, err = b.operators.look(ctx, named); err == nil {
		err = state.Opens(hash, b.sources.Time())
	}
	return named, state, hash, err
}

// EnrolOperator shows the code and sets the factors: a password with a one-time
// password of the offered seed, a verified credential, or both.
type EnrolOperator struct {
	UserName   string
	Code       string
	Password   string
	OTP        string
	Credential customer.Credential // the zero one: none, or one that did not stand
	Passkey    bool                // one was sent
}

// Enrol ends an enrolment. It is done once: who lost the answer logs in.
// Refusals: operator.ErrEnrolment, customer.ErrFactorCode, ErrPassword and others
// of the password; none of them spends the code.
func (o Operators) Enrol(ctx context.Context, order Order, ask EnrolOperator) (id.Operator, Outcome, error) {
	b := o.bank
	named, state, hash, err := o.opened(ctx, ask.UserName, ask.Code)
	if err != nil {
		return named, Outcome{}, err
	}
	enrol := operator.Enrol{CodeHash: hash, Credential: operator.Credential(ask.Credential), At: order.At}
	if ask.Passkey && ask.Credential == (customer.Credential{}) {
		return named, Outcome{}, customer.ErrFactorCode
	}
	if ask.Password != "" || ask.OTP != "" {
		if enrol.Step, enrol.Password, err = o.knows(ctx, order, state.Enrolment.Factor, ask); err != nil {
			return named, Outcome{}, err
		}
	}
	order.Caller.ActorType, order.Caller.Actor, order.Caller.Reason = ActorOperator, named.UUID(), "enrolment"
	return execute(ctx, b, "operator.enrol", order, streams(named), func(w *work) error {
		return b.operators.decide(w, named, enrol)
	}, func([]Fact) (id.Operator, error) { return named, nil })
}

// knows checks a password and the one-time password beside it.
func (o Operators) knows(ctx context.Context, order Order, factor id.Factor, ask EnrolOperator) (step int64, hash string, err error) {
	b := o.bank
	if ask.Password == "" || ask.OTP == "" {
		return 0, "", operator.ErrFactors
	}
	_, normal, err := b.operatorNamed(ask.UserName)
	if err != nil {
		return 0, "", err
	}
	if err := b.choosable(ask.Password, normal, ask.UserName); err != nil {
		return 0, "", err
	}
	step, right, err := b.matchTOTP(factor, ask.OTP, order.At)
	switch {
	case err != nil:
		return 0, "", err
	case !right:
		return 0, "", customer.ErrFactorCode
	}
	hash, err = b.hashPassword(ctx, ask.Password)
	return step, hash, err
}
