package commands

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"strings"
	"time"

	"florin/domain/customer"
	"florin/domain/id"
)

// recoveryBytes are 80 bits: beyond guessing, and four groups of four to type.
const recoveryBytes = 10

// MakeRecoveryCodes makes a list of codes and ends the one before. The answer shows
// them, and so does its repeat; they are derived from the list's id and stand
// nowhere.
func (f Factors) MakeRecoveryCodes(ctx context.Context, order Order) (FactorAnswer, Outcome, error) {
	made := customer.MakeRecoveryCodes{Factor: id.From[id.Factor](DerivedID(order.ID, "factor")), Device: order.Caller.Device, At: order.At}
	return f.change(ctx, order, "factor.make_recovery_codes", made.Factor, made)
}

func (b *Bank) recoveryCodes(list id.Factor) ([]string, error) {
	codes := make([]string, customer.RecoveryCodes)
	u := list.UUID()
	for i := range codes {
		secret, err := b.mac(keyRecovery, u[:], []byte{byte(i)})
		if err != nil {
			return nil, err
		}
		codes[i] = spelled(secret)
	}
	return codes, nil
}

// spelled is a secret as a person types it.
func spelled(secret []byte) string {
	text := base32.StdEncoding.EncodeToString(secret[:recoveryBytes])
	return strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:]}, "-")
}

// sameCode compares a code with what somebody typed. Case, spaces and dashes do not
// matter.
func sameCode(want, said string) bool {
	plain := strings.NewReplacer("-", "", " ", "")
	return subtle.ConstantTimeCompare([]byte(plain.Replace(want)), []byte(plain.Replace(strings.ToUpper(said)))) == 1
}

// matchRecoveryCode finds which code of a list this is; of a list made up, for
// somebody who has none.
func (b *Bank) matchRecoveryCode(person customer.State, madeUp id.Factor, code string, at time.Time) (spent customer.Command, ok bool, err error) {
	list, there := person.RecoveryList()
	if !there {
		list.Factor = madeUp
	}
	codes, err := b.recoveryCodes(list.Factor)
	if err != nil {
		return nil, false, err
	}
	use := customer.UseRecoveryCode{Factor: list.Factor, At: at}
	for i, want := range codes {
		if sameCode(want, code) {
			use.Index, ok = int64(i), there
		}
	}
	return use, ok, nil
}
