package fraudcase_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/fraudcase"
	"florin/domain/id"
)

func TestCases(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	ada, bob := id.Named[id.Operator]("ada"), id.Named[id.Operator]("bob")
	device := id.Named[id.Device]("phone")
	subject := fraudcase.Subject{Type: "device", ID: device.String()}
	begin := fraudcase.Begin{Subject: subject, Touches: fraudcase.Touched{Device: device}, Reason: "reported", By: ada, At: noon}
	opened := fraudcase.Opened(begin)
	begun := func(change func(*fraudcase.Begin)) fraudcase.Begin {
		c := begin
		change(&c)
		return c
	}
	assign := fraudcase.Assign{Assignee: bob, Reason: "on-duty", By: ada, At: noon}
	assigned := fraudcase.Assigned(assign)
	note := func(text string) fraudcase.Note {
		return fraudcase.Note{Text: domain.NewEvidence(text), By: bob, At: noon}
	}
	decide := func(outcome string) fraudcase.Decide {
		return fraudcase.Decide{Outcome: outcome, Reason: "called-back", By: bob, At: noon}
	}
	decided := fraudcase.Decided(decide(fraudcase.Cleared))
	open, over := []fraudcase.Event{opened}, []fraudcase.Event{opened, decided}
	full := append(slices.Clone(open), slices.Repeat([]fraudcase.Event{fraudcase.Noted(note("x"))}, fraudcase.NotesMax)...)
	long := strings.Repeat("é", fraudcase.NoteRunesMax)
	domaintest.Run[fraudcase.State](t, []domaintest.Case[fraudcase.Command, fraudcase.Event]{
		{Name: "opened", When: begin, Then: open},
		{Name: "opened again", Given: over, When: begin, Then: open},
		{Name: "given to somebody", Given: open, When: assign, Then: []fraudcase.Event{assigned}},
		{Name: "given to nobody", Given: []fraudcase.Event{opened, assigned}, When: fraudcase.Assign{Reason: "on-leave", By: ada, At: noon},
			Then: []fraudcase.Event{fraudcase.Assigned{Reason: "on-leave", By: ada, At: noon}}},
		{Name: "opened again it is nobody's", Given: []fraudcase.Event{opened, assigned, decided, opened}, When: assign, Then: []fraudcase.Event{assigned}},
		{Name: "noted", Given: open, When: note(long), Then: []fraudcase.Event{fraudcase.Noted(note(long))}},
		{Name: "it was none", Given: open, When: decide(fraudcase.Cleared), Then: []fraudcase.Event{decided}},
		{Name: "nothing to find", Given: open, When: decide(fraudcase.NoAction), Then: []fraudcase.Event{fraudcase.Decided(decide(fraudcase.NoAction))}},

		{Name: "not opened twice", Given: open, When: begin, Refused: fraudcase.ErrOpen},
		{Name: "of nothing", When: begun(func(c *fraudcase.Begin) { c.Subject.ID = "" }), Refused: fraudcase.ErrUnknown},
		{Name: "of no kind", When: begun(func(c *fraudcase.Begin) { c.Subject.Type = "" }), Refused: fraudcase.ErrUnknown},
		{Name: "for no reason", When: begun(func(c *fraudcase.Begin) { c.Reason = "" }), Refused: fraudcase.ErrReason},
		{Name: "nobody's case given to somebody", When: assign, Refused: fraudcase.ErrUnknown},
		{Name: "a note on no case", When: note("x"), Refused: fraudcase.ErrUnknown},
		{Name: "no case decided", When: decide(fraudcase.Fraud), Refused: fraudcase.ErrUnknown},
		{Name: "given when it is over", Given: over, When: assign, Refused: fraudcase.ErrOver},
		{Name: "noted when it is over", Given: over, When: note("x"), Refused: fraudcase.ErrOver},
		{Name: "decided twice", Given: over, When: decide(fraudcase.Fraud), Refused: fraudcase.ErrOver},
		{Name: "given to whom it is with", Given: []fraudcase.Event{opened, assigned}, When: assign, Refused: fraudcase.ErrAssigned},
		{Name: "given to nobody when it is nobody's", Given: open, When: fraudcase.Assign{Reason: "on-leave", At: noon}, Refused: fraudcase.ErrAssigned},
		{Name: "given for a story", Given: open, When: fraudcase.Assign{Assignee: bob, Reason: "He is good", At: noon}, Refused: fraudcase.ErrReason},
		{Name: "an empty note", Given: open, When: note(""), Refused: fraudcase.ErrText},
		{Name: "a note without end", Given: open, When: note(long + "é"), Refused: fraudcase.ErrText},
		{Name: "a note that is no text", Given: open, When: note("\xff"), Refused: fraudcase.ErrText},
		{Name: "notes without end", Given: full, When: note("x"), Refused: fraudcase.ErrFull},
		{Name: "no such outcome", Given: open, When: decide("perhaps"), Refused: fraudcase.ErrOutcome},
		{Name: "no outcome", Given: open, When: decide(""), Refused: fraudcase.ErrOutcome},
		{Name: "decided for no reason", Given: open, When: fraudcase.Decide{Outcome: fraudcase.Fraud, At: noon}, Refused: fraudcase.ErrReason},
	})
	require.NotEqual(t, subject.Case(), fraudcase.Subject{Type: "payee", ID: subject.ID}.Case())
}
