package service

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"time"

	"florin/commands"
	"florin/domain"
	"florin/domain/calendar"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
)

// MediaXML is that of a camt.053 message.
const MediaXML = "application/xml"

// StatementDaysMax bounds a statement, in days.
const StatementDaysMax = 366

// ErrStatement: there is more than one statement holds.
var ErrStatement = &domain.Refusal{Class: domain.Refused, Code: "statement-too-long", Detail: "There are too many entries for one statement; ask for fewer days."}

// StatementAnswer is what was booked on an account from one date to another, both
// included, where the account lives. Opening and all entries add up to closing.
type StatementAnswer struct {
	Account  id.Account          `json:"account"`
	IBAN     string              `json:"iban,omitzero"`
	BIC      string              `json:"bic,omitzero"`
	Currency money.Currency      `json:"currency"`
	From     string              `json:"from"`
	To       string              `json:"to"`
	TimeZone string              `json:"time_zone"`
	Opening  string              `json:"opening_balance"`
	Closing  string              `json:"closing_balance"`
	Days     []StatementDay      `json:"days"` // on which something was booked
	Entries  []TransactionAnswer `json:"entries"`
	Position eventbus.Position   `json:"position"` // of the account's last event that was looked at
	MadeAt   time.Time           `json:"made_at"`
}

// StatementDay is a date on which something was booked.
type StatementDay struct {
	Date    string `json:"date"`
	Opening string `json:"opening_balance"`
	Closing string `json:"closing_balance"`
	Entries int    `json:"entries"`
}

// period is a statement on its way out, in whatever form.
type period struct {
	StatementAnswer
	rows         []projections.Transaction
	opening      money.Amount
	closing      money.Amount
	begins, ends time.Time
}

// Statement lists what was booked in a time. A holder of whatever role sees it.
func (s Accounts) Statement(w http.ResponseWriter, r *http.Request) error {
	row, _, err := s.held(r)
	if err != nil {
		return err
	}
	made, err := s.statement(r, row)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	switch chosen(r, mediaJSON, mediaCSV, MediaXML) {
	case mediaCSV:
		return writeStatementCSV(w, made)
	case MediaXML:
		return writeCamt(w, made)
	}
	return wire.OK(w, made.StatementAnswer)
}

func (s Accounts) statement(r *http.Request, row projections.Account) (period, error) {
	var made period
	query, err := wire.Query(r, "from", "to")
	if err != nil {
		return made, err
	}
	zone, now := row.Zone, s.Bank.Sources().Time()
	if zone == "" {
		zone = calendar.UTC
	}
	from, to := query.Get("from"), query.Get("to")
	if made.begins, made.ends, err = span(zone, from, to, now); err != nil {
		return made, err
	}
	booked, err := s.Reads.Statement(r.Context(), row.Account, made.begins, made.ends)
	switch {
	case err != nil:
		return made, err
	case booked.Cut:
		return made, ErrStatement
	}
	made.rows, made.opening, made.closing = booked.Entries, booked.Opening, booked.Closing
	number, err := s.Reads.IBAN(r.Context(), row)
	made.StatementAnswer = StatementAnswer{
		Account: row.Account, IBAN: number, BIC: s.bic(number), Currency: row.Currency, From: from, To: to, TimeZone: zone,
		Opening: booked.Opening.Decimal(), Closing: booked.Closing.Decimal(), Days: daysOf(booked, zone),
		Entries: make([]TransactionAnswer, 0, len(booked.Entries)), Position: booked.Position, MadeAt: now,
	}
	for _, entry := range booked.Entries {
		made.Entries = append(made.Entries, transactionOf(entry))
	}
	return made, err
}

// span is from the first moment of one date to the end of another: never beyond
// today, for what is to come is no statement.
func span(zone, from, to string, now time.Time) (begins, ends time.Time, err error) {
	begins, first := calendar.Start(zone, from)
	_, last := calendar.Start(zone, to)
	switch {
	case !first, !last:
		return begins, ends, problem.BadParameter.With("The dates from and to are such as 2026-01-31, and were days where the account lives.")
	case from > to, to > calendar.After(from, StatementDaysMax-1):
		return begins, ends, problem.BadParameter.With("A statement is from a date to the same or a later one, of at most 366 days.")
	case to > calendar.Day(zone, now):
		return begins, ends, problem.BadParameter.With("A statement ends today at the latest.")
	}
	for next := 1; ; next++ { // a date that was left out has no start
		if ends, last = calendar.Start(zone, calendar.After(to, next)); last {
			return begins, ends, nil
		}
	}
}

func daysOf(booked projections.Statement, zone string) []StatementDay {
	days, before := []StatementDay{}, booked.Opening
	for _, entry := range booked.Entries {
		date := calendar.Day(zone, entry.CountedAt)
		if len(days) == 0 || days[len(days)-1].Date < date {
			days = append(days, StatementDay{Date: date, Opening: before.Decimal()})
		}
		day := &days[len(days)-1]
		day.Closing, day.Entries, before = entry.Balance.Decimal(), day.Entries+1, entry.Balance
	}
	return days
}

// chosen is the media type that the request prefers by naming it first; the first
// of ours if it names none.
func chosen(r *http.Request, ours ...string) string {
	for _, named := range wire.Wanted(r) {
		for _, mediaType := range ours {
			if named == mediaType {
				return mediaType
			}
		}
	}
	return ours[0]
}

// writeStatementCSV begins and ends with the balances. What somebody else has
// written cannot be taken for a formula.
func writeStatementCSV(w http.ResponseWriter, made period) error {
	w.Header().Set("Content-Type", mediaCSV+"; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="statement-`+made.From+`-`+made.To+`.csv"`)
	out := csv.NewWriter(w)
	_ = out.Write([]string{"date", "purpose", "posting", "counterparty", "reference", "amount", "currency", "balance", "position", "about", "counterparty_name", "counterparty_iban"}) // an error shows at Flush, and the caller is gone
	edge := func(date, what string, balance string) {
		_ = out.Write([]string{date, what, "", "", "", "", string(made.Currency), balance, "", "", "", ""})
	}
	edge(made.From, "opening balance", made.Opening)
	for i, entry := range made.Entries {
		_ = out.Write([]string{
			calendar.Day(made.TimeZone, made.rows[i].CountedAt), inert(entry.Purpose), inert(entry.Posting), inert(entry.Counterparty.String()),
			inert(entry.Reference), entry.Amount, string(entry.Currency), entry.Balance, strconv.FormatUint(uint64(entry.Position), 10),
			inert(entry.About), inert(entry.Name), inert(entry.IBAN),
		})
	}
	edge(made.To, "closing balance", made.Closing)
	out.Flush()
	return nil
}

// statementID names a statement by what is in it, in the 35 characters that ISO
// 20022 allows: the same one asked for twice has one name.
func statementID(made period) string {
	u := commands.DerivedID(made.Account.UUID(), "statement/"+made.From+"/"+made.To+"/"+made.Closing+"/"+strconv.Itoa(len(made.rows)))
	return compact(u)
}
