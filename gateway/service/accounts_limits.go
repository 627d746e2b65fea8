package service

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/schemas"
)

// AccountLimits are what may leave an account: by day, by month, as far as the
// overdraft. What is left out has no limit. Caps are those of what an owner may set.
type AccountLimits struct {
	Daily      string `json:"daily,omitzero"`
	Monthly    string `json:"monthly,omitzero"`
	DailyCap   string `json:"daily_cap,omitzero"`
	MonthlyCap string `json:"monthly_cap,omitzero"`
	Overdraft  string `json:"overdraft,omitzero"`
	TimeZone   string `json:"time_zone,omitzero"` // where days and months are counted
}

// LimitsAnswer is what may leave an account from now on.
type LimitsAnswer struct {
	Account  id.Account        `json:"account"`
	Currency money.Currency    `json:"currency"`
	Limits   AccountLimits     `json:"limits"`
	Position eventbus.Position `json:"position"`
	At       time.Time         `json:"at"`
}

func accountLimitsOf(limits, cap account.Limits, zone string, overdraft money.Amount) AccountLimits {
	return AccountLimits{Daily: decimalOrNone(limits.Daily), Monthly: decimalOrNone(limits.Monthly), DailyCap: decimalOrNone(cap.Daily), MonthlyCap: decimalOrNone(cap.Monthly),
		Overdraft: decimalOrNone(overdraft), TimeZone: zone}
}

// decimalOrNone is an amount that there is; none is left out.
func decimalOrNone(amount money.Amount) string {
	if amount.IsZero() {
		return ""
	}
	return amount.Decimal()
}

// askedLimits reads limits in a currency; one that is not said is zero. A limit is more
// than nothing: who wants nothing to leave freezes cards, or closes the account.
func askedLimits(daily, monthly schemas.Decimal, currency string) (limits account.Limits, err error) {
	if daily == "" && monthly == "" {
		return limits, problem.MissingField.With("The body lacks a daily or a monthly limit.")
	}
	for _, one := range []struct {
		text schemas.Decimal
		into *money.Amount
	}{{daily, &limits.Daily}, {monthly, &limits.Monthly}} {
		if one.text == "" {
			continue
		}
		if *one.into, err = amountOf(one.text, currency); err != nil {
			return limits, err
		}
		if !one.into.IsPositive() {
			return limits, account.ErrLimits
		}
	}
	return limits, nil
}

// SetLimits changes the limits of an account of the caller's: narrower at once,
// wider after a fresh strong authentication.
func (s Accounts) SetLimits(w http.ResponseWriter, r *http.Request) error {
	of, call, body, err := commandOn[schemas.SetLimits](r)
	if err != nil {
		return err
	}
	limits, err := askedLimits(body.Daily, body.Monthly, body.Currency)
	if err != nil {
		return err
	}
	set, outcome, err := s.Bank.Accounts().SetLimits(r.Context(), s.order(r, call), commands.SetLimits{Account: of, Limits: limits, FreshSCA: call.FreshSCA})
	if errors.Is(err, account.ErrWider) {
		return problem.StepUp
	}
	if err != nil {
		return refused(w, outcome, err)
	}
	return s.limitsSet(w, set, outcome)
}

// SetCap is the bank's word on how far that may go.
func (s Accounts) SetCap(w http.ResponseWriter, r *http.Request) error {
	of, call, body, err := commandOn[schemas.SetCap](r)
	if err != nil {
		return err
	}
	limits, err := askedLimits(body.Daily, body.Monthly, body.Currency)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, call, body.Reason)
	if err != nil {
		return err
	}
	set, outcome, err := s.Bank.Accounts().SetCap(r.Context(), order, of, limits, body.Reason)
	if err != nil {
		return refused(w, outcome, err)
	}
	return s.limitsSet(w, set, outcome)
}

func (s Accounts) limitsSet(w http.ResponseWriter, set commands.LimitsAnswer, outcome commands.Outcome) error {
	answered(w, outcome)
	return wire.OK(w, LimitsAnswer{Account: set.Account, Currency: cmp.Or(set.Limits.Daily.Currency, set.Limits.Monthly.Currency),
		Limits: accountLimitsOf(set.Limits, set.Cap, "", money.Amount{}), Position: outcome.Receipt.Last, At: set.At})
}
