package commands

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/riskpolicy"
	"florin/schemas"
)

// renamed is the policy that the bank comes with under another name, which makes it
// another policy.
func renamed(t testing.TB, name string) string {
	t.Helper()
	file := strings.Replace(string(schemas.DefaultPolicy()), "name: florin-default", "name: "+name, 1)
	require.Contains(t, file, "name: "+name)
	return file
}

func (h *house) readPolicy(name string) ReadPolicy {
	h.t.Helper()
	read, err := h.bank.RiskPolicies().Read(renamed(h.t, name))
	require.NoError(h.t, err)
	return read
}

func (h *house) activate(ask RiskPolicyChange) error {
	h.t.Helper()
	order := h.operator()
	order.Caller.Reason = "tuned"
	_, _, err := h.bank.RiskPolicies().Activate(h.ctx(), order, ask)
	return err
}

// judged is who would judge a command that is decided now.
func (h *house) judged() *Judges {
	h.t.Helper()
	var found *Judges
	_, _, err := execute(h.ctx(), h.bank, "nothing.done", h.operator(), nil, func(w *work) (err error) {
		found, err = h.bank.judges(w)
		return err
	}, func([]Fact) (any, error) { return nil, nil })
	require.NoError(h.t, err)
	return found
}

func digests(judges []Judge) (all []string) {
	for _, judge := range judges {
		all = append(all, judge.Digest)
	}
	return all
}

func TestWhoJudgesIsInTheLog(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	_, shipped, err := schemas.ReadPolicy(h.policy)
	require.NoError(t, err)
	require.Equal(t, shipped, h.judged().Live.Digest, "before the first start the founding one judges")
	require.NoError(t, h.bank.FirstStart(h.ctx()))
	first := h.judged()
	require.Equal(t, shipped, first.Live.Digest)
	require.Same(t, first, h.judged(), "it is read once")

	second, third := h.readPolicy("second"), h.readPolicy("third")
	require.ErrorIs(t, h.activate(RiskPolicyChange{Digest: second.Digest(), Role: riskpolicy.Live}), riskpolicy.ErrUnknown)
	require.NoError(t, h.activate(RiskPolicyChange{File: third, Role: riskpolicy.Shadow}))
	require.NoError(t, h.activate(RiskPolicyChange{File: second, Role: riskpolicy.Live}))
	now := h.judged()
	require.Equal(t, []string{second.Digest(), third.Digest()}, append([]string{now.Live.Digest}, digests(now.Shadows)...))
	require.Equal(t, "second", now.Live.Engine.Policy().Name)
	require.Equal(t, shipped, first.Live.Digest, "who holds others keeps them")

	h.reopen(h.log)
	require.NoError(t, h.bank.FirstStart(h.ctx()))
	again := h.judged()
	require.Equal(t, []string{second.Digest(), third.Digest()}, append([]string{again.Live.Digest}, digests(again.Shadows)...), "a first start happens once")

	require.ErrorIs(t, h.activate(RiskPolicyChange{Digest: shipped, Role: riskpolicy.Live, Base: shipped}), riskpolicy.ErrStale)
	require.NoError(t, h.activate(RiskPolicyChange{Digest: shipped, Role: riskpolicy.Live, Base: second.Digest()}), "back to an earlier one")
	require.Equal(t, shipped, h.judged().Live.Digest)
	old, err := h.bank.Judge(h.ctx(), second.Digest())
	require.NoError(t, err)
	require.Equal(t, "second", old.Engine.Policy().Name, "what is in force no more judges again what it judged")
	_, err = h.bank.Judge(h.ctx(), "nobody")
	require.ErrorIs(t, err, riskpolicy.ErrUnknown)
}

// A command that was decided before an activation is decided again by what was
// activated, if it is committed after.
func TestNoDecisionIsCommittedUnderAPolicyThatIsOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	require.NoError(t, h.bank.FirstStart(h.ctx()))
	var judged []string
	order := h.operator()
	order.Caller.Reason = "tuned"
	_, outcome, err := execute(h.ctx(), h.bank, "nothing.done", order, nil, func(w *work) error {
		judges, err := h.bank.judges(w)
		if err != nil {
			return err
		}
		judged = append(judged, judges.Live.Digest)
		if len(judged) == 1 { // meanwhile
			require.NoError(t, h.activate(RiskPolicyChange{File: h.readPolicy("second"), Role: riskpolicy.Live}))
		}
		text := `{"name":"any"}`
		return h.bank.riskVersions.decide(w, riskpolicy.VersionOf(riskpolicy.Digest(text)),
			riskpolicy.Submit{Digest: riskpolicy.Digest(text), Name: "any", Text: text, By: id.Named[id.Operator]("ada"), At: order.At})
	}, func([]Fact) (any, error) { return nil, nil })
	require.NoError(t, err)
	require.Equal(t, 2, outcome.Attempts)
	require.Equal(t, h.readPolicy("second").Digest(), judged[1])
}

func TestWhatIsNoPolicyChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	require.NoError(t, h.bank.FirstStart(h.ctx()))
	before := h.judged()
	shipped := string(schemas.DefaultPolicy())
	for name, wrong := range map[string][2]string{
		"a feature nobody knows":            {strings.Replace(shipped, "feature: hour_unusual", "feature: shoe_size", 1), "shoe_size"},
		"an example that does not come":     {strings.Replace(shipped, "outcome: allow", "outcome: block", 1), "promises block"},
		"a member nobody knows":             {shipped + "\nmood: good\n", "mood"},
		"a rule that is none":               {strings.Replace(shipped, "count_10m >= 20", "count_10m =>> 20", 1), "rule"},
		"more than a file holds":            {shipped + strings.Repeat("# \n", schemas.PolicyBytesMax/3), "more than 262144 bytes"},
		"nothing":                           {"", "policy"},
		"two of them":                       {shipped + "\n---\n" + shipped, "one policy"},
		"a name that is no name":            {strings.Replace(shipped, "florin-default", "'<b>'", 1), "a name is"},
		"a file that grows when it is read": {aliased(t), "written out"},
	} {
		_, err := h.bank.RiskPolicies().Read(wrong[0])
		require.ErrorIs(t, err, riskpolicy.ErrInvalid, name)
		require.Contains(t, err.Error(), wrong[1], name)
		require.Less(t, len(err.Error()), 500, name)
	}
	require.Same(t, before, h.judged())
}

// aliased is a short file whose examples are all one and the same, by reference.
func aliased(t *testing.T) string {
	t.Helper()
	engine, _, err := schemas.ReadPolicy(schemas.DefaultPolicy())
	require.NoError(t, err)
	policy := engine.Policy()
	policy.Examples = policy.Examples[:1]
	policy.Examples[0].Name = strings.Repeat("x", 2000)
	text, err := json.Marshal(policy)
	require.NoError(t, err)
	one, _ := json.Marshal(policy.Examples[0])
	return strings.Replace(string(text), string(one), "&e "+string(one)+strings.Repeat(", *e", 150), 1)
}
