package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/gateway/phone"
)

// proposalTries are the rows of proposals, and of what operators did, in the scene's table.
func (s *scene) proposalTries() map[string]try {
	return map[string]try{
		"POST /v1/operators/proposals":                 {by: "operator", body: s.disable},
		"GET /v1/operators/proposals":                  {by: "operator", list: true},
		"GET /v1/operators/proposals/{id}":             {by: "operator"},
		"GET /v1/customers/me/acts":                    {by: "customer", list: true},
		"POST /v1/operators/proposals/{id}/approval":   {by: "operator"},
		"POST /v1/operators/proposals/{id}/rejection":  {by: "operator", body: `{"reason":"not-needed"}`},
		"POST /v1/operators/proposals/{id}/withdrawal": {by: "operator", body: `{"reason":"mistake"}`},
	}
}

func (h *house) propose(p *phone.Phone, kind, details string) phone.Answer {
	h.t.Helper()
	body := map[string]any{"kind": kind, "details": json.RawMessage(details), "reason": "four-eyes-test"}
	return h.command(p, http.MethodPost, "/v1/operators/proposals", body, p.NewID())
}

func (h *house) decide(p *phone.Phone, proposal, act string, body any) phone.Answer {
	h.t.Helper()
	return h.command(p, http.MethodPost, "/v1/operators/proposals/"+proposal+"/"+act, body, p.NewID())
}

func (h *house) approve(p *phone.Phone, proposal string) phone.Answer {
	h.t.Helper()
	return h.decide(p, proposal, "approval", map[string]any{})
}

// proposed is a proposal that was made.
func (h *house) proposed(p *phone.Phone, kind, details string) string {
	h.t.Helper()
	made := h.propose(p, kind, details)
	require.Equal(h.t, 202, made.Status, "%s", made.Body)
	require.Equal(h.t, "/v1/operators/proposals/"+field[string](h.t, made, "proposal"), made.Header.Get("Location"))
	return field[string](h.t, made, "proposal")
}

func (h *house) proposal(p *phone.Phone, asked string) phone.Answer {
	h.t.Helper()
	answer := h.get(p, "/v1/operators/proposals/"+asked)
	require.Equal(h.t, 200, answer.Status, "%s", answer.Body)
	return answer
}

func about(p *phone.Phone, more string) string {
	return `{"operator":"` + p.Profile().Operator + `"` + more + `}`
}

// Nobody does alone what takes two: not the proposer, under no session, not who is
// concerned, not a machine, not who lacks the scope, and nobody twice or too late.
func TestOneOperatorIsNotTwo(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	ada, bob, eve := h.person("ada", "security"), h.person("bob", "security"), h.person("eve", "teller")
	for name, wrong := range map[string][3]string{
		"a kind that is none":         {"proposal-type-unknown", "coup", about(eve, "")},
		"less than the kind needs":    {"proposal-details-invalid", "role-grant", about(eve, "")},
		"more than the kind needs":    {"proposal-details-invalid", "operator-disabling", about(eve, `,"role":"x"`)},
		"a role that is none":         {"role-unknown", "role-grant", about(eve, `,"role":"god"`)},
		"a role that is there":        {"role-granted", "role-grant", about(eve, `,"role":"teller"`)},
		"a role that is not there":    {"role-not-granted", "role-withdrawal", about(eve, `,"role":"auditor"`)},
		"an operator nobody knows":    {"not-found", "operator-disabling", `{"operator":"opr_` + uuid.NewString() + `"}`},
		"what takes another scope":    {"insufficient-scope", "erasure", `{"customer":"cus_` + uuid.NewString() + `","legal_basis":"x"}`},
		"an enrolment for themselves": {"proposal-own", "operator-enrolment", about(ada, "")},
		"a member nobody knows":       {"unknown-field", "role-grant", `{"rank":"king"}`},
	} {
		before := h.written()
		require.Equal(t, wrong[0], code(h.propose(ada, wrong[1], wrong[2])), name)
		require.Equal(t, before, h.written(), name)
	}
	words := h.command(ada, http.MethodPost, "/v1/operators/proposals", map[string]any{"kind": "role-grant",
		"details": json.RawMessage(about(eve, `,"role":"auditor"`)), "reason": "Eve asked me nicely"}, ada.NewID())
	require.Equal(t, "invalid-reason", code(words))
	require.Equal(t, "insufficient-scope", code(h.propose(eve, "role-grant", about(eve, `,"role":"security"`))), "nobody raises themselves")

	asked := h.proposed(ada, "role-grant", about(eve, `,"role":"auditor"`))
	require.Equal(t, "proposal-own", code(h.approve(ada, asked)))
	h.pass(time.Minute)
	again := h.phone()
	again.Remember(ada.Profile())
	h.login(again)
	require.Equal(t, "proposal-own", code(h.approve(again, asked)), "nor under another session and key")
	require.Equal(t, "proposal-own", code(h.decide(ada, asked, "rejection", map[string]string{"reason": "x"})))
	require.Equal(t, "insufficient-scope", code(h.approve(eve, asked)))
	require.Equal(t, "person-required", code(h.approve(h.operator("roles.manage").login(), asked)), "a machine has no eyes")
	require.Equal(t, "insufficient-scope", code(h.approve(h.machine("robot", "roles.manage").login(), asked)))
	require.Equal(t, "proposal-others", code(h.decide(bob, asked, "withdrawal", map[string]string{"reason": "x"})))
	require.Equal(t, 404, h.approve(bob, "prp_"+uuid.NewString()).Status)
	require.Equal(t, 404, h.approve(bob, "nonsense").Status)
	h.login(bob)
	require.Equal(t, "insufficient-scope", code(h.get(eve, "/v1/audit/events")), "nothing was granted by all that")

	key := bob.NewID()
	answer := h.command(bob, http.MethodPost, "/v1/operators/proposals/"+asked+"/approval", map[string]any{}, key)
	require.Equal(t, 200, answer.Status, "%s", answer.Body)
	replay := h.command(bob, http.MethodPost, "/v1/operators/proposals/"+asked+"/approval", map[string]any{}, key)
	require.Equal(t, "true", replay.Header.Get("Idempotency-Replayed"))
	require.Equal(t, answer.Body, replay.Body)
	require.Equal(t, "proposal-over", code(h.approve(bob, asked)), "and once")
	h.login(eve)
	require.Equal(t, 200, h.get(eve, "/v1/audit/events").Status)

	self := h.proposed(ada, "role-grant", about(bob, `,"role":"auditor"`))
	require.Equal(t, "proposal-own", code(h.approve(bob, self)), "nobody decides on themselves")
	rejected := h.proposed(ada, "role-grant", about(eve, `,"role":"risk"`))
	require.Equal(t, "invalid-reason", code(h.decide(bob, rejected, "rejection", map[string]string{"reason": "No!"})))
	require.Equal(t, 200, h.decide(bob, rejected, "rejection", map[string]string{"reason": "not-needed"}).Status)
	require.Equal(t, "proposal-over", code(h.approve(bob, rejected)))
	withdrawn := h.proposed(ada, "role-grant", about(eve, `,"role":"risk"`))
	require.Equal(t, 200, h.decide(ada, withdrawn, "withdrawal", map[string]string{"reason": "mistake"}).Status)
	require.Equal(t, "proposal-over", code(h.approve(bob, withdrawn)))
	late := h.proposed(ada, "role-grant", about(eve, `,"role":"risk"`))
	h.pass(24 * time.Hour)
	h.login(bob)
	require.Equal(t, "proposal-over", code(h.approve(bob, late)))
	require.Equal(t, "expired", field[string](t, h.proposal(bob, late), "status"))
	require.Equal(t, "rejected", field[string](t, h.proposal(bob, rejected), "status"))
	require.Equal(t, "not-needed", field[string](t, h.proposal(bob, rejected), "answer"))
	require.Equal(t, "withdrawn", field[string](t, h.proposal(bob, withdrawn), "status"))
}

func TestARoleWithdrawnBitesAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	ada, bob, eve := h.person("ada", "security"), h.person("bob", "security"), h.person("eve", "auditor", "security")
	hers := h.proposed(eve, "role-grant", about(bob, `,"role":"auditor"`))
	require.Equal(t, 200, h.get(eve, "/v1/audit/events").Status)
	taken := h.proposed(ada, "role-withdrawal", about(eve, `,"role":"security"`))
	require.Equal(t, 200, h.approve(bob, taken).Status)
	require.Equal(t, 401, h.get(eve, "/v1/audit/events").Status, "her sessions are over")
	require.True(t, phone.IsRefused(eve.Refresh(context.Background()), "invalid_grant"))
	h.login(eve)
	require.Equal(t, 200, h.get(eve, "/v1/audit/events").Status)
	require.Equal(t, "insufficient-scope", code(h.propose(eve, "role-grant", about(bob, `,"role":"auditor"`))))
	require.Equal(t, "insufficient-scope", code(h.approve(ada, hers)), "what she has proposed dies with her role")

	gone := h.proposed(ada, "role-grant", about(eve, `,"role":"risk"`))
	leaver := h.proposed(bob, "operator-disabling", about(ada, ""))
	carl := h.person("carl", "security")
	require.Equal(t, 200, h.approve(carl, leaver).Status)
	require.Equal(t, 401, h.approve(ada, gone).Status)
	require.Equal(t, "insufficient-scope", code(h.approve(carl, gone)), "and with a proposer who has left")
	h.pass(time.Minute)
	require.True(t, phone.IsRefused(ada.Login(context.Background()), "access_denied"))
}

// Two operators hold one part of the code each: neither enrols in another's place.
func TestTwoOperatorsEnrolAThirdAnew(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	ctx := context.Background()
	ada, bob, eve := h.person("ada", "security"), h.person("bob", "security"), h.person("eve", "teller")
	asked := h.proposed(ada, "operator-enrolment", about(eve, ""))
	require.NotContains(t, string(h.proposal(ada, asked).Body), "enrolment_code", "nothing before it is approved")
	answer := h.approve(bob, asked)
	require.Equal(t, 200, answer.Status, "%s", answer.Body)
	second := field[string](t, answer, "enrolment_code")
	first := field[string](t, h.proposal(ada, asked), "enrolment_code")
	require.Equal(t, second, field[string](t, h.proposal(bob, asked), "enrolment_code"))
	require.NotContains(t, string(h.proposal(h.person("carl", "security"), asked).Body), "enrolment_code")
	require.NotEqual(t, first, second)
	require.Equal(t, 401, h.get(eve, "/v1/operators/proposals").Status)
	for _, part := range []string{first, second, second + first, first + first} {
		refused, err := h.phone().EnrolStep(ctx, phone.Enrolment{UserName: "eve", Code: part})
		require.NoError(t, err)
		require.Equal(t, "enrolment-refused", code(refused))
	}
	fresh := h.phone()
	require.NoError(t, fresh.EnrolOperator(ctx, "eve", strings.ToLower(first)+" "+second, "another good pass phrase 9"))
	h.login(fresh)
	require.Equal(t, 200, h.get(fresh, "/v1/operators/proposals").Status)
}

// Twenty approve at once: it is done once.
func TestManyApproveAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	ada, bob := h.person("ada", "teller"), h.person("bob", "teller")
	anna := h.enrolledBy(ada, "anna")
	require.Equal(t, 200, h.stand(ada, anna, "activation", `{"reason":"identity-checked"}`).Status)
	account := h.account(anna, "")
	h.login(ada)
	big := h.command(ada, http.MethodPost, "/v1/deposits", map[string]string{"to": account, "amount": "10000.01", "currency": "EUR", "reference": "from Anna's attic", "reason": "cash-at-counter"}, ada.NewID())
	require.Equal(t, 202, big.Status, "%s", big.Body)
	asked := field[string](t, big, "proposal")
	require.Equal(t, "0.00", h.balance(anna, account))
	seen := h.proposal(bob, asked)
	require.Contains(t, string(seen.Body), "from Anna's attic", "the second pair of eyes sees what it decides on")
	h.login(bob)
	statuses := make(map[string]int)
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			answer, err := bob.Command(context.Background(), http.MethodPost, "/v1/operators/proposals/"+asked+"/approval", map[string]any{}, bob.NewID())
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				statuses[code(answer)]++
			}
		})
	}
	all.Wait()
	require.Equal(t, map[string]int{"": 1, "proposal-over": 19}, statuses)
	require.Equal(t, "10000.01", h.balance(anna, account))
	small := h.command(ada, http.MethodPost, "/v1/deposits", map[string]string{"to": account, "amount": "10000.00", "currency": "EUR", "reason": "cash-at-counter"}, ada.NewID())
	require.Equal(t, 201, small.Status, "%s", small.Body)
	require.Equal(t, "invalid-reason", code(h.command(ada, http.MethodPost, "/v1/deposits", map[string]string{"to": account, "amount": "1.00", "currency": "EUR"}, ada.NewID())))
}

// What an operator does for a customer names the customer, both operators and the
// reason, wherever the log is read; and looking is a fact too.
func TestWhatTwoOperatorsDoIsOnTheTimeline(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	ada, bob, auditor := h.person("ada", "advisor"), h.person("bob", "advisor"), h.person("aud", "auditor")
	anna := h.enrolledBy(ada, "anna")
	require.Equal(t, 200, h.stand(ada, anna, "activation", `{"reason":"identity-checked"}`).Status, "who is pending takes one")
	require.Equal(t, 200, h.stand(ada, anna, "restriction", `{"reason":"sanctions-check"}`).Status, "and so does blocking")
	key := ada.NewID()
	lift := func() phone.Answer {
		return h.command(ada, http.MethodPost, "/v1/customers/"+anna.Profile().Customer+"/activation", map[string]string{"reason": "sanctions-cleared"}, key)
	}
	first, second := lift(), lift()
	require.Equal(t, 202, first.Status, "unblocking takes two: %s", first.Body)
	require.Equal(t, first.Body, second.Body, "the same request is the same proposal")
	asked := field[string](t, first, "proposal")
	_, err := anna.OpenAccount(context.Background(), "EUR")
	require.True(t, phone.IsRefused(err, "customer-limited"))
	list := h.get(bob, "/v1/operators/proposals?status=pending")
	require.Contains(t, string(list.Body), asked)
	h.proposal(bob, asked)
	require.Equal(t, 200, h.approve(bob, asked).Status)
	_, err = anna.OpenAccount(context.Background(), "EUR")
	require.NoError(t, err, "at once")
	require.NotContains(t, string(h.get(bob, "/v1/operators/proposals?status=pending").Body), asked)

	type event struct{ Kind, Actor, Approver, Customer, Reason string }
	events := func(query string) map[string]event {
		var list struct {
			Events []event `json:"events"`
		}
		require.NoError(t, json.Unmarshal(h.get(auditor, "/v1/audit/events?limit=200&"+query).Body, &list))
		byKind := map[string]event{}
		for _, e := range list.Events {
			byKind[e.Kind] = e
		}
		return byKind
	}
	proposer, err := id.Parse[id.Operator](ada.Profile().Operator)
	require.NoError(t, err)
	hers := events("customer=" + anna.Profile().Customer)
	for _, kind := range []string{"proposal.approved", "customer.activated"} {
		require.Equal(t, event{kind, proposer.UUID().String(), bob.Profile().Operator, anna.Profile().Customer, "sanctions-cleared"}, hers[kind])
	}
	require.Equal(t, "sanctions-check", hers["customer.restricted"].Reason)
	require.Equal(t, anna.Profile().Customer, hers["customer.restricted"].Customer)
	require.Equal(t, anna.Profile().Customer, hers["proposal.made"].Customer)
	require.Contains(t, hers, "access.granted", "bob has looked at what concerns her")
}

// What operators do for a customer is told to the customer, and shown; who did it
// and why is for the auditor. Whoever looks is recorded before they see.
func TestCustomersSeeWhatOperatorsDid(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	desk, anna, bert := h.person("ada", "teller", "ledger"), (*phone.Phone)(nil), (*phone.Phone)(nil)
	anna, bert = h.enrolledBy(desk, "anna"), h.enrolledBy(desk, "bert")
	h.login(desk)
	for _, p := range []*phone.Phone{anna, bert} {
		require.Equal(t, 200, h.stand(desk, p, "activation", `{"reason":"identity-checked"}`).Status)
	}
	from, to := h.account(anna, ""), h.account(bert, "")
	paidIn := h.command(desk, http.MethodPost, "/v1/deposits", map[string]string{"to": from, "amount": "100.00", "currency": "EUR", "reason": "cash-at-counter"}, desk.NewID())
	require.Equal(t, 201, paidIn.Status, "%s", paidIn.Body)
	paid := h.transfer(anna, from, to, "25.00")
	proposed := h.command(desk, http.MethodPost, "/v1/transfers/"+paid+"/reversal", map[string]string{"reason": "sent-twice"}, desk.NewID())
	require.Equal(t, 200, h.approve(h.person("bob", "ledger"), field[string](t, proposed, "proposal")).Status)

	acts := func(p *phone.Phone) (kinds []string) {
		answer := h.get(p, "/v1/customers/me/acts")
		require.Equal(t, 200, answer.Status, "%s", answer.Body)
		for _, secret := range []string{"sent-twice", desk.Profile().Operator, "opr_", bert.Profile().Customer} {
			require.NotContains(t, string(answer.Body), secret)
		}
		for _, act := range field[[]struct{ Kind string }](t, answer, "acts") {
			kinds = append(kinds, act.Kind)
		}
		return kinds
	}
	require.Equal(t, []string{"customer.enrolled", "customer.activated", "journal.posted", "transfer.reversed", "transfer.initiated", "transfer.posted"}, acts(anna))
	require.Equal(t, []string{"customer.enrolled", "customer.activated"}, acts(bert), "nobody sees another's")

	analyst, auditor := h.person("ann", "analyst"), h.person("aud", "auditor")
	looked := "/v1/analytics/v_accounts?customer=" + anna.Profile().Customer
	require.Equal(t, 200, h.get(analyst, looked).Status)
	read := h.get(auditor, "/v1/audit/events?kind=access.granted&customer="+anna.Profile().Customer)
	require.Contains(t, string(read.Body), "v_accounts")
	require.NotContains(t, strings.Join(acts(anna), " "), "access", "an inquiry is not told of")
}
