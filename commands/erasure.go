package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/eventbus"
	"florin/schemas/seal"
)

// erasing forgets persons. The request is a fact first; then, however often:
//
//	requested -> profile keys destroyed -> names released, customer.erased
//	          -> (EvidenceKept later) evidence keys destroyed
//
// While a legal hold stands nothing is destroyed, and it is tried again each day.
// Why erased customers stay on the agenda for ever: a key ring that comes back
// from a backup has their keys again, so every start destroys them again.
type erasing struct{ bank *Bank }

// What an alarm of erasing is for.
const (
	eraseProfile  = "profile"
	eraseEvidence = "evidence"
	erasedAll     = "done"
)

// holdLooksEvery is how long a legal hold is left alone.
const holdLooksEvery = 24 * time.Hour

// never is far beyond every due time, and still a time that JSON can write.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func (e *erasing) Name() string    { return "erasure" }
func (e *erasing) Kinds() []string { return []string{customer.ErasureRequested{}.Kind()} }

func (e *erasing) Take(_ context.Context, fact Happened, agenda *Agenda) error {
	agenda.Set(fact.Stream, agenda.Now(), eraseProfile)
	return nil
}

func (e *erasing) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	erased, err := customerOf(alarm.Stream)
	if err != nil {
		return err
	}
	next := alarm
	switch alarm.Note {
	case eraseProfile:
		err = e.profile(ctx, erased, alarm.Cause, agenda.Now())
		next.Note, next.Due = eraseEvidence, agenda.Now().Add(e.bank.settings.EvidenceKept)
	case eraseEvidence:
		err = e.destroy(ctx, erased, domain.RetainEvidence)
		next.Note, next.Due = erasedAll, never
	default:
		next.Due = never
	}
	if errors.Is(err, seal.ErrHeld) {
		agenda.Set(alarm.Stream, agenda.Now().Add(holdLooksEvery), alarm.Note)
		return nil
	}
	if err == nil {
		agenda.Set(alarm.Stream, next.Due, next.Note)
	}
	return err
}

// Resume destroys again what was destroyed before.
func (e *erasing) Resume(ctx context.Context, alarm Alarm) error {
	erased, err := customerOf(alarm.Stream)
	if err != nil || alarm.Retake {
		return err
	}
	if alarm.Note == eraseEvidence || alarm.Note == erasedAll {
		err = e.destroy(ctx, erased, domain.RetainProfile)
	}
	if alarm.Note == erasedAll && err == nil {
		err = e.destroy(ctx, erased, domain.RetainEvidence)
	}
	if errors.Is(err, seal.ErrHeld) {
		return nil // a hold that was set after the erasure finds nothing to hold
	}
	return err
}

func (e *erasing) profile(ctx context.Context, erased id.Customer, cause uuid.UUID, now time.Time) error {
	if err := e.destroy(ctx, erased, domain.RetainProfile); err != nil {
		return err
	}
	subject := seal.Subject{Kind: ActorCustomer, ID: erased.UUID()}
	return e.bank.finishErasure(ctx, SystemOrder(e.Name(), cause, "customer.erase", now, subject), erased)
}

// destroy destroys the customer's key of the class, and those of the customer's
// devices, which sealed what was known before anybody knew whose they were.
func (e *erasing) destroy(ctx context.Context, erased id.Customer, class domain.Retention) error {
	state, err := e.bank.customers.look(ctx, erased)
	if err != nil {
		return err
	}
	if err := e.bank.ring.Destroy(seal.Subject{Kind: ActorCustomer, ID: erased.UUID()}, class); err != nil {
		return fmt.Errorf("commands: erase %s: %w", erased, err)
	}
	for _, device := range state.Devices {
		if err := e.bank.ring.Destroy(seal.Subject{Kind: ActorDevice, ID: device.UUID()}, class); err != nil {
			return fmt.Errorf("commands: erase %s: %w", device, err)
		}
	}
	return nil
}

func customerOf(stream eventbus.Stream) (id.Customer, error) {
	u, err := uuid.Parse(strings.TrimPrefix(string(stream), "customer/"))
	if err != nil {
		return id.Customer{}, fmt.Errorf("commands: %s is not a customer's stream: %w", stream, err)
	}
	return id.From[id.Customer](u), nil
}
