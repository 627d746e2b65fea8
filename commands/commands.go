// Package commands is the write side: it loads what a command concerns, lets the
// domain decide, and commits what was decided. A verb is a method; the funnel
// execute is the only way from a command to the log.
//
//	verb -> execute: repeat? -> lock -> load -> Decide -> check legs -> encode -> Enqueue -> unlock -> Wait -> answer
//	           ^                                                                    |
//	           +------------- conflict or generation change: decide again ---------+
//
// A verb is written once and reads like what it does:
//
//	func (t Transfers) Cancel(ctx context.Context, order Order, transferID id.Transfer) (Cancelled, Outcome, error) {
//		b := t.bank
//		return execute(ctx, b, "transfer.cancel", order, streams(transferID), func(w *work) error {
//			state, err := b.transfers.load(w, transferID) // current state, this command's own facts included
//			if err != nil {
//				return err
//			}
//			if err := b.transfers.decide(w, transferID, transfer.Cancel{At: order.At}); err != nil {
//				return err // a *domain.Refusal: nothing of this command is written
//			}
//			return b.accounts.decide(w, state.From, account.Release{Reservation: transferID.Stream(), At: order.At})
//		}, func(facts []Fact) (Cancelled, error) { // from the facts alone: a retry next year gets the same
//			return Cancelled{Transfer: transferID}, nil
//		})
//	}
//
// The deciding function may run several times and must change nothing outside.
// It must never be slow on purpose (password hashes are made before it): streams
// are locked while it runs. Why answers are made from facts and not from what
// the deciding function saw: then a first answer and a repeated one cannot differ.
package commands

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"florin/domain"
	"florin/domain/attest/trust"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// Settings are what the wiring decides about the write side.
type Settings struct {
	BuildVersion string // goes into every commit's header
	CheckSchemas bool   // validate every command and event against its JSON Schema before it is written; on in every test
	StatesMax    int    // accounts kept in memory, and a quarter of that for each other kind of aggregate; 0: 100,000

	// Snapshots keeps states of long streams, so that loading them is fast. It
	// is disposable, like every eventbus.Index; nil: none are kept.
	Snapshots eventbus.Index

	Dir          string        // where processes keep their checkpoints; "": they start from the beginning
	EvidenceKept time.Duration // how long evidence is readable after an erasure; 0: five years (Directive (EU) 2015/849, article 40)

	Notifier Notifier     // tells customers; nil: nobody is told
	Logouts  LogoutSender // tells clients that a session is over; nil: none is told

	Rail      Rail // to other banks; nil: no payment leaves this one
	RailTerms RailTerms
	Webhooks  WebhookSender // tells partners what happens; nil: none is told

	// Trust is what the bank believes of devices, as of now: a list may have come. nil:
	// nobody; none is attested.
	Trust func() trust.Trust

	// Policy is the risk policy (YAML) that decides until the bank has activated one;
	// nil: the one that it comes with.
	Policy []byte

	// OpenDataSet makes a file that risk looks into ready, by its digest, or says why it
	// cannot; nil: the bank has none.
	OpenDataSet func(name, digest string) (DataSetFile, error)

	// RiskWait bounds how long a payment waits for what risk has to know; 0: a second.
	// What is late the customer confirms.
	RiskWait time.Duration

	Money    Terms
	Identity IdentitySettings
}

const (
	statesMaxDefault    = 100_000
	evidenceKeptDefault = 5 * 366 * 24 * time.Hour
	riskWaitDefault     = time.Second
)

// Bank is the write side of one ledger. It is safe for concurrent use.
type Bank struct {
	log      eventbus.Log
	treaty   *schemas.Treaty
	ring     *seal.Ring
	sources  Sources
	settings Settings
	flights  flights
	locks    *locks
	counts   counts
	runners  []*runner
	posters  []*runner // of RunWebhooks: they run apart
	ticks    atomic.Uint64
	posts    atomic.Uint64 // ticks of posters
	identity *identity
	clock    movable
	accruals accruals
	judging  atomic.Pointer[Judges]
	founding deciding
	opened   openedSets
	book     *book
	tracer   trace.Tracer
	shelves
}

// Open makes the write side above a log. It reads nothing but how far a sandbox's
// clock runs ahead: states are loaded when a command first concerns them.
func Open(ctx context.Context, log eventbus.Log, treaty *schemas.Treaty, ring *seal.Ring, sources Sources, settings Settings) (*Bank, error) {
	if log == nil || treaty == nil || ring == nil || sources.Now == nil || sources.Random == nil {
		return nil, errors.New("commands: open: a log, a treaty, a ring and both sources are needed")
	}
	if settings.StatesMax <= 0 {
		settings.StatesMax = statesMaxDefault
	}
	if settings.EvidenceKept <= 0 {
		settings.EvidenceKept = evidenceKeptDefault
	}
	if settings.RiskWait <= 0 {
		settings.RiskWait = riskWaitDefault
	}
	b := &Bank{log: log, treaty: treaty, ring: ring, sources: sources, settings: settings, locks: newLocks(),
		tracer: otel.Tracer("florin/commands")}
	b.sources = b.clock.above(sources)
	b.identity = newIdentity(settings.Identity)
	b.shelves = newShelves(b)
	var err error
	if b.founding, err = foundingPolicy(settings.Policy); err != nil {
		return nil, fmt.Errorf("commands: open: %w", err)
	}
	b.opened.open = settings.OpenDataSet
	b.book = newBook(log, treaty, settings.RiskWait)
	b.runners = newRunners(b)
	if settings.Webhooks != nil {
		b.posters = []*runner{b.newRunner(newPosting(b))}
	}
	return b, b.setClock(ctx)
}

// Sources is where the bank's time and randomness come from.
func (b *Bank) Sources() Sources { return b.sources }

// Outcome is what every verb returns beside its own answer, also beside a
// refusal that is a fact of the log.
type Outcome struct {
	Receipt  eventbus.Receipt // zero if the command had nothing to write
	Replayed bool             // the answer to an earlier command with the same id
	Attempts int              // how often it was decided; 0 for a repeat
}

// Fact is one event of a commit, as answers are made from.
type Fact struct {
	Stream  eventbus.Stream
	Version eventbus.Version
	Event   domain.Event
}

// Refusals of the funnel itself.
var (
	ErrInFlight = &domain.Refusal{Class: domain.Conflict, Code: "request-in-flight", Detail: "The same request is being worked on; ask again in a moment."}
	ErrReused   = &domain.Refusal{Class: domain.Refused, Code: "idempotency-key-reused", Detail: "This idempotency key was used for another request."}
	ErrErased   = &domain.Refusal{Class: domain.Gone, Code: "erased", Detail: "What this request led to has been erased."}
)
