package gateway

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/gateway/phone"
)

type shownCase struct {
	Case, Status, Customer, Device, Payee, Decision, Reason, Assignee, Outcome string
	Subject                                                                    struct{ Type, ID string }
	Notes                                                                      int
	Timeline                                                                   []shownCaseEntry
}

type shownCaseEntry struct {
	What, By, Reason, Assignee, Text, Outcome string
	Erased                                    bool
}

func (c shownCase) whats() (all []string) {
	for _, entry := range c.Timeline {
		all = append(all, entry.What)
	}
	return all
}

func (h *house) openCase(desk *phone.Phone, kind, of string) string {
	h.t.Helper()
	done := h.command(desk, http.MethodPost, "/v1/risk/cases", map[string]any{"subject": map[string]string{"type": kind, "id": of}, "reason": "reported"}, desk.NewID())
	require.Equal(h.t, 200, done.Status, "%s", done.Body)
	return field[string](h.t, done, "case")
}

func (h *house) onCase(desk *phone.Phone, of, verb string, body map[string]any) phone.Answer {
	h.t.Helper()
	return h.command(desk, http.MethodPost, "/v1/risk/cases/"+of+"/"+verb, body, desk.NewID())
}

func (h *house) cases(desk *phone.Phone, query string) (all []shownCase) {
	h.t.Helper()
	return read[struct{ Cases []shownCase }](h.t, h.get(desk, "/v1/risk/cases"+query)).Cases
}

func TestOperatorsWorkOnCases(t *testing.T) {
	t.Parallel()
	inBothWirings(t, workedOn)
}

func workedOn(t *testing.T, h *house) {
	rita, clerk := h.person("rita", "risk"), h.machine("clerk", "risk.read").login()
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "20000.00"), h.account(bert, "")
	sent := h.transfer(anna, from, to, "900.00")
	require.Len(t, h.decisions(rita, "?about="+sent), 1)
	first, second := h.openCase(rita, "transfer", sent), h.openCase(rita, "device", anna.Profile().Device)
	ritas := read[shownCase](t, h.get(rita, "/v1/risk/cases/"+first)).Timeline[0].By
	require.NotEmpty(t, ritas)

	nobody := id.Named[id.FraudCase]("none").String()
	before := h.written()
	for _, try := range []struct {
		want, of, verb string
		body           map[string]any
	}{
		{"not-found", nobody, "notes", map[string]any{"text": "x"}},
		{"not-found", sent, "notes", map[string]any{"text": "x"}},
		{"fraud-case-note-invalid", first, "notes", map[string]any{"text": ""}},
		{"unknown-field", first, "notes", map[string]any{"text": "x", "mood": "y"}},
		{"fraud-case-assignee-unknown", first, "assignment", map[string]any{"assignee": id.Named[id.Operator]("none").String(), "reason": "on-duty"}},
		{"fraud-case-assigned", first, "assignment", map[string]any{"reason": "on-leave"}},
		{"invalid-reason", first, "assignment", map[string]any{"assignee": ritas, "reason": "She is good"}},
		{"fraud-case-outcome-unknown", first, "decision", map[string]any{"outcome": "perhaps", "reason": "called-back"}},
		{"invalid-reason", first, "decision", map[string]any{"outcome": "fraud", "reason": ""}},
	} {
		require.Equal(t, try.want, code(h.onCase(rita, try.of, try.verb, try.body)), "%v", try)
	}
	again := map[string]any{"subject": map[string]string{"type": "transfer", "id": sent}, "reason": "reported"}
	require.Equal(t, "fraud-case-open", code(h.command(rita, http.MethodPost, "/v1/risk/cases", again, rita.NewID())))
	none := map[string]any{"subject": map[string]string{"type": "transfer", "id": id.Named[id.Transfer]("none").String()}, "reason": "reported"}
	require.Equal(t, "not-found", code(h.command(rita, http.MethodPost, "/v1/risk/cases", none, rita.NewID())))
	require.Equal(t, before, h.written())
	for _, p := range []*phone.Phone{clerk, anna} {
		require.Equal(t, 403, h.onCase(p, first, "notes", map[string]any{"text": "x"}).Status)
	}

	require.NoError(t, h.onCase(rita, first, "assignment", map[string]any{"assignee": ritas, "reason": "on-duty"}).OK())
	require.NoError(t, h.onCase(rita, first, "notes", map[string]any{"text": "Anna never saw the goods."}).OK())
	require.Len(t, h.cases(clerk, ""), 2)
	require.Equal(t, first, h.cases(clerk, "?limit=1")[0].Case)
	require.Equal(t, first, h.cases(clerk, "?assignee="+ritas)[0].Case)
	require.Len(t, h.cases(clerk, "?assignee="+ritas), 1)
	require.Equal(t, 400, h.get(clerk, "/v1/risk/cases?status=closed").Status)
	require.Equal(t, 400, h.get(clerk, "/v1/risk/cases?assignee=rita").Status)
	require.Equal(t, 404, h.get(clerk, "/v1/risk/cases/"+nobody).Status)

	done := h.onCase(rita, first, "decision", map[string]any{"outcome": "fraud", "reason": "called-back"})
	require.Equal(t, []any{200, "decided", "confirmed"}, []any{done.Status, field[string](t, done, "status"), field[string](t, done, "found")}, "%s", done.Body)
	require.Equal(t, "fraud-case-over", code(h.onCase(rita, first, "notes", map[string]any{"text": "x"})))
	require.Equal(t, "fraud-found-already", code(h.label(rita, "transfer", sent, "confirmed")), "the decision has said so")
	shown := read[shownCase](t, h.get(clerk, "/v1/risk/cases/"+first))
	require.Equal(t, []any{"decided", "transfer", sent, anna.Profile().Customer, ritas, "fraud", 1}, []any{shown.Status, shown.Subject.Type, shown.Subject.ID, shown.Customer, shown.Assignee, shown.Outcome, shown.Notes})
	require.Equal(t, []string{"opened", "assigned", "noted", "decided"}, shown.whats())
	require.Equal(t, shownCaseEntry{What: "noted", By: ritas, Text: "Anna never saw the goods."}, shown.Timeline[2])
	require.Equal(t, first, h.cases(clerk, "?status=decided")[0].Case)

	done = h.onCase(rita, second, "decision", map[string]any{"outcome": "no-action", "reason": "duplicate"})
	require.NoError(t, done.OK())
	require.NotContains(t, string(done.Body), "found")
	require.Equal(t, second, h.openCase(rita, "device", anna.Profile().Device), "there is one case of one thing")
	require.Equal(t, []string{"opened", "decided", "opened"}, read[shownCase](t, h.get(clerk, "/v1/risk/cases/"+second)).whats())
}
