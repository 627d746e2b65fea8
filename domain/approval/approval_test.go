package approval_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/approval"
	"florin/domain/domaintest"
	"florin/domain/id"
)

var (
	noon   = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	ada    = id.Named[id.Customer]("ada")
	desk   = id.Named[id.Approvals]("ada")
	app    = id.Named[id.Client]("app")
	shop   = id.Named[id.Client]("shop")
	phone  = id.Named[id.Device]("phone")
	tablet = id.Named[id.Device]("tablet")
	shown  = approval.Statement{Approval: "a", Purpose: approval.Login, Client: "Florin", Asker: "tablet", From: "192.0.2.1"}
)

func after(d time.Duration) time.Time { return noon.Add(d) }

func named(name string) id.Approval { return id.Named[id.Approval](name) }

func ask(name string, at time.Time, changes ...func(*approval.Ask)) approval.Ask {
	c := approval.Ask{
		Approvals: desk, Approval: named(name), Customer: ada, Purpose: approval.Login, Grant: id.Named[id.Grant]("g"), Client: app, Device: tablet,
		Statement: domain.NewEvidence(shown.Text()), TTL: approval.LoginTTL, At: at,
	}
	for _, change := range changes {
		change(&c)
	}
	return c
}

func asked(name string, at time.Time, changes ...func(*approval.Ask)) approval.Requested {
	c := ask(name, at, changes...)
	return approval.Requested{
		Approvals: c.Approvals, Approval: c.Approval, Customer: c.Customer, Purpose: c.Purpose, Grant: c.Grant, Consent: c.Consent, Client: c.Client, Device: c.Device,
		Statement: c.Statement, ExpiresAt: c.At.Add(c.TTL), At: c.At,
	}
}

func answer(changes ...func(*approval.Answer)) approval.Answer {
	c := approval.Answer{
		Approval: named("a"), Device: phone, BoundAt: after(-time.Hour), Statement: shown, Decision: approval.Approve, Proven: true, NumberRight: true,
		Evidence: domain.NewEvidence("jws"), At: after(time.Second),
	}
	for _, change := range changes {
		change(&c)
	}
	return c
}

func given(events ...approval.Event) []approval.Event { return events }

var (
	yes = approval.RequestApproved{Approval: named("a"), Device: phone, Evidence: domain.NewEvidence("jws"), At: after(time.Second)}
	no  = approval.RequestDenied{Approval: named("a"), Device: phone, Reason: approval.ReasonCustomer, Evidence: domain.NewEvidence("jws"), At: after(time.Second)}
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	type change = func(*approval.Answer)
	with := func(change change) approval.Answer { return answer(change) }
	dropped := approval.RequestDropped{Approval: named("a"), Reason: "device-revoked", At: noon}
	wrong := no
	wrong.Reason = approval.ReasonNumber
	domaintest.Run[approval.State](t, []domaintest.Case[approval.Command, approval.Event]{
		{Name: "the customer says yes, and types the number", Given: given(asked("a", noon)), When: answer(), Then: given(yes)},
		{Name: "says no, whatever the number", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.Decision, c.NumberRight = approval.Deny, false }), Then: given(no)},
		{Name: "a wrong number is a no", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.NumberRight = false }), Then: given(wrong)},
		{Name: "there is no second try", Given: given(asked("a", noon), wrong), When: answer(), Refused: approval.ErrEnded},
		{Name: "a yes is answered once", Given: given(asked("a", noon), yes), When: answer(), Refused: approval.ErrEnded},
		{Name: "a no does not become a yes", Given: given(asked("a", noon), no), When: answer(), Refused: approval.ErrEnded},
		{Name: "a yes does not become a no", Given: given(asked("a", noon), yes), When: with(func(c *approval.Answer) { c.Decision = approval.Deny }), Refused: approval.ErrEnded},
		{Name: "not too late", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.At = after(approval.LoginTTL) }), Refused: approval.ErrEnded},
		{Name: "in the last moment", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.At = after(approval.LoginTTL - 1) }),
			Then: given(approval.RequestApproved{Approval: named("a"), Device: phone, Evidence: domain.NewEvidence("jws"), At: after(approval.LoginTTL - 1)})},
		{Name: "not after it was withdrawn", Given: given(asked("a", noon), dropped), When: answer(), Refused: approval.ErrEnded},
		{Name: "not after it has expired", Given: given(asked("a", noon), approval.RequestExpired{Approval: named("a"), At: noon}), When: answer(), Refused: approval.ErrEnded},
		{Name: "not on the device that asks", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.Device = tablet }), Refused: approval.ErrDevice},
		{Name: "not on a device that came later", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.BoundAt = after(time.Millisecond) }), Refused: approval.ErrDevice},
		{Name: "nor at the same moment", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.BoundAt = noon }), Refused: approval.ErrDevice},
		{Name: "not on a device that is nobody's", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.BoundAt = time.Time{} }), Refused: approval.ErrDevice},
		{Name: "not on none", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.Device = id.Device{} }), Refused: approval.ErrDevice},
		{Name: "not unsigned", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.Proven = false }), Refused: approval.ErrSCA},
		{Name: "a no is signed too", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.Proven, c.Decision = false, approval.Deny }), Refused: approval.ErrSCA},
		{Name: "not for what was not displayed", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.Statement.From = "198.51.100.1" }), Refused: approval.ErrSCA},
		{Name: "not for more than was displayed", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.Statement.Amount = "1.00" }), Refused: approval.ErrSCA},
		{Name: "only yes or no", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.Decision = "Approve" }), Refused: approval.ErrSCA},
		{Name: "what is erased was not displayed", Given: given(asked("a", noon, func(c *approval.Ask) { c.Statement = domain.ErasedEvidence() })),
			When: with(func(c *approval.Answer) { c.Statement = approval.Statement{} }), Refused: approval.ErrSCA},
		{Name: "a third party's request shows no number, and none is typed", Given: given(asked("a", noon, func(c *approval.Ask) { c.Purpose = approval.Access })),
			When: with(func(c *approval.Answer) { c.NumberRight = false }), Then: given(yes)},
		{Name: "what is not there", When: answer(), Refused: approval.ErrUnknown},
		{Name: "no request at all", Given: given(asked("a", noon)), When: with(func(c *approval.Answer) { c.Approval = id.Approval{} }), Refused: approval.ErrUnknown},
		{Name: "what nobody was asked", Given: given(asked("a", noon, func(c *approval.Ask) { c.Customer = id.Customer{} })), When: answer(), Refused: approval.ErrUnknown},
	})
}

func TestOneRequestWaits(t *testing.T) {
	t.Parallel()
	drop := func(name, reason string, at time.Time) approval.RequestDropped {
		return approval.RequestDropped{Approval: named(name), Reason: reason, At: at}
	}
	soon := after(time.Second)
	meek := func(c *approval.Ask) { c.Client, c.Yields, c.Purpose = shop, true, approval.Access }
	domaintest.Run[approval.State](t, []domaintest.Case[approval.Command, approval.Event]{
		{Name: "the first", When: ask("a", noon), Then: given(asked("a", noon))},
		{Name: "a later one takes its place", Given: given(asked("a", noon)), When: ask("b", soon), Then: given(drop("a", approval.ReasonSuperseded, soon), asked("b", soon))},
		{Name: "one that has expired is said to have", Given: given(asked("a", noon)), When: ask("b", after(time.Hour)),
			Then: given(approval.RequestExpired{Approval: named("a"), At: after(time.Hour)}, asked("b", after(time.Hour)))},
		{Name: "a third party's takes the place of none", Given: given(asked("a", noon)), When: ask("b", soon, meek), Then: given(asked("b", soon, meek), drop("b", approval.ReasonBusy, soon))},
		{Name: "but of its own", Given: given(asked("a", noon, meek)), When: ask("b", soon, meek), Then: given(drop("a", approval.ReasonSuperseded, soon), asked("b", soon, meek))},
		{Name: "a login's of a third party's", Given: given(asked("a", noon, meek)), When: ask("b", soon), Then: given(drop("a", approval.ReasonSuperseded, soon), asked("b", soon))},
		{Name: "the same twice", Given: given(asked("a", noon)), When: ask("a", soon), Refused: approval.ErrRequest},
		{Name: "without a name", When: ask("a", noon, func(c *approval.Ask) { c.Approval = id.Approval{} }), Refused: approval.ErrRequest},
		{Name: "for ever", When: ask("a", noon, func(c *approval.Ask) { c.TTL = approval.TTLMax + 1 }), Refused: approval.ErrRequest},
		{Name: "for no time", When: ask("a", noon, func(c *approval.Ask) { c.TTL = 0 }), Refused: approval.ErrRequest},
		{Name: "a device is revoked", Given: given(asked("a", noon)), When: approval.Drop{Reason: "device-revoked", At: soon}, Then: given(drop("a", "device-revoked", soon))},
		{Name: "when nothing waits", Given: given(asked("a", noon), yes), When: approval.Drop{Reason: "device-revoked", At: soon}},
		{Name: "time runs out", Given: given(asked("a", noon)), When: approval.Expire{Approval: named("a"), At: after(approval.LoginTTL)},
			Then: given(approval.RequestExpired{Approval: named("a"), At: after(approval.LoginTTL)})},
		{Name: "not before it does", Given: given(asked("a", noon)), When: approval.Expire{Approval: named("a"), At: soon}},
		{Name: "not for what was answered", Given: given(asked("a", noon), yes), When: approval.Expire{Approval: named("a"), At: after(time.Hour)}},
		{Name: "not for what is not there", When: approval.Expire{Approval: named("a"), At: after(time.Hour)}},
	})
}

// Push fatigue: who is asked again and again without having said yes is left in
// peace, for longer each time, and whoever asks cannot tell.
func TestACustomerIsLeftInPeace(t *testing.T) {
	t.Parallel()
	var state approval.State
	at, count := noon, 0
	try := func(wait time.Duration) (shown bool) {
		t.Helper()
		at, count = at.Add(wait), count+1
		events, err := state.Decide(ask(string(rune('A'+count)), at))
		require.NoError(t, err)
		for _, event := range events {
			state = state.Evolve(event)
		}
		_, shown = state.Waiting(at)
		return shown && events[len(events)-1].Kind() == "approval.requested"
	}
	for range 3 {
		require.True(t, try(time.Second))
	}
	for _, quiet := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour} {
		require.False(t, try(quiet-2*time.Second), "too often")
		require.False(t, try(time.Second), "what was not shown prolongs nothing")
		require.True(t, try(time.Second), "after %s", quiet)
	}
	state = state.Evolve(approval.RequestApproved{Approval: named(string(rune('A' + count))), Device: phone, At: at})
	require.True(t, try(time.Second), "a yes ends it")
	for range 2 {
		require.True(t, try(time.Second))
	}
	require.False(t, try(time.Second))
	require.True(t, try(25*time.Hour), "a day is forgotten")
	require.True(t, try(time.Second))
	require.LessOrEqual(t, len(state.Requests), 32)
}
