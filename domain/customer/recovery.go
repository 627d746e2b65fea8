package customer

import "florin/domain"

// TypeRecovery: a list of codes, each good for one login, for the day when all
// else is lost. It is no second factor that others may be removed beside.
const TypeRecovery = "recovery_codes"

// RecoveryCodes is how many a list has.
const RecoveryCodes = 10

// ErrRecoveryCode: used before, or of a list that was replaced.
var ErrRecoveryCode = &domain.Refusal{Class: domain.Forbidden, Code: "recovery-code-spent", Detail: "This recovery code was used already."}

// recovery is the one list there is.
func (s State) recovery() (Factor, bool) {
	for _, factor := range s.Factors {
		if factor.Type == TypeRecovery {
			return factor, true
		}
	}
	return Factor{}, false
}

// RecoveryList is the list that codes are held against.
func (s State) RecoveryList() (Factor, bool) { return s.recovery() }

// RecoveryCodesLeft is how many codes are good yet.
func (s State) RecoveryCodesLeft() int {
	list, there := s.recovery()
	if !there {
		return 0
	}
	return RecoveryCodes - list.SpentCodes()
}

// SpentCodes is how many codes of a list were used.
func (f Factor) SpentCodes() (count int) {
	for spent := f.Spent; spent != 0; spent &= spent - 1 {
		count++
	}
	return count
}

func (s State) makeRecoveryCodes(c MakeRecoveryCodes) ([]Event, error) {
	if c.Factor.IsZero() {
		return nil, ErrFactorType
	}
	if _, there := s.factor(c.Factor); there {
		return nil, nil
	}
	if old, there := s.recovery(); there { // the old list ends, and is said to
		return []Event{FactorRemoved{Factor: old.Factor, At: c.At}, RecoveryCodesMade{Factor: c.Factor, Device: c.Device, Count: RecoveryCodes, At: c.At}}, nil
	}
	if len(s.Factors) >= FactorsMax {
		return nil, ErrFactorLimit
	}
	return []Event{RecoveryCodesMade{Factor: c.Factor, Device: c.Device, Count: RecoveryCodes, At: c.At}}, nil
}

func (s State) useRecoveryCode(c UseRecoveryCode) ([]Event, error) {
	list, there := s.recovery()
	switch {
	case !there || list.Factor != c.Factor, c.Index < 0, c.Index >= RecoveryCodes:
		return nil, ErrFactor
	case list.Spent&(1<<c.Index) != 0:
		return nil, ErrRecoveryCode
	}
	return []Event{RecoveryCodeUsed(c)}, nil
}
