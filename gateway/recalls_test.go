package gateway

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
	"florin/gateway/rail/simulated"
)

func (h *house) recalls(p *phone.Phone, id, reason, key string) phone.Answer {
	h.t.Helper()
	return h.command(p, http.MethodPost, "/v1/payments/"+id+"/recall", map[string]string{"reason": reason}, key)
}

type recallView struct {
	Status, Reason, Denial string
	AnswerBy               time.Time `json:"answer_by"`
	Overdue                bool
}

func (h *house) recallOf(p *phone.Phone, id string) recallView {
	h.t.Helper()
	return field[recallView](h.t, h.payment(p, id), "recall")
}

// A payment is wanted back: the other bank is asked once, and says yes, no or nothing.
func TestAPaymentIsRecalled(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from := h.account(anna, "5000.00")
	twice, _ := h.pays(anna, pay(from, "25.00"))
	kept, _ := h.pays(anna, pay(from, "10.00").saying("simulate deny LEGL"))
	slow, _ := h.pays(anna, pay(from, "20.00").saying("simulate hesitate"))
	waits, _ := h.pays(anna, pay(from, "1.00").saying("simulate pending"))
	require.Equal(t, "payment-not-recallable", code(h.recalls(anna, twice, "DUPL", anna.NewID())), "what has not left is cancelled")
	h.works()
	require.Equal(t, "payment-not-recallable", code(h.recalls(anna, waits, "DUPL", anna.NewID())))
	require.Equal(t, 404, h.recalls(bert, twice, "DUPL", bert.NewID()).Status)
	for reason, want := range map[string]string{"": "invalid-recall-reason", "dupl": "invalid-recall-reason", "TECH": "invalid-recall-reason", "AC04": "invalid-recall-reason"} {
		answer := h.recalls(anna, twice, reason, anna.NewID())
		require.Equal(t, 422, answer.Status, "%s: %s", reason, answer.Body)
		require.Equal(t, want, code(answer), reason)
	}

	h.rail.Fail(simulated.After, simulated.Mad, simulated.Before, simulated.Down)
	asked := h.recalls(anna, twice, "DUPL", "k1")
	require.Equal(t, 200, asked.Status, "%s", asked.Body)
	require.Equal(t, "settled", field[string](t, asked, "status"))
	require.Equal(t, "asked", field[recallView](t, asked, "recall").Status)
	require.Equal(t, string(asked.Body), string(h.recalls(anna, twice, "DUPL", "k1").Body), "the same key gets the first answer")
	require.Equal(t, "recall-runs", code(h.recalls(anna, twice, "FRAD", anna.NewID())))
	require.Equal(t, 200, h.recalls(anna, kept, "AC03", anna.NewID()).Status)
	require.Equal(t, 200, h.recalls(anna, slow, "FRAD", anna.NewID()).Status)
	for range 12 {
		h.works()
		h.reopen()
		h.pass(10 * time.Second)
	}
	h.paymentIs(anna, twice, "returned")
	require.Equal(t, recallView{Status: "granted", Reason: "DUPL", AnswerBy: h.recallOf(anna, twice).AnswerBy}, h.recallOf(anna, twice))
	require.Equal(t, []string{"FOCR", "25.00"}, []string{field[string](t, h.payment(anna, twice), "reason"), field[string](t, h.payment(anna, twice), "returned")})
	h.paymentIs(anna, kept, "settled")
	denied := h.recallOf(anna, kept)
	require.Equal(t, []string{"denied", "AC03", "LEGL"}, []string{denied.Status, denied.Reason, denied.Denial})
	require.Equal(t, "asked", h.recallOf(anna, slow).Status)
	require.Equal(t, "4969.00", h.balance(anna, from))
	h.railBooks(100, 3000, 0)
	recalled, _ := h.rail.Recalls()
	require.Len(t, recalled, 3, "each was asked for once")
	var steps []struct{ Kind, Detail string }
	require.NoError(t, json.Unmarshal(field[json.RawMessage](t, h.payment(anna, kept), "history"), &steps))
	require.Equal(t, []struct{ Kind, Detail string }{{"payment.settled", ""}, {"payment.recalled", "AC03"}, {"payment.recall_denied", "LEGL"}}, steps[len(steps)-3:])
	for _, one := range recalled {
		if one.Original == message(slow) {
			require.Equal(t, []string{"FRAD", "20.00", "EUR"}, []string{one.Reason, one.Amount.Decimal, one.Amount.Currency})
			require.True(t, h.rail.Grant(one.ID))
		}
	}
	h.pass(time.Hour)
	h.works()
	h.login(anna)
	h.paymentIs(anna, slow, "returned")
	require.Equal(t, "granted", h.recallOf(anna, slow).Status)
	h.railBooks(100, 1000, 0)
	require.Equal(t, "payment-not-recallable", code(h.recalls(anna, slow, "FRAD", anna.NewID())))
}

// The bank itself recalls what it has sent by mistake; who operates the rail sees what
// the other bank has not answered in time.
func TestTheBankRecallsAPayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "100.00")
	rail := h.machine("rail", "payments.operate")
	machine := rail.login()
	id, _ := h.pays(anna, pay(from, "10.00").saying("simulate hesitate"))
	h.works()
	asked := h.recalls(machine, id, "TECH", machine.NewID())
	require.Equal(t, 200, asked.Status, "%s", asked.Body)
	h.works()
	require.NotContains(t, string(h.fresh(machine, "/v1/payments").Body), id)
	h.pass(30 * 24 * time.Hour)
	h.works()
	machine = rail.login()
	h.login(anna)
	require.Contains(t, string(h.fresh(machine, "/v1/payments").Body), id)
	require.True(t, h.recallOf(anna, id).Overdue)
	require.Equal(t, "recall-runs", code(h.recalls(anna, id, "CUST", anna.NewID())))
	recalled, _ := h.rail.Recalls()
	require.Len(t, recalled, 1)
	require.True(t, h.rail.Deny(recalled[0].ID, "NOAS"))
	h.pass(time.Hour)
	h.works()
	machine = rail.login()
	h.login(anna)
	require.NotContains(t, string(h.fresh(machine, "/v1/payments").Body), id)
	require.Equal(t, "NOAS", h.recallOf(anna, id).Denial)
	require.Equal(t, "recall-too-late", code(h.recalls(anna, id, "DUPL", anna.NewID())))
	require.Equal(t, 200, h.recalls(anna, id, "CUST", anna.NewID()).Status)
}
