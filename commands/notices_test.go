package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/notification"
	"florin/eventbus"
)

// post keeps what it is given, and fails as it is told to.
type post struct {
	mu       sync.Mutex
	messages []Message
	failing  error
	tries    int
}

func (p *post) Notify(_ context.Context, m Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries++
	if p.failing != nil {
		return p.failing
	}
	p.messages = append(p.messages, m)
	return nil
}

// take gives what has come since the last time, in words.
func (p *post) take() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.messages {
		all = append(all, fmt.Sprintf("%s %s %s", m.Template, m.Channel, m.To.Reveal()))
	}
	slices.Sort(all)
	p.messages = nil
	return all
}

// deliver has the bank's processes hear all of the log and do what is due.
func (b *branch) deliver() {
	b.t.Helper()
	var heard eventbus.Position
	for _, r := range b.bank.runners {
		heard = max(heard, r.position())
	}
	require.NoError(b.t, b.log.Durable(background))
	for record, err := range b.log.ReadAll(background, heard) {
		require.NoError(b.t, err)
		require.NoError(b.t, hear(background, b.bank.runners, record))
	}
	require.NoError(b.t, b.bank.Tick(background))
}

// told delivers, and gives what came of it.
func (b *branch) told() []string {
	b.t.Helper()
	b.deliver()
	return b.post.take()
}

func both(template string, of string) []string {
	person := enrolment(of)
	return []string{template + " email " + person.Email.Reveal(), template + " sms " + person.Phone.Reveal()}
}

func TestCustomersAreToldOfWhatTheyMustKnow(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, phone := b.enrol("ada"), b.phone(home)
	require.Empty(t, b.told())
	first := phone.login(ada)
	require.Equal(t, both("device-bound", "ada"), b.told(), "a new device")
	require.Empty(t, b.told(), "once")

	phone.login(ada)
	require.Empty(t, b.told(), "its next login is no news")

	_, err := b.bank.Customers().ChangePassword(background, b.as(first), ada.id, "eight wooden horses")
	require.NoError(t, err)
	require.Equal(t, both("password-changed", "ada"), b.told())
}

func TestCustomersAreToldOfEveryChangeOfTheirFactors(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, phone := b.enrol("ada"), b.phone(home)
	own := phone.login(ada)
	b.told()
	offer, _, err := b.bank.Factors().OfferTOTP(background, b.as(own))
	require.NoError(t, err)
	require.Empty(t, b.told(), "an offer is no factor")
	code := b.otp(person{secret: offer.Secret})
	_, _, err = b.bank.Factors().ConfirmTOTP(background, b.as(own), offer.Factor, code)
	require.NoError(t, err)
	require.Equal(t, both("factor-added", "ada"), b.told())
	_, _, err = b.bank.Factors().Remove(background, b.as(own), offer.Factor)
	require.NoError(t, err)
	require.Equal(t, both("factor-removed", "ada"), b.told())
	for _, secret := range []string{offer.Secret, code} {
		require.False(t, b.holds(secret), "the log holds %q", secret)
	}
}

func TestACustomerIsToldOfAMisusedSession(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, phone := b.enrol("ada"), b.phone(home)
	first := phone.login(ada)
	second, err := phone.refresh(first.Refresh, "k1")
	require.NoError(t, err)
	_, err = phone.refresh(second.Refresh, "k2")
	require.NoError(t, err)
	_, _ = phone.refresh(first.Refresh, "k3")
	told := b.told()
	require.Subset(t, told, both("session-misused", "ada"))
	require.Len(t, told, 4, "and of the device")
}

func TestTheLogHoldsThatSomebodyWasToldAndNotWhat(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.phone(home).login(b.enrol("ada"))
	b.deliver()
	require.Len(t, b.post.messages, 2)
	kinds := b.since(0).kinds
	require.Equal(t, []string{"notification.sent", "notification.sent"}, kinds[len(kinds)-2:])
	for _, m := range b.post.messages {
		require.False(t, b.holds(m.To.Reveal()))
		require.False(t, b.holds(m.Text.Reveal()))
		require.NotContains(t, m.Text.Reveal(), "ada")
		require.NotContains(t, fmt.Sprintf("%v %+v", m, m), m.To.Reveal(), "a message prints itself redacted")
	}
}

func TestAMessageIsTriedAgainUntilItIsTaken(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.phone(home).login(b.enrol("ada"))
	b.post.failing = errors.New("the mail server is away")
	require.Empty(t, b.told())
	require.Equal(t, 2, b.post.tries)
	require.Empty(t, b.told())
	require.Equal(t, 2, b.post.tries, "not at once")
	for range 3 {
		b.pass(time.Minute)
		b.deliver()
	}
	require.Equal(t, 8, b.post.tries)
	b.post.failing = nil
	b.pass(time.Minute)
	require.Equal(t, both("device-bound", "ada"), b.told())
}

func TestAMessageThatWasNotNotedComesAgainUnderTheSameID(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.phone(home).login(b.enrol("ada"))
	b.log.onAdd(func(c eventbus.Commit) error {
		if c.Streams[0].Events[0].Kind == "notification.sent" {
			return errors.New("the log is slow")
		}
		return nil
	})
	b.deliver()
	ids := map[string]int{}
	for _, m := range b.post.messages {
		ids[m.ID.String()]++
	}
	require.Len(t, ids, 2)
	b.log.onAdd(nil)
	b.pass(time.Minute)
	b.deliver()
	for _, m := range b.post.messages[2:] {
		ids[m.ID.String()]++
	}
	require.Len(t, ids, 2, "a receiver can tell")
	b.post.take()
	b.pass(time.Hour)
	require.Empty(t, b.told())
}

func TestARestartTellsNobodyTwice(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.phone(home).login(b.enrol("ada"))
	require.Len(t, b.told(), 2)
	b.restart() // there is no checkpoint: all of the log is heard again
	require.Empty(t, b.told())
}

func TestWhatIsOldIsNotToldAnyMore(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.phone(home).login(b.enrol("ada"))
	b.pass(noticeLife + time.Minute)
	require.Empty(t, b.told())

	b.phone(abroad).login(b.enrol("eve"))
	b.post.failing = errors.New("away")
	b.deliver()
	b.post.failing = nil
	b.pass(2 * noticeLife)
	require.Empty(t, b.told())
}

func TestAnAddressThatIsNoneIsTriedOnce(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.phone(home).login(b.enrol("ada"))
	b.post.failing = fmt.Errorf("no such mailbox: %w", ErrUndeliverable)
	b.deliver()
	b.post.failing = nil
	b.pass(time.Hour)
	require.Empty(t, b.told())
	require.Contains(t, b.since(0).kinds, "notification.failed")
}

func TestNobodyIsToldAfterErasure(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada := b.enrol("ada")
	b.phone(home).login(ada)
	_, err := b.bank.Customers().RequestErasure(background, b.system(), ada.id, "gdpr-17-1-b")
	require.NoError(t, err)
	b.post.failing = errors.New("away")
	b.deliver()
	b.post.failing = nil
	b.pass(time.Minute)
	require.Empty(t, b.told())
}

func TestASlowMailServerHoldsNothingElseUp(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	n := &notifying{b.bank}
	agenda := &Agenda{now: b.now()}
	alarm := Alarm{Stream: eventbus.Stream(id.Named[id.Notification]("n").Stream()), Due: b.now(), Note: notice{
		template: "device-bound", channel: notification.Email, customer: id.Named[id.Customer]("ada"), fact: "device/x", expires: b.now().Add(time.Hour)}.String()}
	b.pass(noticesPause + time.Second) // since the round began
	require.NoError(t, n.Ring(background, alarm, agenda))
	require.Zero(t, b.post.tries)
	require.Len(t, agenda.set, 1, "it waits for the next round")
}

func TestCustomersAreToldOfWhatTheBankDoes(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada := b.enrol("ada")
	b.told()
	order := b.system()
	order.Caller.Reason = "sanctions-check"
	_, err := b.bank.Customers().Restrict(background, order, ada.id, "sanctions-check")
	require.NoError(t, err)
	require.Equal(t, both("restricted", "ada"), b.told())
	_, err = b.bank.Customers().Restrict(background, b.system(), ada.id, "sanctions-check")
	require.NoError(t, err)
	require.Empty(t, b.told(), "being there is no news")
	order = b.system()
	order.Caller.Reason = "sanctions-cleared"
	_, err = b.bank.Customers().Activate(background, order, ada.id)
	require.NoError(t, err)
	require.Equal(t, both("activated", "ada"), b.told())
}
