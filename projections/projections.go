// Package projections is the read side: it folds the log into the shapes that
// questions need, and answers them. Nothing here decides anything.
//
//	log --Subscribe--> decode (once) --batches--> folds --one transaction--> tables + checkpoints
//	                                                                            |
//	                       WaitFor(position)  <---------------------------------+--> queries, views
//
// All read models lie in one SQLite file, which is disposable: it can be deleted
// at any time and is made anew from the log. Each projection has its own tables
// and its checkpoint {position, hash}, written in the transaction that writes the
// rows, so each event counts exactly once. An event that cannot be read parks its
// stream for that projection, shows in Health, and holds up nothing else.
//
// Why no personal data lies here: names, contacts and remittance text are opened
// from the log, with its keys, when somebody asks for them. So following needs
// no keys, an erased person is erased here the moment the key is destroyed, with
// no row to clear and no page of the file that could be forgotten, and the digest of a
// view does not depend on who has been erased.
//
// The tables must never be written by anyone else, and must never be what a
// command decides on.
package projections

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"florin/domain"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// definitions are all projections of the read database.
var definitions = []definition{
	{"accounts", 9, []string{"account", "transfer", "journal", "payment", "incoming", "authorisation", "directdebit"}, false, []table{accountsTable, holdsTable, transactionsTable, holdersTable, invitationsTable, periodsTable}, beginAccounts},
	{"transfers", 4, []string{"transfer"}, false, []table{transfersTable, scheduledTable}, beginTransfers},
	{"batches", 2, []string{"batch"}, false, []table{batchesTable}, beginBatches},
	{"cards", 2, []string{"card", "authorisation"}, false, []table{cardsTable, authorisationsTable}, beginCards},
	{"payees", 1, []string{"payees"}, false, []table{payeesTable}, beginPayees},
	{"products", 1, []string{"product"}, false, []table{productsTable, productVersionsTable}, beginProducts},
	{"standing", 2, []string{"standing"}, false, []table{standingTable}, beginStanding},
	{"payments", 4, []string{"payment"}, false, []table{paymentsTable}, beginPayments},
	{"incoming", 1, []string{"incoming"}, false, []table{incomingTable}, beginIncoming},
	{"paymentfiles", 3, []string{"paymentfile"}, false, []table{paymentFilesTable}, beginPaymentFiles},
	{"mandates", 1, []string{"mandate", "creditor"}, false, []table{mandatesTable, creditorsTable}, beginMandates},
	{"directdebits", 1, []string{"directdebit"}, false, []table{directDebitsTable}, beginDirectDebits},
	{"devices", 1, []string{"device"}, false, []table{devicesTable}, beginDevices},
	{"sessions", 1, []string{"session"}, false, []table{sessionsTable}, beginSessions},
	{"consents", 1, []string{"consent", "session"}, false, []table{consentsTable, consentFamiliesTable}, beginConsents},
	{"customers", 1, []string{"customer"}, false, []table{customersTable}, beginCustomers},
	{"proposals", 1, []string{"proposal"}, false, []table{proposalsTable}, beginProposals},
	{"riskpolicies", 1, []string{"riskpolicy"}, false, []table{riskPoliciesTable}, beginRiskPolicies},
	{"reviews", 1, []string{"risk", "transfer", "payment", "batch"}, false, []table{reviewsTable}, beginReviews},
	{"fraudcases", 1, []string{"fraudcase"}, false, []table{fraudCasesTable}, beginFraudCases},
	{"risk", 1, []string{"risk"}, false, []table{riskDecisionsTable}, beginRiskDecisions},
	{"notifications", 1, []string{"notification", "inbox"}, false, []table{notificationsTable, inboxesTable}, beginNotifications},
	{"webhooks", 2, []string{"webhook", "delivery"}, false, []table{webhooksTable, deliveriesTable}, beginWebhooks},
	{"audit", 1, nil, true, []table{auditCommitsTable, auditEventsTable}, beginAudit},
	{guardsName, 2, []string{"session", "device", "customer", "operator", "signing"}, true, []table{guardsTable}, beginGuards},
}

// Reads is the read database and its queries. Queries may be called by many
// goroutines, before, during and after Run.
type Reads struct {
	log      eventbus.Log
	decode   decoder // leaves personal data closed
	reveal   decoder // opens it
	database *database
	wanted   map[string]bool   // contexts that some projection folds decoded
	bulk     eventbus.Position // bulkEventsMin, less in tests

	progress   *progress
	rebuilding sync.Mutex // one rebuild at a time
	swapping   sync.Mutex // held between batches and around a swap; guards live
	live       []*target
}

// Open opens or makes the read database at path (SQLite). A projection whose
// shape has changed is emptied; Run fills it again.
func Open(ctx context.Context, path string, log eventbus.Log, treaty *schemas.Treaty) (*Reads, error) {
	db, err := openSQLite(path)
	if err != nil {
		return nil, err
	}
	r, err := openReads(ctx, db, log, treaty.DecodeClosed, treaty.DecodeAny)
	if err != nil {
		err = fmt.Errorf("projections: %s cannot be opened; if it is damaged delete it, it is made anew from the log: %w", path, err)
		return nil, errors.Join(err, db.close())
	}
	return r, nil
}

func openReads(ctx context.Context, db *database, log eventbus.Log, decode, reveal decoder) (*Reads, error) {
	r := &Reads{log: log, decode: decode, reveal: reveal, database: db, wanted: map[string]bool{}, bulk: bulkEventsMin, progress: newProgress()}
	for _, d := range definitions {
		for _, c := range d.contexts {
			r.wanted[c] = true
		}
	}
	err := db.transact(ctx, func(w *writer) error {
		for _, t := range []table{checkpoints, parkedStreams} {
			w.define(strings.Replace(t.create(), "create table", "create table if not exists", 1))
		}
		for _, d := range definitions { // what a broken-off rebuild has left
			for _, t := range d.tables {
				w.define("drop table if exists " + t.beside().name)
				w.define("drop table if exists " + t.past())
			}
		}
		return w.err
	})
	if err != nil {
		return nil, err
	}
	return r, r.load(ctx)
}

// Close ends all queries. Run must have ended before.
func (r *Reads) Close() error { return r.database.close() }

// errUnreadable: an event that the treaty cannot decode.
var errUnreadable = errors.New("projections: an event cannot be read")

// first decodes the first event of a stream with its personal fields opened.
// Missing streams are errors; an event that cannot be decoded is errUnreadable.
func (r *Reads) first(ctx context.Context, stream string) (domain.Event, error) {
	return r.at(ctx, stream, 1)
}

// at decodes the event that gave a stream its version.
func (r *Reads) at(ctx context.Context, stream string, version eventbus.Version) (domain.Event, error) {
	for e, err := range r.log.ReadStream(ctx, eventbus.Stream(stream), version-1) {
		if err != nil {
			return nil, fmt.Errorf("projections: reading %s: %w", stream, err)
		}
		return r.open(e)
	}
	return nil, fmt.Errorf("projections: %s is not in the log", stream)
}

// open decodes an event with its personal fields opened. A ring that never held
// the key is no fault of the event's, and is not errUnreadable.
func (r *Reads) open(e eventbus.Recorded) (domain.Event, error) {
	event, err := r.reveal(e.Kind, e.SchemaVersion, e.ID, e.Data)
	switch {
	case err == nil:
		return event, nil
	case errors.Is(err, seal.ErrUnknownKey):
		return nil, fmt.Errorf("projections: opening position %d: %w", e.Position, err)
	}
	return nil, fmt.Errorf("%w: position %d: %w", errUnreadable, e.Position, err)
}
