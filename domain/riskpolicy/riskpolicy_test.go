package riskpolicy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/riskpolicy"
)

var at = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func activated(digest, role, replaced string) riskpolicy.Activated {
	return riskpolicy.Activated{Digest: digest, Name: "p", Role: role, Replaced: replaced, Reason: "tuned", At: at}
}

func TestWhichPoliciesAreInForce(t *testing.T) {
	t.Parallel()
	activate := func(digest, role, base string) riskpolicy.Activate {
		return riskpolicy.Activate{Digest: digest, Name: "p", Role: role, Base: base, Reason: "tuned", At: at}
	}
	retire := func(digest, base string) riskpolicy.Retire {
		return riskpolicy.Retire{Digest: digest, Base: base, Reason: "studied", At: at}
	}
	type given = []riskpolicy.Event
	live, shadow := activated("a", riskpolicy.Live, ""), activated("b", riskpolicy.Shadow, "")
	retired := riskpolicy.Retired{Digest: "b", Reason: "studied", At: at}
	crowd := given{live, shadow, activated("c", riskpolicy.Shadow, ""), activated("d", riskpolicy.Shadow, ""), activated("e", riskpolicy.Shadow, "")}
	unsaid, nameless, story := activate("b", riskpolicy.Live, "a"), activate("b", riskpolicy.Live, "a"), activate("b", riskpolicy.Live, "a")
	unsaid.Reason, nameless.Name, story.Reason = "", "", "Because I can"
	silent := retire("b", "a")
	silent.Reason = ""
	domaintest.Run[riskpolicy.State](t, []domaintest.Case[riskpolicy.Command, riskpolicy.Event]{
		{Name: "the first one follows none", When: activate("a", riskpolicy.Live, ""), Then: given{live}},
		{Name: "another one replaces it", Given: given{live}, When: activate("b", riskpolicy.Live, "a"), Then: given{activated("b", riskpolicy.Live, "a")}},
		{Name: "a shadow replaces nothing", Given: given{live}, When: activate("b", riskpolicy.Shadow, "a"), Then: given{shadow}},
		{Name: "a shadow may become live", Given: given{live, shadow}, When: activate("b", riskpolicy.Live, "a"), Then: given{activated("b", riskpolicy.Live, "a")}},
		{Name: "and what was live may become a shadow", Given: given{live, activated("b", riskpolicy.Live, "a")}, When: activate("a", riskpolicy.Shadow, "b"), Then: given{activated("a", riskpolicy.Shadow, "")}},
		{Name: "what was live before may be again", Given: given{live, activated("b", riskpolicy.Live, "a")}, When: activate("a", riskpolicy.Live, "b"), Then: given{activated("a", riskpolicy.Live, "b")}},
		{Name: "a shadow is retired", Given: given{live, shadow}, When: retire("b", "a"), Then: given{retired}},
		{Name: "and may come back", Given: given{live, shadow, retired}, When: activate("b", riskpolicy.Shadow, "a"), Then: given{shadow}},
		{Name: "one that is live is not activated", Given: given{live}, When: activate("a", riskpolicy.Live, "a"), Refused: riskpolicy.ErrInForce},
		{Name: "nor as its own shadow", Given: given{live}, When: activate("a", riskpolicy.Shadow, "a"), Refused: riskpolicy.ErrInForce},
		{Name: "nor a shadow twice", Given: given{live, shadow}, When: activate("b", riskpolicy.Shadow, "a"), Refused: riskpolicy.ErrInForce},
		{Name: "what was meant to follow another one is stale", Given: given{live, activated("b", riskpolicy.Live, "a")}, When: activate("c", riskpolicy.Live, "a"), Refused: riskpolicy.ErrStale},
		{Name: "a shadow too is meant beside the live one", Given: given{live}, When: activate("c", riskpolicy.Shadow, "z"), Refused: riskpolicy.ErrStale},
		{Name: "nobody activates as if there were none", Given: given{live}, When: activate("b", riskpolicy.Live, ""), Refused: riskpolicy.ErrStale},
		{Name: "there is no third role", Given: given{live}, When: activate("b", "judge", "a"), Refused: riskpolicy.ErrRole},
		{Name: "a policy has a digest", Given: given{live}, When: activate("", riskpolicy.Live, "a"), Refused: riskpolicy.ErrInvalid},
		{Name: "and a name", Given: given{live}, When: nameless, Refused: riskpolicy.ErrInvalid},
		{Name: "and a reason", Given: given{live}, When: unsaid, Refused: riskpolicy.ErrReason},
		{Name: "which is a code", Given: given{live}, When: story, Refused: riskpolicy.ErrReason},
		{Name: "there are so many shadows", Given: crowd, When: activate("f", riskpolicy.Shadow, "a"), Refused: riskpolicy.ErrShadows},
		{Name: "which keeps none from becoming live", Given: crowd, When: activate("f", riskpolicy.Live, "a"), Then: given{activated("f", riskpolicy.Live, "a")}},
		{Name: "the live one is not retired", Given: given{live}, When: retire("a", "a"), Refused: riskpolicy.ErrShadow},
		{Name: "nor one that is not in force", Given: given{live}, When: retire("b", "a"), Refused: riskpolicy.ErrShadow},
		{Name: "nor a shadow twice", Given: given{live, shadow, retired}, When: retire("b", "a"), Refused: riskpolicy.ErrShadow},
		{Name: "nor on the strength of an old look", Given: given{live, shadow}, When: retire("b", "z"), Refused: riskpolicy.ErrStale},
		{Name: "nor without a reason", Given: given{live, shadow}, When: silent, Refused: riskpolicy.ErrReason},
	})
}

func TestAVersionIsItsText(t *testing.T) {
	t.Parallel()
	text := `{"name":"p"}`
	submit := riskpolicy.Submit{Digest: riskpolicy.Digest(text), Name: "p", Text: text, By: id.Named[id.Operator]("ada"), At: at}
	with := func(change func(*riskpolicy.Submit)) riskpolicy.Submit { c := submit; change(&c); return c }
	type given = []riskpolicy.VersionEvent
	submitted := riskpolicy.Submitted{Digest: submit.Digest, Name: "p", Text: text, By: submit.By, At: at}
	large := strings.Repeat("x", riskpolicy.TextBytesMax+1)
	domaintest.Run[riskpolicy.Version](t, []domaintest.Case[riskpolicy.Submit, riskpolicy.VersionEvent]{
		{Name: "a version is submitted", When: submit, Then: given{submitted}},
		{Name: "what is known is known", Given: given{submitted}, When: submit, Then: nil},
		{Name: "its name is that of its text", When: with(func(c *riskpolicy.Submit) { c.Text += " " }), Refused: riskpolicy.ErrInvalid},
		{Name: "nothing is no policy", When: with(func(c *riskpolicy.Submit) { c.Text, c.Digest = "", riskpolicy.Digest("") }), Refused: riskpolicy.ErrInvalid},
		{Name: "nor is a book", When: with(func(c *riskpolicy.Submit) { c.Text, c.Digest = large, riskpolicy.Digest(large) }), Refused: riskpolicy.ErrInvalid},
		{Name: "it has a name for people", When: with(func(c *riskpolicy.Submit) { c.Name = "" }), Refused: riskpolicy.ErrInvalid},
		{Name: "of one line", When: with(func(c *riskpolicy.Submit) { c.Name = strings.Repeat("p", 65) }), Refused: riskpolicy.ErrInvalid},
	})
}

func TestShadowsOfAnEarlierStateAreLeftAlone(t *testing.T) {
	t.Parallel()
	before := riskpolicy.State{}.Evolve(activated("a", riskpolicy.Live, "")).Evolve(activated("b", riskpolicy.Shadow, "")).Evolve(activated("c", riskpolicy.Shadow, ""))
	after := before.Evolve(riskpolicy.Retired{Digest: "b"}).Evolve(activated("d", riskpolicy.Shadow, ""))
	require.Equal(t, []string{"b", "c"}, before.Shadows)
	require.Equal(t, []string{"c", "d"}, after.Shadows)
}
