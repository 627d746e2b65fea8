// Package sca is a challenge that waits for a customer's strong authentication with
// dynamic linking (PSD2 RTS art. 5): what was displayed, until when it may be
// confirmed, and how often that has failed. It is a value that aggregates hold and
// fold; facts about it are theirs.
//
// Of the text only a digest is kept, so a state names nobody, and any change of an
// amount, a payee or a date is another text. It must never be confirmed by anything
// but that text, word for word, and a method that was offered.
package sca

import (
	"crypto/sha256"
	"slices"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// FailuresMax is how many failures end what was asked for.
const FailuresMax = 5

// Demand is a challenge ready to be set. Text is what the customer is shown.
type Demand struct {
	Challenge id.Challenge
	Nonce     string
	Methods   []string
	Text      string
	ExpiresAt time.Time
}

// Answer is what came back. Proven says that the signature over Text, and every other
// factor of Method, were verified.
type Answer struct {
	Method   string
	Text     string
	Proven   bool
	Evidence domain.Evidence
}

// Challenge waits for an answer; its zero value waits for none.
type Challenge struct {
	ID        id.Challenge
	Methods   []string
	Displayed [sha256.Size]byte
	AskedAt   time.Time
	ExpiresAt time.Time
	Failures  int
}

// Of makes the challenge that waits once a demand was set at a time. An erased text
// is confirmed by nothing.
func Of(challenge id.Challenge, methods []string, display domain.Evidence, asked, expires time.Time) Challenge {
	c := Challenge{ID: challenge, Methods: methods, AskedAt: asked, ExpiresAt: expires}
	if text := display.Reveal(); text != "" {
		c.Displayed = sha256.Sum256([]byte(text))
	}
	return c
}

// Waits tells whether an answer at a time comes in time.
func (c Challenge) Waits(at time.Time) bool { return !c.ID.IsZero() && at.Before(c.ExpiresAt) }

// Confirmed tells whether the answer is a yes to what was displayed.
func (c Challenge) Confirmed(a Answer) bool {
	return a.Proven && slices.Contains(c.Methods, a.Method) && a.Text != "" && sha256.Sum256([]byte(a.Text)) == c.Displayed
}

// Method is the answer's method as it may be kept: whatever was sent that was not
// offered is not the bank's to keep.
func (c Challenge) Method(a Answer) string {
	if slices.Contains(c.Methods, a.Method) {
		return a.Method
	}
	return "other"
}

// Failed counts a failure; over is true when it was the last one.
func (c Challenge) Failed() (after Challenge, over bool) {
	c.Failures++
	return c, c.Failures >= FailuresMax
}

// FailedCode is why something ends that was not confirmed.
const FailedCode = "sca-failed"
