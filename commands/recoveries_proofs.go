package commands

import (
	"crypto/subtle"

	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/recovery"
)

// proofs are the ones that are shown, as far as they can be told apart yet.
func (c CompleteRecovery) proofs() (shown []string) {
	if c.Code != "" {
		shown = append(shown, recovery.ByCode)
	}
	if c.RecoveryCode != "" {
		shown = append(shown, recovery.ByRecoveryCode)
	}
	if c.SCA != nil {
		shown = append(shown, recovery.BySCAKey)
	}
	return shown
}

// checked is what holding the proofs against what they should be has shown. spent is
// what a recovery code's use means for the customer.
type checked struct {
	shown     []string
	right     bool
	spent     customer.Command
	permitted bool
}

func (c *checked) take(proof string, right bool) {
	c.shown, c.right = append(c.shown, proof), c.right && right
}

// check holds every proof that is shown against what it should be.
func (c completion) check(w *work, state recovery.State, person customer.State) (found checked, err error) {
	b := c.bank
	found.right = true
	if c.Code != "" {
		want, err := b.recoveryCode(c.Recovery, state.Salt)
		if err != nil {
			return found, err
		}
		found.take(recovery.ByCode, subtle.ConstantTimeCompare([]byte(want), []byte(c.Code)) == 1)
	}
	if c.RecoveryCode != "" {
		if err := c.checkRecoveryCode(state, person, &found); err != nil {
			return found, err
		}
	}
	if c.SCA != nil {
		own, err := b.devices.load(w, id.Named[id.Device](c.JKT))
		if err != nil {
			return found, err
		}
		found.take(recovery.BySCAKey, *c.SCA && own.Usable() && !own.Customer.IsZero() && own.Customer == state.Customer)
	}
	return found, nil
}

// checkRecoveryCode finds out whether it is one of the list, or the permit's. Both
// are compared, whichever fits, and for nobody too.
func (c completion) checkRecoveryCode(state recovery.State, person customer.State, found *checked) error {
	b := c.bank
	use, ofList, err := b.matchRecoveryCode(person, id.From[id.Factor](DerivedID(c.Recovery.UUID(), "list")), c.RecoveryCode, c.order.At)
	if err != nil {
		return err
	}
	slip, err := b.permitCode(state.Permit)
	if err != nil {
		return err
	}
	if found.permitted = !state.Permit.IsZero() && sameCode(slip, c.RecoveryCode); found.permitted {
		found.take(recovery.ByPermit, c.permit.Claim.IsZero() || c.Code != "") // a new contact is verified by its code
		return nil
	}
	if found.take(recovery.ByRecoveryCode, ofList); ofList {
		found.spent = use
	}
	return nil
}
