package recovery_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/recovery"
)

var (
	noon   = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	late   = noon.Add(recovery.TTL)
	permit = id.Named[id.Recovery]("permit")
	claim  = id.Named[id.Claim]("new@example.org")
	begin  = recovery.Start{Recovery: id.Named[id.Recovery]("r"), Customer: id.Named[id.Customer]("ada"), Attempts: id.Named[id.Attempts]("ada"),
		Device: id.Named[id.Device]("phone"), JKT: "key", For: recovery.Password, Salt: "salt", At: noon}
	begun = started(begin)
	both  = []string{recovery.ByCode, recovery.BySCAKey}
)

func started(c recovery.Start) recovery.Started {
	return recovery.Started{Recovery: c.Recovery, Customer: c.Customer, Attempts: c.Attempts, Device: c.Device, JKT: c.JKT, For: c.For, Permit: c.Permit,
		Salt: c.Salt, ExpiresAt: c.At.Add(recovery.TTL), At: c.At}
}

func facts(all ...recovery.Event) []recovery.Event { return all }

func failures(count int64) []recovery.Event {
	all := facts(begun)
	for try := int64(1); try <= count; try++ {
		all = append(all, recovery.Failed{Try: try, At: noon})
	}
	return all
}

func with[C any](c C, change func(*C)) C { change(&c); return c }

func TestRecovery(t *testing.T) {
	t.Parallel()
	prove := recovery.Prove{JKT: "key", Proofs: both, Right: true, At: noon}
	done := recovery.Completed{Proofs: both, At: noon}
	nobody := with(begun, func(e *recovery.Started) { e.Customer = id.Customer{} })
	permitted := with(begun, func(e *recovery.Started) { e.Permit = permit })
	byPermit := with(prove, func(c *recovery.Prove) { c.Proofs = []string{recovery.ByCode, recovery.ByPermit} })
	proofs := func(shown ...string) recovery.Prove {
		return with(prove, func(c *recovery.Prove) { c.Proofs = shown })
	}
	type test = domaintest.Case[recovery.Command, recovery.Event]
	domaintest.Run[recovery.State](t, []test{
		{Name: "it begins", When: begin, Then: facts(begun)},
		{Name: "for nobody as for anybody", When: with(begin, func(c *recovery.Start) { c.Customer = id.Customer{} }), Then: facts(nobody)},
		{Name: "once", Given: facts(begun), When: begin, Refused: recovery.ErrRefused},
		{Name: "not for what nobody recovers", When: with(begin, func(c *recovery.Start) { c.For = "money" }), Refused: recovery.ErrPurpose},
		{Name: "not without a key", When: with(begin, func(c *recovery.Start) { c.JKT = "" }), Refused: recovery.ErrRefused},
		{Name: "not without a salt", When: with(begin, func(c *recovery.Start) { c.Salt = "" }), Refused: recovery.ErrRefused},
		{Name: "two right proofs complete it", Given: facts(begun), When: prove, Then: facts(done)},
		{Name: "once more they do not", Given: facts(begun, done), When: prove, Refused: recovery.ErrRefused},
		{Name: "nor before it began", When: prove, Refused: recovery.ErrRefused},
		{Name: "nor with another device's key", Given: facts(begun), When: with(prove, func(c *recovery.Prove) { c.JKT = "thief" }), Refused: recovery.ErrRefused},
		{Name: "nor ten minutes later", Given: facts(begun), When: with(prove, func(c *recovery.Prove) { c.At = late }), Refused: recovery.ErrRefused},
		{Name: "for nobody they are wrong", Given: facts(nobody), When: prove, Then: facts(recovery.Failed{Try: 1, At: noon})},
		{Name: "a wrong one is a try", Given: facts(begun), When: with(prove, func(c *recovery.Prove) { c.Right = false }), Then: facts(recovery.Failed{Try: 1, At: noon})},
		{Name: "and after four a right one still counts", Given: failures(4), When: prove, Then: facts(done)},
		{Name: "after five none does", Given: failures(5), When: prove, Refused: recovery.ErrRefused},
		{Name: "a code that was sent is never enough", Given: facts(begun), When: proofs(recovery.ByCode), Refused: recovery.ErrProofs},
		{Name: "nor the device alone", Given: facts(begun), When: proofs(recovery.BySCAKey), Refused: recovery.ErrProofs},
		{Name: "nor one proof twice", Given: facts(begun), When: proofs(recovery.ByCode, recovery.ByCode), Refused: recovery.ErrProofs},
		{Name: "nor two that are the same secret's", Given: facts(begun), When: proofs(recovery.ByRecoveryCode, recovery.ByPermit), Refused: recovery.ErrProofs},
		{Name: "nor none", Given: facts(begun), When: proofs(), Refused: recovery.ErrProofs},
		{Name: "a device and a recovery code are", Given: facts(begun), When: proofs(recovery.BySCAKey, recovery.ByRecoveryCode),
			Then: facts(recovery.Completed{Proofs: []string{recovery.BySCAKey, recovery.ByRecoveryCode}, At: noon})},
		{Name: "a permit is a proof", Given: facts(permitted), When: byPermit, Then: facts(recovery.Completed{Proofs: byPermit.Proofs, At: noon})},
		{Name: "but not of a recovery that began without", Given: facts(begun), When: byPermit, Then: facts(recovery.Failed{Try: 1, At: noon})},
	})
}

func TestANewContactIsConfirmed(t *testing.T) {
	t.Parallel()
	later, end := noon.Add(5*time.Minute), noon.Add(5*time.Minute).Add(recovery.TTL)
	contact := with(begun, func(e *recovery.Started) { e.For = recovery.Contact })
	prove := recovery.Prove{JKT: "key", Proofs: both, Right: true, Contact: "email", Claim: claim, At: later}
	proven := recovery.Proven{Proofs: both, Contact: "email", Claim: claim, ExpiresAt: end, At: later}
	confirm := recovery.Confirm{JKT: "key", Claim: claim, Right: true, At: late}
	domaintest.Run[recovery.State](t, []domaintest.Case[recovery.Command, recovery.Event]{
		{Name: "the proofs alone do not change it", Given: facts(contact), When: prove, Then: facts(proven)},
		{Name: "its code does", Given: facts(contact, proven), When: confirm, Then: facts(recovery.Completed{Proofs: both, At: late})},
		{Name: "not before the proofs", Given: facts(contact), When: with(confirm, func(c *recovery.Confirm) { c.At = noon }), Refused: recovery.ErrRefused},
		{Name: "not a wrong one", Given: facts(contact, proven), When: with(confirm, func(c *recovery.Confirm) { c.Right = false }), Then: facts(recovery.Failed{Try: 1, At: late})},
		{Name: "not of another address (CVE-2026-27946)", Given: facts(contact, proven), When: with(confirm, func(c *recovery.Confirm) { c.Claim = id.Claim{} }), Then: facts(recovery.Failed{Try: 1, At: late})},
		{Name: "not on another device", Given: facts(contact, proven), When: with(confirm, func(c *recovery.Confirm) { c.JKT = "thief" }), Refused: recovery.ErrRefused},
		{Name: "not ten minutes after the proofs", Given: facts(contact, proven), When: with(confirm, func(c *recovery.Confirm) { c.At = end }), Refused: recovery.ErrRefused},
		{Name: "the proofs are not taken twice", Given: facts(contact, proven), When: prove, Refused: recovery.ErrRefused},
	})
}

func TestWhatMayBeRecovered(t *testing.T) {
	t.Parallel()
	for _, what := range []string{recovery.Password, recovery.Factors, recovery.Contact, recovery.Unlock} {
		require.True(t, recovery.Purposes(what))
	}
	for _, what := range []string{"", "Password", "password ", "all"} {
		require.False(t, recovery.Purposes(what))
	}
}
