package projections

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/eventbus"
)

// pay has anna pay another bank: one payment comes back, one waits for its answer.
func (w *world) pay() {
	begin := func(events ...domain.Event) id.Payment {
		of := id.From[id.Payment](w.uuid())
		first := payment.Initiated{Payment: of, Customer: w.anna, From: w.annas, Creditor: domain.NewEvidence(canary + "iban"), CreditorName: domain.NewEvidence(canary + "payee"),
			Amount: eur(2_000), Reference: domain.NewEvidence(canary + "rent"), Rail: "sepa", At: w.now}
		w.commit(eventbus.Header{ActorType: "customer", Actor: w.anna.UUID()}, w.part(of.Stream(), append([]domain.Event{first}, events...)...))
		return of
	}
	sent := payment.Submitted{Message: "m", EndToEnd: "e", Journal: id.Named[id.Journal]("out"), At: w.now}
	w.returned = begin(payment.PayeeVerified{Result: payment.AlmostMatch, Name: domain.NewEvidence(canary + "holder"), At: w.now},
		payment.Assessed{Outcome: payment.Challenge, Score: 5, Policy: "fixed", Reasons: []string{"over-limit"}, At: w.now},
		payment.Challenged{Challenge: id.From[id.Challenge](w.uuid()), Nonce: "n", Methods: []string{"totp"}, Display: domain.NewEvidence(canary + "statement"), ExpiresAt: w.now.Add(time.Minute), At: w.now},
		payment.AuthorisationFailed{Challenge: id.From[id.Challenge](w.uuid()), Method: "totp", At: w.now},
		payment.Authorised{Method: "totp", Challenge: id.From[id.Challenge](w.uuid()), Evidence: domain.NewEvidence(canary + "jws"), At: w.now},
		sent, payment.Accepted{At: w.now}, payment.Settled{Journal: id.Named[id.Journal]("settled"), At: w.now},
		payment.Returned{Return: "r", Amount: eur(1_900), Reason: "AC04", Journal: id.Named[id.Journal]("back"), At: w.now})
	w.silent = begin(payment.Authorised{At: w.now}, sent, payment.InvestigationOpened{Since: w.now, At: w.now})
}

func TestPaymentsTellTheirStory(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	ctx := context.Background()
	back, err := r.Payment(ctx, w.returned)
	require.NoError(t, err)
	require.Equal(t, []any{payment.GivenBack, "AC04", eur(1_900), "totp", int64(1), payment.AlmostMatch}, []any{back.Status, back.Reason, back.Returned, back.Method, back.Failures, back.Payee})
	require.Equal(t, []string{canary + "iban", canary + "payee", canary + "holder", canary + "rent", canary + "statement"},
		[]string{back.Creditor, back.CreditorName, back.PayeeName, back.Reference, back.Display})
	require.Len(t, back.History, 10)
	require.Equal(t, Step{Kind: "payment.returned", Detail: "AC04", At: back.ChangedAt, Position: back.Position}, back.History[9])

	all, err := r.PaymentsOf(ctx, w.anna, 0, 10)
	require.NoError(t, err)
	require.Equal(t, []id.Payment{w.silent, w.returned}, []id.Payment{all[0].Payment, all[1].Payment}, "newest first")
	rest, err := r.PaymentsOf(ctx, w.anna, all[0].Begun, 10)
	require.NoError(t, err)
	require.Equal(t, []Payment{back}, rest)
	none, err := r.PaymentsOf(ctx, w.bert, 0, 10)
	require.NoError(t, err)
	require.Empty(t, none)
	silent, err := r.PaymentsUnanswered(ctx, 0, 10)
	require.NoError(t, err)
	require.Len(t, silent, 1)
	require.Equal(t, w.silent, silent[0].Payment)
	_, err = r.Payment(ctx, id.Named[id.Payment]("none"))
	require.ErrorIs(t, err, ErrMissing)
}
