// Package product decides what kinds of accounts the bank offers, and on what terms:
// one stream for each code and currency.
//
//	(none) -- Define --> offered, version 1 -- Define --> offered, version 2 -- Retire --> retired
//	                                                                             |
//	                                          offered, version 3 <-- Define -----/
//
// A version never changes. An account names the one that it was opened with and
// keeps it, whatever is defined later, until an operator moves that very account to a
// newer one, with notice to its holders (package account).
//
// It must never know an account: what the terms come to is reckoned elsewhere.
package product

import (
	"fmt"
	"slices"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/terms"
	"florin/domain/text"
)

// VersionsMax bounds the versions of one product.
const VersionsMax = 1000

// Of is the product with a code in a currency: the same one for ever.
func Of(code string, currency money.Currency) id.Product {
	return id.Named[id.Product](code, string(currency))
}

// Command is something one may ask of a product. The set is sealed.
type Command interface{ productCommand() }

type (
	// Define offers the product on these terms, as its next version.
	Define struct {
		Code     string
		Currency money.Currency
		Terms    terms.Terms
		At       time.Time
	}
	// Retire offers it no more.
	Retire struct {
		Reason string
		At     time.Time
	}
)

func (Define) productCommand() {}
func (Retire) productCommand() {}

// Refusals.
var (
	ErrMissing  = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrInvalid  = &domain.Refusal{Class: domain.Invalid, Code: "invalid-product", Detail: "A product has a code of lower-case letters, digits and hyphens, a currency in use, amounts of that currency, rates of at most 10,000 basis points with a day count, and limits within their caps."}
	ErrSame     = &domain.Refusal{Class: domain.Conflict, Code: "product-unchanged", Detail: "The bank offers the product on these terms already."}
	ErrRetired  = &domain.Refusal{Class: domain.Refused, Code: "product-retired", Detail: "The bank does not offer this kind of account any more."}
	ErrVersions = &domain.Refusal{Class: domain.Refused, Code: "too-many-versions", Detail: "The product has as many versions as one can have; define another one."}
	ErrReason   = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reason", Detail: "Give a reason code of lower-case letters, digits and hyphens."}
)

// State is what the rules need to know of a product; its zero value is one that
// nobody has defined yet.
type State struct {
	Product  id.Product     `json:"product"`
	Code     string         `json:"code"`
	Currency money.Currency `json:"currency"`
	Versions []terms.Terms  `json:"versions"` // the first is version 1
	Retired  bool           `json:"retired"`
}

// Latest is the newest version; 0 if there is none.
func (s State) Latest() int64 { return int64(len(s.Versions)) }

// Terms are those of a version.
func (s State) Terms(version int64) (terms.Terms, bool) {
	if version < 1 || version > s.Latest() {
		return terms.Terms{}, false
	}
	return s.Versions[version-1], true
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Define:
		return s.define(c)
	case Retire:
		switch {
		case s.Latest() == 0:
			return nil, ErrMissing
		case s.Retired:
			return nil, ErrRetired
		case !text.Code(c.Reason):
			return nil, ErrReason
		}
		return []Event{Retired(c)}, nil
	}
	panic(fmt.Sprintf("product: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) define(c Define) ([]Event, error) {
	switch {
	case !text.Code(c.Code), !c.Currency.Known(), !c.Terms.In(c.Currency):
		return nil, ErrInvalid
	case !s.Retired && s.Latest() > 0 && s.Versions[s.Latest()-1] == c.Terms:
		return nil, ErrSame
	case s.Latest() == VersionsMax:
		return nil, ErrVersions
	}
	return []Event{Defined{Product: Of(c.Code, c.Currency), Code: c.Code, Currency: c.Currency, Version: s.Latest() + 1, Terms: c.Terms, At: c.At}}, nil
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Defined:
		s.Product, s.Code, s.Currency, s.Retired = e.Product, e.Code, e.Currency, false
		s.Versions = append(slices.Clip(s.Versions), e.Terms)
	case Retired:
		s.Retired = true
	}
	return s
}
