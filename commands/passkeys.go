package commands

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"florin/domain/customer"
	"florin/domain/grant"
	"florin/domain/id"
)

// PasskeyAssent is what a passkey signed, verified: signature, challenge, origin
// and relying party fit. The zero one did not stand.
type PasskeyAssent struct {
	Factor         id.Factor
	SignCount      int64
	BackupEligible bool
	BackedUp       bool
	UserVerified   bool
}

// use is the assent as the customer's rules take it.
func (p PasskeyAssent) use(order Order) customer.UsePasskey {
	return customer.UsePasskey{Factor: p.Factor, SignCount: p.SignCount, BackupEligible: p.BackupEligible,
		BackedUp: p.BackedUp, UserVerified: p.UserVerified, At: order.At}
}

// OfferPasskey begins a new passkey: its challenge is PasskeyChallenge of the factor.
func (f Factors) OfferPasskey(ctx context.Context, order Order) (FactorAnswer, Outcome, error) {
	return f.offer(ctx, order, "factor.offer_passkey", customer.TypePasskey)
}

// PasskeyChallenge is what a new passkey signs: derived from the offer, so it is
// kept nowhere and holds for that offer alone.
func (f Factors) PasskeyChallenge(factor id.Factor) ([]byte, error) {
	u := factor.UUID()
	return f.bank.mac(keyPasskey, []byte("register"), u[:])
}

// AddPasskey takes in an offered passkey. The zero credential is one whose
// attestation did not stand: it changes nothing.
func (f Factors) AddPasskey(ctx context.Context, order Order, factor id.Factor, made customer.Credential) (FactorAnswer, Outcome, error) {
	var wrong error
	if made == (customer.Credential{}) {
		wrong = customer.ErrFactorCode
	}
	return f.confirm(ctx, order, "factor.add_passkey", factor, wrong,
		customer.AddPasskey{Factor: factor, Credential: made, Device: order.Caller.Device, At: order.At})
}

// provePasskey notes the use of a passkey that is to authorise a payment, as part
// of that command. One that the rules refuse is false.
func (b *Bank) provePasskey(w *work, of id.Customer, assent PasskeyAssent) (bool, error) {
	use := assent.use(*w.order)
	use.Payment = true
	err := b.customers.decide(w, of, use)
	if refused(err) {
		return false, nil
	}
	return err == nil, err
}

// PasskeyQuestion is what a login asks passkeys. Have are those that may answer;
// one made up, the same each time, for a name that is nobody's.
type PasskeyQuestion struct {
	Challenge []byte
	Have      []customer.Factor
	Next      []string
}

// PasskeyQuestion gives the challenge of a login's present step: it is derived from
// the auth_session, so that an assertion fits one step of one login alone, and a
// step is taken once. Refusals: grant.ErrSession, grant.ErrFactor.
func (g Grants) PasskeyQuestion(ctx context.Context, ask LoginStep) (PasskeyQuestion, error) {
	b := g.bank
	state, err := g.asking(ctx, ask)
	if err == nil && !slices.Contains(state.Asks(), grant.Passkey) {
		err = grant.ErrFactor
	}
	if err != nil {
		return PasskeyQuestion{}, err
	}
	if state.Desk {
		question := PasskeyQuestion{Next: state.Asks()}
		if question.Have, err = b.deskPasskeys(ctx, state); err != nil {
			return question, err
		}
		question.Challenge, err = b.mac(keyPasskey, []byte("login"), []byte(ask.AuthSession))
		return question, err
	}
	person, err := b.customers.look(ctx, state.Customer)
	if err != nil {
		return PasskeyQuestion{}, err
	}
	question := PasskeyQuestion{Have: person.Passkeys(), Next: state.Asks()}
	if person.Customer.IsZero() {
		if question.Have, err = b.madeUpPasskeys(state.TOTP.UUID()); err != nil {
			return question, err
		}
	}
	question.Challenge, err = b.mac(keyPasskey, []byte("login"), []byte(ask.AuthSession))
	return question, err
}

// madeUpSizes are the lengths of credential identifiers that authenticators choose,
// about as often as they are met.
var madeUpSizes = []int{16, 20, 20, 32, 32, 32, 48, 64}

// madeUpPasskeys are those of a name that is nobody's, always the same for it: one or
// two, of lengths that are met.
func (b *Bank) madeUpPasskeys(of uuid.UUID) ([]customer.Factor, error) {
	choice, err := b.mac(keyPasskey, []byte("made-up"), of[:])
	if err != nil {
		return nil, err
	}
	size, number := madeUpSizes[int(choice[0])%len(madeUpSizes)], 1+int(choice[1])/192 // two of a kind, for one in four
	var have []customer.Factor
	for i := range number {
		var raw []byte
		for part := byte(0); len(raw) < size; part++ {
			more, err := b.mac(keyPasskey, []byte("made-up"), of[:], []byte{byte(i), part})
			if err != nil {
				return nil, err
			}
			raw = append(raw, more...)
		}
		have = append(have, customer.Factor{Credential: customer.Credential{ID: opaque.EncodeToString(raw[:size])}})
	}
	return have, nil
}
