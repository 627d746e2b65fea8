package schemas

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/standing"
)

// What standing orders said while they stayed within the bank: there was always an
// account to credit, and a transfer.
type (
	orderedV1 struct {
		Order     id.StandingOrder `json:"order"`
		Customer  id.Customer      `json:"customer"`
		From      id.Account       `json:"from"`
		To        id.Account       `json:"to"`
		Amount    money.Amount     `json:"amount"`
		Plan      standing.Plan    `json:"plan"`
		Zone      string           `json:"zone"`
		Reference domain.Evidence  `json:"reference,omitzero"`
		Device    id.Device        `json:"device,omitzero"`
		Session   id.Session       `json:"session,omitzero"`
		Proof     domain.Evidence  `json:"proof,omitzero"`
		Body      domain.Evidence  `json:"body,omitzero"`
		TokenID   string           `json:"jti,omitempty"`
		At        time.Time        `json:"at"`
	}
	executedV1 struct {
		Occurrence int64       `json:"occurrence"`
		Day        string      `json:"day"`
		Transfer   id.Transfer `json:"transfer"`
		At         time.Time   `json:"at"`
	}
	failedV1 struct {
		Occurrence int64       `json:"occurrence"`
		Day        string      `json:"day"`
		Slot       int64       `json:"slot"`
		Transfer   id.Transfer `json:"transfer"`
		Code       string      `json:"code"`
		Final      bool        `json:"final,omitempty"`
		At         time.Time   `json:"at"`
	}
)

func (o orderedV1) lift() standing.Event {
	return standing.Ordered{Order: o.Order, Customer: o.Customer, From: o.From, To: o.To, Amount: o.Amount, Plan: o.Plan, Zone: o.Zone, Reference: o.Reference,
		Device: o.Device, Session: o.Session, Proof: o.Proof, Body: o.Body, TokenID: o.TokenID, At: o.At}
}

func (e executedV1) lift() standing.Event {
	return standing.Executed{Occurrence: e.Occurrence, Day: e.Day, Transfer: e.Transfer, At: e.At}
}

func (f failedV1) lift() standing.Event {
	return standing.Failed{Occurrence: f.Occurrence, Day: f.Day, Slot: f.Slot, Transfer: f.Transfer, Code: f.Code, Final: f.Final, At: f.At}
}
