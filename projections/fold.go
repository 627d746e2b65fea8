package projections

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/eventbus"
)

// decoder turns a stored event into the Go type of its kind (package schemas).
type decoder func(kind string, version uint16, event uuid.UUID, data []byte) (domain.Event, error)

// fold turns the log into the rows of one projection. It keeps what a batch
// changes in memory until flush.
type fold interface {
	// apply takes in one event. An error says that this event cannot be read: it
	// parks the event's stream for this projection, and nothing else.
	apply(w *writer, c *commit, f *fact) error
	// flush writes what has changed.
	flush(w *writer)
	// forget drops what flush has not written, and everything read back.
	forget()
}

// definition says what one projection is. Version is that of its shape and of
// its fold: a change of it rebuilds the tables.
type definition struct {
	name     string
	version  int64
	contexts []string // of the streams that it folds; none: all, and undecoded
	lenient  bool     // its fold bears events that cannot be decoded
	tables   []table
	begin    func(tables []table) fold
}

func (d definition) folds(context string) bool {
	if len(d.contexts) == 0 {
		return true
	}
	for _, c := range d.contexts {
		if c == context {
			return true
		}
	}
	return false
}

// commit is a record whose events were decoded once, for all projections.
type commit struct {
	record eventbus.Record
	facts  []fact
}

// fact is one event of it. Its personal fields are not opened.
type fact struct {
	*eventbus.Recorded
	context string
	event   domain.Event // nil where no projection asks for the context
	err     error        // why it could not be decoded
}

// decodeCommit decodes what at least one projection folds.
func decodeCommit(decode decoder, wanted map[string]bool, record eventbus.Record) *commit {
	c := &commit{record: record, facts: make([]fact, len(record.Events))}
	for i := range record.Events {
		e := &record.Events[i]
		context, _, _ := strings.Cut(string(e.Stream), "/")
		f := fact{Recorded: e, context: context}
		if wanted[context] {
			f.event, f.err = decodeSafely(decode, e)
		}
		c.facts[i] = f
	}
	return c
}

// decodeSafely keeps a decoder's panic from being more than one bad event.
func decodeSafely(decode decoder, e *eventbus.Recorded) (event domain.Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			event, err = nil, fmt.Errorf("decoding panicked: %v", p)
		}
	}()
	return decode(e.Kind, e.SchemaVersion, e.ID, e.Data)
}

var errNoRow = errors.New("nothing is known of it")

// purpose of a booking that a transfer made; other bookings say theirs.
const (
	purposeTransfer = "transfer"
	purposeReversal = "reversal"
	purposeHold     = "hold" // of the bank's own
)

// booking finds what the commit says about a posting or reservation: why money
// moves, and the account on the other side (of several, that of the largest
// opposite leg).
func (c *commit) booking(name string, of id.Account, credit bool) (purpose string, other id.Account) {
	context, _, _ := strings.Cut(name, "/")
	if purpose = context; context == "transfer" {
		purpose = purposeTransfer
	}
	for i := range c.facts {
		if string(c.facts[i].Stream) != name {
			continue
		}
		switch e := c.facts[i].event.(type) {
		case transfer.Initiated:
			if !e.Original.IsZero() {
				purpose = purposeReversal
			}
			if other = e.To; credit {
				other = e.From
			}
		case transfer.Posted:
			other = opposite(e.Legs, of, credit)
		case journal.Posted:
			purpose, other = string(e.Purpose), opposite(e.Legs, of, credit)
		}
	}
	return purpose, other
}

func opposite(posting money.Posting, of id.Account, credit bool) (other id.Account) {
	var most int64
	for _, leg := range posting.Legs() {
		size := leg.Minor
		if credit {
			size = -size
		}
		if leg.Account != of && size > most {
			other, most = leg.Account, size
		}
	}
	return other
}

// streamUUID reads the identifier back from the name of a stream.
func streamUUID(stream eventbus.Stream) (uuid.UUID, error) {
	_, rest, _ := strings.Cut(string(stream), "/")
	u, err := uuid.Parse(rest)
	if err != nil {
		return u, fmt.Errorf("%s is not the name of a stream", stream)
	}
	return u, nil
}
