package trials

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

// natsJournal keeps a group as one message; the place is its sequence.
type natsJournal struct {
	js      jetstream.JetStream
	stream  jetstream.Stream
	subject string
}

func (j *natsJournal) Head(ctx context.Context) (eventbus.Mark, error) {
	info, err := j.stream.Info(ctx)
	if err != nil || info.State.LastSeq == 0 {
		return eventbus.Mark{}, err
	}
	records, err := j.message(ctx, info.State.LastSeq)
	if err != nil {
		return eventbus.Mark{}, err
	}
	o, err := eventbus.Peek(records[len(records)-1])
	return eventbus.Mark{Place: sequence(info.State.LastSeq), Position: o.Last, Hash: o.Hash}, err
}

// wrongLastSequence is the server's refusal of a conditional publish.
const wrongLastSequence jetstream.ErrorCode = 10071

func (j *natsJournal) Append(ctx context.Context, at eventbus.Mark, commits [][]byte) (eventbus.Mark, error) {
	var data []byte
	for _, c := range commits {
		data = append(binary.AppendUvarint(data, uint64(len(c))), c...)
	}
	last := sequenceOf(at.Place)
	ack, err := j.js.Publish(ctx, j.subject, data, jetstream.WithExpectLastSequence(last))
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == wrongLastSequence || err == nil && ack.Sequence != last+1 {
		head, _ := j.Head(ctx)
		return eventbus.Mark{}, &eventbus.Fenced{Head: head}
	}
	if err != nil {
		return eventbus.Mark{}, err
	}
	o, err := eventbus.Peek(commits[len(commits)-1])
	return eventbus.Mark{Place: sequence(ack.Sequence), Position: o.Last, Hash: o.Hash}, err
}

func (j *natsJournal) message(ctx context.Context, seq uint64) (records [][]byte, err error) {
	message, err := j.stream.GetMsg(ctx, seq)
	if err != nil {
		return nil, err
	}
	for data := message.Data; len(data) > 0; {
		size, n := binary.Uvarint(data)
		if n <= 0 || uint64(len(data)-n) < size {
			return nil, fmt.Errorf("message %d is cut short", seq)
		}
		records = append(records, data[n:n+int(size):n+int(size)])
		data = data[n+int(size):]
	}
	return records, nil
}

func (j *natsJournal) Read(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return j.read(ctx, from, false)
}

func (j *natsJournal) Follow(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return j.read(ctx, from, true)
}

func (j *natsJournal) read(ctx context.Context, from eventbus.Mark, follow bool) iter.Seq2[eventbus.Entry, error] {
	return func(yield func(eventbus.Entry, error) bool) {
		for seq := sequenceOf(from.Place) + 1; ; {
			records, err := j.message(ctx, seq)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				if !follow {
					return
				}
				if err = wait(ctx); err == nil {
					continue
				}
			}
			if err != nil {
				yield(eventbus.Entry{}, err)
				return
			}
			for i, r := range records {
				place := sequence(seq - 1)
				if i == len(records)-1 {
					place = sequence(seq)
				}
				if o, err := eventbus.Peek(r); err == nil && o.Last <= from.Position {
					continue
				}
				if !yield(eventbus.Entry{Record: r, Place: place}, nil) {
					return
				}
			}
			seq++
		}
	}
}

func (j *natsJournal) Limits() eventbus.Limits {
	return eventbus.Limits{GroupBytesMax: 768 << 10, GroupCommitsMax: 256}
}

func (j *natsJournal) Close() error { return nil }

// wait is the pause of a follower that asks again and again.
func wait(ctx context.Context) error {
	timer := time.NewTimer(2 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func sequence(n uint64) []byte {
	if n == 0 {
		return nil
	}
	return binary.BigEndian.AppendUint64(nil, n)
}

func sequenceOf(place []byte) uint64 {
	if len(place) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(place)
}

// natsServer runs a JetStream server on loopback and gives a way to make journals.
func natsServer(t *testing.T) func(t testing.TB) eventbustest.Subject {
	t.Helper()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true})
	require.NoError(t, err)
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	require.True(t, srv.ReadyForConnections(10*time.Second))
	connection, err := nats.Connect(srv.ClientURL())
	require.NoError(t, err)
	t.Cleanup(connection.Close)
	js, err := jetstream.New(connection)
	require.NoError(t, err)
	var n atomic.Int64
	return func(t testing.TB) eventbustest.Subject {
		name := fmt.Sprintf("ledger-%d", n.Add(1))
		stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{name}, Storage: jetstream.MemoryStorage, DenyDelete: true, DenyPurge: true})
		require.NoError(t, err)
		return eventbustest.Subject{Shared: true, Open: func(testing.TB) eventbus.Journal {
			return &natsJournal{js: js, stream: stream, subject: name}
		}}
	}
}

func TestRecordsAndLawsSurviveJetStream(t *testing.T) {
	t.Parallel()
	fresh := natsServer(t)
	goldenSurvives(t, fresh)
	eventbustest.Run(t, fresh)
}
