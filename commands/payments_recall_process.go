package commands

import (
	"context"
	"fmt"
	"time"

	"florin/domain/id"
	"florin/domain/payment"
)

// recalling tells other banks what is wanted back, until they answer.
//
//	payment.recalled -> Rail.Recall -> Payments.AnswerRecall -> returned, recall_denied
//	   no answer by AnswerBy -> Payments.DelayRecall, and it goes on asking
//
// What it tells is the same recall under the same name each time, so after a lost
// answer, a crash at any point or a start from the beginning of the log the other bank
// is asked once.
type recalling struct {
	bank *Bank
	rest time.Time // until when the rail is left alone
}

func (r *recalling) Name() string { return "payment-recalls" }

func (r *recalling) Kinds() []string {
	return []string{payment.Recalled{}.Kind(), payment.RecallDenied{}.Kind(), payment.Returned{}.Kind()}
}

// Take notes that something is wanted back.
func (r *recalling) Take(_ context.Context, fact Happened, agenda *Agenda) error {
	if _, begins := fact.Event.(payment.Recalled); begins {
		agenda.Set(fact.Stream, agenda.Now(), railTell)
	} else {
		agenda.Clear(fact.Stream)
	}
	return nil
}

func (r *recalling) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	of := id.From[id.Payment](uuidIn(alarm.Stream))
	state, err := r.bank.payments.look(ctx, of)
	if err != nil || !state.Recall.Open() {
		return err
	}
	now := r.bank.sources.Time()
	order := func(verb string) Order {
		return SystemOrder(r.Name(), alarm.Cause, verb+"/"+state.Recall.Name, now, ofCustomer(state.Customer))
	}
	if !state.Recall.Overdue && !now.Before(state.Recall.AnswerBy) {
		if _, _, err := r.bank.Payments().DelayRecall(ctx, order("payment.delay_recall"), of); settledAlready(err) != nil {
			return err
		}
	}
	if now.Sub(agenda.Now()) > railPause || now.Before(r.rest) { // others have to ring as well, and the rail has just failed
		agenda.Set(alarm.Stream, maxTime(now, r.rest), alarm.Note)
		return nil
	}
	telling, cancel := context.WithTimeout(ctx, railTimeout)
	defer cancel()
	said, err := r.bank.settings.Rail.Recall(telling, RailRecall{Recall: state.Recall.Name, Original: message(of), EndToEnd: message(of),
		Amount: state.Amount, Reason: state.Recall.Reason, Settled: state.SettledAt, At: state.Recall.At})
	if err != nil {
		r.rest = now.Add(time.Second)
		return fmt.Errorf("commands: rail %s: %w", state.Rail, err)
	}
	if said.Status != RailReturned && said.Status != RailRejected {
		agenda.Set(alarm.Stream, agenda.Now().Add(r.bank.settings.RailTerms.recallEvery()), alarm.Note)
		return nil
	}
	_, _, err = r.bank.Payments().AnswerRecall(ctx, order("payment.answer_recall/"+string(said.Status)), of, state.Recall.Name, said)
	return settledAlready(err)
}
