package payee_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/payee"
)

var (
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	day   = 24 * time.Hour
	saved = payee.Saved{Payee: id.Named[id.Payee]("p"), Customer: id.Named[id.Customer]("alice"), Account: id.Named[id.Account]("bob"),
		Name: domain.NewProfile("Bob"), Check: payee.Match, TrustedFrom: noon.Add(day), At: noon}
)

func TestPayees(t *testing.T) {
	t.Parallel()
	save := func(change func(*payee.Saved)) payee.Save {
		asked := saved
		change(&asked)
		return payee.Save{Asked: asked, Wait: day}
	}
	then := func(change func(*payee.Saved)) []payee.Event {
		fact := saved
		change(&fact)
		return []payee.Event{fact}
	}
	as := func(change func(*payee.Saved)) (payee.Save, []payee.Event) { return save(change), then(change) }
	close, closed := as(func(s *payee.Saved) { s.Check, s.Holder = payee.CloseMatch, domain.NewProfile("Bobby") })
	elsewhere, known := as(func(s *payee.Saved) { s.Account, s.Number, s.Check = id.Account{}, "digest", payee.Unavailable })
	full := make([]payee.Event, payee.Max)
	for i := range full {
		full[i] = then(func(s *payee.Saved) {
			s.Payee, s.Account = id.Named[id.Payee](fmt.Sprint(i)), id.Named[id.Account](fmt.Sprint(i))
		})[0]
	}
	domaintest.Run[payee.State](t, []domaintest.Case[payee.Command, payee.Event]{
		{Name: "a payee is saved, and trusted a day later", When: save(func(*payee.Saved) {}), Then: []payee.Event{saved}},
		{Name: "one whose name is close, too", When: close, Then: closed},
		{Name: "one at another bank", When: elsewhere, Then: known},
		{Name: "one whose name does not match is never trusted", When: save(func(s *payee.Saved) { s.Check = payee.NoMatch }),
			Then: then(func(s *payee.Saved) { s.Check, s.TrustedFrom = payee.NoMatch, time.Time{} })},
		{Name: "nobody says from when on", When: save(func(s *payee.Saved) { s.TrustedFrom = noon }), Then: []payee.Event{saved}},
		{Name: "an account is saved once", Given: []payee.Event{saved}, When: save(func(s *payee.Saved) { s.Payee = id.Named[id.Payee]("q") }), Refused: payee.ErrExists},
		{Name: "and so is a number", Given: known, When: save(func(s *payee.Saved) {
			s.Payee, s.Account, s.Number = id.Named[id.Payee]("q"), id.Account{}, "digest"
		}), Refused: payee.ErrExists},
		{Name: "it is an account or a number", When: save(func(s *payee.Saved) { s.Account = id.Account{} }), Refused: payee.ErrMissing},
		{Name: "and not both", When: save(func(s *payee.Saved) { s.Number = "digest" }), Refused: payee.ErrMissing},
		{Name: "it has a name", When: save(func(s *payee.Saved) { s.Name = domain.Profile{} }), Refused: payee.ErrName},
		{Name: "of one clean line", When: save(func(s *payee.Saved) { s.Name = domain.NewProfile("Bob\u202eecilA") }), Refused: payee.ErrName},
		{Name: "and not a long one", When: save(func(s *payee.Saved) { s.Name = domain.NewProfile(strings.Repeat("b", payee.NameRunesMax+1)) }), Refused: payee.ErrName},
		{Name: "there are so many, and no more", Given: full, When: save(func(*payee.Saved) {}), Refused: payee.ErrFull},
		{Name: "one is removed", Given: []payee.Event{saved}, When: payee.Remove{Payee: saved.Payee, At: noon}, Then: []payee.Event{payee.Removed{Payee: saved.Payee, At: noon}}},
		{Name: "once", Given: []payee.Event{saved, payee.Removed{Payee: saved.Payee}}, When: payee.Remove{Payee: saved.Payee, At: noon}, Refused: payee.ErrMissing},
		{Name: "and may be saved anew, and cools off anew", Given: []payee.Event{saved, payee.Removed{Payee: saved.Payee}},
			When: save(func(s *payee.Saved) { s.At = noon.Add(2 * day) }), Then: then(func(s *payee.Saved) { s.At, s.TrustedFrom = noon.Add(2*day), noon.Add(3*day) })},
	})
}

func TestTrust(t *testing.T) {
	t.Parallel()
	state := payee.State{}.Evolve(saved)
	known, ok := state.Of(saved.Account)
	require.True(t, ok)
	require.False(t, known.Trusted(noon.Add(day-1)))
	require.True(t, known.Trusted(noon.Add(day)))
	require.False(t, payee.Known{}.Trusted(noon), "who is not known, or does not match")
	_, ok = state.Of(id.Account{})
	require.False(t, ok)
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		written, holder string
		says            payee.Check
	}{
		{"Anna Müller", "Anna Müller", payee.Match},
		{"anna  MULLER", "Anna Müller", payee.Match},
		{"Anna Mu\u0308ller", "Anna Müller", payee.Match},
		{"Straße GmbH", "STRASSE GmbH.", payee.Match},
		{"O’Neill-Smith, Zoë", "oneill smith zoe", payee.Match},
		{"Ελένη Παππά", "ΕΛΕΝΗ ΠΑΠΠΑ", payee.Match},
		{"Müller Anna", "Anna Müller", payee.CloseMatch},
		{"Anna Muler", "Anna Müller", payee.CloseMatch},
		{"Anna Mueller", "Anna Müller", payee.CloseMatch},
		{"Anna Maier", "Anna Müller", payee.NoMatch},
		{"Bob", "Rob", payee.NoMatch},
		{"Anna", "Anna Müller", payee.NoMatch},
		{"", "Anna Müller", payee.NoMatch},
		{"Аnna Müller", "Bert Schmidt", payee.NoMatch},
		{"Anna Müller", "", payee.Unavailable},
	} {
		require.Equal(t, tc.says, payee.Compare(tc.written, tc.holder), "%q against %q", tc.written, tc.holder)
	}
}
