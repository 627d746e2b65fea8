// Package domain holds the rules of the bank and nothing else: no clock, no
// randomness, no I/O, no logging. Time, identifiers and secrets arrive inside
// commands, so a decision can be replayed from the log and give the same answer.
//
//	command --> Decide(state) --> events --> Evolve --> state
//
// Each context (account, transfer, device, ...) is a package below this one.
// Contexts never import one another: they know each other by the typed
// identifiers of domain/id, and a command that concerns several is decided by
// each and committed together (package commands).
package domain

import (
	"errors"
	"iter"
)

// Event is a fact that an aggregate has recorded. Kind is its name in the log;
// it is part of the storage format and never changes once released.
type Event interface{ Kind() string }

// Evolver is a state that can take in a fact. The zero value of S is the state
// before any fact, so no aggregate needs a constructor.
type Evolver[S Evolver[S, E], E Event] interface {
	Evolve(E) S
}

// Aggregate is a state that can also answer a command. Decide refuses only with
// a *Refusal; Evolve never refuses, for what is in the log has happened.
type Aggregate[S Aggregate[S, C, E], C any, E Event] interface {
	Decide(C) ([]E, error)
	Evolve(E) S
}

// Replay folds events into the state they lead to, and counts them.
func Replay[S Evolver[S, E], E Event](events iter.Seq2[E, error]) (state S, count uint64, err error) {
	for event, err := range events {
		if err != nil {
			return state, count, err
		}
		state, count = state.Evolve(event), count+1
	}
	return state, count, nil
}

// Class says who has to act on a Refusal; the gateway turns it into a status.
type Class uint8

const (
	Invalid   Class = iota + 1 // the request can never succeed as written
	Missing                    // the thing named does not exist, or is not the caller's
	Conflict                   // the thing has moved on; read it again
	Forbidden                  // the caller may not
	Refused                    // a rule of the bank says no
	Malformed                  // the request cannot be read
	Throttled                  // too often; try later
	Gone                       // what the answer was made from has been erased
	Unproven                   // who asks has not been shown well enough
)

// Refusal is a decision not to act. It is an answer, not a failure: it is shown
// to the caller, and never logged above Info.
type Refusal struct {
	Class  Class
	Code   string // stable, kebab-case; the last segment of the problem type URI
	Detail string // one sentence for the customer; holds no personal data
}

func (r *Refusal) Error() string { return r.Detail }

// Is makes a Refusal with another detail match the one it was made from.
func (r *Refusal) Is(target error) bool {
	other, ok := errors.AsType[*Refusal](target)
	return ok && other.Code == r.Code
}
