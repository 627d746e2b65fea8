package jetstream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"florin/eventbus"
)

// fewMessages are asked of the leader one by one; then the rest comes through a consumer.
const fewMessages = 16

// lookEvery is how long a follower waits for the next message before it makes sure that
// its consumer is still there.
const lookEvery = 2 * time.Second

func (j *Journal) message(ctx context.Context, sequence uint64) ([][]byte, error) {
	message, err := j.stream.GetMsg(ctx, sequence)
	if err != nil {
		return nil, fmt.Errorf("jetstream: message %d: %w: %w", sequence, eventbus.ErrUnavailable, err)
	}
	return commits(message.Data, sequence)
}

// commits takes a message apart. The slices are the caller's.
func commits(data []byte, sequence uint64) (records [][]byte, err error) {
	for len(data) > 0 {
		size, n := binary.Uvarint(data)
		if n <= 0 || size == 0 || uint64(len(data)-n) < size {
			return nil, fmt.Errorf("jetstream: message %d is no group of commits", sequence)
		}
		end := n + int(size)
		records = append(records, data[n:end:end])
		data = data[end:]
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("jetstream: message %d is empty", sequence)
	}
	return records, nil
}

// Read implements eventbus.Journal.
func (j *Journal) Read(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return func(yield func(eventbus.Entry, error) bool) {
		last, err := j.last(ctx)
		if err != nil {
			yield(eventbus.Entry{}, err)
			return
		}
		first := sequence(from.Place) + 1
		for next := first; next <= last; next++ {
			if next == first+fewMessages { // nobody who looks one commit up gets here
				j.consume(ctx, next, last, from.Position, yield)
				return
			}
			records, err := j.message(ctx, next)
			if err != nil {
				yield(eventbus.Entry{}, err)
				return
			}
			if !deliver(records, next, from.Position, yield) {
				return
			}
		}
	}
}

// Follow implements eventbus.Journal.
func (j *Journal) Follow(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return func(yield func(eventbus.Entry, error) bool) {
		j.consume(ctx, sequence(from.Place)+1, 0, from.Position, yield)
	}
}

// deliver yields the commits of a message that end above a position. A place inside a
// message is that before it.
func deliver(records [][]byte, sequence uint64, above eventbus.Position, yield func(eventbus.Entry, error) bool) bool {
	for i, record := range records {
		at := sequence - 1
		if i == len(records)-1 {
			at = sequence
		}
		if o, err := eventbus.Peek(record); err == nil && o.Last <= above {
			continue
		}
		if !yield(eventbus.Entry{Record: record, Place: place(at)}, nil) {
			return false
		}
	}
	return true
}

// consume yields messages through an ordered consumer: up to the last one, or without
// end until ctx ends. A consumer that is lost with its server is made anew behind the
// last message.
func (j *Journal) consume(ctx context.Context, next, last uint64, above eventbus.Position, yield func(eventbus.Entry, error) bool) {
	for ctx.Err() == nil {
		reached, on, err := j.consumeOnce(ctx, next, last, above, yield)
		if next = reached; !on || last > 0 && next > last {
			return
		}
		if err != nil && last > 0 { // who reads to an end wants to hear of it
			yield(eventbus.Entry{}, err)
			return
		}
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(lookEvery / 8):
			}
		}
	}
	if last > 0 {
		yield(eventbus.Entry{}, ctx.Err())
	}
}

// consumeOnce returns the message that is next, and whether more are wanted.
func (j *Journal) consumeOnce(ctx context.Context, next, last uint64, above eventbus.Position, yield func(eventbus.Entry, error) bool) (uint64, bool, error) {
	consumer, err := j.stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: next, MaxResetAttempts: 1})
	if err != nil {
		return next, true, fmt.Errorf("jetstream: %w: %w", eventbus.ErrUnavailable, err)
	}
	messages, err := consumer.Messages()
	if err != nil {
		return next, true, fmt.Errorf("jetstream: %w: %w", eventbus.ErrUnavailable, err)
	}
	defer messages.Stop()
	for {
		message, err := messages.Next(jetstream.NextContext(ctx))
		if ctx.Err() != nil {
			return next, last > 0, ctx.Err()
		}
		if err != nil {
			return next, true, fmt.Errorf("jetstream: %w: %w", eventbus.ErrUnavailable, err)
		}
		meta, err := message.Metadata()
		if err != nil {
			return next, true, fmt.Errorf("jetstream: %w: %w", eventbus.ErrUnavailable, err)
		}
		if meta.Sequence.Stream != next {
			return next, true, fmt.Errorf("jetstream: message %d is missing: %w", next, errGap)
		}
		records, err := commits(message.Data(), next)
		if err != nil {
			yield(eventbus.Entry{}, err)
			return next, false, err
		}
		if !deliver(records, next, above, yield) {
			return next, false, nil
		}
		if next++; last > 0 && next > last {
			return next, true, nil
		}
	}
}

var errGap = errors.New("the stream has a gap")
