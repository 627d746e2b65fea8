// Package signing decides which keys sign the bank's tokens. All of them live in
// one stream, so that whoever starts knows them at once.
//
//	Activate(new, use from soon) + Retire(old, verify until later)   = rotation with overlap
//	Activate(new, use from now)  + Retire(old, verify until now)     = emergency
//
// A key is published as soon as it is activated, so that every verifier has seen
// it before the first token comes. Only public halves are here. Each algorithm has
// its own signer, and so its own successor.
package signing

import (
	"fmt"
	"slices"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Algorithms of keys. A key is for one and no other.
const (
	ES256 = "ES256"
	RS256 = "RS256" // for the ID tokens of clients that cannot do better
)

// Stream is where the ledger's signing keys live.
func Stream() id.Signing { return id.Named[id.Signing]("tokens") }

// Command is something one may ask about signing keys.
type Command interface{ signingCommand() }

type (
	// Activate publishes a key.
	Activate struct {
		KeyID     string
		Key       domain.PublicKey
		Algorithm string
		UseFrom   time.Time
		At        time.Time
	}
	// Retire takes a key out of use; doing it again can only bring the end nearer.
	Retire struct {
		KeyID       string
		VerifyUntil time.Time
		At          time.Time
	}
)

func (Activate) signingCommand() {}
func (Retire) signingCommand()   {}

var (
	ErrKey     = &domain.Refusal{Class: domain.Invalid, Code: "key-invalid", Detail: "A public P-256 key for ES256, or RSA key for RS256, named by its thumbprint is needed."}
	ErrExists  = &domain.Refusal{Class: domain.Conflict, Code: "key-exists", Detail: "This key was activated before."}
	ErrUnknown = &domain.Refusal{Class: domain.Missing, Code: "key-unknown", Detail: "There is no such key."}
	ErrLast    = &domain.Refusal{Class: domain.Refused, Code: "key-last", Detail: "Activate another key before the last one is retired."}
	ErrTime    = &domain.Refusal{Class: domain.Invalid, Code: "key-time", Detail: "A key cannot come into use, or end, in the past."}
)

// Key is a signing key's public half and its times.
type Key struct {
	KeyID       string
	Key         domain.PublicKey
	Algorithm   string
	UseFrom     time.Time
	VerifyUntil time.Time // zero until retired
}

// State is all keys that were ever activated.
type State struct{ Keys []Key }

// Signer is the key that signs at a time by an algorithm.
func (s State) Signer(at time.Time, algorithm string) (Key, bool) {
	var signer Key
	for _, key := range s.Keys {
		if key.Algorithm == algorithm && !key.UseFrom.After(at) && key.believed(at) && (signer.KeyID == "" || !key.UseFrom.Before(signer.UseFrom)) {
			signer = key
		}
	}
	return signer, signer.KeyID != ""
}

// Published are the keys whose signatures are believed at a time, or will be.
func (s State) Published(at time.Time) []Key {
	return slices.DeleteFunc(slices.Clone(s.Keys), func(k Key) bool { return !k.believed(at) })
}

func (k Key) believed(at time.Time) bool { return k.VerifyUntil.IsZero() || k.VerifyUntil.After(at) }

var keyTypes = map[string]string{ES256: "EC", RS256: "RSA"}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Activate:
		switch {
		case keyTypes[c.Algorithm] == "", c.Key.Type != keyTypes[c.Algorithm], c.KeyID == "", c.Key.Thumbprint() != c.KeyID:
			return nil, ErrKey
		case c.UseFrom.Before(c.At):
			return nil, ErrTime
		case slices.ContainsFunc(s.Keys, func(k Key) bool { return k.KeyID == c.KeyID }):
			return nil, ErrExists
		}
		return []Event{Activated(c)}, nil
	case Retire:
		return s.retire(c)
	}
	panic(fmt.Sprintf("signing: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) retire(c Retire) ([]Event, error) {
	i := slices.IndexFunc(s.Keys, func(k Key) bool { return k.KeyID == c.KeyID })
	switch {
	case i < 0:
		return nil, ErrUnknown
	case c.VerifyUntil.Before(c.At):
		return nil, ErrTime
	case !s.Keys[i].VerifyUntil.IsZero() && !c.VerifyUntil.Before(s.Keys[i].VerifyUntil):
		return nil, nil
	}
	for j, other := range s.Keys { // somebody must sign until then, and after
		if j != i && other.Algorithm == s.Keys[i].Algorithm && other.VerifyUntil.IsZero() && !other.UseFrom.After(c.VerifyUntil) {
			return []Event{Retired(c)}, nil
		}
	}
	return nil, ErrLast
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Activated:
		s.Keys = append(slices.Clone(s.Keys), Key{KeyID: e.KeyID, Key: e.Key, Algorithm: e.Algorithm, UseFrom: e.UseFrom})
	case Retired:
		s.Keys = slices.Clone(s.Keys)
		for i := range s.Keys {
			if s.Keys[i].KeyID == e.KeyID {
				s.Keys[i].VerifyUntil = e.VerifyUntil
			}
		}
	}
	return s
}
