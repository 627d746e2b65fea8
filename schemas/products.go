package schemas

import "florin/domain/product"

// The JSON bodies of the commands about products. A member is required unless it is
// omitzero; amounts are in the product's currency.
type (
	// DefineProduct is POST /v1/products.
	DefineProduct struct {
		Code      string          `json:"code"`
		Currency  string          `json:"currency"`
		Overdraft Decimal         `json:"overdraft_limit,omitzero"`
		Interest  ProductInterest `json:"interest,omitzero"`
		Fees      ProductFees     `json:"fees,omitzero"`
		Limits    ProductLimits   `json:"limits,omitzero"`
		Reason    string          `json:"reason"` // code
	}
	ProductInterest struct {
		Credit   int64  `json:"credit_basis_points,omitzero" jsonschema:"minimum=0,maximum=10000"` // a year, on what there is
		Debit    int64  `json:"debit_basis_points,omitzero" jsonschema:"minimum=0,maximum=10000"`  // and on what is owed
		DayCount string `json:"day_count,omitzero"`                                                // act/365 or 30/360
	}
	ProductFees struct {
		Monthly   Decimal `json:"monthly,omitzero"`
		Overdraft Decimal `json:"overdraft,omitzero"` // for a month on which some day ended below nought
	}
	ProductLimits struct {
		Daily      Decimal `json:"daily,omitzero"`
		Monthly    Decimal `json:"monthly,omitzero"`
		DailyCap   Decimal `json:"daily_cap,omitzero"`
		MonthlyCap Decimal `json:"monthly_cap,omitzero"`
	}
	// RetireProduct is POST /v1/products/{id}/retirement.
	RetireProduct struct {
		Reason string `json:"reason"` // code
	}
)

// Products lists every kind of record that the stream of a product may hold.
var Products = newTable(
	Event(1, func(e product.Defined) product.Event { return e }),
	Event(1, func(e product.Retired) product.Event { return e }),
)
