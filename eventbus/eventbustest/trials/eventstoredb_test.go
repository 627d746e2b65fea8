package trials

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

// esdbJournal keeps every event as a native event of one stream; the place is the
// revision after the commit. The native id follows from the commit's hash, never
// from its id: a server answers "done" to an append of ids that it holds, so two
// writers with the same command would both be told so.
type esdbJournal struct {
	client *esdb.Client
	stream string
}

// envelope is the metadata of a native event.
type envelope struct {
	EventID uuid.UUID     `json:"event_id"`
	Index   int           `json:"index"`
	Count   int           `json:"count"`
	Hash    eventbus.Hash `json:"commit_hash"`
	NoData  bool          `json:"no_data,omitempty"` // absent, which is not empty
	// Frame is the record without the events' data, with the first event only.
	Frame []byte `json:"frame,omitempty"`
}

func nativeEvents(record []byte) ([]esdb.EventData, error) {
	r, err := eventbus.Decode(record)
	if err != nil {
		return nil, err
	}
	native := make([]esdb.EventData, len(r.Events))
	frame := r
	frame.Events = append([]eventbus.Recorded(nil), r.Events...)
	for i, e := range r.Events {
		frame.Events[i].Data = nil
		native[i] = esdb.EventData{EventID: nativeID(r.Hash, i), EventType: e.Kind, Data: e.Data}
		if json.Valid(e.Data) {
			native[i].ContentType = esdb.ContentTypeJson
		}
	}
	framed, err := eventbus.Encode(frame)
	if err != nil {
		return nil, err
	}
	for i, e := range r.Events {
		about := envelope{EventID: e.ID, Index: i, Count: len(r.Events), Hash: r.Hash, NoData: e.Data == nil}
		if i == 0 {
			about.Frame = framed
		}
		if native[i].Metadata, err = json.Marshal(about); err != nil {
			return nil, err
		}
	}
	return native, nil
}

func nativeID(hash eventbus.Hash, index int) uuid.UUID {
	return uuid.NewSHA1(uuid.UUID{}, binary.BigEndian.AppendUint32(hash[:], uint32(index)))
}

// gather puts a record together again from its native events.
func gather(native []*esdb.RecordedEvent, about []envelope) ([]byte, error) {
	r, err := eventbus.Decode(about[0].Frame)
	if err != nil {
		return nil, err
	}
	for i := range r.Events {
		if !about[i].NoData {
			r.Events[i].Data = append([]byte{}, native[i].Data...)
		}
	}
	record, err := eventbus.Encode(r)
	if err != nil {
		return nil, err
	}
	o, err := eventbus.Peek(record)
	if err == nil && o.Hash != about[0].Hash {
		err = fmt.Errorf("revision %d: hash %s, not %s", native[0].EventNumber, o.Hash, about[0].Hash)
	}
	return record, err
}

func (j *esdbJournal) Head(ctx context.Context) (eventbus.Mark, error) {
	var head eventbus.Mark
	last, err := j.client.ReadStream(ctx, j.stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1)
	if err != nil {
		return head, err
	}
	defer last.Close()
	event, err := last.Recv()
	if isMissing(err) {
		return head, nil
	}
	if err != nil {
		return head, err
	}
	var about envelope
	if err := json.Unmarshal(event.Event.UserMetadata, &about); err != nil {
		return head, err
	}
	before := event.Event.EventNumber + 1 - uint64(about.Count)
	for entry, err := range j.Read(ctx, eventbus.Mark{Place: sequence(before)}) {
		if err != nil {
			return head, err
		}
		o, err := eventbus.Peek(entry.Record)
		return eventbus.Mark{Place: sequence(event.Event.EventNumber + 1), Position: o.Last, Hash: o.Hash}, err
	}
	return head, io.ErrUnexpectedEOF
}

func isMissing(err error) bool {
	var e *esdb.Error
	return errors.Is(err, io.EOF) || errors.As(err, &e) && e.Code() == esdb.ErrorCodeResourceNotFound
}

func (j *esdbJournal) Append(ctx context.Context, at eventbus.Mark, commits [][]byte) (eventbus.Mark, error) {
	var native []esdb.EventData
	var end eventbus.Outline
	for _, c := range commits {
		events, err := nativeEvents(c)
		if err != nil {
			return eventbus.Mark{}, err
		}
		native = append(native, events...)
		if end, err = eventbus.Peek(c); err != nil {
			return eventbus.Mark{}, err
		}
	}
	var expected esdb.ExpectedRevision = esdb.NoStream{}
	n := sequenceOf(at.Place) // events before
	if n > 0 {
		expected = esdb.Revision(n - 1)
	}
	_, err := j.client.AppendToStream(ctx, j.stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, native...)
	var refused *esdb.Error
	if errors.As(err, &refused) && refused.Code() == esdb.ErrorCodeWrongExpectedVersion {
		head, _ := j.Head(ctx)
		return eventbus.Mark{}, &eventbus.Fenced{Head: head}
	}
	return eventbus.Mark{Place: sequence(n + uint64(len(native))), Position: end.Last, Hash: end.Hash}, err
}

func (j *esdbJournal) Read(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return func(yield func(eventbus.Entry, error) bool) { j.read(ctx, from, yield) }
}

func (j *esdbJournal) Follow(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return func(yield func(eventbus.Entry, error) bool) {
		for {
			next, ok := j.read(ctx, from, yield)
			if !ok {
				return
			}
			from.Place = next
			if err := wait(ctx); err != nil {
				yield(eventbus.Entry{}, err)
				return
			}
		}
	}
}

// read yields what is there, and returns the place after it.
func (j *esdbJournal) read(ctx context.Context, from eventbus.Mark, yield func(eventbus.Entry, error) bool) ([]byte, bool) {
	place := from.Place
	events, err := j.client.ReadStream(ctx, j.stream, esdb.ReadStreamOptions{From: esdb.Revision(sequenceOf(place))}, 1<<62)
	if err != nil {
		return place, yield(eventbus.Entry{}, err) && false
	}
	defer events.Close()
	var native []*esdb.RecordedEvent
	var about []envelope
	for {
		event, err := events.Recv()
		if isMissing(err) {
			return place, true
		}
		var e envelope
		if err == nil {
			err = json.Unmarshal(event.Event.UserMetadata, &e)
		}
		if err != nil {
			return place, yield(eventbus.Entry{}, err) && false
		}
		native, about = append(native, event.Event), append(about, e)
		if len(native) < about[0].Count {
			continue
		}
		record, err := gather(native, about)
		place = sequence(event.Event.EventNumber + 1)
		native, about = nil, nil
		if err == nil {
			var o eventbus.Outline
			if o, err = eventbus.Peek(record); err == nil && o.Last <= from.Position {
				continue
			}
		}
		if !yield(eventbus.Entry{Record: record, Place: place}, err) || err != nil {
			return place, false
		}
	}
}

func (j *esdbJournal) Limits() eventbus.Limits {
	return eventbus.Limits{GroupBytesMax: eventbus.CommitBytesMax, GroupCommitsMax: 64}
}

func (j *esdbJournal) Close() error { return nil }

func TestRecordsAndLawsSurviveEventStoreDB(t *testing.T) {
	t.Parallel()
	address := esdbServer(t)
	settings, err := esdb.ParseConnectionString("esdb://" + address + "?tls=false")
	require.NoError(t, err)
	settings.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(settings)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	var n atomic.Int64
	fresh := func(testing.TB) eventbustest.Subject {
		stream := fmt.Sprintf("ledger-%d", n.Add(1))
		return eventbustest.Subject{Shared: true, Open: func(testing.TB) eventbus.Journal { return &esdbJournal{client, stream} }}
	}
	goldenSurvives(t, fresh)
	eventbustest.Run(t, fresh)
}
