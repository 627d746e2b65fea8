package eventbus

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Kinds of the log's own events. They lie in the stream "ledger/<ledger id>", and
// nobody but the sequencer writes kinds that begin with "log.".
const (
	KindFounded     = "log.founded"
	KindEpochOpened = "log.epoch_opened"
	KindClosed      = "log.closed"

	ownKinds       = "log."
	ownContentType = "application/json"
)

// Modes of a ledger. The mode stands in the first record and never changes.
const (
	Production = "production"
	Sandbox    = "sandbox"
)

// FormatVersion is the version of record layout and rules that a ledger begins with.
const FormatVersion = 1

// Genesis is the first event of a ledger: what holds for all that follows.
type Genesis struct {
	Ledger        uuid.UUID     `json:"ledger"`
	LegalEntity   string        `json:"legal_entity"`
	Mode          string        `json:"mode"`
	FormatVersion int           `json:"format_version"`
	Limits        GenesisLimits `json:"limits"`
	KeyRing       Hash          `json:"key_ring"` // fingerprint
	At            time.Time     `json:"at"`
}

// GenesisLimits are the limits that the ledger's commits keep.
type GenesisLimits struct {
	EventsPerCommit int `json:"events_per_commit"`
	CommitBytes     int `json:"commit_bytes"`
	StreamBytes     int `json:"stream_bytes"`
	KindBytes       int `json:"kind_bytes"`
}

// EpochOpened tells which writer extends the log from here on.
type EpochOpened struct {
	Epoch        uint64    `json:"epoch"`
	Writer       uuid.UUID `json:"writer"`
	BuildVersion string    `json:"build_version"`
	At           time.Time `json:"at"`
}

// Closed is the last event of a ledger that moved to another journal.
type Closed struct {
	Target string    `json:"target"`
	At     time.Time `json:"at"`
}

var (
	// ErrNotFounded: the journal is empty and no genesis was handed in.
	ErrNotFounded = errors.New("eventbus: the journal is empty")
	// ErrMode: the ledger was founded in another mode.
	ErrMode = errors.New("eventbus: the ledger has another mode")
)

// LedgerStream is where the log's own events lie.
func (g Genesis) LedgerStream() Stream { return Stream("ledger/" + g.Ledger.String()) }

func (g Genesis) check() error {
	if g.Ledger == uuid.Nil || (g.Mode != Production && g.Mode != Sandbox) || g.LegalEntity == "" || len(g.LegalEntity) > HeaderTextBytesMax {
		return invalid("genesis needs a ledger id, a legal entity and a mode")
	}
	return nil
}

// readGenesis takes the ledger's first record.
func readGenesis(r Record) (Genesis, error) {
	var g Genesis
	if r.First != 1 || r.Previous != zeroHash || r.Events[0].Kind != KindFounded {
		return g, &Damage{Position: 1, Why: "the first record founds no ledger"}
	}
	if err := json.Unmarshal(r.Events[0].Data, &g); err != nil {
		return g, &Damage{Position: 1, Why: "genesis: " + err.Error()}
	}
	if g.FormatVersion != FormatVersion {
		return g, fmt.Errorf("%w: format version %d", ErrLayout, g.FormatVersion)
	}
	return g, nil
}

// UnmarshalText reads lower-case hex.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != 64 {
		return errors.New("eventbus: a hash has 64 hex digits")
	}
	for i := range h {
		high, low := nibble(text[2*i]), nibble(text[2*i+1])
		if high > 15 || low > 15 {
			return errors.New("eventbus: a hash is lower-case hex")
		}
		h[i] = high<<4 | low
	}
	return nil
}

// own is a commit of the sequencer itself.
type own struct {
	id    uuid.UUID
	event Event
}

func ownEvent(kind string, data any) Event {
	encoded, err := json.Marshal(data)
	if err != nil {
		panic(err) // the types above marshal
	}
	return Event{Kind: kind, SchemaVersion: 1, ContentType: ownContentType, Data: encoded}
}

func founded(g Genesis, at time.Time) own {
	g.FormatVersion = FormatVersion
	g.Limits = GenesisLimits{EventsPerCommit: EventsPerCommitMax, CommitBytes: CommitBytesMax, StreamBytes: StreamBytesMax, KindBytes: KindBytesMax}
	g.At = at
	return own{id: g.Ledger, event: ownEvent(KindFounded, g)}
}

// epochOpened has an id of its own for every writer and epoch: two writers that
// open the same epoch must not be taken for one.
func epochOpened(writer uuid.UUID, epoch uint64, build string, at time.Time) own {
	return own{id: derivedID(writer, uint32(epoch)), event: ownEvent(KindEpochOpened, EpochOpened{Epoch: epoch, Writer: writer, BuildVersion: build, At: at})}
}

// closedID is beyond all indexes, so that the id is nobody's event id.
const closedID = 1<<32 - 1

func closed(ledger uuid.UUID, target string, at time.Time) own {
	return own{id: derivedID(ledger, closedID), event: ownEvent(KindClosed, Closed{Target: target, At: at})}
}

// closes tells whether a record is the last of its ledger.
func closes(r *Record) bool { return r.Events[len(r.Events)-1].Kind == KindClosed }

// enterEpoch enqueues the opening of the next epoch. The lock is held.
func (s *Sequencer) enterEpoch() (*ticket, error) {
	s.epoch++
	t, err := s.enterOwn(epochOpened(s.writer, s.epoch, s.build, s.now()))
	if err == nil {
		s.epochDue = false
	}
	return t, err
}

// enterOwn enqueues a commit of the sequencer's own. The lock is held.
func (s *Sequencer) enterOwn(o own) (*ticket, error) {
	h, ok := s.heads.byStream[s.ledger]
	if !ok {
		version, err := s.indexedHead(s.ledger)
		if err != nil {
			return nil, err
		}
		h = &head{version: version}
	}
	t := &ticket{}
	header := Header{ActorType: "system"}
	if err := t.begin(o.id, &header, s.build, 1, eventBytes(&o.event, s.ledger)); err != nil {
		return nil, err
	}
	if err := t.add(s.ledger, h.version+1, &o.event); err != nil {
		return nil, err
	}
	if err := t.finish(); err != nil {
		return nil, err
	}
	t.streams = append(t.inline[:0], placed{s.ledger, h.version + 1})
	s.enter(t, o.id, s.now().UnixMicro())
	return t, nil
}
