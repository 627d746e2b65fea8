package fraud_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/fraud"
	"florin/domain/id"
)

func TestFindings(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	ada, bob := id.Named[id.Operator]("ada"), id.Named[id.Operator]("bob")
	anna, mule := id.Named[id.Customer]("anna"), id.Named[id.Account]("mule").UUID().String()
	about := fraud.About{Type: fraud.Transfer, ID: id.Named[id.Transfer]("first").String()}
	said := id.Named[id.Decision]("first")
	touches := fraud.Touched{Customer: anna, Payee: mule}
	note := domain.NewEvidence("She never saw him.")
	label := func(verdict string) fraud.Label {
		return fraud.Label{About: about, Decision: said, Touches: touches, Verdict: verdict, Reason: "called-back", Note: note, By: bob, At: noon.Add(time.Hour)}
	}
	with := func(change func(*fraud.Label)) fraud.Label {
		l := label(fraud.IsConfirmed)
		change(&l)
		return l
	}
	confirmed := fraud.Confirmed{About: about, Decision: said, Touches: touches, Reason: "reported", By: ada, At: noon}
	cleared := fraud.Cleared{About: about, Decision: said, Touches: touches, Reason: "reported", By: ada, At: noon}
	other := label(fraud.IsCleared)
	other.Touches = fraud.Touched{Customer: id.Named[id.Customer]("bert")}
	domaintest.Run[fraud.State](t, []domaintest.Case[fraud.Label, fraud.Event]{
		{Name: "it was fraud", When: label(fraud.IsConfirmed),
			Then: []fraud.Event{fraud.Confirmed{about, said, touches, "called-back", note, bob, noon.Add(time.Hour)}}},
		{Name: "it was none, and nobody had said it was", When: label(fraud.IsCleared),
			Then: []fraud.Event{fraud.Cleared{about, said, touches, time.Time{}, "called-back", note, bob, noon.Add(time.Hour)}}},
		{Name: "it was none after all: what was counted is named", Given: []fraud.Event{confirmed}, When: other,
			Then: []fraud.Event{fraud.Cleared{about, said, touches, noon, "called-back", note, bob, noon.Add(time.Hour)}}},
		{Name: "it was fraud after all", Given: []fraud.Event{cleared}, When: label(fraud.IsConfirmed),
			Then: []fraud.Event{fraud.Confirmed{about, said, touches, "called-back", note, bob, noon.Add(time.Hour)}}},
		{Name: "not confirmed twice", Given: []fraud.Event{confirmed}, When: label(fraud.IsConfirmed), Refused: fraud.ErrFound},
		{Name: "not cleared twice", Given: []fraud.Event{confirmed, cleared}, When: label(fraud.IsCleared), Refused: fraud.ErrFound},
		{Name: "no third verdict", When: label("perhaps"), Refused: fraud.ErrVerdict},
		{Name: "no verdict at all", When: label(""), Refused: fraud.ErrVerdict},
		{Name: "a story for a reason", When: with(func(l *fraud.Label) { l.Reason = "He told me so" }), Refused: fraud.ErrReason},
		{Name: "no reason", When: with(func(l *fraud.Label) { l.Reason = "" }), Refused: fraud.ErrReason},
		{Name: "of what nobody knows", When: with(func(l *fraud.Label) { l.About.Type = "weather" }), Refused: fraud.ErrAbout},
		{Name: "of nothing", When: with(func(l *fraud.Label) { l.About.ID = "" }), Refused: fraud.ErrAbout},
		{Name: "a note without end", When: with(func(l *fraud.Label) { l.Note = domain.NewEvidence(strings.Repeat("é", 2001)) }), Refused: fraud.ErrNote},
		{Name: "a note that is no text", When: with(func(l *fraud.Label) { l.Note = domain.NewEvidence("\xff") }), Refused: fraud.ErrNote},
	})
	require.NotEqual(t, about.Finding(), fraud.About{Type: fraud.Payment, ID: about.ID}.Finding())
}
