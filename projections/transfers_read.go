package projections

import (
	"context"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/transfer"
)

// tell fills in what only the log knows.
func (t *Transfer) tell(step *Step, event domain.Event) {
	switch e := event.(type) {
	case transfer.Initiated:
		step.At, t.Reference = e.At, e.Reference.Reveal()
	case transfer.Assessed:
		step.At, step.Detail = e.At, string(e.Outcome)
	case transfer.Dated:
		step.At, step.Detail = e.At, e.Day
	case transfer.Scheduled:
		step.At = e.At
	case transfer.Batched:
		step.At, step.Detail = e.At, e.Batch.String()
	case transfer.PayeeNamed:
		step.At, t.Payee = e.At, e.Payee
	case transfer.Consented:
		step.At, step.Detail, t.Consent = e.At, e.Basis, e.Consent
	case transfer.Challenged:
		step.At, t.Nonce, t.Methods, t.Display = e.At, e.Nonce, e.Methods, e.Display.Reveal()
	case transfer.AuthorisationFailed:
		step.At, step.Detail = e.At, e.Method
	case transfer.Authorised:
		step.At, step.Detail = e.At, e.Method
	case transfer.Posted:
		step.At = e.At
	case transfer.Rejected:
		step.At, step.Detail = e.At, e.Code
	case transfer.Expired:
		step.At = e.At
	case transfer.Cancelled:
		step.At = e.At
	case transfer.Reversed:
		step.At, step.Detail = e.At, e.Reversal.String()
	}
}

// TransferBegun tells who began a transfer, and on which account, without opening
// anything. ErrMissing.
func (r *Reads) TransferBegun(ctx context.Context, of id.Transfer) (by id.Customer, from id.Account, err error) {
	found := false
	err = r.database.each(ctx, "select customer, from_account from transfers where transfer = ?", []any{of.String()}, func(row scanner) error {
		found = true
		return row.Scan(destinations([]any{&by, &from})...)
	})
	if err == nil && !found {
		err = ErrMissing
	}
	return by, from, err
}
