package account

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// ProductAgreed: the account is kept on the terms of this version of a product, until it
// is moved to a newer one (TermsAdopted). One without is of a product that the bank has not defined as data: it earns
// nothing and costs nothing.
type ProductAgreed struct {
	Product id.Product `json:"product"`
	Version int64      `json:"version"`
	At      time.Time  `json:"at"`
}

func (ProductAgreed) Kind() string  { return "account.product_agreed" }
func (ProductAgreed) accountEvent() {}

// AgreeProduct names the terms that an account is opened on.
type AgreeProduct struct {
	Product id.Product
	Version int64
	At      time.Time
}

func (AgreeProduct) accountCommand() {}

// ErrAgreed: an account keeps the terms that it was opened on.
var ErrAgreed = &domain.Refusal{Class: domain.Conflict, Code: "product-agreed", Detail: "The account is kept on the terms of a product already."}

func (s State) agreeProduct(c AgreeProduct) ([]Event, error) {
	switch {
	case s.Status == Absent, s.Class != Customers, c.Product.IsZero(), c.Version < 1:
		return nil, ErrMissing
	case !s.Product.IsZero():
		return nil, ErrAgreed
	}
	return []Event{ProductAgreed(c)}, nil
}
