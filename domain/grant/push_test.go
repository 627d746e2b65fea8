package grant_test

import (
	"testing"
	"time"

	"florin/domain/domaintest"
	"florin/domain/grant"
	"florin/domain/id"
)

func TestPush(t *testing.T) {
	t.Parallel()
	second := []string{grant.OneTime, grant.Push, grant.OTPSend}
	opened := began(t, start(func(c *grant.Start) { c.Second = second }))
	nobody := began(t, start(func(c *grant.Start) { c.Second, c.Customer = second, id.Customer{} }))
	bound := began(t, start(func(c *grant.Start) { c.Bound = true }))
	pwd := grant.FactorVerified{Factor: grant.Password, Step: 1, Next: second, At: noon}
	noPwd := grant.FactorFailed{Factor: grant.Password, Step: 1, Next: second, At: noon}
	ask := func(step int64) grant.RequestApproval {
		return grant.RequestApproval{Approvals: id.Named[id.Approvals]("d"), Approval: id.Named[id.Approval]("a"), Step: step, JKT: "key", ExpiresAt: noon.Add(time.Minute), At: noon}
	}
	asked := func(step int64) grant.ApprovalRequested {
		return grant.ApprovalRequested{Approvals: id.Named[id.Approvals]("d"), Approval: id.Named[id.Approval]("a"), Step: step, Next: second, ExpiresAt: noon.Add(time.Minute), At: noon}
	}
	yes, no := grant.FactorVerified{Factor: grant.Push, Step: 3, At: noon}, grant.FactorFailed{Factor: grant.Push, Step: 3, At: noon}
	wrong := grant.Denied{Reason: "wrong-factor", At: noon}
	given := func(events ...grant.Event) []grant.Event { return events }
	refused := proof(grant.Push, 2)
	refused.Right = false
	domaintest.Run[grant.State](t, []domaintest.Case[grant.Command, grant.Event]{
		{Name: "the customer is asked after the password", Given: given(opened, pwd), When: ask(1), Then: given(asked(2))},
		{Name: "and so is nobody", Given: given(nobody, noPwd), When: ask(1), Then: given(asked(2))},
		{Name: "a yes is a second factor", Given: given(opened, pwd, asked(2)), When: proof(grant.Push, 2), Then: given(yes, grant.CodeIssued{
			CodeHash: "hash", ACR: grant.ACRMulti, AMR: []string{"mca", "mfa", "pwd", "user"}, AuthTime: noon, ExpiresAt: noon.Add(grant.CodeTTL), At: noon})},
		{Name: "a no ends the login", Given: given(opened, pwd, asked(2)), When: refused, Then: given(no, wrong)},
		{Name: "a yes does not make a password right", Given: given(opened, noPwd, asked(2)), When: proof(grant.Push, 2), Then: given(yes, wrong)},
		{Name: "nobody says yes", Given: given(nobody, noPwd, asked(2)), When: proof(grant.Push, 2), Then: given(no, grant.Denied{Reason: "unknown-name", At: noon})},
		{Name: "another factor will do meanwhile", Given: given(opened, pwd, asked(2)), When: proof(grant.OneTime, 2), Then: given(
			grant.FactorVerified{Factor: grant.OneTime, Step: 3, At: noon}, grant.CodeIssued{CodeHash: "hash", ACR: grant.ACRMulti, AMR: []string{"mfa", "otp", "pwd"},
				AuthTime: noon, ExpiresAt: noon.Add(grant.CodeTTL), At: noon})},
		{Name: "not before the password", Given: given(opened), When: ask(0), Refused: grant.ErrFactor},
		{Name: "not on a device of the customer's", Given: given(bound), When: ask(0), Refused: grant.ErrFactor},
		{Name: "not for a step that is over", Given: given(opened, pwd, asked(2)), When: ask(1), Refused: grant.ErrSession},
		{Name: "not with another key", Given: given(opened, pwd), When: grant.RequestApproval{Approval: ask(1).Approval, Step: 1, JKT: "other", At: noon}, Refused: grant.ErrSession},
		{Name: "not without a name", Given: given(opened, pwd), When: grant.RequestApproval{Step: 1, JKT: "key", At: noon}, Refused: grant.ErrFactor},
		{Name: "three times at most", Given: given(opened, pwd, asked(2), asked(3), asked(4)), When: ask(4), Refused: grant.ErrFactor},
		{Name: "no answer without a question", Given: given(opened, pwd), When: proof(grant.Push, 1), Refused: grant.ErrFactor},
		{Name: "asking is no answer", Given: given(opened, pwd), When: proof(grant.PushStart, 1), Refused: grant.ErrFactor},
		{Name: "where it was not offered", Given: given(began(t, stranger), pwd), When: ask(1), Refused: grant.ErrFactor},
	})
}
