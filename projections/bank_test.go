package projections

import (
	"context"
	"encoding/binary"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/eventbus/eventbustest"
	"florin/schemas"
	"florin/schemas/seal"
)

// bank writes real events, encoded by the treaty, to a log, and knows as much of
// the accounts as it takes to state true balances.
type bank struct {
	t        testing.TB
	log      eventbus.Log
	write    func(eventbus.Commit) eventbus.Receipt
	treaty   *schemas.Treaty
	ring     *seal.Ring
	counter  uint64
	now      time.Time
	balances map[id.Account]int64
	checked  bool // every event against its schema
}

// noise is randomness that repeats, for keys in tests.
type noise struct{ n byte }

func (n *noise) Read(b []byte) (int, error) {
	for i := range b {
		n.n = n.n*31 + 7
		b[i] = n.n ^ byte(i)
	}
	return len(b), nil
}

func newBankOn(t testing.TB, log eventbus.Log, write func(eventbus.Commit) eventbus.Receipt) *bank {
	ring, err := seal.Memory(&noise{})
	require.NoError(t, err)
	return &bank{t: t, log: log, write: write, treaty: schemas.New(ring), ring: ring,
		now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), balances: map[id.Account]int64{}, checked: true}
}

// newTapeBank is a bank whose log is a tape.
func newTapeBank(t testing.TB, salt byte) (*bank, *tape) {
	tape := newTape(salt)
	b := newBankOn(t, tape, nil)
	b.write = func(c eventbus.Commit) eventbus.Receipt { return tape.write(c, b.now) }
	return b, tape
}

// uuid makes identifiers that rise, as UUIDv7 do.
func (b *bank) uuid() uuid.UUID {
	b.counter++
	var u uuid.UUID
	binary.BigEndian.PutUint64(u[:8], b.counter<<16|0x7000)
	binary.BigEndian.PutUint64(u[8:], b.counter*0x9e3779b97f4a7c15|1<<63)
	return u
}

// part is what a commit adds to one stream; whose data it is.
type part struct {
	stream  string
	subject seal.Subject
	events  []domain.Event
	raw     []eventbus.Event // instead of events: as they are
}

func (b *bank) part(stream string, events ...domain.Event) part {
	return part{stream: stream, subject: seal.Subject{Kind: "ledger", ID: uuid.UUID{15: 1}}, events: events}
}

func (b *bank) commit(header eventbus.Header, parts ...part) eventbus.Receipt {
	b.t.Helper()
	b.now = b.now.Add(time.Millisecond)
	c := eventbus.Commit{ID: b.uuid(), Header: header, Generation: 1}
	c.Header.BookedAt = b.now
	if c.Header.ActorType == "" {
		c.Header.ActorType = "system"
	}
	if c.Header.Correlation == uuid.Nil {
		c.Header.Correlation = b.uuid()
	}
	index := uint32(0)
	for _, p := range parts {
		version, err := b.log.Version(context.Background(), eventbus.Stream(p.stream))
		require.NoError(b.t, err)
		add := eventbus.Append{Stream: eventbus.Stream(p.stream), Expected: version, Events: p.raw}
		for _, event := range p.events {
			stored, err := b.treaty.Encode(event, schemas.Place{EventID: eventbus.EventID(c.ID, index), Subject: p.subject})
			require.NoError(b.t, err)
			if b.checked {
				require.NoError(b.t, b.treaty.Validate(stored.Kind, stored.SchemaVersion, stored.Data))
			}
			add.Events = append(add.Events, eventbus.Event{Kind: stored.Kind, SchemaVersion: stored.SchemaVersion,
				ContentType: stored.ContentType, Data: stored.Data, KeyIDs: stored.KeyIDs})
			index++
		}
		c.Streams = append(c.Streams, add)
	}
	return b.write(c)
}

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

func (b *bank) open(customer id.Customer) id.Account {
	a := id.From[id.Account](b.uuid())
	b.commit(eventbus.Header{ActorType: "customer", Actor: customer.UUID()}, b.part(a.Stream(), account.Opened{
		Account: a, Customer: customer, Class: account.Customers, Name: domain.NewProfile(canary + "holder"), Currency: "EUR", Product: "current", At: b.now}))
	return a
}

func (b *bank) nostro() id.Account {
	nostro := account.Nostro(account.Cash).In("EUR")
	if _, open := b.balances[nostro]; !open {
		b.balances[nostro] = 0
		b.commit(eventbus.Header{}, b.part(nostro.Stream(), account.Opened{Account: nostro, Class: account.Internal,
			Chart: account.Nostro(account.Cash), Currency: "EUR", At: b.now}))
	}
	return nostro
}

func (b *bank) debit(a id.Account, posting string, minor int64) part {
	b.balances[a] -= minor
	return b.part(a.Stream(), account.Debited{Posting: posting, Amount: eur(minor), Balance: eur(b.balances[a]), At: b.now})
}

func (b *bank) credit(a id.Account, posting string, minor int64) part {
	b.balances[a] += minor
	return b.part(a.Stream(), account.Credited{Posting: posting, Amount: eur(minor), Balance: eur(b.balances[a]), At: b.now})
}

func legs(t testing.TB, from, to id.Account, minor int64) money.Posting {
	posting, err := money.NewPosting(money.Leg{Account: from, Amount: eur(-minor)}, money.Leg{Account: to, Amount: eur(minor)})
	require.NoError(t, err)
	return posting
}

func (b *bank) deposit(to id.Account, minor int64) eventbus.Receipt {
	nostro, j := b.nostro(), id.From[id.Journal](b.uuid())
	return b.commit(eventbus.Header{},
		b.part(j.Stream(), journal.Posted{Journal: j, Purpose: journal.Deposit, Legs: legs(b.t, nostro, to, minor), Reference: domain.NewEvidence(canary + "salary"), At: b.now}),
		b.debit(nostro, j.Stream(), minor), b.credit(to, j.Stream(), minor))
}

func (b *bank) initiated(of id.Transfer, from, to id.Account, minor int64, customer id.Customer) transfer.Initiated {
	return transfer.Initiated{Transfer: of, Customer: customer, From: from, To: to, Amount: eur(minor), Reference: domain.NewEvidence(canary + "rent"),
		Evidence: transfer.Signed{Proof: domain.NewEvidence(canary + strings.Repeat("proof", 80)), Body: domain.NewEvidence(canary + strings.Repeat("body", 40))}, TokenID: "jti", At: b.now}
}

// transfer is the straight-through commit of five events.
func (b *bank) transfer(from, to id.Account, minor int64) (id.Transfer, eventbus.Receipt) {
	of := id.From[id.Transfer](b.uuid())
	receipt := b.commit(eventbus.Header{ActorType: "customer", Actor: uuid.UUID{1}, Device: uuid.UUID{2}, Session: uuid.UUID{3}},
		b.part(of.Stream(), b.initiated(of, from, to, minor, id.Customer{}),
			transfer.Assessed{Outcome: transfer.Allow, Score: 12, Policy: "fixed", Exemption: "low-value", At: b.now},
			transfer.Posted{Legs: legs(b.t, from, to, minor), At: b.now}),
		b.debit(from, of.Stream(), minor), b.credit(to, of.Stream(), minor))
	return of, receipt
}

// canary marks personal data, which must be found nowhere in the read database.
const canary = "kanarienvogel-"

// reads opens a read database on the bank's log.
func (b *bank) reads(path string) *Reads {
	b.t.Helper()
	if path == "" {
		path = filepath.Join(b.t.TempDir(), "read.db")
	}
	r, err := Open(context.Background(), path, b.log, b.treaty)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = r.Close() })
	return r
}

// run follows until the test ends or stop is called.
func run(t testing.TB, r *Reads) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-done
	}
	t.Cleanup(func() { require.NoError(t, stop()) })
	return stop
}

// settle waits until every projection shows the whole log.
func (b *bank) settle(r *Reads) eventbus.Position {
	b.t.Helper()
	head, err := b.log.Head(context.Background())
	require.NoError(b.t, err)
	for _, name := range Names() {
		err := ErrBehind
		for tries := 0; errors.Is(err, ErrBehind) && tries < 24; tries++ { // a slow machine: two minutes
			err = r.WaitFor(context.Background(), name, head.Position)
		}
		require.NoError(b.t, err)
	}
	return head.Position
}

// newBank is a bank on the real sequencer above the model of a local journal.
func newBank(t testing.TB) *bank {
	ctx := context.Background()
	seq, err := eventbus.Open(ctx, eventbustest.NewLocal(), eventbustest.Options(eventbustest.Ticking(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, seq.Close(ctx)) })
	return newBankOn(t, seq, func(c eventbus.Commit) eventbus.Receipt {
		c.Generation = seq.Generation()
		ticket, err := seq.Enqueue(c)
		require.NoError(t, err)
		receipt, err := ticket.Wait(ctx)
		require.NoError(t, err)
		return receipt
	})
}
