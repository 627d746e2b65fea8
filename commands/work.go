package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"florin/domain"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// work is one run of a deciding function: the streams it has opened and the
// facts it has staged. It is used by one goroutine and thrown away.
type work struct {
	ctx        context.Context
	bank       *Bank
	verb       string
	order      *Order
	attempt    int
	generation eventbus.Generation
	subject    seal.Subject
	value      string // date to which what is decided from here on counts for interest; "": that of the booking
	opened     []slot
	staged     int
	trying     bool // inside try
}

// slot is an opened stream, whatever the kind of its aggregate.
type slot interface {
	base() *place
	tried(failed bool) // try has ended
	keep(generation eventbus.Generation)
	drop()
	snapshot(receipt eventbus.Receipt)
}

// place is where an aggregate's facts go.
type place struct {
	stream   eventbus.Stream
	id       uuid.UUID
	expected eventbus.Version // the stream's version when it was opened
	staged   []staged
	before   int // of staged, when try began
}

func (p *place) base() *place { return p }

func (p *place) version() eventbus.Version { return p.expected + eventbus.Version(len(p.staged)) }

type staged struct {
	event   domain.Event
	subject seal.Subject
	value   string
}

type open[I named, S domain.Aggregate[S, C, E], C any, E domain.Event] struct {
	place
	shelf *shelf[I, S, C, E]
	state S
	saved *S // the state when try began, once it has changed since
}

func (o *open[I, S, C, E]) tried(failed bool) {
	if failed && o.saved != nil {
		o.state, o.staged = *o.saved, o.staged[:o.before]
	}
	o.saved = nil
}

func (o *open[I, S, C, E]) drop() { o.shelf.cache.drop(o.id) }

func (o *open[I, S, C, E]) keep(generation eventbus.Generation) {
	switch {
	case len(o.staged) == 0:
	case o.shelf.worth == nil || o.shelf.worth(o.state):
		o.shelf.cache.put(o.id, o.state, o.version(), generation)
	case o.expected > 0:
		o.drop()
	}
}

func (o *open[I, S, C, E]) snapshot(receipt eventbus.Receipt) {
	if s := o.shelf.snapshots; s != nil && crossed(o.expected, o.version()) {
		s.save(o.stream, o.version(), receipt, o.state)
	}
}

// under has personal data of what is decided from here on sealed under another
// subject than the order's.
func (w *work) under(subject seal.Subject) { w.subject = subject }

// load gives the aggregate's state: the head of its stream and what this command
// has decided so far. What is only loaded still has to be at the same version
// when the command is committed.
func (s *shelf[I, S, C, E]) load(w *work, id I) (S, error) {
	o, err := s.open(w, id)
	if err != nil {
		var none S
		return none, err
	}
	return o.state, nil
}

// begin says that the command creates this aggregate, so that nobody needs to
// look for it. If it exists nevertheless the command is decided again, and then
// sees it.
func (s *shelf[I, S, C, E]) begin(w *work, id I) {
	if w.attempt == 0 && s.opened(w, id) == nil {
		s.add(w, id)
	}
}

// decide asks the aggregate and stages what follows. A refusal (*domain.Refusal)
// stages nothing; returned from the deciding function it ends the command.
func (s *shelf[I, S, C, E]) decide(w *work, id I, command C) error {
	o, err := s.open(w, id)
	if err != nil {
		return err
	}
	events, err := o.state.Decide(command)
	if err != nil {
		return err
	}
	if w.trying && o.saved == nil {
		state := o.state
		o.saved = &state
	}
	for _, event := range events {
		o.state = o.state.Evolve(event)
		o.staged = append(o.staged, staged{event, w.subject, w.value})
	}
	w.staged += len(events)
	return nil
}

// try runs a part of a decision that holds as a whole or not at all: if it
// returns an error, what it staged is taken back. It must not be nested.
func try(w *work, part func() error) error {
	before := w.staged
	for _, slot := range w.opened {
		place := slot.base()
		place.before = len(place.staged)
	}
	w.trying = true
	err := part()
	w.trying = false
	for _, slot := range w.opened {
		slot.tried(err != nil)
	}
	if err != nil {
		w.staged = before
	}
	return err
}

func (s *shelf[I, S, C, E]) opened(w *work, id I) *open[I, S, C, E] {
	for _, slot := range w.opened {
		if o, ok := slot.(*open[I, S, C, E]); ok && o.id == id.UUID() && o.shelf == s {
			return o
		}
	}
	return nil
}

func (s *shelf[I, S, C, E]) add(w *work, id I) *open[I, S, C, E] {
	o := &open[I, S, C, E]{shelf: s, place: place{stream: eventbus.Stream(id.Stream()), id: id.UUID()}}
	w.opened = append(w.opened, o)
	return o
}

func (s *shelf[I, S, C, E]) open(w *work, id I) (*open[I, S, C, E], error) {
	if o := s.opened(w, id); o != nil {
		return o, nil
	}
	state, version, err := s.find(w.ctx, id, w.generation)
	if err != nil {
		return nil, err
	}
	o := s.add(w, id)
	o.state, o.expected = state, version
	return o, nil
}

// commit is what the command asks of the log: facts of each stream in the order
// in which the streams were opened, then guards of the streams only looked at.
func (w *work) commit(intent []byte) (eventbus.Commit, []Fact, error) {
	facts := make([]Fact, 0, w.staged)
	events := make([]eventbus.Event, 0, w.staged)
	appends := make([]eventbus.Append, 0, len(w.opened))
	for _, slot := range w.opened {
		place := slot.base()
		first := len(events)
		for i, staged := range place.staged {
			event, err := w.encode(staged, uint32(len(events)))
			if err != nil {
				return eventbus.Commit{}, nil, err
			}
			events = append(events, event)
			facts = append(facts, Fact{place.stream, place.expected + eventbus.Version(i) + 1, staged.event})
		}
		if len(events) > first {
			appends = append(appends, eventbus.Append{Stream: place.stream, Expected: place.expected, Events: events[first:len(events):len(events)]})
		}
	}
	for _, slot := range w.opened {
		if place := slot.base(); len(place.staged) == 0 {
			appends = append(appends, eventbus.Append{Stream: place.stream, Expected: place.expected})
		}
	}
	if err := checkLegs(w.opened); err != nil {
		return eventbus.Commit{}, nil, err
	}
	if w.bank.settings.CheckSchemas {
		if err := schemas.CheckAsked(w.verb, w.order.Asked); err != nil {
			return eventbus.Commit{}, nil, fmt.Errorf("commands: %s: %w", w.verb, err)
		}
	}
	return eventbus.Commit{
		ID: w.order.ID, Header: w.order.header(w.bank.settings.BuildVersion, intent),
		Streams: appends, Generation: w.generation,
	}, facts, nil
}

func (w *work) encode(staged staged, index uint32) (eventbus.Event, error) {
	at := schemas.Place{EventID: eventbus.EventID(w.order.ID, index), Subject: staged.subject}
	stored, err := w.bank.treaty.Encode(staged.event, at)
	if errors.Is(err, seal.ErrDestroyed) {
		return eventbus.Event{}, ErrErased
	}
	if err != nil {
		return eventbus.Event{}, fmt.Errorf("commands: encode %s: %w", staged.event.Kind(), err)
	}
	if w.bank.settings.CheckSchemas {
		if err := w.bank.treaty.Validate(stored.Kind, stored.SchemaVersion, stored.Data); err != nil {
			return eventbus.Event{}, fmt.Errorf("commands: %s breaks its schema: %w", stored.Kind, err)
		}
	}
	return eventbus.Event{
		Kind: stored.Kind, SchemaVersion: stored.SchemaVersion, ContentType: stored.ContentType,
		Data: stored.Data, ValueDate: staged.value, KeyIDs: stored.KeyIDs,
	}, nil
}

// touched are the locks of everything this run has opened.
func (w *work) touched(set lockset) lockset {
	for _, slot := range w.opened {
		set = append(set, stripe(slot.base().id))
	}
	return set.sorted()
}

// forget drops the states this run has leaned on: one of them is behind.
func (w *work) forget() {
	for _, slot := range w.opened {
		slot.drop()
	}
}
