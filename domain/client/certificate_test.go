package client_test

import (
	"strings"
	"testing"

	"florin/domain"
	"florin/domain/client"
	"florin/domain/domaintest"
	"florin/domain/id"
)

// What a client's certificate may be known by.
func TestAClientIsKnownByItsCertificate(t *testing.T) {
	t.Parallel()
	keyless := client.Register{
		Client: id.Named[id.Client]("rail"), ClientID: "rail", Name: "Rail", Type: client.Confidential,
		GrantTypes: []string{client.ClientCredentials}, Scopes: []string{"payments.operate"}, At: noon,
	}
	keyed := keyless
	keyed.Keys = []domain.PublicKey{key("1")}
	public := keyless
	public.Type = client.Public
	by := func(change func(*client.ArrangeTLS)) client.RegisterByCertificate {
		tls := client.ArrangeTLS{At: noon}
		change(&tls)
		return client.RegisterByCertificate{Register: keyless, TLS: tls}
	}
	with := func(register client.Register) client.RegisterByCertificate {
		return client.RegisterByCertificate{Register: register, TLS: client.ArrangeTLS{SANDNS: "rail.example", At: noon}}
	}
	known := func(name string) []client.Event {
		return []client.Event{client.Registered(keyless), client.TLSArranged{SANDNS: name, At: noon}}
	}
	domaintest.Run[client.State](t, []domaintest.Case[client.Command, client.Event]{
		{Name: "by a DNS name", When: with(keyless), Then: known("rail.example")},
		{Name: "by its subject, and its tokens are bound", When: by(func(c *client.ArrangeTLS) { c.SubjectDN, c.Bound = "CN=rail,O=Rail", true }),
			Then: []client.Event{client.Registered(keyless), client.TLSArranged{SubjectDN: "CN=rail,O=Rail", Bound: true, At: noon}}},
		{Name: "by a URI", When: by(func(c *client.ArrangeTLS) { c.SANURI = "urn:rail:1" }),
			Then: []client.Event{client.Registered(keyless), client.TLSArranged{SANURI: "urn:rail:1", At: noon}}},
		{Name: "a client with keys has its tokens bound", Given: []client.Event{client.Registered(keyed)}, When: client.ArrangeTLS{Bound: true, At: noon},
			Then: []client.Event{client.TLSArranged{Bound: true, At: noon}}},
		{Name: "not by nothing", When: by(func(c *client.ArrangeTLS) {}), Refused: client.ErrCertificate},
		{Name: "not by being bound alone", When: by(func(c *client.ArrangeTLS) { c.Bound = true }), Refused: client.ErrCertificate},
		{Name: "not by two names", When: by(func(c *client.ArrangeTLS) { c.SANDNS, c.SANURI = "rail.example", "urn:rail:1" }), Refused: client.ErrCertificate},
		{Name: "not by a pattern", When: by(func(c *client.ArrangeTLS) { c.SANDNS = "*.example" }), Refused: client.ErrCertificate},
		{Name: "not by another spelling of a name", When: by(func(c *client.ArrangeTLS) { c.SANDNS = "Rail.example" }), Refused: client.ErrCertificate},
		{Name: "not by what is no URI", When: by(func(c *client.ArrangeTLS) { c.SANURI = "rail" }), Refused: client.ErrCertificate},
		{Name: "not by a subject that reads otherwise", When: by(func(c *client.ArrangeTLS) { c.SubjectDN = "CN=\u202erail" }), Refused: client.ErrCertificate},
		{Name: "not by a subject without end", When: by(func(c *client.ArrangeTLS) { c.SubjectDN = strings.Repeat("a", 513) }), Refused: client.ErrCertificate},
		{Name: "not beside keys", When: with(keyed), Refused: client.ErrKeys},
		{Name: "nor beside keys later", Given: []client.Event{client.Registered(keyed)}, When: client.ArrangeTLS{SANDNS: "rail.example", At: noon}, Refused: client.ErrCertificate},
		{Name: "not a public client", When: with(public), Refused: client.ErrKeys},
		{Name: "nor one that is there", Given: []client.Event{client.Registered(keyless)}, When: with(keyless), Refused: client.ErrExists},
		{Name: "nor one that is not", When: client.ArrangeTLS{Bound: true, At: noon}, Refused: client.ErrUnknown},
	})
}

// FAPI 2.0 section 5.4.1.
func TestKeysAreForAlgorithmsThatAreTaken(t *testing.T) {
	t.Parallel()
	rsa := domain.PublicKey{KeyID: "r", Type: "RSA", Modulus: strings.Repeat("u", 341) + "g", Exponent: "AQAB"}
	curve := key("1")
	register := func(algorithm string, key domain.PublicKey) client.Register {
		key.Algorithm = algorithm
		return client.Register{
			Client: id.Named[id.Client]("rail"), ClientID: "rail", Name: "Rail", Type: client.Confidential, Keys: []domain.PublicKey{key},
			GrantTypes: []string{client.ClientCredentials}, Scopes: []string{"payments.operate"}, At: noon,
		}
	}
	then := func(c client.Register) []client.Event { return []client.Event{client.Registered(c)} }
	domaintest.Run[client.State](t, []domaintest.Case[client.Command, client.Event]{
		{Name: "ES256", When: register("ES256", curve), Then: then(register("ES256", curve))},
		{Name: "PS256", When: register("PS256", rsa), Then: then(register("PS256", rsa))},
		{Name: "an RSA key for no one algorithm", When: register("", rsa), Then: then(register("", rsa))},
		{Name: "RS256", When: register("RS256", rsa), Refused: client.ErrKeys},
		{Name: "PS256 by a curve", When: register("PS256", curve), Refused: client.ErrKeys},
	})
}
