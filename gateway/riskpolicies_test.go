package gateway

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
	"florin/schemas"
)

// riskTries are the rows of risk policies in the scene's table.
func (s *scene) riskTries() map[string]try {
	of := "/v1/risk/policies/" + s.annas["risk"]
	body, err := json.Marshal(map[string]any{"role": "live", "policy": policyNamed(s.t, "next"), "reason": "tuned"})
	require.NoError(s.t, err)
	question, err := json.Marshal(map[string]any{"policy": policyNamed(s.t, "tried")})
	require.NoError(s.t, err)
	return map[string]try{
		"GET /v1/risk/data-sets":                     {by: "auditor"},
		"PUT /v1/risk/data-sets":                     {by: "auditor", body: `{"name":"addresses","digest":"` + listDigest + `","reason":"monthly"}`},
		"POST /v1/risk/labels":                       {by: "auditor", body: `{"about":{"type":"decision","id":"` + s.decision + `"},"verdict":"cleared","reason":"called-back"}`},
		"GET /v1/risk/cases":                         {by: "auditor", list: true},
		"POST /v1/risk/cases":                        {by: "auditor", body: `{"subject":{"type":"customer","id":"` + s.anna.Profile().Customer + `"},"reason":"reported"}`},
		"GET /v1/risk/cases/{id}":                    {by: "auditor", path: "/v1/risk/cases/" + s.fraudCase},
		"POST /v1/risk/cases/{id}/assignment":        {by: "auditor", path: "/v1/risk/cases/" + s.fraudCase + "/assignment", body: `{"reason":"on-leave"}`},
		"POST /v1/risk/cases/{id}/notes":             {by: "auditor", path: "/v1/risk/cases/" + s.fraudCase + "/notes", body: `{"text":"She called."}`},
		"POST /v1/risk/cases/{id}/decision":          {by: "auditor", path: "/v1/risk/cases/" + s.fraudCase + "/decision", body: `{"outcome":"no-action","reason":"duplicate"}`},
		"POST /v1/risk/backtests":                    {by: "auditor", body: string(question)},
		"GET /v1/risk/decisions":                     {by: "auditor", list: true},
		"GET /v1/risk/decisions/{id}":                {by: "auditor", path: "/v1/risk/decisions/" + s.decision},
		"GET /v1/risk/reviews":                       {by: "auditor", list: true},
		"GET /v1/risk/reviews/{id}":                  {by: "auditor", path: "/v1/risk/reviews/" + s.held},
		"POST /v1/risk/reviews/{id}/release":         {by: "auditor", path: "/v1/risk/reviews/" + s.held + "/release", body: `{"reason":"customer-called"}`},
		"POST /v1/risk/reviews/{id}/refusal":         {by: "auditor", path: "/v1/risk/reviews/" + s.held + "/refusal", body: `{"reason":"mule"}`},
		"GET /v1/risk/policies":                      {by: "auditor", list: true},
		"PUT /v1/risk/policies":                      {by: "auditor", body: string(body)},
		"GET /v1/risk/policies/{digest}":             {by: "auditor", path: of},
		"POST /v1/risk/policies/{digest}/retirement": {by: "auditor", path: of + "/retirement", body: `{"reason":"studied"}`},
	}
}

// policyNamed is the file of the house's founding policy under another name.
func policyNamed(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("../schemas/testdata/policy-amounts.yaml")
	require.NoError(t, err)
	file := strings.Replace(string(text), "name: "+foundingPolicy, "name: "+name, 1)
	require.Contains(t, file, "name: "+name)
	return file
}

const foundingPolicy = "test-amounts"

// shadow has a policy of that name run beside the live one.
func (h *house) shadow(desk *phone.Phone, name string) (digest string) {
	h.t.Helper()
	done := h.put(desk, map[string]any{"role": "shadow", "policy": policyNamed(h.t, name), "reason": "study"})
	require.Equal(h.t, 200, done.Status, "%s", done.Body)
	return field[string](h.t, done, "digest")
}

func (h *house) put(desk *phone.Phone, body any) phone.Answer {
	h.t.Helper()
	return h.command(desk, http.MethodPut, "/v1/risk/policies", body, desk.NewID())
}

type shownPolicy struct {
	Digest, Name, Status string
	Proposer             string `json:"proposed_by"`
	Approver             string `json:"approved_by"`
	Submitter            string `json:"submitted_by"`
	Policy               map[string]any
	Differences          []struct{ What, Where, Was, Is, Text string }
}

type shownPolicies struct {
	Live     string
	Policies []shownPolicy
}

func (l shownPolicies) of(name string) (found shownPolicy) {
	for _, p := range l.Policies {
		if p.Name == name {
			found = p
		}
	}
	return found
}

func (h *house) policies(desk *phone.Phone) shownPolicies {
	h.t.Helper()
	return read[shownPolicies](h.t, h.get(desk, "/v1/risk/policies"))
}

func TestAPolicyTakesTwo(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	rita, ravi := h.person("rita", "risk"), h.person("ravi", "risk")
	shipped := h.policies(rita).Live
	require.NotEmpty(t, shipped, "the first start has activated one")
	first := h.policies(rita).of(foundingPolicy)
	require.Equal(t, []string{"live", "", ""}, []string{first.Status, first.Proposer, first.Submitter}, "by the bank itself")

	stricter := strings.Replace(policyNamed(t, "stricter"), "login: [{from: 0, at: {}}]", "login: [{from: 0, at: {challenge: 9000}}]", 1)
	asked := h.put(rita, map[string]any{"role": "live", "policy": stricter, "reason": "wave-of-takeovers"})
	require.Equal(t, 202, asked.Status, "%s", asked.Body)
	made := field[string](t, asked, "proposal")
	require.Equal(t, shipped, h.policies(rita).Live, "it is only proposed")
	digest := h.policies(ravi).of("stricter").Digest
	require.Equal(t, "submitted", h.policies(ravi).of("stricter").Status)

	shown := field[struct {
		Policy map[string]any `json:"risk_policy"`
	}](t, h.get(ravi, "/v1/operators/proposals/"+made), "details")
	require.Equal(t, map[string]any{"digest": digest, "name": "stricter", "role": "live", "base": shipped}, shown.Policy)
	compared := read[shownPolicy](t, h.get(ravi, "/v1/risk/policies/"+digest+"?against=live"))
	require.Len(t, compared.Differences, 1)
	require.Equal(t, "threshold login from 0: challenge: new, at 9000", compared.Differences[0].Text)

	require.Equal(t, "proposal-own", code(h.approve(rita, made)))
	require.Equal(t, "insufficient-scope", code(h.approve(h.person("tess", "teller"), made)))
	require.Equal(t, 200, h.approve(ravi, made).Status)
	now := h.policies(rita)
	require.Equal(t, digest, now.Live)
	require.Equal(t, "replaced", now.of(foundingPolicy).Status)
	done := now.of("stricter")
	require.Equal(t, []string{"live", rita.Profile().Operator, ravi.Profile().Operator}, []string{done.Status, done.Proposer, done.Approver})
	require.Equal(t, "risk-policy-in-force", code(h.put(ravi, map[string]any{"role": "live", "digest": digest, "reason": "x"})), "nobody proposes what is done")

	// Back to the one before, by its digest; and what was proposed beside another one is stale.
	back := h.put(ravi, map[string]any{"role": "live", "digest": shipped, "reason": "too-strict"})
	require.Equal(t, 202, back.Status, "%s", back.Body)
	beside := h.put(rita, map[string]any{"role": "shadow", "policy": policyNamed(t, "beside"), "reason": "study"})
	require.Equal(t, 202, beside.Status, "%s", beside.Body)
	require.Equal(t, 200, h.approve(rita, field[string](t, back, "proposal")).Status)
	require.Equal(t, shipped, h.policies(rita).Live)
	require.Equal(t, "risk-policy-stale", code(h.approve(ravi, field[string](t, beside, "proposal"))))
	require.Equal(t, "submitted", h.policies(rita).of("beside").Status)

	again := h.put(rita, map[string]any{"role": "shadow", "digest": h.policies(rita).of("beside").Digest, "reason": "study"})
	require.Equal(t, 200, h.approve(ravi, field[string](t, again, "proposal")).Status)
	require.Equal(t, "shadow", h.policies(rita).of("beside").Status)
	ends := h.command(ravi, http.MethodPost, "/v1/risk/policies/"+h.policies(rita).of("beside").Digest+"/retirement", map[string]string{"reason": "studied"}, ravi.NewID())
	require.Equal(t, 202, ends.Status, "%s", ends.Body)
	require.Equal(t, "shadow", h.policies(rita).of("beside").Status)
	require.Equal(t, 200, h.approve(rita, field[string](t, ends, "proposal")).Status)
	require.Equal(t, "retired", h.policies(rita).of("beside").Status)
	bare := h.propose(rita, "risk-policy-activation", `{}`)
	require.Equal(t, "proposal-details-invalid", code(bare), "a policy is proposed where policies are")
}

func TestASandboxChangesItsPolicyAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	desk := h.machine("desk", "risk.read", "risk.write").login()
	shipped := h.policies(desk).Live
	done := h.put(desk, map[string]any{"role": "live", "policy": policyNamed(t, "ours"), "reason": "tuned"})
	require.Equal(t, 200, done.Status, "%s", done.Body)
	digest := field[string](t, done, "digest")
	require.Equal(t, digest, h.policies(desk).Live)
	judges, err := h.bank.Judges(t.Context())
	require.NoError(t, err)
	require.Equal(t, digest, judges.Live.Digest)

	one := h.get(desk, "/v1/risk/policies/"+digest)
	require.Equal(t, "ours", read[shownPolicy](t, one).Policy["name"])
	file := h.ask(desk, Route{Method: http.MethodGet}, "/v1/risk/policies/"+digest, "", func(r *phone.Request) { r.Header.Set("Accept", "application/yaml") })
	require.Equal(t, "application/yaml", file.Header.Get("Content-Type"))
	_, same, err := schemas.ReadPolicy(file.Body)
	require.NoError(t, err)
	require.Equal(t, digest, same, "the file that is given back is the same policy")
	again := h.put(desk, map[string]any{"role": "shadow", "policy": string(field[json.RawMessage](t, h.get(desk, "/v1/risk/policies/"+shipped), "policy")), "reason": "as-json"})
	require.Equal(t, shipped, field[string](t, again, "digest"), "JSON is as good")
	h.reopen()
	desk = h.machine("next-desk", "risk.read").login()
	require.Equal(t, digest, h.policies(desk).Live)
	require.Equal(t, "shadow", h.policies(desk).of(foundingPolicy).Status)
}

func TestWhatIsNoPolicyIsNotPutToWork(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	desk := h.machine("desk", "risk.read", "risk.write").login()
	live := h.policies(desk).Live
	good := policyNamed(t, "good")
	before := h.written()
	for name, wrong := range map[string]struct {
		body any
		code string
	}{
		"a feature nobody knows":        {map[string]any{"role": "live", "reason": "x", "policy": strings.Replace(good, "scorecard: []", "scorecard: [{feature: shoe_size, reason: x}]", 1)}, "invalid-risk-policy"},
		"an example that does not come": {map[string]any{"role": "live", "reason": "x", "policy": strings.Replace(good, "outcome: allow", "outcome: block", 1)}, "invalid-risk-policy"},
		"neither a policy nor a digest": {map[string]any{"role": "live", "reason": "x"}, "invalid-risk-policy"},
		"both":                          {map[string]any{"role": "live", "reason": "x", "policy": good, "digest": live}, "invalid-risk-policy"},
		"a digest nobody knows":         {map[string]any{"role": "live", "reason": "x", "digest": strings.Repeat("0", 64)}, "not-found"},
		"a role that is none":           {map[string]any{"role": "judge", "reason": "x", "policy": good}, "risk-policy-role-unknown"},
		"a base that is not live":       {map[string]any{"role": "live", "reason": "x", "policy": good, "base": "other"}, "risk-policy-stale"},
		"one that is live":              {map[string]any{"role": "live", "reason": "x", "digest": live}, "risk-policy-in-force"},
		"a story for a reason":          {map[string]any{"role": "live", "reason": "I like it", "policy": good}, "invalid-reason"},
		"a member nobody knows":         {map[string]any{"role": "live", "reason": "x", "policy": good, "mood": "good"}, "unknown-field"},
		"more than a request may hold":  {map[string]any{"role": "live", "reason": "x", "policy": good + strings.Repeat("#", 70<<10)}, "body-too-large"},
		"a policy that is not a text":   {map[string]any{"role": "live", "reason": "x", "policy": map[string]any{"name": "x"}}, "bad-json"},
	} {
		answer := h.put(desk, wrong.body)
		require.Equal(t, wrong.code, code(answer), "%s: %s", name, answer.Body)
	}
	retired := h.command(desk, http.MethodPost, "/v1/risk/policies/"+live+"/retirement", map[string]string{"reason": "x"}, desk.NewID())
	require.Equal(t, "risk-policy-no-shadow", code(retired))
	require.Equal(t, before, h.written(), "nothing of that is in the log")
	require.Equal(t, live, h.policies(desk).Live)
	told := h.put(desk, map[string]any{"role": "live", "reason": "x", "policy": strings.Replace(good, "scorecard: []", "scorecard: [{feature: shoe_size, reason: x}]", 1)})
	require.Contains(t, field[string](t, told, "detail"), `there is no feature "shoe_size"`)
	require.Equal(t, 404, h.get(desk, "/v1/risk/policies/nothing").Status)
	require.Equal(t, 404, h.get(desk, "/v1/risk/policies/"+live+"?against=nothing").Status)
	require.Equal(t, "insufficient-scope", code(h.put(h.machine("reader", "risk.read").login(), map[string]any{"role": "live", "reason": "x", "policy": good})))
}
