package commands

import (
	"context"

	"github.com/google/uuid"

	"florin/domain/fraud"
	"florin/eventbus"
	"florin/schemas"
)

// confirm has what was found to be fraud count from now on.
func (o *observation) confirm(e fraud.Confirmed) {
	o.history.Confirm(e.Touches.Customer.UUID(), payeeOf(e.Touches), e.At)
	if !e.Touches.Device.IsZero() {
		o.history.ConfirmDevice(e.Touches.Device.UUID(), e.At)
	}
}

// clear takes back what had been found, if it had.
func (o *observation) clear(e fraud.Cleared) {
	if e.Confirmed.IsZero() {
		return
	}
	o.history.Clear(e.Touches.Customer.UUID(), payeeOf(e.Touches), e.Confirmed)
	if !e.Touches.Device.IsZero() {
		o.history.ClearDevice(e.Touches.Device.UUID(), e.Confirmed)
	}
}

func payeeOf(touches fraud.Touched) uuid.UUID {
	payee, err := uuid.Parse(touches.Payee)
	if err != nil { // nobody
		return uuid.Nil
	}
	return payee
}

// FraudsFound are the labels that operators have given until a position of the log (0: the
// head), each by what is known last: of decisions, and of the logins, transfers and
// payments that they were about. Findings about devices, payees and customers say of no
// single decision what it was.
func FraudsFound(ctx context.Context, log eventbus.Log, treaty *schemas.Treaty, until eventbus.Position) (FraudLabels, error) {
	labels := FraudLabels{}
	for record, err := range log.ReadAll(ctx, 0) {
		if err != nil {
			return nil, err
		}
		if until > 0 && record.First > until {
			break
		}
		for _, recorded := range record.Events {
			if !fraudKinds[recorded.Kind] {
				continue
			}
			event, err := treaty.DecodeClosed(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
			if err != nil {
				return nil, err
			}
			switch e := event.(type) {
			case fraud.Confirmed:
				labels.found(e.About, true)
			case fraud.Cleared:
				labels.found(e.About, false)
			}
		}
	}
	return labels, ctx.Err()
}

var fraudKinds = kindsOf(fraud.Confirmed{}, fraud.Cleared{})

func (l FraudLabels) found(about fraud.About, is bool) {
	switch about.Type {
	case fraud.Decision, fraud.Login, fraud.Transfer, fraud.Payment:
		l[about.ID] = is
	}
}
