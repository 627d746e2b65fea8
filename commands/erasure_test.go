package commands

import (
	"crypto/rand"
	"os"
	"path/filepath"

	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// forgetful is a world with one enrolled customer, whose bank only erases.
type forgetful struct {
	*follower
	ada  id.Customer
	keys string // the ring's file
}

const tenYears = 10 * 366 * 24 * 3600

func newForgetful(t *testing.T) *forgetful {
	f := &forgetful{follower: newFollower(t), keys: filepath.Join(t.TempDir(), "ring")}
	ring, err := seal.Create(f.keys, [32]byte{1}, rand.Reader)
	require.NoError(t, err)
	f.ring = ring
	f.start()
	subject := seal.Day(noon)
	answer, _, err := f.bank.Customers().Enrol(background, Order{ID: CommandID(ActorAnonymous, subject.ID, "k"),
		Caller: Caller{ActorType: ActorAnonymous}, Intent: []byte("enrol"), At: noon, Subject: subject}, adasEnrolment)
	require.NoError(t, err)
	f.ada = answer.Customer
	_, _, err = f.ring.Seal(ofCustomer(f.ada), domain.RetainEvidence) // as a transfer's proof makes one
	require.NoError(t, err)
	return f
}

var adasEnrolment = EnrolCustomer{UserName: domain.NewProfile("ada.l"), Name: domain.NewProfile("Ada"), Password: "umbra quarto fennel 71", Active: true}

// start is a process with only the erasing process, without a clock of its own.
func (f *forgetful) start() {
	f.t.Helper()
	now := func() time.Time { return noon.Add(time.Duration(f.clock.Load()) * time.Second) }
	bank, err := Open(background, f.log, schemas.New(f.ring), f.ring, Sources{Now: now, Random: rand.Reader},
		Settings{CheckSchemas: true, Dir: f.dir, Money: DefaultTerms(), Identity: IdentitySettings{Argon: Argon{MemoryKiB: 64, Passes: 1, Lanes: 1}}})
	require.NoError(f.t, err)
	f.bank = bank
	bank.runners = []*runner{bank.newRunner(&erasing{bank})}
}

func (f *forgetful) request() {
	f.t.Helper()
	order := Order{ID: CommandID(ActorCustomer, f.ada.UUID(), "erase"), Caller: Caller{ActorType: ActorCustomer, Actor: f.ada.UUID(), Customer: f.ada},
		Intent: []byte("erase"), At: noon, Subject: ofCustomer(f.ada)}
	_, err := f.bank.Customers().RequestErasure(background, order, f.ada, "gdpr-17-1-b")
	require.NoError(f.t, err)
	f.catchUp()
}

func (f *forgetful) destroyed(class domain.Retention) bool {
	f.t.Helper()
	_, _, err := f.ring.Seal(ofCustomer(f.ada), class)
	if err != nil {
		require.ErrorIs(f.t, err, seal.ErrDestroyed)
	}
	return err != nil
}

// enrolment is what the log still says of the customer.
func (f *forgetful) enrolment() customer.Enrolled {
	f.t.Helper()
	treaty := schemas.New(f.ring)
	for recorded, err := range f.log.ReadStream(background, eventbus.Stream(f.ada.Stream()), 0) {
		require.NoError(f.t, err)
		event, err := treaty.DecodeAny(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		require.NoError(f.t, err)
		return event.(customer.Enrolled)
	}
	f.t.Fatal("no such customer")
	return customer.Enrolled{}
}

func TestErasingAPersonTakesTheProfileAtOnceAndTheEvidenceLater(t *testing.T) {
	t.Parallel()
	f := newForgetful(t)
	require.Equal(t, "Ada", f.enrolment().Name.Reveal())
	f.request()
	require.False(t, f.destroyed(domain.RetainProfile), "the fact comes first, the process after it")
	f.tick(1)
	require.True(t, f.destroyed(domain.RetainProfile))
	require.False(t, f.destroyed(domain.RetainEvidence))
	require.True(t, f.enrolment().Name.Erased())
	state, err := f.bank.customers.look(background, f.ada)
	require.NoError(t, err)
	require.True(t, state.Gone)

	f.tick(tenYears)
	require.True(t, f.destroyed(domain.RetainEvidence))
	f.tick(2 * tenYears)
	require.Empty(t, f.bank.Processes()[0].Parked)
}

func TestAnErasedPersonsNameIsFree(t *testing.T) {
	t.Parallel()
	f := newForgetful(t)
	again := func(key string) error {
		subject := seal.Day(noon)
		_, _, err := f.bank.Customers().Enrol(background, Order{ID: CommandID(ActorAnonymous, subject.ID, key),
			Caller: Caller{ActorType: ActorAnonymous}, Intent: []byte("enrol"), At: noon, Subject: subject}, adasEnrolment)
		return err
	}
	require.ErrorIs(t, again("before"), customer.ErrTaken)
	f.request()
	f.tick(1)
	require.NoError(t, again("after"))
}

func TestALegalHoldKeepsEverything(t *testing.T) {
	t.Parallel()
	f := newForgetful(t)
	require.NoError(t, f.ring.Hold(ofCustomer(f.ada), "case-1"))
	f.request()
	f.tick(1)
	require.False(t, f.destroyed(domain.RetainProfile))
	require.Empty(t, f.bank.Processes()[0].Parked, "a hold is no failure")
	require.NoError(t, f.ring.Release(ofCustomer(f.ada), "case-1"))
	f.tick(2)
	require.False(t, f.destroyed(domain.RetainProfile))
	f.tick(2 + 24*3600)
	require.True(t, f.destroyed(domain.RetainProfile))
}

func TestARestoredKeyRingIsErasedAgain(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		evidence  bool
		afterTime int64
	}{{"while the evidence is kept", false, 1}, {"after the evidence went", true, tenYears}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newForgetful(t)
			backup, err := os.ReadFile(f.keys)
			require.NoError(t, err)
			f.request()
			f.tick(1)
			f.tick(tc.afterTime)
			require.NoError(t, saveProcesses(f.bank.runners))

			require.NoError(t, f.ring.Close())
			require.NoError(t, os.WriteFile(f.keys, backup, 0o600))
			f.ring, err = seal.Open(f.keys, [32]byte{1}, rand.Reader)
			require.NoError(t, err)
			require.False(t, f.destroyed(domain.RetainProfile))
			require.False(t, f.destroyed(domain.RetainEvidence))
			f.start()
			f.catchUp()
			require.True(t, f.destroyed(domain.RetainProfile))
			require.Equal(t, tc.evidence, f.destroyed(domain.RetainEvidence))
		})
	}
}

func TestACheckpointThatIsLostErasesAgainFromTheLog(t *testing.T) {
	t.Parallel()
	f := newForgetful(t)
	f.request()
	f.tick(1)
	head, err := f.log.Head(background)
	require.NoError(t, err)
	f.dir = t.TempDir()
	f.start()
	f.catchUp()
	f.tick(2)
	require.True(t, f.destroyed(domain.RetainProfile))
	after, err := f.log.Head(background)
	require.NoError(t, err)
	require.Equal(t, head.Position, after.Position, "nothing is written twice")
}

func TestSealingForAnErasedPersonIsGone(t *testing.T) {
	t.Parallel()
	f := newForgetful(t)
	f.request()
	f.tick(1)
	opened := named1("late")
	_, _, err := execute(background, f.bank, "test.open", order("k", ""), streams(opened), func(w *work) error {
		w.under(ofCustomer(f.ada))
		return f.bank.accounts.decide(w, opened, openFor(f.ada, opened))
	}, nothing)
	require.ErrorIs(t, err, ErrErased)
}

func openFor(owner id.Customer, opened id.Account) account.Open {
	return account.Open{Account: opened, Customer: owner, Name: domain.NewProfile("Ada"), Currency: "EUR", At: noon}
}
