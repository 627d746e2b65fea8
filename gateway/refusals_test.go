package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/access"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/phone"
	"florin/gateway/token"
	"florin/schemas"
)

// refusal is one access.refused of the log.
type refusal struct {
	access.Refused
	header eventbus.Header
	data   string // as it is stored
}

// refusedSince has the log told, and gives what it holds of refusals after a position.
func (h *house) refusedSince(after uint64) (all []refusal) {
	h.t.Helper()
	h.door.refusals.flush(context.Background())
	treaty := schemas.New(h.ring)
	for record, err := range h.log.ReadAll(context.Background(), eventbus.Position(after)) {
		require.NoError(h.t, err)
		for _, e := range record.Events {
			if e.Kind != "access.refused" {
				continue
			}
			event, err := treaty.Accesses.Decode(e.Kind, e.SchemaVersion, e.ID, e.Data)
			require.NoError(h.t, err)
			all = append(all, refusal{event.(access.Refused), record.Header, string(e.Data)})
		}
	}
	return all
}

// written counts the log's events, but for those of who was turned away, and for what a
// process files for customers to read: it follows by itself, after the answer.
func (h *house) written() (n uint64) {
	h.t.Helper()
	for record, err := range h.log.ReadAll(context.Background(), 0) {
		require.NoError(h.t, err)
		for _, e := range record.Events {
			if e.Kind != "access.refused" && !strings.HasPrefix(e.Kind, "notification.") {
				n++
			}
		}
	}
	return n
}

func sumOf(all []refusal) (sum int64) {
	for _, one := range all {
		sum += one.Count
	}
	return sum
}

func deviceOf(p *phone.Phone) id.Device { return id.Named[id.Device](p.Thumbprint()) }

// Rows 39 and 40: what is refused is in the log, with who, by which key and why,
// and no money has moved.
func TestRow39And40RefusalsAreFacts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to, other := h.account(anna, "5000.00"), h.account(bert, ""), h.account(bert, "")
	stranger := h.phone()
	ctx := context.Background()
	send := func(p *phone.Phone, r phone.Request) phone.Answer {
		answer, err := p.Send(ctx, r)
		require.NoError(t, err)
		return answer
	}
	prepare := func(p *phone.Phone, key string) phone.Request {
		request, err := p.Prepare(http.MethodPost, "/v1/transfers", order(from, to, "10.00"), key)
		require.NoError(t, err)
		return request
	}
	used, berts := prepare(anna, "used"), prepare(bert, "x")
	require.Equal(t, 201, send(anna, used).Status)
	before, head := h.balance(anna, from), h.head()
	for name, tc := range map[string]struct {
		change          func(*phone.Request)
		why             string
		whose, by, with *phone.Phone // token, key, device
	}{
		"changed amount":           {func(r *phone.Request) { r.Body = order(from, to, "90.00") }, "other-body", anna, anna, anna},
		"changed payee":            {func(r *phone.Request) { r.Body = order(from, other, "10.00") }, "other-body", anna, anna, anna},
		"under another key":        {func(r *phone.Request) { r.Header.Set("Idempotency-Key", "another") }, "other-idempotency-key", anna, anna, anna},
		"at another path":          {func(r *phone.Request) { r.Path = "/v1/deposits" }, "other-request", anna, anna, anna},
		"sent again":               {func(r *phone.Request) { *r = used }, "replayed", anna, anna, anna},
		"no proof":                 {func(r *phone.Request) { r.Header.Del("DPoP") }, "no-proof", anna, nil, anna},
		"another device's proof":   {func(r *phone.Request) { r.Header["Dpop"] = berts.Header["Dpop"] }, "other-key", anna, bert, anna},
		"a stolen token, own key":  {func(r *phone.Request) { r.Header["Authorization"] = berts.Header["Authorization"] }, "other-key", bert, anna, bert},
		"another's key, not shown": {func(r *phone.Request) { r.Header["Dpop"] = []string{unsigned(berts.Header.Get("Dpop"))} }, "other-key", anna, nil, anna},
	} {
		request := prepare(anna, anna.NewID())
		tc.change(&request)
		answer := send(anna, request)
		require.Equal(t, 401, answer.Status, "%s: %s", name, answer.Body)
		require.Equal(t, "invalid-dpop-proof", code(answer), name)
		all := h.refusedSince(head)
		head = h.head()
		require.Len(t, all, 1, name)
		found := all[0]
		require.Equal(t, "invalid-dpop-proof", found.Code, name)
		require.Equal(t, tc.why, found.Why, name)
		require.EqualValues(t, 1, found.Count, name)
		require.Equal(t, tc.whose.Profile().Customer, found.Customer.String(), name)
		require.Equal(t, deviceOf(tc.with), found.Device, name)
		if tc.by == nil {
			require.True(t, found.Presenter.IsZero(), "%s: a key that signed nothing is nobody's word", name)
		} else {
			require.Equal(t, deviceOf(tc.by), found.Presenter, name)
		}
		require.Equal(t, "127.0.0.1", found.IP.Reveal(), name)
		require.NotContains(t, found.data, "127.0.0.1", "sealed")
		require.Equal(t, commands.ActorSystem, found.header.ActorType, "the customer did not do it")
		require.Equal(t, found.Customer.UUID(), found.header.OnBehalfOf, "and yet it is on the customer's trail")
		require.NotZero(t, found.header.Correlation)
	}
	garbage := send(stranger, phone.Request{Method: http.MethodPost, Path: "/v1/transfers", Header: http.Header{"Authorization": {"DPoP canary"}, "Content-Type": {"application/json"}}, Body: order(from, to, "1.00")})
	require.Equal(t, "invalid-token", code(garbage))
	all := h.refusedSince(head)
	require.Len(t, all, 1)
	require.True(t, all[0].Customer.IsZero())
	require.True(t, all[0].IP.IsZero(), "nobody's address has nobody's key")
	require.NotEmpty(t, all[0].Origin)
	require.NotContains(t, all[0].data, "canary")
	require.Equal(t, "POST /v1/transfers", all[0].Resource)
	require.Equal(t, before, h.balance(anna, from), "no money moved")
}

// unsigned is a proof whose key did not sign it.
func unsigned(proof string) string {
	return proof[:strings.LastIndexByte(proof, '.')+1] + strings.Repeat("A", 86)
}

// Row 39's statements, and what else turns somebody away.
func TestWhoeverIsTurnedAwayIsInTheLog(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "20000.00"), h.account(bert, "")
	asked := h.transfer(anna, from, to, "2000.00")
	head := h.head()
	one := func(code, why, resource string, of *phone.Phone) refusal {
		t.Helper()
		all := h.refusedSince(head)
		head = h.head()
		require.Len(t, all, 1, "%s %s", code, why)
		require.Equal(t, []string{code, why, resource}, []string{all[0].Code, all[0].Why, all[0].Resource})
		if of != nil {
			require.Equal(t, of.Profile().Customer, all[0].Customer.String())
		}
		return all[0]
	}
	answer := h.command(anna, http.MethodPost, "/v1/transfers/"+asked+"/authorization", map[string]string{"authorization": "x.y.z"}, anna.NewID())
	require.Equal(t, "sca-failed", code(answer))
	require.Equal(t, deviceOf(anna), one("sca-failed", "", "POST /v1/transfers/{id}/authorization", anna).Presenter)

	require.Equal(t, "insufficient-scope", code(h.ask(anna, Route{Method: http.MethodGet}, "/v1/audit/events", "", nil)))
	one("insufficient-scope", "", "GET /v1/audit/events", anna)

	bearer := h.ask(anna, Route{Method: http.MethodGet}, "/v1/accounts", "", func(r *phone.Request) { r.Header.Set("Authorization", "Bearer "+anna.Tokens().Access) })
	require.Equal(t, "invalid-token", code(bearer))
	one("invalid-token", "as-bearer", "GET /v1/accounts", anna)

	require.Equal(t, "signature-required", code(h.ask(anna, Route{Method: http.MethodPost}, "/v1/transfers", string(order(from, to, "1.00")), func(r *phone.Request) { r.Header.Set("Idempotency-Key", "k") })))
	one("signature-required", "", "POST /v1/transfers", anna)

	weak := anna.Tokens()
	require.NoError(t, anna.Refresh(context.Background()))
	h.pass(problemFresh)
	require.NoError(t, anna.Refresh(context.Background()))
	require.Equal(t, "insufficient-user-authentication", code(h.ask(anna, Route{Method: http.MethodPost, Keyed: true}, "/v1/factors/totp", "", nil)))
	one("insufficient-user-authentication", "", "POST /v1/factors/totp", anna)

	current := anna.Tokens()
	anna.SetTokens(weak)
	require.Equal(t, "invalid-token", code(h.get(anna, "/v1/accounts")), "expired")
	require.Empty(t, h.refusedSince(head), "that a token's time is up happens to every one")
	anna.SetTokens(current)

	require.Equal(t, 200, h.command(anna, http.MethodDelete, "/v1/devices/"+anna.Profile().Device, nil, anna.NewID()).Status)
	head = h.head()
	require.Equal(t, "invalid-token", code(h.ask(anna, Route{Method: http.MethodGet}, "/v1/accounts", "", nil)))
	ended := one("invalid-token", "ended", "GET /v1/accounts", anna)
	require.Equal(t, deviceOf(anna), ended.Device, "of a revoked device")
	require.Equal(t, deviceOf(anna), ended.Presenter)

	m := h.machine("rail", "payments.operate")
	require.Equal(t, "invalid_client", code(m.token(map[string]any{"iss": "other", "sub": "other"})))
	one("invalid-client", "", "POST /oauth2/token", nil)
	require.Equal(t, "0.00", h.balance(bert, to))
}

const problemFresh = 5*time.Minute + time.Second

// Nobody makes the log grow as fast as they can be refused.
func TestTenThousandRefusalsAreFewFacts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, to := h.account(anna, "100.00"), h.account(anna, "")
	captured, err := anna.Prepare(http.MethodPost, "/v1/transfers", order(from, to, "1.00"), "once")
	require.NoError(t, err)
	first, err := anna.Send(context.Background(), captured)
	require.NoError(t, err)
	require.Equal(t, 201, first.Status, "%s", first.Body)
	const total, attackers = 10_000, 8
	attack := func(i int) phone.Request {
		switch i % 4 {
		case 0:
			return captured
		case 1:
			return phone.Request{Method: http.MethodGet, Path: "/v1/accounts", Header: http.Header{"Authorization": captured.Header["Authorization"]}}
		case 2:
			return phone.Request{Method: http.MethodGet, Path: "/v1/accounts/" + uuid.NewString(), Header: http.Header{"Authorization": {"DPoP " + uuid.NewString()}}}
		}
		return phone.Request{Method: http.MethodPost, Path: "/oauth2/token", Header: http.Header{"Content-Type": {formType}}, Body: []byte("grant_type=x")}
	}
	half := func(start int) {
		var all sync.WaitGroup
		for attacker := range attackers {
			all.Go(func() {
				for i := start + attacker; i < start+total/2; i += attackers {
					if answer, err := anna.Send(context.Background(), attack(i)); err != nil || answer.Status/100 != 4 {
						t.Errorf("%d %v", answer.Status, err)
						return
					}
				}
			})
		}
		all.Wait()
	}
	half(0)
	h.pass(refusalWindow)
	h.door.Tick(context.Background())
	half(total / 2)
	h.reopen() // in order: what was counted and not yet recorded is recorded then
	all := h.refusedSince(0)
	require.EqualValues(t, total, sumOf(all))
	require.LessOrEqual(t, len(all), 4*4, "four kinds: the first of each at once, the rest of each window, the end")
	require.GreaterOrEqual(t, len(all), 4)
	require.Equal(t, "99.00", h.balance(anna, from))
}

func TestTheFirstRefusalIsRecordedByItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	head := h.head()
	require.Equal(t, "insufficient-scope", code(h.ask(anna, Route{Method: http.MethodGet}, "/v1/audit/events", "", nil)))
	require.Eventually(t, func() bool { return h.head() > head }, 10*time.Second, time.Millisecond, "without a tick and without an end")
	head = h.head()
	for range 5 {
		h.ask(anna, Route{Method: http.MethodGet}, "/v1/audit/events", "", nil)
	}
	h.door.Tick(context.Background())
	require.Equal(t, head, h.head(), "its minute is not over")
	h.pass(refusalWindow)
	h.door.Tick(context.Background())
	require.Equal(t, head+1, h.head())
	all := h.refusedSince(0)
	require.Len(t, all, 2)
	require.EqualValues(t, 1, all[0].Count)
	require.EqualValues(t, 5, all[1].Count)
	h.pass(refusalWindow)
	h.door.Tick(context.Background())
	require.Equal(t, head+1, h.head(), "a minute that brought none is no fact")
	require.Empty(t, h.door.refusals.folds, "and the kind is forgotten")
	require.Empty(t, h.door.refusals.kinds)
}

// A log that fails changes no answer; its records keep their counts and their ids.
func TestALogThatFailsChangesNoRefusal(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	f, broken := p.door.refusals, errors.New("the log is down")
	var orders []uuid.UUID
	var counts []int64
	failing := true
	f.record = func(_ context.Context, order commands.Order, ask commands.RefusedAccess) error {
		orders, counts = append(orders, order.ID), append(counts, ask.Count)
		if failing {
			return broken
		}
		return nil
	}
	refuse := func() {
		answer := p.own("GET", "/admin", "")
		require.Equal(t, 403, answer.status)
		require.Equal(t, "insufficient-scope", answer.code(t))
	}
	refuse()
	f.tick(t.Context())
	refuse()
	refuse()
	f.tick(t.Context())
	failing = false
	f.tick(t.Context())
	require.Equal(t, []int64{1, 1, 1}, counts, "the record is tried as it was: it may have been written")
	require.Equal(t, orders[0], orders[1])
	require.Equal(t, orders[0], orders[2])
	p.clock.Add(refusalWindow.Microseconds())
	f.tick(t.Context())
	require.EqualValues(t, 2, counts[3])
	require.NotEqual(t, orders[0], orders[3])
	require.Contains(t, p.metrics(), "florin_access_refused_failed_total 2")
	require.Contains(t, p.metrics(), `florin_access_refused_total{code="insufficient-scope"} 3`)
	failing = true
	refuse()
	f.flush(t.Context())
	require.Contains(t, p.logged(), "refusals are not in the log")
}

// However many subjects, kinds and routes: memory and records are bounded, and
// nothing goes uncounted.
func TestRefusalsAreFoldedInBoundedMemory(t *testing.T) {
	t.Parallel()
	p := newPorch(t, nil)
	f := p.door.refusals
	var sum, records int64
	subjects := map[id.Customer]int{}
	f.record = func(_ context.Context, _ commands.Order, ask commands.RefusedAccess) error {
		sum, records = sum+ask.Count, records+1
		subjects[ask.Shown.Customer]++
		return nil
	}
	r, err := http.NewRequest("GET", "/x", nil)
	require.NoError(t, err)
	total := 0
	refuse := func(customer, route, code string) {
		v := &visit{route: route, shown: &token.Access{Customer: id.Named[id.Customer](customer)}}
		v.report.Code = code
		total++
		f.note(r, v, func(http.Header) string { return "" })
	}
	for i := range 100 {
		refuse("busy", fmt.Sprint("/v1/", i), "insufficient-scope")
	}
	require.Len(t, f.folds, refusalKindsMax+1, "of several routes: one more")
	for i := range 5000 {
		refuse(fmt.Sprint("c", i), "/v1/accounts", refusedCodes[i%len(refusedCodes)])
	}
	require.LessOrEqual(t, len(f.folds), refusalFoldsMax+len(refusedCodes))
	f.flush(t.Context())
	require.EqualValues(t, total, sum)
	require.LessOrEqual(t, records, int64(refusalFoldsMax+len(refusedCodes)))
	require.LessOrEqual(t, subjects[id.Customer{}], len(refusedCodes), "those for whom there was no room are nobody's")
	require.NotContains(t, p.metrics(), "florin_access_refused_overflow_total 0\n")
	p.clock.Add(refusalWindow.Microseconds())
	f.tick(t.Context())
	require.Empty(t, f.folds)
	require.Empty(t, f.kinds)
}
