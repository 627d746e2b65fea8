// Package eventbus is the log: commits in one total order, hash-chained, kept
// for ever. It knows nothing of banking; data is opaque bytes.
//
//	many callers --Enqueue--> sequencer --groups--> Journal (an engine)
//	                             |                     |
//	                        local index <---rebuild----+--> readers (Subscribe)
//
// A Journal only keeps one ordered list of commits that can be extended at its
// expected end. Everything else (idempotency, expected versions, guards, dense
// positions, hashes, group commit, fencing) is written once, in the Sequencer.
// So every engine gives the same guarantees, whatever it is itself.
//
// It must never acknowledge what is not durable, show what is not durable, or
// accept a record that does not extend what it has accepted.
package eventbus

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"
)

// Limits that hold on every engine, so that a commit can move between them
// (log.md, Record).
const (
	EventsPerCommitMax = 1000
	CommitBytesMax     = 512 << 10
	StreamBytesMax     = 128 // context/lowercase-uuid
	KindBytesMax       = 96
)

type (
	// Position counts events, dense from 1. A commit is named by its last one.
	Position uint64
	// Version counts the events of one stream, from 1; 0 means absent.
	Version uint64
	// Stream is "context/lowercase-uuid".
	Stream string
	// Hash is SHA-256.
	Hash [32]byte
)

// Header says who did what, when, through what: the part of a commit that all
// its events share. Zero fields are not stored. Strings hold no personal data.
type Header struct {
	BookedAt     time.Time // when it counts for the bank; recorded-at is the log's own
	ActorType    string    // customer, operator, client, device, system, anonymous
	Actor        uuid.UUID
	OnBehalfOf   uuid.UUID // a customer, when the actor is not that customer
	Approver     uuid.UUID // the second operator
	Client       uuid.UUID
	Device       uuid.UUID
	Session      uuid.UUID
	ACR          string   // authentication context class of the session
	AMR          []string // authentication methods (RFC 8176)
	TokenID      string   // jti of the access token
	Reason       string   // code; words go in a sealed field of an event
	Correlation  uuid.UUID
	Causation    uuid.UUID // event id
	Traceparent  string    // W3C Trace Context
	Intent       []byte    // HMAC of what the command asked, under the principal's key
	BuildVersion string    // filled by the sequencer where it is empty
	Unknown      []byte    // raw fields that this build does not know: kept and hashed; callers leave it nil
}

// Event is one fact as it is stored.
type Event struct {
	Kind          string
	SchemaVersion uint16
	ContentType   string
	Data          []byte      // as stored: exactly these bytes are hashed
	ValueDate     string      // ISO 8601 date where it differs from booked-at
	KeyIDs        []uuid.UUID // keys of the sealed fields inside Data
	Unknown       []byte      // as in Header
}

// Append is what a commit adds to one stream.
type Append struct {
	Stream   Stream
	Expected Version // 0: the stream must be absent
	Events   []Event // none: a guard, nothing is written but the version must hold
}

// Commit is what a caller asks for: all of it, or none.
type Commit struct {
	ID         uuid.UUID // the command's id: the same id again is answered by the first receipt, for ever
	Header     Header
	Streams    []Append   // in this order the events get their positions; each stream once
	Generation Generation // the generation that the deciding states were read in
}

// Generation changes whenever enqueued commits may have failed: what was
// learned from the heads of an older one may never have happened. It starts at
// 1 and is compared on every Enqueue that is not a repeat.
type Generation uint64

// Receipt says where a commit lies.
type Receipt struct {
	ID         uuid.UUID
	First      Position // of its first event
	Last       Position // of its last event: the commit's position
	Hash       Hash
	RecordedAt time.Time
}

// Ticket is a place in the queue: order, versions and hashes are fixed.
type Ticket interface {
	// Receipt is where the commit will lie if it becomes durable.
	Receipt() Receipt
	// Repeated tells whether the commit was there before this Enqueue.
	Repeated() bool
	// Wait returns when the commit is durable (nil) or known not to be: then
	// the error is ErrGeneration (run the command again) or ErrStopped. If ctx
	// ends first the outcome is unknown: *UnknownOutcome; ask again by the id.
	Wait(ctx context.Context) (Receipt, error)
}

// Recorded is an event as readers get it.
type Recorded struct {
	Event
	ID       uuid.UUID // UUIDv5 of commit id and index
	Stream   Stream
	Version  Version
	Position Position
	Index    uint32 // in its commit, from 0
	Hash     Hash

	// RecordedAt is that of its commit. Only ReadStream sets it: elsewhere the
	// Record is at hand.
	RecordedAt time.Time `json:"-"`
}

// Record is a commit as readers get it: always whole.
type Record struct {
	ID          uuid.UUID
	Header      Header
	RecordedAt  time.Time // the log's clock, monotone
	WriterEpoch uint64
	First       Position
	Previous    Hash // of the commit before
	Hash        Hash // of this commit
	Events      []Recorded
}

// Last is the commit's position.
func (r Record) Last() Position { return r.First + Position(len(r.Events)) - 1 }

// Log is what the floors above see. Implementations: Sequencer, and the client
// of one in another process.
type Log interface {
	// Enqueue fixes order, versions and hashes at once; the ticket tells
	// durability. Errors: *VersionConflict (read again and decide again),
	// ErrGeneration (drop cached states, decide again), ErrInvalid (never
	// retry), ErrBusy (wait and retry), ErrClosed/ErrStopped (do not retry here).
	Enqueue(Commit) (Ticket, error)
	// Find gives the ticket of a commit that was enqueued before, durable or not.
	Find(ctx context.Context, commit uuid.UUID) (Ticket, bool, error)
	// Generation is the present one; a state cached under another is dropped.
	Generation() Generation
	// Durable returns when everything enqueued before the call is durable: whoever
	// answers on the strength of such a head without appending waits for it first.
	// ErrGeneration: the head never happened, decide again. Compare Generation with
	// the one decided under afterwards: if it moved before the call, nil says nothing.
	Durable(ctx context.Context) error
	// Head is the durable end.
	Head(ctx context.Context) (Mark, error)
	// Version is the stream's head, enqueued commits included.
	Version(ctx context.Context, stream Stream) (Version, error)
	// ReadStream yields the stream's durable events with versions above after.
	ReadStream(ctx context.Context, stream Stream, after Version) iter.Seq2[Recorded, error]
	// ReadCommit gives back the record of a receipt.
	ReadCommit(ctx context.Context, receipt Receipt) (Record, error)
	// ReadAll yields durable commits that end above after, and ends at the head.
	ReadAll(ctx context.Context, after Position) iter.Seq2[Record, error]
	// Subscribe is ReadAll that then waits for more, until ctx ends. A position
	// inside a commit delivers that commit whole again.
	Subscribe(ctx context.Context, after Position) iter.Seq2[Record, error]
}

// Mark is an end of a journal.
type Mark struct {
	Place    []byte // the engine's own; it may advance without Position
	Position Position
	Hash     Hash
}

// Entry is one commit as a journal keeps it.
type Entry struct {
	Record []byte // the encoded commit, see record.go; the receiver's own from now on
	Place  []byte // the engine's own, after this entry; nil where positions suffice
}

// Journal is one ordered list of commits that can be extended at its expected
// end. It is all that an engine has to be.
type Journal interface {
	// Head is the end that the engine would extend now (of the leader, not of a
	// follower). An empty journal has position 0 and the zero hash.
	Head(ctx context.Context) (Mark, error)
	// Append keeps all commits after at, or none: durable when it returns nil.
	// *Fenced if the end has moved: nothing was kept. Any other error: the
	// outcome is unknown, and only something that occupies the place settles it.
	// The slices are the caller's again after the return.
	Append(ctx context.Context, at Mark, commits [][]byte) (Mark, error)
	// Read yields whole entries, in order, and ends at the durable end: those kept
	// after from.Place that end above from.Position (the one around a position
	// inside a commit included). from.Hash is not looked at and may be zero. Beyond
	// the end it yields ErrAhead or nothing.
	Read(ctx context.Context, from Mark) iter.Seq2[Entry, error]
	// Follow is Read that then waits for more, until ctx ends.
	Follow(ctx context.Context, from Mark) iter.Seq2[Entry, error]
	Limits() Limits
	Close() error
}

// Limits of one Append.
type Limits struct {
	GroupBytesMax   int
	GroupCommitsMax int
}

// Pipelined is a Journal that also keeps the sequencer's index: records and
// index entries go into one batch and one sync, and several groups may be under
// way at once. Only the embedded engine is one.
type Pipelined interface {
	Journal
	// Start hands over the next group, at the end of the group started before (no
	// Place; *Fenced if it is not); groups become durable in the order of their
	// Starts. The index entries may be read from Index at once. wait returns when this one is. After an error nothing later
	// becomes durable, and the process must stop (a failed local sync).
	Start(at Mark, commits [][]byte, index []IndexEntry) (wait func() (Mark, error), err error)
	Index() Index
}

// IndexEntry is one key to set.
type IndexEntry struct{ Key, Value []byte }

// Index is the sequencer's local store of heads, stream positions and receipts.
// It is disposable: dropped and rebuilt from the journal at any time.
type Index interface {
	Get(key []byte) (value []byte, ok bool, err error)
	// Scan yields entries from the key on, in order, while they have the prefix.
	Scan(prefix, from []byte) iter.Seq2[IndexEntry, error]
	// Set keeps the entries; they need not be durable on return.
	Set(entries []IndexEntry) error
	// Drop forgets everything.
	Drop() error
	Close() error
}

var (
	// ErrGeneration: a group before this one failed or was fenced. Run the
	// command again from its beginning.
	ErrGeneration = errors.New("eventbus: the generation has ended")
	// ErrInvalid: the commit breaks a limit or a form. A bug of the caller's.
	ErrInvalid = errors.New("eventbus: invalid commit")
	// ErrBusy: the queue is full. Wait and retry.
	ErrBusy = errors.New("eventbus: queue full")
	// ErrClosed: the log was closed for good by log.closed (migration).
	ErrClosed = errors.New("eventbus: the log is closed")
	// ErrStopped: this process's sequencer has stopped; another may serve.
	ErrStopped = errors.New("eventbus: sequencer stopped")
	// ErrUnavailable: the engine cannot be asked just now. Nothing was read; ask again.
	ErrUnavailable = errors.New("eventbus: the log cannot be reached")
	// ErrAhead: a position beyond the durable head.
	ErrAhead = errors.New("eventbus: position beyond the head")
)

// VersionConflict: a stream has moved on. Read it again and decide again.
type VersionConflict struct {
	Stream           Stream
	Expected, Actual Version
}

func (e *VersionConflict) Error() string {
	return fmt.Sprintf("eventbus: %s is at version %d, not %d", e.Stream, e.Actual, e.Expected)
}

// Fenced: another writer has extended the journal. Nothing was kept.
type Fenced struct{ Head Mark }

func (e *Fenced) Error() string {
	return fmt.Sprintf("eventbus: fenced, the journal has moved on to position %d", e.Head.Position)
}

// UnknownOutcome: the commit may or may not become durable. Ask again by its id
// until the log can say.
type UnknownOutcome struct{ ID uuid.UUID }

func (e *UnknownOutcome) Error() string { return "eventbus: outcome of " + e.ID.String() + " unknown" }

// Damage: the journal holds what nobody wrote. It names the first position that
// cannot be trusted.
type Damage struct {
	Position Position
	Why      string
}

func (e *Damage) Error() string {
	return fmt.Sprintf("eventbus: damage at position %d: %s", e.Position, e.Why)
}
