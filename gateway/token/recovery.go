package token

import (
	"time"

	"florin/domain"
)

// recoveryAge is how long the SCA key's word for a recovery stands. It says which
// one it is for, and that is over by then.
const recoveryAge = 10 * time.Minute

// RecoveryAssent is the SCA key's part in a recovery (typ florin-recovery+jwt): the
// person behind the biometrics wants this one.
type RecoveryAssent struct {
	Audience string `json:"aud"`
	JKT      string `json:"jkt"` // of the device key
	Recovery string `json:"recovery_id"`
	ID       string `json:"jti"`
	IssuedAt int64  `json:"iat"`
}

// OpenRecoveryAssent verifies it by the SCA key of the device that recovers.
func OpenRecoveryAssent(raw, audience string, scaKey domain.PublicKey, now time.Time) (RecoveryAssent, error) {
	a, err := openBy[RecoveryAssent](raw, "florin-recovery+jwt", scaKey)
	if err != nil || a.Audience != audience || a.ID == "" || !within(a.IssuedAt, now, recoveryAge) {
		return RecoveryAssent{}, ErrStatement
	}
	return a, nil
}
