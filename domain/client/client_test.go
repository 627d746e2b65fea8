package client_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
	"time"

	"florin/domain"
	"florin/domain/client"
	"florin/domain/domaintest"
	"florin/domain/id"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func key(kid string) domain.PublicKey {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	public, err := domain.ECKey(&private.PublicKey)
	if err != nil {
		panic(err)
	}
	public.KeyID = kid
	return public
}

func TestClient(t *testing.T) {
	t.Parallel()
	app := client.Register{
		Client: id.Named[id.Client]("shop"), ClientID: "shop", Name: "Shop", Type: client.Public, RedirectURIs: []string{"https://shop.example/cb"},
		GrantTypes: []string{client.AuthorizationCode}, Scopes: []string{"openid"}, At: noon,
	}
	machine := client.Register{
		Client: id.Named[id.Client]("rail"), ClientID: "rail", Name: "Rail", Type: client.Confidential, Keys: []domain.PublicKey{key("1")},
		GrantTypes: []string{client.ClientCredentials}, Scopes: []string{"payments.operate"}, At: noon,
	}
	with := func(base client.Register, change func(*client.Register)) client.Register { change(&base); return base }
	named := func(clientID string) client.Register {
		return with(app, func(c *client.Register) { c.ClientID, c.Client = clientID, id.Named[id.Client](clientID) })
	}
	redirect := func(uri string) client.Register {
		return with(app, func(c *client.Register) { c.RedirectURIs = []string{uri} })
	}
	given := func(events ...client.Event) []client.Event { return events }
	domaintest.Run[client.State](t, []domaintest.Case[client.Command, client.Event]{
		{Name: "an app is registered", When: app, Then: given(client.Registered(app))},
		{Name: "a machine is registered", When: machine, Then: given(client.Registered(machine))},
		{Name: "once", Given: given(client.Registered(app)), When: app, Refused: client.ErrExists},
		{Name: "an id of capitals", When: named("Shop"), Refused: client.ErrClientID},
		{Name: "an id like an operator's", When: named("opr_0198f2a0-0000-7000-8000-0000000000aa"), Refused: client.ErrClientID},
		{Name: "an id with a path in it", When: named("../shop"), Refused: client.ErrClientID},
		{Name: "an id that is another's stream", When: with(app, func(c *client.Register) { c.Client = machine.Client }), Refused: client.ErrClientID},
		{Name: "a public client with a key", When: with(app, func(c *client.Register) { c.Keys = machine.Keys }), Refused: client.ErrKeys},
		{Name: "a confidential client without one", When: with(machine, func(c *client.Register) { c.Keys = nil }), Refused: client.ErrKeys},
		{Name: "two keys of one name", When: with(machine, func(c *client.Register) { c.Keys = []domain.PublicKey{key("1"), key("1")} }), Refused: client.ErrKeys},
		{Name: "a key that is none", When: with(machine, func(c *client.Register) { c.Keys = []domain.PublicKey{{KeyID: "1", Type: "oct"}} }), Refused: client.ErrKeys},
		{Name: "a public client by the back channel", When: with(app, func(c *client.Register) { c.GrantTypes = []string{client.CIBA} }), Refused: client.ErrGrant},
		{Name: "one that acts for customers by the back channel, and for itself", When: with(machine, func(c *client.Register) { c.GrantTypes = []string{client.CIBA, client.ClientCredentials} }), Refused: client.ErrGrant},
		{Name: "a public client for itself", When: with(app, func(c *client.Register) { c.GrantTypes = []string{client.ClientCredentials} }), Refused: client.ErrGrant},
		{Name: "the password grant", When: with(app, func(c *client.Register) { c.GrantTypes = []string{"password"} }), Refused: client.ErrGrant},
		{Name: "one client for itself and for customers", When: with(machine, func(c *client.Register) {
			c.GrantTypes, c.RedirectURIs = []string{client.ClientCredentials, client.AuthorizationCode}, app.RedirectURIs
		}), Refused: client.ErrGrant},
		{Name: "a third party that cannot be gone back to", When: with(app, func(c *client.Register) { c.RedirectURIs = nil }), Refused: client.ErrRedirect},
		{Name: "no grant at all", When: with(app, func(c *client.Register) { c.GrantTypes = nil }), Refused: client.ErrGrant},
		{Name: "a third party that manages factors", When: with(app, func(c *client.Register) { c.Scopes = []string{"factors.manage"} }), Refused: client.ErrScope},
		{Name: "a machine that pays for customers", When: with(machine, func(c *client.Register) { c.Scopes = []string{"payments.transfer"} }), Refused: client.ErrScope},
		{Name: "a redirect with a fragment", When: redirect("https://shop.example/cb#x"), Refused: client.ErrRedirect},
		{Name: "a redirect with a user", When: redirect("https://bank@shop.example/cb"), Refused: client.ErrRedirect},
		{Name: "a redirect in clear over the net", When: redirect("http://shop.example/cb"), Refused: client.ErrRedirect},
		{Name: "a redirect to script", When: redirect("javascript:alert(1)"), Refused: client.ErrRedirect},
		{Name: "a redirect with a wildcard", When: redirect("https://*.shop.example/cb"), Refused: client.ErrRedirect},
		{Name: "a relative redirect", When: redirect("/cb"), Refused: client.ErrRedirect},
		{Name: "a redirect to localhost by name", When: redirect("http://localhost/cb"), Refused: client.ErrRedirect},
		{Name: "a redirect to this machine", When: redirect("http://127.0.0.1/cb"), Then: given(client.Registered(redirect("http://127.0.0.1/cb")))},
		{Name: "a redirect to an app", When: redirect("com.example.shop:/cb"), Then: given(client.Registered(redirect("com.example.shop:/cb")))},
		{Name: "disabled", Given: given(client.Registered(app)), When: client.Disable{Reason: "abuse", At: noon}, Then: given(client.Disabled{Reason: "abuse", At: noon})},
		{Name: "once", Given: given(client.Registered(app), client.Disabled{At: noon}), When: client.Disable{At: noon}},
		{Name: "what nobody knows is not disabled", When: client.Disable{At: noon}, Refused: client.ErrUnknown},
	})
}
