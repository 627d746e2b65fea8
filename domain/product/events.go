package product

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/terms"
)

// Event is a fact about one product. The set is sealed by productEvent.
type Event interface {
	domain.Event
	productEvent()
}

type (
	// Defined: the bank offers the product on these terms from now on. An account
	// keeps the version that it was opened with.
	Defined struct {
		Product  id.Product     `json:"product"`
		Code     string         `json:"code"`
		Currency money.Currency `json:"currency"`
		Version  int64          `json:"version"` // 1, 2, 3, ...
		Terms    terms.Terms    `json:"terms"`
		At       time.Time      `json:"at"`
	}
	// Retired: no account is opened with it any more; those that are there go on.
	Retired struct {
		Reason string    `json:"reason"` // code
		At     time.Time `json:"at"`
	}
)

func (Defined) Kind() string { return "product.defined" }
func (Retired) Kind() string { return "product.retired" }

func (Defined) productEvent() {}
func (Retired) productEvent() {}
