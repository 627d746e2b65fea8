package service

import (
	"errors"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/proposal"
	"florin/domain/terms"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// Products serves /v1/products: what kinds of accounts the bank offers, on what terms.
type Products struct{ Desk }

// ProductTerms are what an account of a product begins with, earns and costs. Rates
// are basis points a year on the balance at the end of each day; interest and fees
// are booked when a month is over. What is left out there is none of.
type ProductTerms struct {
	Code         string         `json:"code"`
	Currency     money.Currency `json:"currency"`
	Overdraft    string         `json:"overdraft_limit,omitzero"`
	Credit       int64          `json:"credit_basis_points,omitzero"`
	Debit        int64          `json:"debit_basis_points,omitzero"`
	DayCount     string         `json:"day_count,omitzero"` // act/365 or 30/360
	MonthlyFee   string         `json:"monthly_fee,omitzero"`
	OverdraftFee string         `json:"overdraft_fee,omitzero"` // for a month on which some day ended below nought
	Daily        string         `json:"daily_limit,omitzero"`
	Monthly      string         `json:"monthly_limit,omitzero"`
	DailyCap     string         `json:"daily_cap,omitzero"`
	MonthlyCap   string         `json:"monthly_cap,omitzero"`
}

// ProductVersion is one version of a product's terms: accounts keep the one that they
// were opened with.
type ProductVersion struct {
	Version   int64        `json:"version"`
	Terms     ProductTerms `json:"terms"`
	DefinedAt time.Time    `json:"defined_at"`
}

// ProductAnswer is a product, with the versions that there are, the newest first.
type ProductAnswer struct {
	Product   id.Product        `json:"product"`
	Code      string            `json:"code,omitzero"`
	Currency  money.Currency    `json:"currency,omitzero"`
	Status    string            `json:"status"` // offered or retired
	Reason    string            `json:"status_reason,omitzero"`
	Versions  []ProductVersion  `json:"versions,omitzero"`
	ChangedAt time.Time         `json:"changed_at"`
	Position  eventbus.Position `json:"position"`
}

// ProductList is a page of products. Standard are those that an account of any
// currency can be opened with for which the bank has defined no other terms.
type ProductList struct {
	Products []ProductAnswer `json:"products"`
	Standard []string        `json:"standard"`
}

func productTermsOf(code string, currency money.Currency, t terms.Terms) ProductTerms {
	return ProductTerms{Code: code, Currency: currency, Overdraft: decimalOrNone(t.OverdraftLimit),
		Credit: t.Interest.Credit, Debit: t.Interest.Debit, DayCount: string(t.Interest.DayCount),
		MonthlyFee: decimalOrNone(t.Fees.Monthly), OverdraftFee: decimalOrNone(t.Fees.Overdraft),
		Daily: decimalOrNone(t.Limits.Daily), Monthly: decimalOrNone(t.Limits.Monthly),
		DailyCap: decimalOrNone(t.Limits.DailyCap), MonthlyCap: decimalOrNone(t.Limits.MonthlyCap)}
}

// askedProduct reads terms in their currency, exactly; an amount that is not said is none.
func askedProduct(body schemas.DefineProduct) (proposal.Product, error) {
	made := proposal.Product{Code: body.Code, Currency: money.Currency(body.Currency)}
	made.Terms.Interest = terms.Interest{Credit: body.Interest.Credit, Debit: body.Interest.Debit, DayCount: terms.DayCount(body.Interest.DayCount)}
	fees, limits := &made.Terms.Fees, &made.Terms.Limits
	for _, one := range []struct {
		text schemas.Decimal
		into *money.Amount
	}{
		{body.Overdraft, &made.Terms.OverdraftLimit}, {body.Fees.Monthly, &fees.Monthly}, {body.Fees.Overdraft, &fees.Overdraft},
		{body.Limits.Daily, &limits.Daily}, {body.Limits.Monthly, &limits.Monthly}, {body.Limits.DailyCap, &limits.DailyCap}, {body.Limits.MonthlyCap, &limits.MonthlyCap},
	} {
		if one.text == "" {
			continue
		}
		var err error
		if *one.into, err = amountOf(one.text, body.Currency); err != nil {
			return made, err
		}
	}
	return made, nil
}

// Define offers a product on new terms. In production it takes two: 202.
func (s Products) Define(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.DefineProduct](call.Body)
	if err != nil {
		return err
	}
	ask, err := askedProduct(body)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, call, body.Reason)
	if err != nil {
		return err
	}
	if !s.alone() {
		return s.propose(w, r, order, commands.Propose{Type: proposal.ProductDefinition, Product: ask})
	}
	made, outcome, err := s.Bank.Products().Define(r.Context(), order, ask)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.Created(w, "/v1/products/"+made.Product.String(), ProductAnswer{
		Product: made.Product, Code: made.Code, Currency: made.Currency, Status: "offered", ChangedAt: made.At, Position: outcome.Receipt.Last,
		Versions: []ProductVersion{{Version: made.Version, Terms: productTermsOf(made.Code, made.Currency, made.Terms), DefinedAt: made.At}}})
}

// Retire offers a product no more; accounts that are open go on. In production it
// takes two: 202.
func (s Products) Retire(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.Product](r)
	if err != nil {
		return err
	}
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.RetireProduct](call.Body)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, call, body.Reason)
	if err != nil {
		return err
	}
	if !s.alone() {
		named, err := s.Bank.Products().Named(r.Context(), asked)
		if err != nil {
			return err
		}
		return s.propose(w, r, order, commands.Propose{Type: proposal.ProductRetirement, Product: named})
	}
	made, outcome, err := s.Bank.Products().Retire(r.Context(), order, asked, body.Reason)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, ProductAnswer{Product: made.Product, Status: "retired", Reason: made.Reason, ChangedAt: made.At, Position: outcome.Receipt.Last})
}

// List is what the bank offers and has offered.
func (s Products) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, "products")
	if err != nil {
		return err
	}
	after, err := marked[id.Product](page)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "products"); err != nil {
		return err
	}
	rows, err := s.Reads.Products(r.Context(), after, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, last.Product.String())
	}
	list := ProductList{Products: make([]ProductAnswer, 0, len(rows)), Standard: s.Bank.Products().Standard()}
	for _, row := range rows {
		answer, err := s.shown(r, row)
		if err != nil {
			return err
		}
		list.Products = append(list.Products, answer)
	}
	return wire.OK(w, list)
}

// Get is one product.
func (s Products) Get(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.Product](r)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "products"); err != nil {
		return err
	}
	row, err := s.Reads.ProductByID(r.Context(), asked)
	if errors.Is(err, projections.ErrMissing) {
		return problem.NotFound
	}
	if err != nil {
		return err
	}
	answer, err := s.shown(r, row)
	if err != nil {
		return err
	}
	return wire.OK(w, answer)
}

func (s Products) shown(r *http.Request, row projections.Product) (ProductAnswer, error) {
	answer := ProductAnswer{Product: row.Product, Code: row.Code, Currency: row.Currency, Status: "offered", Reason: row.Reason,
		ChangedAt: row.ChangedAt, Position: row.Position}
	if row.Retired {
		answer.Status = "retired"
	}
	versions, err := s.Reads.VersionsOf(r.Context(), row.Product)
	for _, v := range versions {
		answer.Versions = append(answer.Versions, ProductVersion{Version: v.Version, Terms: productTermsOf(row.Code, v.Currency, v.Terms), DefinedAt: v.DefinedAt})
	}
	return answer, err
}
