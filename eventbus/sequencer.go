package eventbus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Limits of a sequencer's memory.
const (
	queueCommitsMax = 16 << 10 // enqueued and not durable; then ErrBusy
	queueBytesMax   = 64 << 20
	headsMax        = 128 << 10 // cached heads of streams
	recentMax       = 16 << 10  // receipts kept in memory after they are durable
	groupsInFlight  = 8         // of a Pipelined journal
	resyncWait      = 2 * time.Second
)

// Options of a sequencer.
type Options struct {
	Clock        func() time.Time // the log's clock; it may jump, recorded-at does not go back
	BuildVersion string
	Writer       uuid.UUID // random, another one for every Open
	Genesis      Genesis   // founds an empty journal; else only the mode is compared, where given
	Index        Index     // its own local store; nil for a Pipelined journal, which has one
	RebuildIndex bool      // drop the index first: the mend for ErrIndexAstray once the journal is known to be right
}

// ErrIndexAstray: the local index has seen commits that the journal does not
// hold. Either the journal was restored to an earlier state or has lost commits
// (find out first), or the index belongs to another ledger. Options.RebuildIndex
// rebuilds it from the journal as it is. A Pipelined journal keeps both together,
// and Open rebuilds by itself, unless records are missing: that is *Damage.
var ErrIndexAstray = errors.New("eventbus: the index has seen commits that the journal does not hold; if the journal is right, rebuild the index")

// ErrIndexDamaged: the local index cannot be read; the journal is another matter.
// Open mends it by itself; met later, it stops the sequencer, and the next Open
// mends it.
var ErrIndexDamaged = errors.New("eventbus: the index is damaged; the next start makes it anew from the journal")

// Sequencer is the Log over a journal: it alone decides order.
//
//	Enqueue: encode, hash events, read the index      (no lock)
//	         repeat? versions? place, commit hash     (one short lock)
//	writer:  take a group -> Journal.Append/Start -> index -> wake the tickets
//
// One sequencer writes a journal at a time. Another one on the same journal
// fences it: it reads what the other wrote, ends the generation, and takes over
// by an epoch of its own when the next commit comes. On a Pipelined (local)
// journal there is no other; any failure stops it for good (Failed).
type Sequencer struct {
	journal   Journal
	pipelined Pipelined // nil: one group in flight
	index     Index
	clock     func() time.Time
	build     string
	writer    uuid.UUID
	genesis   Genesis
	ledger    Stream
	limits    Limits

	run    context.Context // ends when Close gives up or the sequencer stops
	cancel context.CancelFunc
	idle   sync.WaitGroup // the writer's goroutines
	wake   chan struct{}  // there is a group, or something else for the writer to do
	failed chan struct{}

	indexMade bool // Open made the index of a journal that was not empty

	durableSeq atomic.Uint64 // tickets up to here are durable and in the index
	resyncs    atomic.Uint64 // counts index changes by other means than landed tickets; changed under mu

	generation atomic.Uint64 // changed under mu

	mu         sync.Mutex
	resyncing  chan struct{} // not nil while the journal is read; closed at its end
	suspect    bool          // the journal has moved on: resynchronise
	stopped    error
	closing    bool // Close was called
	closed     bool // log.closed is enqueued or durable
	epoch      uint64
	epochDue   bool // the next commit has to be an epoch opening
	end        Mark // of what is enqueued
	recordedAt int64
	durable    Mark
	seq        uint64
	queue      []*group // the last one may still grow
	flying     []*group
	queued     int // commits
	queuedSize int // bytes
	heads      headCache
	recent     recentReceipts
	filter     filter

	scratch entries // the writer's
	checks  headChecks
}

// Open brings the index up to the journal's end, founds the ledger if the journal
// is empty, opens an epoch and returns when that is durable. Then the sequencer
// may serve. The journal stays the caller's to close, after Close.
func Open(ctx context.Context, journal Journal, o Options) (*Sequencer, error) {
	if o.Clock == nil || o.Writer == uuid.Nil || !headerText(o.BuildVersion) {
		return nil, invalid("a sequencer needs a clock, a writer id and a build version")
	}
	s := &Sequencer{
		journal: journal, index: o.Index, clock: o.Clock, build: o.BuildVersion, writer: o.Writer,
		limits: journal.Limits(), wake: make(chan struct{}, 1), failed: make(chan struct{}),
		filter: filter{seed: maphash.MakeSeed()},
	}
	if p, ok := journal.(Pipelined); ok {
		s.pipelined = p
		if s.index == nil {
			s.index = p.Index()
		}
	}
	if s.index == nil {
		return nil, invalid("a sequencer needs an index")
	}
	s.generation.Store(1)
	s.run, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.load(ctx, o.RebuildIndex); err != nil {
		s.cancel()
		return nil, err
	}
	s.index = watchedIndex{s.index, s}
	s.startWriter()
	s.idle.Go(s.loadFilter)
	if err := s.takeOver(ctx, o.Genesis); err != nil {
		s.cancel()
		s.Close(ctx)
		return nil, err
	}
	return s, nil
}

// takeOver founds the ledger where there is none, and opens the epoch.
func (s *Sequencer) takeOver(ctx context.Context, genesis Genesis) error {
	for {
		err := s.openEpoch(ctx, genesis)
		if err == nil {
			return s.readFounding(ctx, genesis)
		}
		if !errors.Is(err, ErrGeneration) {
			return fmt.Errorf("open the log: %w", err)
		}
	}
}

func (s *Sequencer) openEpoch(ctx context.Context, genesis Genesis) error {
	if err := s.lockInSync(ctx); err != nil {
		return err
	}
	if s.end.Position == 0 {
		if err := genesis.check(); err != nil {
			s.mu.Unlock()
			return errors.Join(ErrNotFounded, err)
		}
		s.ledger = genesis.LedgerStream()
		if _, err := s.enterOwn(founded(genesis, s.now())); err != nil {
			s.mu.Unlock()
			return err
		}
	} else if err := s.fits(ctx, genesis); err != nil { // before the epoch: who comes in the wrong mode fences nobody
		s.mu.Unlock()
		return err
	}
	if s.closed {
		s.mu.Unlock()
		return nil // readable, but nothing may be appended
	}
	ticket, err := s.enterEpoch()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.signal()
	_, err = ticket.Wait(ctx)
	return err
}

// readFounding compares the ledger's genesis with what the caller expects.
func (s *Sequencer) readFounding(ctx context.Context, want Genesis) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fits(ctx, want)
}

// fits knows the ledger, and compares its mode. The lock is held.
func (s *Sequencer) fits(ctx context.Context, want Genesis) error {
	if err := s.knowLedger(ctx); err != nil {
		return err
	}
	if want.Mode != "" && want.Mode != s.genesis.Mode {
		return fmt.Errorf("%w: %s, not %s", ErrMode, s.genesis.Mode, want.Mode)
	}
	return nil
}

// knowLedger reads the first record, once.
func (s *Sequencer) knowLedger(ctx context.Context) error {
	if s.genesis.Ledger != uuid.Nil {
		return nil
	}
	w := walker{strict: strict(s.journal)}
	for entry, err := range s.journal.Read(ctx, Mark{}) {
		if err != nil {
			return err
		}
		outline, ok, err := w.next(entry)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		record, err := w.decode(entry.Record, outline.First)
		if err != nil {
			return err
		}
		if s.genesis, err = readGenesis(record); err != nil {
			return err
		}
		s.ledger = s.genesis.LedgerStream()
		return nil
	}
	return &Damage{Position: 1, Why: "the first record is missing"}
}

// Genesis is the ledger's first event.
func (s *Sequencer) Genesis() Genesis { return s.genesis }

// IndexMade tells whether Open made the index anew: it was lost, damaged or astray.
func (s *Sequencer) IndexMade() bool { return s.indexMade }

// Failed is closed when the sequencer has stopped for good: the process must end.
func (s *Sequencer) Failed() <-chan struct{} { return s.failed }

// Err tells why it stopped; nil while it has not.
func (s *Sequencer) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// Close makes everything enqueued durable, then refuses all further use. If ctx
// ends first, the rest is left with an unknown outcome.
func (s *Sequencer) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.signal()
	done := make(chan struct{})
	go func() { s.idle.Wait(); close(done) }()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = ctx.Err()
		s.cancel()
		<-done
	}
	s.abandon(ErrStopped)
	s.cancel()
	return err
}

// CloseForGood appends log.closed with the name of the journal that the ledger
// moves to. When it returns nil, nothing can be appended any more, here or by
// any other writer.
func (s *Sequencer) CloseForGood(ctx context.Context, target string) (Receipt, error) {
	if target == "" || !headerText(target) {
		return Receipt{}, invalid("a closed log names its target")
	}
	if err := s.lockInSync(ctx); err != nil {
		return Receipt{}, err
	}
	err := s.refusal()
	if err == nil && s.epochDue {
		_, err = s.enterEpoch()
	}
	if err != nil {
		s.mu.Unlock()
		return Receipt{}, err
	}
	ticket, err := s.enterOwn(closed(s.genesis.Ledger, target, s.now()))
	s.closed = err == nil
	s.mu.Unlock()
	if err != nil {
		return Receipt{}, err
	}
	s.signal()
	return ticket.Wait(ctx)
}

// Moved tells where a ledger has gone whose log was closed for good; "": it is here.
func (s *Sequencer) Moved(ctx context.Context) (target string, err error) {
	s.mu.Lock()
	end, closed := s.durable, s.closed
	s.mu.Unlock()
	if !closed {
		return "", nil
	}
	for record, err := range s.ReadAll(ctx, end.Position-1) {
		if err != nil {
			return "", err
		}
		var last Closed
		err := json.Unmarshal(record.Events[len(record.Events)-1].Data, &last)
		return last.Target, err
	}
	return "", fmt.Errorf("%w: %d", ErrAhead, end.Position)
}

// lockInSync takes the lock once the journal is not being read.
func (s *Sequencer) lockInSync(ctx context.Context) error {
	for {
		s.mu.Lock()
		resyncing := s.resyncing
		if resyncing == nil {
			return nil
		}
		s.mu.Unlock()
		select {
		case <-resyncing:
		case <-s.run.Done():
			return ErrStopped
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// stop ends the sequencer after a failure of a local journal or index. What is
// under way has an unknown outcome; nothing is acknowledged any more.
func (s *Sequencer) stop(err error) {
	s.abandon(fmt.Errorf("%w: %w", ErrStopped, err))
	s.cancel()
}

func (s *Sequencer) abandon(err error) {
	s.mu.Lock()
	if s.stopped != nil {
		s.mu.Unlock()
		return
	}
	s.stopped = err
	flying, queue := s.flying, s.queue
	s.flying, s.queue = nil, nil
	graceful := err == ErrStopped
	s.mu.Unlock()
	for _, g := range flying {
		g.err, g.unknown = err, true
		close(g.done)
	}
	for _, g := range queue {
		g.err = err
		close(g.done)
	}
	if !graceful {
		close(s.failed)
	}
}

// now is the clock as it is stored.
func (s *Sequencer) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// signal wakes the writer. It never blocks.
func (s *Sequencer) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
