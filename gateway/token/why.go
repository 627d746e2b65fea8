package token

import "errors"

// Ended is an access token of ours that would be taken had its session, device or
// customer not been ended. It is ErrToken; who showed it is for the bank's records.
type Ended struct{ Access *Access }

func (*Ended) Error() string { return ErrToken.Error() }

// Is makes it ErrToken.
func (*Ended) Is(target error) bool { return target == ErrToken }

// ErrExpired is ErrToken for a token whose time is up, which happens to every one.
var ErrExpired = expired{}

type expired struct{}

func (expired) Error() string { return ErrToken.Error() }

// Is makes it ErrToken.
func (expired) Is(target error) bool { return target == ErrToken }

// Mismatch is ErrProof, with a code for what exactly was wrong: for the bank's
// records alone, since a caller that is told learns how to forge.
type Mismatch struct{ Why string }

func (*Mismatch) Error() string { return ErrProof.Error() }

// Is makes it ErrProof.
func (*Mismatch) Is(target error) bool { return target == ErrProof }

// What a proof can be refused for.
var (
	errNoProof        = &Mismatch{"no-proof"} // or more than one
	errMalformed      = &Mismatch{"malformed"}
	errStale          = &Mismatch{"stale"}
	errRequest        = &Mismatch{"other-request"} // method or URL
	errKey            = &Mismatch{"other-key"}     // than the token is bound to
	errTokenHash      = &Mismatch{"other-token"}
	errSignature      = &Mismatch{"bad-signature"}
	errReplayed       = &Mismatch{"replayed"}
	errBody           = &Mismatch{"other-body"}
	errIdempotencyKey = &Mismatch{"other-idempotency-key"}
)

// Why is the code of a refused token or proof, "" where there is none.
func Why(err error) string {
	if mismatch, ok := errors.AsType[*Mismatch](err); ok {
		return mismatch.Why
	}
	if _, ok := errors.AsType[*Ended](err); ok {
		return "ended"
	}
	if errors.Is(err, ErrExpired) {
		return "expired"
	}
	return ""
}
