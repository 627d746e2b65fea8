package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/id"
	"florin/gateway/phone"
	"florin/schemas/seal"
)

// batchTries are those of batches.
func (s *scene) batchTries() map[string]try {
	return map[string]try{
		"POST /v1/batches":                    {by: "customer", body: fmt.Sprintf(`{"from":%q,"currency":"EUR","items":[{"to":%q,"amount":"1.00","reference":"x"}]}`, s.from, s.to)},
		"GET /v1/batches/{id}":                {by: "customer"},
		"POST /v1/batches/{id}/authorization": {by: "customer", body: `{"authorization":"x.y.z"}`},
		"POST /v1/batches/{id}/cancellation":  {by: "customer"},
	}
}

// batch is one that waits for its customer.
func (h *house) batch(p *phone.Phone, from, to string) string {
	h.t.Helper()
	answer := h.submit(p, from, "1100.00", to)
	require.Equal(h.t, 202, answer.Status, "%s", answer.Body)
	return field[string](h.t, answer, "batch")
}

func batchOf(from, amount string, to ...string) []byte {
	var items []string
	for i, one := range to {
		items = append(items, fmt.Sprintf(`{"to":%q,"amount":%q,"reference":"wage %d"}`, one, amount, i+1))
	}
	return fmt.Appendf(nil, `{"from":%q,"currency":"EUR","items":[%s]}`, from, strings.Join(items, ","))
}

func (h *house) submit(p *phone.Phone, from, amount string, to ...string) phone.Answer {
	h.t.Helper()
	return h.command(p, http.MethodPost, "/v1/batches", batchOf(from, amount, to...), p.NewID())
}

func (h *house) confirmBatch(p *phone.Phone, waits phone.Answer, change func(map[string]any)) phone.Answer {
	h.t.Helper()
	text := []byte(field[phone.Challenge](h.t, waits, "challenge").Display)
	if change != nil {
		var display map[string]any
		require.NoError(h.t, json.Unmarshal(text, &display))
		change(display)
		var err error
		text, err = json.Marshal(display)
		require.NoError(h.t, err)
	}
	signed, err := p.SignConsent(text)
	require.NoError(h.t, err)
	return h.command(p, http.MethodPost, "/v1/batches/"+field[string](h.t, waits, "batch")+"/authorization", map[string]string{"authorization": signed}, p.NewID())
}

func TestABatchIsAllOrNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, x, y, closed := h.account(anna, "5000.00"), h.account(bert, ""), h.account(bert, ""), h.account(bert, "")
	key := anna.NewID()
	first := h.command(anna, http.MethodPost, "/v1/batches", batchOf(from, "100.00", x, y, x), key)
	require.Equal(t, 201, first.Status, "%s", first.Body)
	require.Equal(t, []string{"executed", "300.00"}, []string{field[string](t, first, "status"), field[string](t, first, "total")})
	again := h.command(anna, http.MethodPost, "/v1/batches", batchOf(from, "100.00", x, y, x), key)
	require.Equal(t, string(first.Body), string(again.Body))
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, "idempotency-key-reused", code(h.command(anna, http.MethodPost, "/v1/batches", batchOf(from, "100.00", x, x, y), key)))
	require.Equal(t, []string{"4700.00", "200.00", "100.00"}, []string{h.balance(anna, from), h.balance(bert, x), h.balance(bert, y)})
	for _, made := range field[[]string](t, first, "transfers") {
		one := h.get(anna, "/v1/transfers/"+made)
		require.Equal(t, "posted", field[string](t, one, "status"), "%s", one.Body)
	}

	gone, err := id.Parse[id.Account](closed)
	require.NoError(t, err)
	holder, err := id.Parse[id.Customer](bert.Profile().Customer)
	require.NoError(t, err)
	order := commands.SystemOrder("test", uuid.New(), "close", h.now(), seal.Subject{Kind: "customer", ID: holder.UUID()})
	_, _, err = h.bank.Accounts().Close(context.Background(), order, gone, "moved")
	require.NoError(t, err)
	for says, body := range map[string][]byte{
		"account-closed": batchOf(from, "10.00", x, closed), "insufficient-funds": batchOf(from, "2400.00", x, y), "transfer-same-account": batchOf(from, "1.00", x, from),
	} {
		key := anna.NewID()
		refused := h.command(anna, http.MethodPost, "/v1/batches", body, key)
		require.Equal(t, 422, refused.Status, "%s: %s", says, refused.Body)
		require.Equal(t, says, code(refused))
		require.Equal(t, says, code(h.command(anna, http.MethodPost, "/v1/batches", body, key)), "for ever")
	}
	for says, body := range map[string]string{
		"not-found":      string(batchOf(x, "1.00", from)),
		"invalid-batch":  fmt.Sprintf(`{"from":%q,"currency":"EUR","items":[]}`, from),
		"missing-field":  fmt.Sprintf(`{"from":%q,"currency":"EUR","items":[{"to":%q}]}`, from, x),
		"invalid-amount": string(batchOf(from, "1.001", x)), "bad-json": fmt.Sprintf(`{"from":%q,"currency":"EUR","items":{}}`, from),
	} {
		require.Equal(t, says, code(h.command(anna, http.MethodPost, "/v1/batches", []byte(body), anna.NewID())), body)
	}
	require.Equal(t, "invalid-batch", code(h.submit(anna, from, "1.00", strings.Split(strings.Repeat(x+" ", 101)[:101*len(x)+100], " ")...)))
	require.Equal(t, []string{"4700.00", "200.00", "100.00"}, []string{h.balance(anna, from), h.balance(bert, x), h.balance(bert, y)}, "nothing moved")
}

func TestABatchIsConfirmedWithItsTotalAndItsList(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, x, y := h.account(anna, "9000.00"), h.account(bert, ""), h.account(bert, "")
	waits := h.submit(anna, from, "700.00", x, y)
	require.Equal(t, 202, waits.Status, "%s", waits.Body)
	display := map[string]string{}
	require.NoError(t, json.Unmarshal(field[phone.Challenge](t, waits, "challenge").Display, &display))
	list := sha256.Sum256(fmt.Appendf(nil, `[{"to":%q,"amount":"700.00"},{"to":%q,"amount":"700.00"}]`, x, y))
	require.Equal(t, []string{"2", "1400.00", hex.EncodeToString(list[:])}, []string{display["count"], display["total"], display["digest"]}, "a client can compute it")
	account := h.get(anna, "/v1/accounts/"+from)
	require.Equal(t, "1400.00", field[string](t, account, "held"), "%s", account.Body)
	for _, name := range []string{"total", "digest", "count"} {
		require.Equal(t, "sca-failed", code(h.confirmBatch(anna, waits, func(d map[string]any) { d[name] = "1" })), name)
	}
	require.Equal(t, 404, h.confirmBatch(bert, waits, nil).Status, "another customer's")
	one := "/v1/transfers/" + field[[]string](t, waits, "transfers")[0]
	require.Equal(t, "batched", field[string](t, h.get(anna, one), "status"))
	require.Equal(t, "transfer-not-cancellable", code(h.command(anna, http.MethodPost, one+"/cancellation", nil, "alone")), "it goes with its batch")
	executed := h.confirmBatch(anna, waits, nil)
	require.Equal(t, 200, executed.Status, "%s", executed.Body)
	require.Equal(t, "sca-failed", code(h.confirmBatch(anna, waits, nil)), "once")
	require.Equal(t, []string{"7600.00", "700.00", "700.00"}, []string{h.balance(anna, from), h.balance(bert, x), h.balance(bert, y)})
	require.Equal(t, "posted", field[string](t, h.get(anna, one), "status"))
	path := "/v1/batches/" + field[string](t, waits, "batch")
	require.Equal(t, "executed", field[string](t, h.get(anna, path), "status"))
	require.Equal(t, 404, h.get(bert, path).Status)

	withdrawn, late := h.submit(anna, from, "1100.00", x), h.submit(anna, from, "1200.00", y)
	cancelled := h.command(anna, http.MethodPost, "/v1/batches/"+field[string](t, withdrawn, "batch")+"/cancellation", nil, "c")
	require.Equal(t, "cancelled", field[string](t, cancelled, "status"), "%s", cancelled.Body)
	h.pass(6 * time.Minute)
	h.settle()
	h.login(anna)
	require.Equal(t, "expired", field[string](t, h.get(anna, "/v1/batches/"+field[string](t, late, "batch")), "status"))
	require.Equal(t, "rejected", field[string](t, h.get(anna, "/v1/transfers/"+field[[]string](t, late, "transfers")[0]), "status"))
	require.Equal(t, "0.00", field[string](t, h.get(anna, "/v1/accounts/"+from), "held"))
}

func TestOneOfEachByItselfHoldsNoOtherUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, x, y := h.account(anna, "9000.00"), h.account(bert, ""), h.account(bert, "")
	each := func(amount string, to ...string) []byte {
		return bytes.Replace(batchOf(from, amount, to...), []byte(`"currency"`), []byte(`"mode":"each","currency"`), 1)
	}
	key := anna.NewID()
	first := h.command(anna, http.MethodPost, "/v1/batches", each("100.00", x, from, y), key)
	require.Equal(t, 201, first.Status, "%s", first.Body)
	require.Equal(t, []any{"executed", "each", 1}, []any{field[string](t, first, "status"), field[string](t, first, "mode"), field[int](t, first, "failed")})
	require.Equal(t, string(first.Body), string(h.command(anna, http.MethodPost, "/v1/batches", each("100.00", x, from, y), key).Body))
	var statuses []string
	for _, made := range field[[]string](t, first, "transfers") {
		statuses = append(statuses, field[string](t, h.get(anna, "/v1/transfers/"+made), "status"))
	}
	require.Equal(t, []string{"posted", "rejected", "posted"}, statuses)
	row := h.get(anna, "/v1/batches/"+field[string](t, first, "batch"))
	require.Equal(t, []any{"executed", "each", 1}, []any{field[string](t, row, "status"), field[string](t, row, "mode"), field[int](t, row, "failed")})

	waits := h.command(anna, http.MethodPost, "/v1/batches", each("700.00", x, from, y), anna.NewID())
	require.Equal(t, 202, waits.Status, "%s", waits.Body)
	require.Equal(t, "sca-failed", code(h.confirmBatch(anna, waits, func(d map[string]any) { delete(d, "mode") })), "the mode is part of what is confirmed")
	require.Equal(t, 200, h.confirmBatch(anna, waits, nil).Status)
	require.Equal(t, []string{"7400.00", "800.00", "800.00"}, []string{h.balance(anna, from), h.balance(bert, x), h.balance(bert, y)})

	for says, body := range map[string][]byte{
		"invalid-batch":         bytes.Replace(each("1.00", x), []byte(`"each"`), []byte(`"some"`), 1),
		"invalid-amount":        each("-1.00", x, y),
		"transfer-same-account": each("1.00", from, from),
		"not-found":             each("1.00", x, strings.Replace(x, x[4:8], "0000", 1)),
	} {
		require.Equal(t, says, code(h.command(anna, http.MethodPost, "/v1/batches", body, anna.NewID())))
	}
	require.Equal(t, "7400.00", h.balance(anna, from))
}

func TestTheLargestBatchFitsIntoACommit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "9000.00"), make([]string, 100)
	for i := range to {
		to[i] = h.account(bert, "")
	}
	largest := bytes.Replace(batchOf(from, "1.00", to...), []byte(`"currency"`), []byte(`"mode":"each","currency"`), 1)
	done := h.command(anna, http.MethodPost, "/v1/batches", largest, anna.NewID())
	require.Equal(t, 201, done.Status, "%s", done.Body)
	done = h.submit(anna, from, "1.00", to...)
	require.Equal(t, 201, done.Status, "%s", done.Body)
	require.Equal(t, "8800.00", h.balance(anna, from))
	waits := h.submit(anna, from, "50.00", to...)
	require.Equal(t, 202, waits.Status, "%s", waits.Body)
	require.Equal(t, 200, h.confirmBatch(anna, waits, nil).Status)
	require.Equal(t, []string{"3800.00", "52.00"}, []string{h.balance(anna, from), h.balance(bert, to[99])})
}
