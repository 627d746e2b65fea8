package operator_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/operator"
)

func TestPerson(t *testing.T) {
	t.Parallel()
	olga, enrolment, family := id.Named[id.Operator]("olga"), id.Named[id.Factor]("first"), id.Named[id.Session]("s")
	appoint := operator.Appoint{Operator: olga, Name: domain.NewProfile("Olga O."), UserName: domain.NewProfile("olga"), At: noon}
	with := func(change func(*operator.Appoint)) operator.Appoint { c := appoint; change(&c); return c }
	good := operator.Credential{ID: "id", PublicKey: "key", UserVerified: true, SignCount: 3}
	spoilt := func(change func(*operator.Credential)) operator.Enrol {
		c := good
		change(&c)
		return operator.Enrol{CodeHash: "hash", Credential: c, At: noon}
	}
	opened := operator.EnrolmentOpened{Factor: enrolment, CodeHash: "hash", ExpiresAt: noon.Add(operator.EnrolmentTTL), At: noon}
	knows := operator.Enrol{CodeHash: "hash", Password: "$argon2id$x", Step: 7, At: noon}
	enrolled := operator.Enrolled{Password: "$argon2id$x", TOTP: enrolment, Step: 7, At: noon}
	keyed := operator.Enrolled{Passkey: enrolment, Key: good, At: noon}
	appointed, disabled := operator.Appointed(appoint), operator.Disabled{Reason: "left", At: noon}
	machine := operator.Created{Operator: olga, Key: key(), At: noon}
	granted := operator.RoleGranted{Role: "auditor", Scopes: []string{"audit.read"}, At: noon}
	given := func(events ...operator.Event) []operator.Event { return events }
	use := operator.UsePasskey{SignCount: 4, UserVerified: true, At: noon}
	domaintest.Run[operator.State](t, []domaintest.Case[operator.Command, operator.Event]{
		{Name: "a person is appointed", When: appoint, Then: given(appointed)},
		{Name: "once", Given: given(appointed), When: appoint, Refused: operator.ErrExists},
		{Name: "not under a machine's identifier", Given: given(machine), When: appoint, Refused: operator.ErrExists},
		{Name: "not without a name", When: with(func(c *operator.Appoint) { c.Name = domain.NewProfile("  ") }), Refused: operator.ErrName},
		{Name: "not under a name of two lines", When: with(func(c *operator.Appoint) { c.Name = domain.NewProfile("a\nb") }), Refused: operator.ErrName},
		{Name: "not without a user name", When: with(func(c *operator.Appoint) { c.UserName = domain.Profile{} }), Refused: operator.ErrName},
		{Name: "not with a customer's scope", When: with(func(c *operator.Appoint) { c.Scopes = []string{"openid"} }), Refused: operator.ErrScope},
		{Name: "nobody enrols before an enrolment is opened", Given: given(appointed), When: knows, Refused: operator.ErrEnrolment},
		{Name: "a machine has nothing to enrol", Given: given(machine), When: operator.OpenEnrolment{Factor: enrolment, CodeHash: "hash", At: noon}, Refused: operator.ErrMachine},
		{Name: "an enrolment is opened", Given: given(appointed), When: operator.OpenEnrolment{Factor: enrolment, CodeHash: "hash", At: noon}, Then: given(opened)},
		{Name: "password and one-time password", Given: given(appointed, opened), When: knows, Then: given(enrolled)},
		{Name: "a passkey alone", Given: given(appointed, opened), When: operator.Enrol{CodeHash: "hash", Credential: good, At: noon}, Then: given(keyed)},
		{Name: "another code", Given: given(appointed, opened), When: operator.Enrol{CodeHash: "other", Password: "$argon2id$x", Step: 7, At: noon}, Refused: operator.ErrEnrolment},
		{Name: "the code twice", Given: given(appointed, opened, enrolled), When: knows, Refused: operator.ErrEnrolment},
		{Name: "the code too late", Given: given(appointed, opened), When: operator.Enrol{CodeHash: "hash", Password: "$argon2id$x", Step: 7, At: noon.Add(operator.EnrolmentTTL)}, Refused: operator.ErrEnrolment},
		{Name: "the code of an operator who has left", Given: given(appointed, opened, disabled), When: knows, Refused: operator.ErrDisabled},
		{Name: "nothing to log in with", Given: given(appointed, opened), When: operator.Enrol{CodeHash: "hash", At: noon}, Refused: operator.ErrFactors},
		{Name: "a password alone", Given: given(appointed, opened), When: operator.Enrol{CodeHash: "hash", Password: "$argon2id$x", At: noon}, Refused: operator.ErrFactors},
		{Name: "a password in clear", Given: given(appointed, opened), When: operator.Enrol{CodeHash: "hash", Password: "secret", Step: 7, At: noon}, Refused: operator.ErrFactors},
		{Name: "a passkey that verified nobody", Given: given(appointed, opened), When: spoilt(func(c *operator.Credential) { c.UserVerified = false }), Refused: operator.ErrPasskey},
		{Name: "a passkey without a key", Given: given(appointed, opened), When: spoilt(func(c *operator.Credential) { c.PublicKey = "" }), Refused: operator.ErrPasskey},
		{Name: "a passkey copied that cannot be", Given: given(appointed, opened), When: spoilt(func(c *operator.Credential) { c.BackedUp = true }), Refused: operator.ErrPasskey},
		{Name: "a step of one-time passwords", Given: given(appointed, opened, enrolled), When: operator.UseOTP{Step: 8, At: noon}, Then: given(operator.OTPUsed{Step: 8, At: noon})},
		{Name: "the step that enrolled is spent", Given: given(appointed, opened, enrolled), When: operator.UseOTP{Step: 7, At: noon}, Refused: operator.ErrSpent},
		{Name: "an older one too", Given: given(appointed, opened, enrolled, operator.OTPUsed{Step: 9}), When: operator.UseOTP{Step: 8, At: noon}, Refused: operator.ErrSpent},
		{Name: "who has none uses none", Given: given(appointed, opened, keyed), When: operator.UseOTP{Step: 8, At: noon}, Refused: operator.ErrSpent},
		{Name: "a passkey is used", Given: given(appointed, opened, keyed), When: use, Then: given(operator.PasskeyUsed{SignCount: 4, At: noon})},
		{Name: "one that verified nobody (CVE-2026-8830)", Given: given(appointed, opened, keyed), When: operator.UsePasskey{SignCount: 4, At: noon}, Refused: operator.ErrPasskey},
		{Name: "one whose counter stood still", Given: given(appointed, opened, keyed), When: operator.UsePasskey{SignCount: 3, UserVerified: true, At: noon}, Refused: operator.ErrCloned},
		{Name: "one that can be copied all at once", Given: given(appointed, opened, keyed), When: operator.UsePasskey{SignCount: 4, UserVerified: true, BackupEligible: true, At: noon}, Refused: operator.ErrPasskey},
		{Name: "one of nobody's", Given: given(appointed, opened, enrolled), When: use, Refused: operator.ErrPasskey},
		{Name: "one that was lost", Given: given(appointed, opened, keyed, opened), When: use, Refused: operator.ErrPasskey},
		{Name: "a role", Given: given(appointed), When: operator.GrantRole{Role: "auditor", At: noon}, Then: given(granted)},
		{Name: "of a machine", Given: given(machine), When: operator.GrantRole{Role: "auditor", At: noon}, Then: given(granted)},
		{Name: "a role that is none", Given: given(appointed), When: operator.GrantRole{Role: "god", At: noon}, Refused: operator.ErrRole},
		{Name: "a role twice", Given: given(appointed, granted), When: operator.GrantRole{Role: "auditor", At: noon}, Refused: operator.ErrHasRole},
		{Name: "a role is withdrawn", Given: given(appointed, granted), When: operator.WithdrawRole{Role: "auditor", At: noon}, Then: given(operator.RoleWithdrawn{Role: "auditor", At: noon})},
		{Name: "one that was not granted", Given: given(appointed), When: operator.WithdrawRole{Role: "auditor", At: noon}, Refused: operator.ErrNoRole},
		{Name: "who has left gets no role", Given: given(appointed, disabled), When: operator.GrantRole{Role: "auditor", At: noon}, Refused: operator.ErrDisabled},
		{Name: "a reason in words", Given: given(appointed), When: operator.Disable{Reason: "she left", At: noon}, Refused: operator.ErrReason},
		{Name: "a session", Given: given(appointed, opened, enrolled), When: operator.JoinSession{Session: family, ExpiresAt: noon, At: noon}, Then: given(operator.SessionJoined{Session: family, ExpiresAt: noon, At: noon})},
	})
}

func TestScopesAreThoseOfRolesAndThoseApart(t *testing.T) {
	t.Parallel()
	state := operator.State{}.Evolve(operator.Appointed{Operator: id.Named[id.Operator]("olga"), Scopes: []string{"audit.read"}})
	for _, name := range operator.RoleNames() {
		_, ok := domain.Scopes(operator.Roles()[name], domain.OperatorScopes())
		require.True(t, ok, "%s has a scope that no operator can have", name)
		before := state
		state = state.Evolve(operator.RoleGranted{Role: name, Scopes: operator.Roles()[name]})
		require.NotContains(t, before.May(), "x")
	}
	require.ElementsMatch(t, domain.OperatorScopes(), state.May(), "every scope is in a role")
	for _, name := range operator.RoleNames() {
		state = state.Evolve(operator.RoleWithdrawn{Role: name})
	}
	require.Equal(t, []string{"audit.read"}, state.May())
	require.True(t, state.Has("audit.read"))
	require.False(t, state.Evolve(operator.Disabled{}).Has("audit.read"))
}

func TestSessionsMakeRoom(t *testing.T) {
	t.Parallel()
	state := operator.State{}.Evolve(operator.Appointed{Operator: id.Named[id.Operator]("olga")})
	join := func(name string, at, ends time.Time) {
		state = state.Evolve(operator.SessionJoined{Session: id.Named[id.Session](name), ExpiresAt: ends, At: at})
	}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		join(name, noon, noon.Add(time.Hour))
	}
	oldest, full := state.Displaced(noon)
	require.True(t, full)
	require.Equal(t, id.Named[id.Session]("a"), oldest)
	_, full = state.Displaced(noon.Add(time.Hour))
	require.False(t, full, "those that are over take no room")
	join("f", noon, noon.Add(time.Hour))
	require.Len(t, state.Sessions, operator.SessionsMax)
	join("g", noon.Add(time.Hour), noon.Add(2*time.Hour))
	require.Len(t, state.Sessions, 1)
}
