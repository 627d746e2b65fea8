package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/payment"
)

// submitting brings payments to the rail, and the rail's answers back. It is the
// outbox: that the money has left and what the rail is told stands in the log first.
//
//	payment.authorised, unless held -> Payments.Submit -> payment.submitted
//	payment.released, payment.fell_due -> the same
//	payment.submitted --> Rail.Submit --.
//	   an unknown outcome -> Rail.Ask --+--> Payments.Answer -> accepted, settled, rejected, returned
//	payment.accepted ---> Rail.Ask -----'
//	   no answer for AnswerWithin -----> Payments.Investigate, and it goes on asking
//
// What it tells the rail is always the same message under the same identification, so
// after a lost answer, a crash at any point or a start from the beginning of the log
// the rail books once. Payments wait in turn: one that fails does not hold up others,
// but while the rail cannot be reached nobody knocks more than once a round.
type submitting struct {
	bank *Bank
	rest time.Time // until when the rail is left alone
}

func (s *submitting) Name() string { return "payment-submission" }

func (s *submitting) Kinds() []string {
	return []string{payment.Authorised{}.Kind(), payment.Scheduled{}.Kind(), payment.FellDue{}.Kind(), payment.Released{}.Kind(), payment.Submitted{}.Kind(), payment.Accepted{}.Kind(), payment.Settled{}.Kind(),
		payment.Rejected{}.Kind(), payment.Returned{}.Kind(), payment.Cancelled{}.Kind()}
}

// Notes of alarms: whether the rail may have the message already.
const (
	railTell = "tell"
	railAsk  = "ask"
)

// Take notes when a payment's next step is due.
func (s *submitting) Take(_ context.Context, fact Happened, agenda *Agenda) error {
	terms := s.bank.settings.RailTerms
	switch e := fact.Event.(type) {
	case payment.Authorised:
		agenda.Set(fact.Stream, e.At.Add(terms.SubmitAfter), railTell)
	case payment.FellDue, payment.Released: // there was time enough to think of it
		agenda.Set(fact.Stream, agenda.Now(), railTell)
	case payment.Submitted:
		agenda.Set(fact.Stream, agenda.Now(), railTell)
	case payment.Accepted:
		agenda.Set(fact.Stream, e.At.Add(terms.askEvery()), railAsk) // however often it is heard of
	default:
		agenda.Clear(fact.Stream)
	}
	return nil
}

// Ring takes the next step of one payment, whichever that is by now.
func (s *submitting) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	of := id.From[id.Payment](uuidIn(alarm.Stream))
	state, err := s.bank.payments.look(ctx, of)
	if err != nil {
		return err
	}
	now := s.bank.sources.Time()
	switch {
	case state.Phase == payment.Ready:
		order := SystemOrder(s.Name(), alarm.Cause, "payment.submit", now, ofCustomer(state.Customer))
		_, _, err := s.bank.Payments().Submit(ctx, order, of)
		return settledAlready(err)
	case !state.Phase.Awaited():
		return nil
	case now.Sub(agenda.Now()) > railPause, now.Before(s.rest): // others have to ring as well, and the rail has just failed
		agenda.Set(alarm.Stream, maxTime(now, s.rest), alarm.Note)
		return nil
	}
	if err := s.investigate(ctx, alarm, state, now); err != nil {
		return err
	}
	said, err := s.speak(ctx, alarm, state)
	if err != nil {
		s.rest = now.Add(time.Second)
		return fmt.Errorf("commands: rail %s: %w", state.Rail, err)
	}
	return s.take(ctx, alarm, agenda, state, said)
}

// investigate opens an investigation once the rail has been silent for too long.
func (s *submitting) investigate(ctx context.Context, alarm Alarm, state payment.State, now time.Time) error {
	if state.Investigated || now.Before(state.SubmittedAt.Add(s.bank.settings.RailTerms.answerWithin())) {
		return nil
	}
	order := SystemOrder(s.Name(), alarm.Cause, "payment.investigate/"+string(alarm.Stream), now, ofCustomer(state.Customer))
	_, _, err := s.bank.Payments().Investigate(ctx, order, state.Payment)
	return settledAlready(err)
}

// speak tells the rail, or asks it first where it may have been told.
func (s *submitting) speak(ctx context.Context, alarm Alarm, state payment.State) (RailAnswer, error) {
	speaking, cancel := context.WithTimeout(ctx, railTimeout)
	defer cancel()
	if alarm.Note == railAsk || alarm.Tries > 0 {
		said, err := s.bank.settings.Rail.Ask(speaking, message(state.Payment))
		if !errors.Is(err, ErrUnknownMessage) {
			return said, err
		}
	}
	instruction, err := s.instruction(ctx, state)
	if err != nil {
		return RailAnswer{}, err
	}
	return s.bank.settings.Rail.Submit(speaking, instruction)
}

func (s *submitting) instruction(ctx context.Context, state payment.State) (RailInstruction, error) {
	first, err := s.bank.initiated(ctx, state.Payment)
	if err != nil {
		return RailInstruction{}, err
	}
	holder, number, err := s.bank.known(ctx, state.From)
	if err != nil {
		return RailInstruction{}, err
	}
	return RailInstruction{
		Message: message(state.Payment), EndToEnd: message(state.Payment), Amount: state.Amount, DebtorName: holder, Debtor: number,
		Creditor: first.Creditor, CreditorName: first.CreditorName, Reference: first.Reference, At: state.SubmittedAt,
	}, nil
}

// take writes down what the rail said; what it had said before is nothing new. It is
// asked again for as long as it has not said the last word.
func (s *submitting) take(ctx context.Context, alarm Alarm, agenda *Agenda, state payment.State, said RailAnswer) error {
	if said.Status == RailAccepted && state.Phase == payment.Taken {
		said.Status = RailPending
	}
	if said.Status == RailPending {
		agenda.Set(alarm.Stream, agenda.Now().Add(s.bank.settings.RailTerms.askEvery()), railAsk)
		return nil
	}
	order := SystemOrder(s.Name(), alarm.Cause, "payment.answer/"+string(said.Status)+"/"+string(alarm.Stream), agenda.Now(), ofCustomer(state.Customer))
	_, _, err := s.bank.Payments().Answer(ctx, order, state.Payment, said)
	return settledAlready(err)
}

// settledAlready lets a refusal be: somebody else has brought the payment on.
func settledAlready(err error) error {
	refusal, refused := errors.AsType[*domain.Refusal](err)
	if refused && refusal.Class == domain.Conflict {
		return nil
	}
	return err
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
