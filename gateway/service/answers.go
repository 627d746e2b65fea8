package service

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
	"florin/projections"
)

// The shapes that read models take on the wire. An amount that there is none of
// is left out; "0.00" says that there is nothing.

func accountOf(row projections.Account) AccountAnswer {
	return AccountAnswer{
		Account: row.Account, Currency: row.Currency, Product: row.Product, Version: row.Version, Status: string(row.Status), Reason: row.Reason,
		Balance: row.Balance.Decimal(), Available: row.Available.Decimal(), Held: row.Held.Decimal(),
		Limits: accountLimitsOf(account.Limits{Daily: row.DailyLimit, Monthly: row.MonthlyLimit},
			account.Limits{Daily: row.DailyCap, Monthly: row.MonthlyCap}, row.Zone, row.OverdraftLimit),
		Blocked: row.DebitsBlocked,
		Next:    NextTerms{row.NextVersion, firstOf(row.NextMonth)}, OpenedAt: row.OpenedAt, Position: row.Position,
	}
}

func transactionOf(row projections.Transaction) TransactionAnswer {
	answer := TransactionAnswer{
		Posting: row.Posting, About: aboutOf(row), Purpose: row.Purpose, Status: "booked", Counterparty: row.Counterparty,
		Name: row.Other.Name, IBAN: row.Other.IBAN,
		Amount: row.Amount.Decimal(), Currency: row.Amount.Currency, Reference: row.Reference,
		Reason: row.Reason, ValueDate: row.ValueDate, Position: row.Position, At: row.BookedAt,
	}
	if row.Pending {
		answer.Status = "pending"
	} else {
		answer.Balance = row.Balance.Decimal()
	}
	return answer
}

// aboutOf names what an entry was booked for, as callers know it; "": nothing that has a name.
func aboutOf(row projections.Transaction) string {
	context, name, _ := strings.Cut(cmp.Or(row.Origin, row.Posting), "/")
	u, err := uuid.Parse(name)
	if err != nil {
		return ""
	}
	switch context {
	case "transfer":
		return id.From[id.Transfer](u).String()
	case "payment":
		return id.From[id.Payment](u).String()
	case "incoming":
		return id.From[id.Incoming](u).String()
	case "authorisation":
		return id.From[id.Authorisation](u).String()
	case "directdebit":
		return id.From[id.DirectDebit](u).String()
	}
	return ""
}

// transferSeen is a transfer as one of the account's holders sees it; own: who began it.
func transferSeen(row projections.Transfer, own bool) TransferAnswer {
	answer := transferOf(row)
	if !own {
		answer.Challenge, answer.Payee = nil, id.Payee{}
	}
	return answer
}

func transferOf(row projections.Transfer) TransferAnswer {
	answer := TransferAnswer{
		Transfer: row.Transfer, Status: string(row.Status), Code: row.Code, From: row.From, To: row.To,
		Amount: row.Amount.Decimal(), Currency: row.Amount.Currency, Reference: row.Reference, ExecuteOn: row.ExecuteOn,
		Original: row.Original, Exemption: row.Exemption, Payee: row.Payee, Position: row.Position, At: row.ChangedAt,
	}
	if row.Reversed != (money.Amount{}) && !row.Reversed.IsZero() {
		answer.Reversed = row.Reversed.Decimal()
	}
	if !row.Challenge.IsZero() {
		answer.Challenge = &ChallengeAnswer{ID: row.Challenge, Nonce: row.Nonce, Methods: row.Methods,
			Display: display(row.Display), ExpiresAt: row.ExpiresAt}
	}
	for _, step := range row.History {
		answer.History = append(answer.History, TransferStep{Kind: step.Kind, Detail: step.Detail, Position: step.Position, At: step.At})
	}
	return answer
}

// display is a statement as it was shown; the object without members is what is
// left of one after erasure.
func display(text string) json.RawMessage {
	if text == "" {
		return json.RawMessage("{}")
	}
	return json.RawMessage(text)
}
