package operator_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/operator"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func key() domain.PublicKey {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	public, err := domain.ECKey(&private.PublicKey)
	if err != nil {
		panic(err)
	}
	return public
}

func TestOperator(t *testing.T) {
	t.Parallel()
	create := operator.Create{Operator: id.Named[id.Operator]("olga"), Name: domain.NewProfile("Olga"), Scopes: []string{"audit.read", "ledger.post"}, Key: key(), At: noon}
	with := func(change func(*operator.Create)) operator.Create { c := create; change(&c); return c }
	created, disabled := operator.Created(create), operator.Disabled{Reason: "left", At: noon}
	given := func(events ...operator.Event) []operator.Event { return events }
	domaintest.Run[operator.State](t, []domaintest.Case[operator.Command, operator.Event]{
		{Name: "scopes are kept sorted and once", When: with(func(c *operator.Create) { c.Scopes = []string{"ledger.post", "audit.read", "ledger.post"} }), Then: given(created)},
		{Name: "created once", Given: given(created), When: create, Refused: operator.ErrExists},
		{Name: "not without a name", When: with(func(c *operator.Create) { c.Name = domain.Profile{} }), Refused: operator.ErrName},
		{Name: "not with a novel for a name", When: with(func(c *operator.Create) { c.Name = domain.NewProfile(strings.Repeat("x", 141)) }), Refused: operator.ErrName},
		{Name: "not without a key", When: with(func(c *operator.Create) { c.Key = domain.PublicKey{} }), Refused: operator.ErrKey},
		{Name: "not with a point off the curve", When: with(func(c *operator.Create) { c.Key.Y = c.Key.X }), Refused: operator.ErrKey},
		{Name: "not with a customer's scope", When: with(func(c *operator.Create) { c.Scopes = []string{"payments.transfer"} }), Refused: operator.ErrScope},
		{Name: "nobody is granted nothing", When: operator.GrantScopes{At: noon}, Refused: operator.ErrUnknown},
		{Name: "a scope that is none", Given: given(created), When: operator.GrantScopes{Scopes: []string{"*"}, At: noon}, Refused: operator.ErrScope},
		{Name: "a grant replaces the former", Given: given(created), When: operator.GrantScopes{Scopes: []string{"risk.read"}, At: noon}, Then: given(operator.ScopesGranted{Scopes: []string{"risk.read"}, At: noon})},
		{Name: "the same grant changes nothing", Given: given(created), When: operator.GrantScopes{Scopes: []string{"ledger.post", "audit.read"}, At: noon}},
		{Name: "the disabled are granted nothing", Given: given(created, disabled), When: operator.GrantScopes{Scopes: []string{"risk.read"}, At: noon}, Refused: operator.ErrDisabled},
		{Name: "disabling ends it", Given: given(created), When: operator.Disable{Reason: "left", At: noon}, Then: given(disabled)},
		{Name: "once", Given: given(created, disabled), When: operator.Disable{Reason: "left", At: noon}},
	})
}
