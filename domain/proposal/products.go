package proposal

import (
	"time"

	"florin/domain/money"
	"florin/domain/terms"
	"florin/domain/text"
)

// Types of proposals about what the bank offers.
const (
	ProductDefinition = "product-definition"
	ProductRetirement = "product-retirement"
)

// Product is what is to be offered, or, without terms, to be retired.
type Product struct {
	Code     string
	Currency money.Currency
	Terms    terms.Terms
}

// ProductDescribed: which product the proposal is about, in the commit that made it.
type ProductDescribed struct {
	Code     string         `json:"code"`
	Currency money.Currency `json:"currency"`
	Terms    terms.Terms    `json:"terms,omitzero"`
	At       time.Time      `json:"at"`
}

func (ProductDescribed) Kind() string   { return "proposal.product_described" }
func (ProductDescribed) proposalEvent() {}

// fits tells whether a proposal of the type is about such a product, or about none.
func (p Product) fits(kind string) bool {
	switch kind {
	case ProductDefinition:
		return text.Code(p.Code) && p.Currency.Known() && p.Terms.In(p.Currency)
	case ProductRetirement:
		return text.Code(p.Code) && p.Currency.Known() && p.Terms == terms.Terms{}
	}
	return p == Product{}
}

// describe adds the product to what was made, if there is one.
func (p Product) describe(made []Event, at time.Time) []Event {
	if p == (Product{}) {
		return made
	}
	return append(made, ProductDescribed{Code: p.Code, Currency: p.Currency, Terms: p.Terms, At: at})
}
