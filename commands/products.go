package commands

import (
	"cmp"
	"context"
	"time"

	"florin/domain/account"
	"florin/domain/calendar"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/product"
	"florin/domain/proposal"
	"florin/domain/terms"
)

// Products are the verbs of what the bank offers. In production they take two
// operators: then the gateway proposes (proposal.ProductDefinition and
// ProductRetirement) what a sandbox does at once.
type Products struct{ bank *Bank }

// Products gives the verbs of products.
func (b *Bank) Products() Products { return Products{b} }

// ProductAnswer is a product as a verb left it.
type ProductAnswer struct {
	Product  id.Product
	Code     string
	Currency money.Currency
	Version  int64
	Terms    terms.Terms
	Retired  bool
	Reason   string // of a retirement
	At       time.Time
}

// Define offers a product on these terms, as its next version. Accounts that are
// open keep theirs.
func (p Products) Define(ctx context.Context, order Order, ask proposal.Product) (ProductAnswer, Outcome, error) {
	return execute(ctx, p.bank, "product.define", order, streams(product.Of(ask.Code, ask.Currency)), func(w *work) error {
		return p.bank.define(w, ask)
	}, productAnswer)
}

// Retire offers a product no more; the reason is a code.
func (p Products) Retire(ctx context.Context, order Order, retired id.Product, reason string) (ProductAnswer, Outcome, error) {
	return execute(ctx, p.bank, "product.retire", order, streams(retired), func(w *work) error {
		return p.bank.products.decide(w, retired, product.Retire{Reason: reason, At: order.At})
	}, productAnswer)
}

// Named is a product as operators name it in a proposal; product.ErrMissing.
func (p Products) Named(ctx context.Context, of id.Product) (proposal.Product, error) {
	state, err := p.bank.products.look(ctx, of)
	if err == nil && state.Latest() == 0 {
		err = product.ErrMissing
	}
	return proposal.Product{Code: state.Code, Currency: state.Currency}, err
}

func (b *Bank) define(w *work, what proposal.Product) error {
	return b.products.decide(w, product.Of(what.Code, what.Currency),
		product.Define{Code: what.Code, Currency: what.Currency, Terms: what.Terms, At: w.order.At})
}

func (b *Bank) retire(w *work, what proposal.Product, reason string) error {
	return b.products.decide(w, product.Of(what.Code, what.Currency), product.Retire{Reason: reason, At: w.order.At})
}

func productAnswer(facts []Fact) (ProductAnswer, error) {
	var answer ProductAnswer
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case product.Defined:
			answer = ProductAnswer{Product: e.Product, Code: e.Code, Currency: e.Currency, Version: e.Version, Terms: e.Terms, At: e.At}
		case product.Retired:
			answer = ProductAnswer{Product: id.From[id.Product](uuidIn(fact.Stream)), Retired: true, Reason: e.Reason, At: e.At}
		}
	}
	return answer, nil
}

// conditions are what an account is opened on: those of a product that is defined as
// data, in its newest version, else of one that the bank was set up with.
type conditions struct {
	name    string
	product id.Product // zero: set up with
	version int64
	terms   terms.Terms
}

func (b *Bank) conditions(w *work, name string, currency money.Currency) (conditions, error) {
	if built, ok := b.settings.Money.product(name); ok {
		name = built.Name
	}
	of := product.Of(name, currency)
	state, err := b.products.load(w, of)
	switch {
	case err != nil:
		return conditions{}, err
	case state.Retired:
		return conditions{}, product.ErrRetired
	case state.Latest() > 0:
		newest, _ := state.Terms(state.Latest())
		return conditions{name, of, state.Latest(), newest}, nil
	}
	built, ok := b.settings.Money.product(name)
	if !ok {
		return conditions{}, ErrProduct
	}
	newest, err := built.terms(currency)
	return conditions{name: name, terms: newest}, err
}

// agree has an account that is just being opened take on its conditions.
func (c conditions) agree(w *work, opened id.Account, zone string) error {
	b, at, limits := w.bank, w.order.At, c.terms.Limits
	if err := b.accounts.decide(w, opened, account.AgreeLimits{
		Limits: account.Limits{Daily: limits.Daily, Monthly: limits.Monthly}, Cap: account.Limits{Daily: limits.DailyCap, Monthly: limits.MonthlyCap},
		Zone: cmp.Or(zone, b.settings.Money.Zone, calendar.UTC), At: at,
	}); err != nil {
		return err
	}
	if c.product.IsZero() {
		return nil
	}
	return b.accounts.decide(w, opened, account.AgreeProduct{Product: c.product, Version: c.version, At: at})
}

// terms are those of a product that the bank was set up with, in a currency.
func (p Product) terms(currency money.Currency) (made terms.Terms, err error) {
	for _, limit := range []struct {
		units int64
		into  *money.Amount
	}{
		{p.OverdraftUnits, &made.OverdraftLimit},
		{p.DailyLimitUnits, &made.Limits.Daily}, {p.MonthlyLimitUnits, &made.Limits.Monthly},
		{p.DailyCapUnits, &made.Limits.DailyCap}, {p.MonthlyCapUnits, &made.Limits.MonthlyCap},
	} {
		if *limit.into, err = units(limit.units, currency); err != nil {
			return made, err
		}
	}
	return made, nil
}

// Standard are the codes of the products that the bank was set up with.
func (p Products) Standard() []string {
	codes := make([]string, 0, len(p.bank.settings.Money.Products))
	for _, built := range p.bank.settings.Money.Products {
		codes = append(codes, built.Name)
	}
	return codes
}
