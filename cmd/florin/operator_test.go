package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTwoPersonsRunAProductionBank walks two operators through their day with
// nothing but the binary: appointed on the host, enrolled, logged in, each alone
// where one is enough, and both where two are needed.
func TestTwoPersonsRunAProductionBank(t *testing.T) {
	t.Parallel()
	h, _ := newProduction(t)
	type appointed struct {
		Operator string `json:"operator"`
		Code     string `json:"enrolment_code"`
	}
	people := map[string]appointed{}
	for _, name := range []string{"olga", "otto"} {
		people[name] = read[appointed](t, h.does("operator", "create", "--dir", h.dir, "--person", "--name", "Mx "+name, "--user", name, "--roles", "advisor security", "--json"))
	}
	h.start()
	as := func(name string, args ...string) []string {
		return append([]string{"phone", "--url", h.base, "--state", filepath.Join(h.work, name+".json"), "operator"}, args...)
	}
	const secret = "a long pass phrase"
	require.Contains(t, h.fails(as("olga", "enrol", "--user", "olga", "--code", people["otto"].Code, "--password", secret)...), "enrolment-refused")
	require.NoFileExists(t, filepath.Join(h.work, "olga.json"))
	for name, person := range people {
		require.Contains(t, h.does(as(name, "enrol", "--user", name, "--code", person.Code, "--password", secret)...), person.Operator)
		require.Contains(t, h.does(as(name, "login")...), `"customers.manage roles.manage"`)
	}
	require.Contains(t, h.fails(as("olga", "enrol", "--user", "olga", "--code", people["olga"].Code, "--password", secret)...), "another --state")

	ada := read[struct {
		ID string `json:"customer_id"`
	}](t, h.does(as("olga", "post", "/v1/customers", `{"user_name":"ada","phone":"+491701234567","email":"ada@example.org","name":"Ada","password":"a long pass phrase"}`)...)).ID
	of := "/v1/customers/" + ada + "/"
	require.Contains(t, h.does(as("olga", "post", of+"activation", `{"reason":"identity-checked"}`)...), "active")
	require.Contains(t, h.does(as("olga", "post", of+"restriction", `{"reason":"sanctions-check"}`)...), "restricted")
	type proposed struct {
		Proposal string `json:"proposal"`
		Status   string `json:"status"`
	}
	lift := read[proposed](t, h.does(as("olga", "post", of+"activation", `{"reason":"sanctions-cleared"}`)...))
	require.Equal(t, "pending", lift.Status)
	require.Contains(t, h.fails(as("olga", "approve", lift.Proposal)...), "proposal-own")
	require.Eventually(t, func() bool { // otto's phone has not seen the position that olga's has
		return strings.Contains(h.does(as("otto", "get", "/v1/operators/proposals?status=pending")...), lift.Proposal)
	}, 30*time.Second, 50*time.Millisecond)
	require.Contains(t, h.does(as("otto", "get", "/v1/operators/proposals/"+lift.Proposal)...), ada)
	require.Equal(t, "approved", read[proposed](t, h.does(as("otto", "approve", lift.Proposal)...)).Status)

	role := `{"operator":"` + people["otto"].Operator + `","role":"auditor"}`
	require.Contains(t, h.fails(as("olga", "propose", "role-grant", role)...), "reason")
	require.Contains(t, h.fails(as("olga", "propose", "role-grant", `{`, "--reason", "new-work")...), "BODY is JSON")
	granted := read[proposed](t, h.does(as("olga", "propose", "role-grant", role, "--reason", "new-work")...))
	require.Contains(t, h.fails(as("otto", "approve", granted.Proposal)...), "proposal-own", "it is about him")
	require.Contains(t, h.does(as("olga", "withdraw", granted.Proposal, "--reason", "mistake")...), "withdrawn")
	require.Contains(t, h.fails(as("otto", "reject", granted.Proposal, "--reason", "late")...), "proposal-over")

	require.NoError(t, h.bank.stop())
	story := h.does("audit", "timeline", "--dir", h.dir, "--customer", ada)
	for _, kind := range []string{"proposal.made", "proposal.approved", "customer.activated", "access.granted"} {
		require.Contains(t, story, kind)
	}
	require.Contains(t, story, "approved by operator", "both stand on it")
	require.Contains(t, h.does("operator", "disable", "--dir", h.dir, "--operator", people["olga"].Operator, "--reason", "left"), "disabled")
	require.Equal(t, "ok", read[verdict](t, h.does("audit", "verify", "--dir", h.dir, "--json")).Verify)
}
