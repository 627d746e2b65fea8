package gateway

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	decimals "florin/domain/money"
	"florin/gateway/phone"
)

type shownPeriod struct {
	Month, From, To string
	Opening         string `json:"opening_balance"`
	Closing         string `json:"closing_balance"`
	Credits, Debits int64
	CreditSum       string `json:"credit_sum"`
	DebitSum        string `json:"debit_sum"`
	Interest        string
	MonthlyFee      string `json:"monthly_fee"`
	Owed            string `json:"charges_owed"`
}

func (h *house) periods(p *phone.Phone, account string) []shownPeriod {
	h.t.Helper()
	return read[struct{ Periods []shownPeriod }](h.t, h.get(p, "/v1/accounts/"+account+"/periods")).Periods
}

type shownAccrual struct{ Month, Through, Credit, Debit string }

func (h *house) accrued(p *phone.Phone, account string) *shownAccrual {
	h.t.Helper()
	return read[struct {
		Accrued *shownAccrual `json:"accrued_interest"`
	}](h.t, h.get(p, "/v1/accounts/"+account)).Accrued
}

// statesWhat holds a month's statement against its closing.
func (h *house) statesWhat(t *testing.T, p *phone.Phone, account string, month shownPeriod) {
	t.Helper()
	s := read[shownStatement](t, h.as(p, "/v1/accounts/"+account+"/statement?from="+month.From+"&to="+month.To, "application/json"))
	s.adds(t)
	require.Equal(t, []string{month.Opening, month.Closing}, []string{s.Opening, s.Closing}, month.Month)
	var credits, debits, in, out int64
	for _, entry := range s.Entries {
		if amount := cents(t, entry.Amount); amount > 0 {
			credits, in = credits+1, in+amount
		} else {
			debits, out = debits+1, out-amount
		}
	}
	decimal := func(minor int64) string { return decimals.Amount{Minor: minor, Currency: "EUR"}.Decimal() }
	require.Equal(t, []any{month.Credits, month.CreditSum, month.Debits, month.DebitSum}, []any{credits, decimal(in), debits, decimal(out)}, month.Month)
}

// months moves a sandbox's clock, or that of the whole world, and has follow what
// follows.
func (h *house) months(p *phone.Phone, sandbox bool, days int) {
	h.t.Helper()
	h.settle()
	if sandbox {
		moved := h.command(p, "POST", "/v1/sandbox/clock", fmt.Appendf(nil, `{"advance_seconds":%d}`, days*86_400), p.NewID())
		require.Equal(h.t, 200, moved.Status, "%s", moved.Body)
	} else {
		h.pass(time.Duration(days) * 24 * time.Hour)
	}
	h.settle()
	h.login(p)
}

func TestMonthsAreClosedOverHTTP(t *testing.T) {
	t.Parallel()
	for name, sandbox := range map[string]bool{"a sandbox's clock is moved": true, "time passes": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			anna, bert, desk := h.customer("anna"), h.customer("bert"), h.machine("desk", "config.write").login()
			h.product(desk, `{"code":"giro","currency":"EUR","interest":{"credit_basis_points":120,"debit_basis_points":900,"day_count":"30/360"},"fees":{"monthly":"3.90"},"reason":"new-offer"}`)
			made := h.command(anna, "POST", "/v1/accounts", []byte(`{"currency":"EUR","product":"giro"}`), "k")
			require.Equal(t, 201, made.Status, "%s", made.Body)
			from, to := field[string](t, made, "account"), h.account(bert, "")
			require.NoError(t, anna.Deposit(t.Context(), from, "9000.00", "EUR"))
			h.transfer(anna, from, to, "30.00")
			require.Empty(t, h.periods(anna, from))

			h.months(anna, sandbox, 33) // from 1 March to 3 April
			require.Equal(t, []shownPeriod{{Month: "2026-03", From: "2026-03-01", To: "2026-03-31", Opening: "0.00", Closing: "8970.00", Credits: 1, CreditSum: "9000.00",
				Debits: 1, DebitSum: "30.00", Interest: "8.97", MonthlyFee: "3.90"}}, h.periods(anna, from), "thirty days at 1.2 % on 8,970 euros")
			require.Equal(t, "8975.07", h.balance(anna, from))
			require.Equal(t, &shownAccrual{Month: "2026-04", Through: "2026-04-02", Credit: "0.60", Debit: "0.00"}, h.accrued(anna, from), "two days are over")
			require.NotContains(t, string(h.get(anna, "/v1/accounts").Body), "accrued", "of one account alone")
			h.months(anna, sandbox, 90) // to 2 July, at once
			periods := h.periods(anna, from)
			require.Len(t, periods, 4)
			for _, month := range periods {
				h.statesWhat(t, anna, from, month)
			}
			require.Equal(t, "2026-06", periods[0].Month)
			require.Equal(t, "8.98", periods[2].Interest, "on 8,975.07, half to even")

			type entry struct {
				Purpose, Amount, Balance string
				ValueDate                string `json:"value_date"`
			}
			booked := read[struct{ Transactions []entry }](t, h.get(anna, "/v1/accounts/"+from+"/transactions")).Transactions
			require.Equal(t, "monthly_fee", booked[0].Purpose)
			require.Equal(t, "2026-07-01", booked[0].ValueDate)
			require.Equal(t, entry{"interest", "8.97", "8978.97", "2026-04-01"}, booked[len(booked)-3])
			camt := string(h.as(anna, "/v1/accounts/"+from+"/statement?from=2026-04-02&to=2026-04-30", "application/xml").Body)
			validCamt(t, []byte(camt))
			require.Contains(t, camt, "<Dt>2026-04-01</Dt>", "booked on the 3rd, with the value date of the 1st")
			h.login(bert)
			require.Equal(t, "not-found", code(h.get(bert, "/v1/accounts/"+from+"/periods")))
			require.Nil(t, h.accrued(bert, to), "an account without interest accrues none")
			balance := h.balance(anna, from)
			h.reopen()
			h.settle()
			require.Equal(t, periods, h.periods(anna, from), "a restart closes nothing twice")
			require.Equal(t, balance, h.balance(anna, from))
			h.sound()
			require.Zero(t, h.sound().Summary().Sum)
		})
	}
}
