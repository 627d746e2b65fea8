package commands

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"florin/domain/attempt"
	"florin/domain/stuffing"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// minuteGrace is how long after its end a minute is measured: what was being decided
// then has been written by now.
const minuteGrace = 2 * time.Second

// measuring counts the attempts of unknown devices by the minute, and those that a
// complete login has made up for.
//
//	attempt.taken, returned (of places) -> (the minute is over) -> stuffing.measured
//
// The count of the minute that is under way stands in the agenda's note.
type measuring struct {
	bank *Bank

	mu  sync.Mutex
	now minuteCount
}

type minuteCount struct {
	minute          time.Time
	tried, returned int64
}

func (m *measuring) Name() string { return "stuffing" }

func (m *measuring) Kinds() []string {
	return []string{attempt.Taken{}.Kind(), attempt.Returned{}.Kind()}
}

func (m *measuring) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lanes []string
	var at time.Time
	next := m.now
	switch e := fact.Event.(type) {
	case attempt.Taken:
		lanes, at = e.Lanes, e.At
		next.tried++
	case attempt.Returned:
		lanes, at = e.Lanes, e.At
		next.returned++
	}
	if !slices.Contains(lanes, attempt.Place) {
		return nil
	}
	if minute := at.Truncate(time.Minute); minute.After(m.now.minute) {
		next = minuteCount{minute, next.tried - m.now.tried, next.returned - m.now.returned}
		if err := m.measure(ctx, fact.EventID, agenda.Now()); err != nil {
			return err
		}
	}
	m.now = next
	stream := eventbus.Stream(stuffing.Stream().Stream())
	agenda.Set(stream, next.minute.Add(time.Minute+minuteGrace), next.String())
	return nil
}

func (m *measuring) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.measure(ctx, alarm.Cause, agenda.Now())
}

// Resume goes on with the minute that was under way.
func (m *measuring) Resume(_ context.Context, alarm Alarm) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now.parse(alarm.Note)
}

// measure has the minute that was under way measured, if it had any attempts. What a
// later one makes up for was tried before: it is not counted twice.
func (m *measuring) measure(ctx context.Context, cause uuid.UUID, at time.Time) error {
	c := m.now
	m.now.tried, m.now.returned = 0, 0
	if c.tried == 0 {
		return nil
	}
	ask := schemas.MeasureLogins{Minute: c.minute, Tried: c.tried, Failed: max(c.tried-c.returned, 0)}
	order := SystemOrder(m.Name(), cause, "stuffing.measure", at, seal.Subject{})
	order.Intent = nil // its id says it all
	order.Asked = ask
	_, _, err := execute(ctx, m.bank, "stuffing.measure", order, streams(stuffing.Stream()), func(w *work) error {
		return m.bank.stuffing.decide(w, stuffing.Stream(), stuffing.Measure{Minute: ask.Minute, Tried: ask.Tried, Failed: ask.Failed})
	}, nothing)
	if err = settledAlready(err); err != nil {
		m.now = c
	}
	return err
}

// String is the count as the agenda's note.
func (c minuteCount) String() string {
	return fmt.Sprintf("%d %d %d", c.minute.Unix(), c.tried, c.returned)
}

func (c *minuteCount) parse(note string) error {
	var minute int64
	if _, err := fmt.Sscan(note, &minute, &c.tried, &c.returned); err != nil {
		return fmt.Errorf("commands: note %q: %w", note, err)
	}
	c.minute = time.Unix(minute, 0).UTC()
	return nil
}
