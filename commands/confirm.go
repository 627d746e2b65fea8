package commands

import (
	"encoding/base64"
	"slices"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/sca"
)

// Confirmation answers a challenge. The gateway has verified what can be verified
// without knowing what was asked for: Proven says that the signature over Text, the
// statement's one spelling, is good and by a key of the caller's that Method asks for.
type Confirmation struct {
	Method   string // MethodSCAKey, MethodTOTP, MethodPasskey
	Text     string // "": what was sent could not be read
	Proven   bool
	OTP      string          // MethodTOTP: spent by this attempt, whatever comes of it
	Passkey  PasskeyAssent   // MethodPasskey
	Evidence domain.Evidence // the signed answer
}

// awaited is what waits for a customer's confirmation.
type awaited struct {
	customer id.Customer
	device   id.Device // that asked for it
	askedAt  time.Time
	own      bool // the money stays the customer's
	amount   money.Amount
}

// proves tells whether the answer is the customer's: by a trusted device that is not
// too new, and with every factor that the method asks for. It counts and spends
// one-time passwords in the command's own commit.
func (w *work) proves(what awaited, said Confirmation) (bool, error) {
	proven, err := w.trusted(what.device, w.order.Caller.Device)
	if err == nil && proven {
		proven, err = w.mayConfirm(what)
	}
	if proven = proven && said.Proven; err != nil || !proven {
		return false, err
	}
	switch said.Method {
	case MethodTOTP:
		return w.bank.proveOTP(w, what.customer, said.OTP)
	case MethodPasskey:
		return w.bank.provePasskey(w, what.customer, said.Passkey)
	}
	return true, nil
}

// trusted tells whether none of the devices has been revoked: neither the one that
// asked for the money, lest a thief's transfer be confirmed by its owner, nor the
// one that answers.
func (w *work) trusted(devices ...id.Device) (bool, error) {
	for _, device := range devices {
		if device.IsZero() {
			continue
		}
		state, err := w.bank.devices.load(w, device)
		if err != nil || state.Revoked {
			return false, err
		}
	}
	return true, nil
}

// mayConfirm tells whether the device that answers was the customer's when the
// challenge was made, and is not so new that it could not have asked for as much
// itself: else whoever gets into an account binds a phone and confirms with it.
func (w *work) mayConfirm(what awaited) (bool, error) {
	device := w.order.Caller.Device
	if device.IsZero() || device == what.device {
		return true, nil // which asked, under the limits of its own
	}
	answers, err := w.bank.devices.load(w, device)
	if err != nil || answers.BoundAt.After(what.askedAt) {
		return false, err
	}
	ceiling, err := w.bank.deviceCeiling(w, what.own, what.amount.Currency)
	return ceiling.Minor == 0 || what.amount.Minor <= ceiling.Minor, err
}

// own tells whether two accounts are the same customers'.
func (w *work) own(from, to id.Account) (bool, error) {
	debtor, err := w.bank.accounts.load(w, from)
	if err != nil {
		return false, err
	}
	creditor, err := w.bank.accounts.load(w, to)
	return account.SameOwners(debtor, creditor), err
}

// demand begins a challenge; its text is still to be written, with all that it names.
func (w *work) demand(challenge id.Challenge) (sca.Demand, error) {
	b, terms := w.bank, w.bank.settings.Money
	methods, err := w.methods()
	return sca.Demand{
		Challenge: challenge, Nonce: base64.RawURLEncoding.EncodeToString(b.sources.Secret(nonceBytes)),
		Methods: methods, ExpiresAt: w.order.At.Add(terms.ChallengeTTL).Truncate(time.Second),
	}, err
}

// methods are those that the caller can answer a challenge by: what asks for a factor
// is offered to those who have one that may authorise payments. That it is offered
// decides nothing, so the customer is only looked at.
func (w *work) methods() (offered []string, err error) {
	person, err := w.bank.customers.look(w.ctx, w.order.Caller.Customer)
	usable := func(factors []customer.Factor) bool {
		return slices.ContainsFunc(factors, func(f customer.Factor) bool { return f.Usable(w.order.At) })
	}
	for _, method := range w.bank.settings.Money.Methods {
		switch {
		case method == MethodTOTP && !usable(person.TOTPs()), method == MethodPasskey && !usable(person.Passkeys()):
		default:
			offered = append(offered, method)
		}
	}
	return offered, err
}

// answer is what an aggregate is told of the confirmation.
func (c Confirmation) answer(proven bool) sca.Answer {
	return sca.Answer{Method: c.Method, Text: c.Text, Proven: proven, Evidence: c.Evidence}
}
