package gateway

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/gateway/phone"
)

type shownDecision struct {
	Decision, Action, Customer, Device, About, Outcome, Effect, Exemption, Policy string
	Score, Probability, Base, Position                                            int64
	Known                                                                         int64  `json:"known_up_to"`
	Name                                                                          string `json:"policy_name"`
	Reasons                                                                       []string
	Features                                                                      []struct {
		Feature, Meaning string
		Value            *int64
		Weight           int64
	}
	Because []struct {
		Code, Words     string
		Rules, Features []string
	}
	Otherwise *struct {
		Outcome string
		Changes []struct {
			Feature            string
			Value, From, Below *int64
		}
	}
}

// feature is what is shown of one; its value is nil where it was unknown.
func (d shownDecision) feature(name string) *int64 {
	for _, f := range d.Features {
		if f.Feature == name {
			return f.Value
		}
	}
	return nil
}

func (h *house) decisions(desk *phone.Phone, query string) []shownDecision {
	h.t.Helper()
	return read[struct{ Decisions []shownDecision }](h.t, h.get(desk, "/v1/risk/decisions"+query)).Decisions
}

func TestADecisionIsExplained(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	desk := h.machine("desk", "risk.read").login()
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "20000.00"), h.account(bert, "")
	small, large := h.transfer(anna, from, to, "900.00"), h.transfer(anna, from, to, "1000.01")

	challenged := h.decisions(desk, "?about="+large)
	require.Len(t, challenged, 1)
	require.Equal(t, []string{"transfer", "challenge", "challenge", anna.Profile().Customer}, []string{challenged[0].Action, challenged[0].Outcome, challenged[0].Effect, challenged[0].Customer})
	one := read[shownDecision](t, h.get(desk, "/v1/risk/decisions/"+challenged[0].Decision))
	require.Equal(t, []string{large, foundingPolicy, h.policies(desk).Live}, []string{one.About, one.Name, one.Policy})
	require.EqualValues(t, 100_001, *one.feature("amount"))
	require.Less(t, one.Known, one.Position)
	require.EqualValues(t, -20_000, one.Base)
	require.Len(t, one.Because, 1)
	require.Equal(t, []string{"amount-over-limit", "amount > 100000"}, []string{one.Because[0].Code, one.Because[0].Rules[0]})
	require.Equal(t, "allow", one.Otherwise.Outcome)
	require.Len(t, one.Otherwise.Changes, 1)
	require.EqualValues(t, 100_001, *one.Otherwise.Changes[0].Below, "a cent less would have gone ahead")
	require.EqualValues(t, 77_778, *one.Otherwise.Changes[0].From, "and more than the one amount that a person looks at")

	allowed := read[shownDecision](t, h.get(desk, "/v1/risk/decisions/"+h.decisions(desk, "?about="+small)[0].Decision))
	require.Equal(t, "allow", allowed.Outcome)
	require.Equal(t, "hold", allowed.Otherwise.Outcome, "what would have been stopped, of what was let go")
	require.EqualValues(t, 77_777, *allowed.Otherwise.Changes[0].From)

	looked := 0
	for record, err := range h.log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		for _, e := range record.Events {
			if e.Kind == "access.granted" && strings.Contains(string(e.Data), "risk-decision") {
				looked++
			}
		}
	}
	require.Equal(t, 4, looked, "who looks at what customers did is written down first")
}

func TestDecisionsAreFoundByWhatTheySay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	desk := h.machine("desk", "risk.read").login()
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "20000.00"), h.account(bert, "")
	for range 3 {
		h.transfer(anna, from, to, "20.00")
	}
	h.transfer(anna, from, to, "2000.00")
	of := "customer=" + anna.Profile().Customer
	require.Len(t, h.decisions(desk, "?action=transfer&"+of), 4)
	require.Empty(t, h.decisions(desk, "?action=transfer&customer="+bert.Profile().Customer))
	require.Len(t, h.decisions(desk, "?outcome=challenge&"+of), 1)
	require.Len(t, h.decisions(desk, "?reason=amount-over-limit&effect=challenge"), 1)
	require.Len(t, h.decisions(desk, "?action=login&device="+anna.Profile().Device), 1)
	require.Empty(t, h.decisions(desk, "?score=0"))
	require.Empty(t, h.decisions(desk, "?to=2020-01-01T00:00:00Z"))
	page := h.get(desk, "/v1/risk/decisions?action=transfer&limit=3")
	first := read[struct{ Decisions []shownDecision }](t, page).Decisions
	require.Len(t, first, 3)
	require.Greater(t, first[0].Position, first[1].Position, "the latest first")
	next, _, _ := strings.Cut(strings.TrimPrefix(page.Header.Get("Link"), "<"), ">")
	rest := h.decisions(desk, next[strings.Index(next, "?"):])
	require.Len(t, rest, 1)
	require.Less(t, rest[0].Position, first[2].Position)

	for query, want := range map[string]string{"customer=anna": "bad-parameter", "score=high": "bad-parameter", "from=today": "bad-parameter", "reason=%25": "bad-parameter", "mood=good": "unknown-parameter"} {
		require.Equal(t, want, code(h.get(desk, "/v1/risk/decisions?"+query)), query)
	}
	require.Equal(t, 404, h.get(desk, "/v1/risk/decisions/"+id.Named[id.Decision]("none").String()).Status)
	require.Equal(t, 404, h.get(desk, "/v1/risk/decisions/nothing").Status)
	require.Equal(t, "insufficient-scope", code(h.get(anna, "/v1/risk/decisions")))
	require.Equal(t, "insufficient-scope", code(h.get(h.machine("auditor", "audit.read").login(), "/v1/risk/decisions/"+first[0].Decision)))
}

func TestAPolicyIsTriedOnThePast(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	desk := h.machine("desk", "risk.read").login()
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "20000.00"), h.account(bert, "")
	h.transfer(anna, from, to, "900.00")
	large := h.transfer(anna, from, to, "1000.01")
	row := Route{Method: http.MethodPost}
	ask := func(body map[string]any) phone.Answer {
		h.t.Helper()
		text, err := json.Marshal(body)
		require.NoError(t, err)
		head := h.head()
		return h.ask(desk, row, "/v1/risk/backtests", string(text), func(r *phone.Request) {
			r.Header.Set("Florin-Position", strconv.FormatUint(head, 10))
		})
	}
	laxer := strings.NewReplacer("amount > 100000", "amount > 200000", "given: {amount: 100001}", "given: {amount: 200001}").Replace(policyNamed(t, "laxer"))
	type tried struct {
		Against   string `json:"against_digest"`
		Decisions int64
		Flips     []struct {
			Live, New string
			Decisions int64
			Examples  []string
		}
	}
	found := read[tried](t, ask(map[string]any{"policy": laxer}))
	require.Equal(t, h.policies(desk).Live, found.Against)
	require.GreaterOrEqual(t, found.Decisions, int64(4), "two logins, two transfers")
	require.Len(t, found.Flips, 1)
	require.Equal(t, []string{"challenge", "allow", h.decisions(desk, "?about="+large)[0].Decision}, []string{found.Flips[0].Live, found.Flips[0].New, found.Flips[0].Examples[0]})
	require.Empty(t, read[tried](t, ask(map[string]any{"digest": found.Against})).Flips)
	require.Zero(t, read[tried](t, ask(map[string]any{"policy": laxer, "to": "2020-01-01T00:00:00Z"})).Decisions)
	for want, body := range map[string]map[string]any{
		"not-found":           {"digest": strings.Repeat("0", 64)},
		"invalid-risk-policy": {"policy": strings.Replace(laxer, "amount > 200000", "karma > 1", 1)},
		"unknown-field":       {"policy": laxer, "mood": "good"},
		"bad-json":            {"policy": laxer, "from": "today"},
	} {
		require.Equal(t, want, code(ask(body)), "%v", body)
	}
	require.Equal(t, "invalid-risk-policy", code(ask(map[string]any{"policy": laxer, "digest": found.Against})), "both")
	require.Equal(t, "insufficient-scope", code(h.ask(anna, row, "/v1/risk/backtests", `{}`, nil)))
}
