package commands

import (
	"context"
	"errors"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/risk"
	"florin/schemas/seal"
)

// Terms are the bank's conditions of money: what may be opened, and when a
// payment has to be confirmed.
type Terms struct {
	Products []Product // the first is what nobody had to name

	Issuer iban.Issuer // of the accounts' IBANs; zero: accounts have none
	BIC    string      // that other banks know the bank by; "": it says none

	// DepositAloneUnits is the most that one operator pays in by hand in production,
	// in units (see minorPerUnit) of any currency; more takes two. 0: everything does.
	DepositAloneUnits int64

	Cards CardTerms

	Exemptions   risk.Exemptions // from strong authentication, of what risk allows
	Methods      []string        // of answering a challenge, as offered
	ChallengeTTL time.Duration   // how long funds wait for an answer
	NewDevice    NewDevice       // what a device may send that has just become the customer's
	Unproven     Unproven        // what a device may send by what it has shown of itself
	ReviewWithin time.Duration   // how long people have to look at what risk holds; 0: three days
	Audience     string          // of displayed statements: the bank's issuer
	PayeeWait    time.Duration   // from a payee's being saved to its being trusted
	DoubtTimes   int             // as long a payee cools off, and a device is new, that risk has doubts about; 0: no longer
	Zone         string          // the bank's time zone (IANA), for days that nobody named another for
}

// NewDevice limits a device that has just become the customer's, but for the one the
// customer began with: whoever has got into an account pays from a device of their
// own first, and the owner, who is told, has this long to object.
type NewDevice struct {
	Wait       time.Duration // from its being bound; 0: no device is new
	DailyUnits int64         // that may leave an account in a day when such a device asks, in units of its currency
}

// Unproven limits devices by their level of attestation. What may leave an account in a
// day when such a device asks, in units of its currency; 0: as much as else.
// Hardware has no limit of its own.
type Unproven struct{ NoneUnits, SoftwareUnits int64 }

// Product is a kind of account. Limits are in units of its currency (see minorPerUnit); 0: none.
type Product struct {
	Name              string
	OverdraftUnits    int64
	DailyLimitUnits   int64 // of outgoing payments a day
	MonthlyLimitUnits int64 // and a month
	DailyCapUnits     int64 // of what its owner may set as a limit
	MonthlyCapUnits   int64
}

// Methods of answering a challenge.
const (
	MethodSCAKey  = "sca-key" // signed by the biometric-gated key
	MethodPasskey = "passkey" // an assertion whose challenge is the statement's SHA-256
	MethodTOTP    = "totp"    // signed by the device key, and a one-time password on top
)

// DefaultTerms are a small bank's. Audience is still to be filled in.
func DefaultTerms() Terms {
	return Terms{
		Issuer: sandboxIssuer(),
		BIC:    SandboxBIC,
		Products: []Product{
			{Name: "current", DailyLimitUnits: 10_000, MonthlyLimitUnits: 100_000, DailyCapUnits: 50_000, MonthlyCapUnits: 500_000},
			{Name: "savings", DailyLimitUnits: 10_000, MonthlyLimitUnits: 50_000, DailyCapUnits: 50_000, MonthlyCapUnits: 100_000},
		},
		DepositAloneUnits: 10_000,
		Cards:             CardTerms{EachUnits: 5_000, DayUnits: 5_000, MonthUnits: 20_000},

		Exemptions:   risk.Exemptions{LowValueMax: 30, NewPayeeMax: 200},
		Methods:      []string{MethodSCAKey, MethodTOTP, MethodPasskey},
		ChallengeTTL: 5 * time.Minute,
		NewDevice:    NewDevice{Wait: 24 * time.Hour, DailyUnits: 200},
		Zone:         "Europe/Berlin",
		PayeeWait:    24 * time.Hour,
		DoubtTimes:   3,
	}
}

func (t Terms) product(name string) (Product, bool) {
	for _, product := range t.Products {
		if name == "" || product.Name == name {
			return product, true
		}
	}
	return Product{}, false
}

// minorPerUnit: what the bank's terms are said in is a hundred of a currency's smallest
// sums: one euro, one dollar, 100 yen, a tenth of a dinar. Why not whole units: a figure
// that is meant for euros would stop a customer's yen at next to nothing, and let three
// times as much go in dinars. There are no rates of exchange here, and the smallest coin
// is the nearest thing that currencies have in common.
const minorPerUnit = 100

// units are so many of the sums that terms are said in, as an amount; none is the zero
// amount.
func units(count int64, currency money.Currency) (money.Amount, error) {
	switch {
	case !currency.Known():
		return money.Amount{}, account.ErrInvalid
	case count == 0:
		return money.Amount{}, nil
	}
	return money.Amount{Minor: min(count, money.MinorMax/minorPerUnit) * minorPerUnit, Currency: currency}, nil
}

// Refusals of opening.
var (
	ErrProduct   = &domain.Refusal{Class: domain.Invalid, Code: "unknown-product", Detail: "The bank does not offer this kind of account."}
	ErrNotActive = &domain.Refusal{Class: domain.Refused, Code: "customer-not-active", Detail: "Accounts are opened for active customers only."}
)

// Accounts are the verbs of accounts.
type Accounts struct{ bank *Bank }

// Accounts gives the verbs of accounts.
func (b *Bank) Accounts() Accounts { return Accounts{b} }

// OpenAccount asks for an account of a customer's.
type OpenAccount struct {
	Customer id.Customer
	Name     domain.Profile // of the holder, as payers are shown it
	Currency money.Currency
	Product  string // "": the bank's first
	Zone     string // where its days and months are counted; "": the bank's
}

// AccountAnswer is an account as the verb left it.
type AccountAnswer struct {
	Account   id.Account
	Customer  id.Customer     // zero unless opened by this verb
	IBAN      domain.Evidence // zero: the account has none
	Currency  money.Currency
	Product   string
	Version   int64 // of a product that is data
	Limits    account.Limits
	Cap       account.Limits
	Zone      string
	Overdraft money.Amount
	Status    account.Status
	Reason    string // code, of what this verb has changed
	At        time.Time
}

// Open opens an account for an active customer, on the terms of the product.
func (a Accounts) Open(ctx context.Context, order Order, ask OpenAccount) (AccountAnswer, Outcome, error) {
	b := a.bank
	opened := id.From[id.Account](DerivedID(order.ID, "account"))
	return execute(ctx, b, "account.open", order, streams(opened), func(w *work) error {
		on, err := b.conditions(w, ask.Product, ask.Currency)
		if err != nil {
			return err
		}
		b.accounts.begin(w, opened)
		holder, err := b.customers.load(w, ask.Customer)
		switch {
		case err != nil:
			return err
		case holder.Customer.IsZero():
			return account.ErrMissing
		case holder.Status != customer.Active, holder.Erasing:
			return ErrNotActive
		}
		w.under(ofCustomer(ask.Customer))
		open := account.Open{Account: opened, Customer: ask.Customer, Name: ask.Name, Currency: ask.Currency,
			Product: on.name, OverdraftLimit: on.terms.OverdraftLimit, DailyLimit: on.terms.Limits.Daily, At: order.At}
		if err := b.accounts.decide(w, opened, open); err != nil {
			return err
		}
		if err := on.agree(w, opened, ask.Zone); err != nil {
			return err
		}
		return b.number(w, opened)
	}, accountAnswer)
}

// Freeze stops money from leaving the account; reason is a code.
func (a Accounts) Freeze(ctx context.Context, order Order, frozen id.Account, reason string) (AccountAnswer, Outcome, error) {
	return a.change(ctx, order, "account.freeze", frozen, account.Freeze{Reason: reason, At: order.At})
}

// Unfreeze ends a freeze.
func (a Accounts) Unfreeze(ctx context.Context, order Order, frozen id.Account, reason string) (AccountAnswer, Outcome, error) {
	return a.change(ctx, order, "account.unfreeze", frozen, account.Unfreeze{Reason: reason, At: order.At})
}

// Close ends an account that is empty. A customer closes only an own one.
func (a Accounts) Close(ctx context.Context, order Order, closed id.Account, reason string) (AccountAnswer, Outcome, error) {
	return a.change(ctx, order, "account.close", closed, account.Close{Reason: reason, At: order.At})
}

func (a Accounts) change(ctx context.Context, order Order, verb string, changed id.Account, command account.Command) (AccountAnswer, Outcome, error) {
	b := a.bank
	return execute(ctx, b, verb, order, streams(changed), func(w *work) error {
		state, err := b.accounts.load(w, changed)
		switch {
		case err != nil:
			return err
		case state.Class != account.Customers:
			return account.ErrMissing
		case !order.Caller.Customer.IsZero():
			if err := mayMove(order.Caller, state); err != nil {
				return err
			}
		}
		w.order.Caller.actFor(state.Customer)
		return b.accounts.decide(w, changed, command)
	}, accountAnswer)
}

func accountAnswer(facts []Fact) (AccountAnswer, error) {
	var answer AccountAnswer
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case account.Opened:
			answer = AccountAnswer{Account: e.Account, Customer: e.Customer, Currency: e.Currency, Product: e.Product,
				Overdraft: e.OverdraftLimit, Status: account.Active, At: e.At}
		case account.Numbered:
			answer.IBAN = e.IBAN
		case account.LimitsAgreed:
			answer.Limits, answer.Cap, answer.Zone = e.Limits, e.Cap, e.Zone
		case account.ProductAgreed:
			answer.Version = e.Version
		case account.Frozen:
			answer = AccountAnswer{Account: id.From[id.Account](uuidIn(fact.Stream)), Status: account.OnIce, Reason: e.Reason, At: e.At}
		case account.Unfrozen:
			answer = AccountAnswer{Account: id.From[id.Account](uuidIn(fact.Stream)), Status: account.Active, Reason: e.Reason, At: e.At}
		case account.Closed:
			answer = AccountAnswer{Account: id.From[id.Account](uuidIn(fact.Stream)), Status: account.Finished, Reason: e.Reason, At: e.At}
		}
	}
	return answer, nil
}

// owns tells whether the customer who asks may do everything with an account.
func owns(caller Caller, state account.State) bool {
	return state.RoleOf(caller.Customer) == account.Owner
}

// mayMove is nil for an owner; ErrReader for whoever may only look; and what is not
// the caller's at all is not there.
func mayMove(caller Caller, state account.State) error {
	switch state.RoleOf(caller.Customer) {
	case account.Owner:
		return nil
	case account.Reader:
		return account.ErrReader
	}
	return account.ErrMissing
}

// ofCustomer is whose key a customer's personal data is sealed under.
func ofCustomer(customer id.Customer) seal.Subject {
	return seal.Subject{Kind: "customer", ID: customer.UUID()}
}

// internal gives the account at a place of the chart, opened if this is its first use.
func (w *work) internal(chart account.Chart, currency money.Currency) (id.Account, error) {
	place := chart.In(currency)
	state, err := w.bank.accounts.load(w, place)
	if err == nil && state.Status == account.Absent {
		err = w.bank.accounts.decide(w, place, account.OpenInternal{Chart: chart, Currency: currency, At: w.order.At})
	}
	return place, err
}

// codeOf turns an account's refusal into the code that the transfer keeps; other
// errors stay errors.
func codeOf(err error) (code string, _ error) {
	refusal, ok := errors.AsType[*domain.Refusal](err)
	if !ok {
		return "", err
	}
	return refusal.Code, nil
}
