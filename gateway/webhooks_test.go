package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/webhook"
)

// verify is what a partner does with a request (the example of the documentation): the
// signature over the very bytes, a clock that is five minutes off at most, and each
// identifier once.
func verify(secret string, request taken, seen map[string]bool) (fresh bool, err error) {
	checker, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return false, err
	}
	if err := checker.Verify(request.body, request.header); err != nil {
		return false, err
	}
	fresh = !seen[request.id()]
	seen[request.id()] = true
	return fresh, nil
}

// Row 43. The library's verifier knows this machine's clock alone, so this house's is set to it.
func TestRow43PartnersTellForgeriesAndReplays(t *testing.T) {
	t.Parallel()
	h, r := newHouse(t), newReceiver(t)
	h.clock.Store(time.Now().UnixMicro())
	olga, anna := h.desk("olga"), h.customer("anna")
	account := h.account(anna, "")
	of, secret := h.hooked(olga, r.URL, "journal.posted")
	require.True(t, strings.HasPrefix(secret, "whsec_"))
	require.NoError(t, anna.Deposit(t.Context(), account, "12.50", "EUR"))
	got := r.heard(h)
	require.Len(t, got, 1)
	seen := map[string]bool{}
	fresh, err := verify(secret, got[0], seen)
	require.NoError(t, err)
	require.True(t, fresh)
	fresh, err = verify(secret, got[0], seen)
	require.NoError(t, err)
	require.False(t, fresh, "a replay within five minutes is told by its identifier")

	spoiled := func(change func(*taken)) taken {
		copied := taken{header: got[0].header.Clone(), body: append([]byte{}, got[0].body...)}
		change(&copied)
		return copied
	}
	for name, forged := range map[string]taken{
		"another amount":     spoiled(func(k *taken) { k.body = []byte(strings.Replace(string(k.body), "1250", "9250", 1)) }),
		"another identifier": spoiled(func(k *taken) { k.header.Set("webhook-id", "dlv_x") }),
		"another time":       spoiled(func(k *taken) { k.header.Set("webhook-timestamp", fmt.Sprint(time.Now().Unix()-1)) }),
		"no signature":       spoiled(func(k *taken) { k.header.Del("webhook-signature") }),
		"another signature":  spoiled(func(k *taken) { k.header.Set("webhook-signature", "v1,AAAA") }),
	} {
		_, err := verify(secret, forged, map[string]bool{})
		require.Error(t, err, name)
	}
	h.pass(6 * time.Minute) // as if it were signed then, and looked at now
	require.Equal(t, 200, h.hook(h.desk("otto"), "/"+of+"/test", "").Status)
	early := r.heard(h)
	require.Len(t, early, 1)
	_, err = verify(secret, early[0], map[string]bool{})
	require.Error(t, err, "more than five minutes off")
}

func TestPartnersAreToldWhatTheyAskedForAndNothingPersonal(t *testing.T) {
	t.Parallel()
	h, r := newHouse(t), newReceiver(t)
	olga, anna, bert := h.desk("olga"), h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "500.00"), h.account(bert, "")
	require.Empty(t, r.heard(h), "what was before is not for them")
	of, _ := h.hooked(olga, r.URL+"/hook?tenant=7", "transfer.*")
	transfer := h.transfer(anna, from, to, "12.50")
	got := r.heard(h)
	require.Equal(t, []string{"transfer.initiated", "transfer.assessed", "transfer.posted"}, kindsOf(got), "in the order of the log")
	ids := map[string]bool{}
	for i, one := range got {
		require.Equal(t, []string{"1.0", h.issuer, "transfer/" + transfer[4:]}, []string{one.event.SpecVersion, one.event.Source, one.event.Subject})
		require.NotEmpty(t, one.event.ID)
		require.False(t, one.event.Time.IsZero())
		require.True(t, i == 0 || one.event.Sequence > got[i-1].event.Sequence)
		ids[one.id()] = true
		for _, secret := range []string{"reference", "evidence", "jti", "rent", "anna", "device", "session"} {
			require.NotContains(t, strings.ReplaceAll(string(one.event.Data), anna.Profile().Customer, ""), secret, one.event.Type)
		}
	}
	require.Len(t, ids, 3)
	require.Contains(t, string(got[2].event.Data), `"minor":1250`)
	require.Empty(t, r.heard(h), "once")
	h.reopen()
	require.Empty(t, r.heard(h), "though all of the log was heard again")
	all := h.deliveries(olga, of)
	require.Len(t, all, 3)
	require.Equal(t, []any{"delivered", 204, 1, got[2].id()}, []any{all[0].Status, all[0].HTTPStatus, all[0].Attempt, all[0].Delivery})

	require.Equal(t, 200, h.hook(olga, "/"+of+"/test", "").Status)
	tested := r.heard(h)
	require.Equal(t, []string{"webhook.tested"}, kindsOf(tested))
	require.NotContains(t, h.logged(), "tenant=7", "an address may be a secret")
}

func TestAFailingPartnerLosesNothingAndGetsNothingTwiceUnderAnotherName(t *testing.T) {
	t.Parallel()
	h, r := newHouse(t), newReceiver(t)
	olga, anna := h.desk("olga"), h.customer("anna")
	account := h.account(anna, "")
	of, _ := h.hooked(olga, r.URL, "journal.posted")
	for _, status := range []int{503, 302, 404, 0} {
		r.answering(status)
		require.NoError(t, anna.Deposit(t.Context(), account, "1.00", "EUR"))
		require.NoError(t, anna.Deposit(t.Context(), account, "2.00", "EUR"))
		first := r.heard(h)
		require.Len(t, first, 1, "%d: the second waits for the first", status)
		require.Empty(t, r.heard(h), "%d: not at once again", status)
		waiting := h.deliveries(olga, of)[0]
		require.Equal(t, []any{"waiting", status, 1}, []any{waiting.Status, waiting.HTTPStatus, waiting.Attempt})
		h.pass(5 * time.Second)
		second := r.heard(h)
		require.Len(t, second, 1)
		h.reopen()
		require.Empty(t, r.heard(h), "a restart forgets no pause")
		h.pass(30 * time.Second)
		r.answering(200)
		third := r.heard(h)
		require.Len(t, third, 2, "%d: a restart loses nothing", status)
		require.Equal(t, []string{first[0].id(), first[0].id()}, []string{second[0].id(), third[0].id()}, "the same name each time")
		require.NotEqual(t, first[0].id(), third[1].id())
		require.Equal(t, string(first[0].body), string(third[0].body), "and the same bytes")
		require.Empty(t, r.heard(h))
	}
	for _, d := range h.deliveries(olga, of) {
		require.Equal(t, "delivered", d.Status)
	}
}

func TestAPartnerIsGivenUpAndGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	h, r := newHouse(t), newReceiver(t)
	olga, anna := h.desk("olga"), h.customer("anna")
	account := h.account(anna, "")
	of, _ := h.hooked(olga, r.URL, "journal.posted")
	r.answering(500)
	require.NoError(t, anna.Deposit(t.Context(), account, "1.00", "EUR"))
	tries := 0
	for range 200 {
		tries += len(r.heard(h))
		h.pass(time.Hour)
	}
	require.EqualValues(t, webhook.AttemptsMax(), tries, "with breath between, and then no more")
	olga = h.desk("olga-later") // her token is long over
	row := h.get(olga, "/v1/webhooks/"+of)
	require.Equal(t, []string{"disabled", "undeliverable"}, []string{field[string](t, row, "status"), field[string](t, row, "reason")})
	require.Equal(t, "failed", h.deliveries(olga, of)[0].Status)
	require.Equal(t, "webhook-inactive", code(h.hook(olga, "/"+of+"/test", "")))
	h.login(anna)
	require.NoError(t, anna.Deposit(t.Context(), account, "2.00", "EUR"))
	r.answering(200)
	require.Empty(t, r.heard(h))
	require.Equal(t, 200, h.hook(olga, "/"+of+"/enabling", "").Status)
	h.pass(10 * time.Second)
	got := r.heard(h)
	require.Equal(t, []string{"journal.posted", "journal.posted"}, kindsOf(got), "nothing was lost")

	r.answering(410)
	require.NoError(t, anna.Deposit(t.Context(), account, "3.00", "EUR"))
	require.Len(t, r.heard(h), 1)
	require.Equal(t, "gone", field[string](t, h.get(olga, "/v1/webhooks/"+of), "reason"), "who is gone says so once")
}

func TestAPartnersContactIsToldThatTheBankHasGivenUp(t *testing.T) {
	t.Parallel()
	h, r := newHouse(t), newReceiver(t)
	olga, anna := h.desk("olga"), h.customer("anna")
	account := h.account(anna, "")
	of, _ := h.hooked(olga, r.URL, "journal.posted")
	for _, contact := range []string{"x", "ops@partner", "Ops <ops@partner.example>", "a@b.example, c@d.example"} {
		require.Equal(t, "webhook-contact-invalid", code(h.hook(olga, "/"+of+"/contact", fmt.Sprintf(`{"contact":%q}`, contact))), contact)
	}
	require.Equal(t, 200, h.hook(olga, "/"+of+"/contact", `{"contact":"Ops@Partner.example"}`).Status)
	givenUp := func() []commands.Message {
		r.answering(410)
		require.NoError(t, anna.Deposit(t.Context(), account, "1.00", "EUR"))
		told := h.told("webhook-disabled")
		require.Equal(t, "gone", field[string](t, h.get(olga, "/v1/webhooks/"+of), "reason"))
		return told
	}
	goesOn := func() {
		r.answering(200)
		require.Equal(t, 200, h.hook(olga, "/"+of+"/enabling", "").Status)
		h.pass(10 * time.Second)
		require.NotEmpty(t, r.heard(h))
	}
	first := givenUp()
	require.Len(t, first, 1)
	require.Equal(t, []string{"email", "ops@partner.example"}, []string{first[0].Channel, first[0].To.Reveal()})
	require.Contains(t, first[0].Text.Reveal(), of, "which of theirs")
	row := h.get(olga, "/v1/webhooks")
	for _, shown := range []string{`"contact_known":true`, `"contact_told_at":`, `"failing_since":`} {
		require.Contains(t, string(row.Body), shown)
	}
	require.NotContains(t, string(row.Body), "ops@", "no read model holds an address")
	h.reopen()
	require.Empty(t, h.told("webhook-disabled"), "once, though all of the log was heard again")
	goesOn()
	require.NotContains(t, string(h.get(olga, "/v1/webhooks/"+of).Body), "failing_since")
	second := givenUp()
	require.Len(t, second, 1, "and once the next time")
	require.NotEqual(t, first[0].ID, second[0].ID)
	goesOn()
	h.post.fail(errors.New("the mail server is down"))
	require.Empty(t, givenUp())
	require.NotContains(t, string(h.get(olga, "/v1/webhooks/"+of).Body), "contact_told_at", "not yet")
	h.post.fail(fmt.Errorf("no such mailbox: %w", commands.ErrUndeliverable))
	h.pass(10 * time.Second)
	require.Empty(t, h.told("webhook-disabled"))
	require.Contains(t, string(h.get(olga, "/v1/webhooks/"+of).Body), `"contact_unreached":true`, "for an operator to see")
	h.post.fail(nil)
	goesOn()
	require.Equal(t, 200, h.hook(olga, "/"+of+"/disabling", `{"reason":"contract-ended"}`).Status)
	require.Empty(t, h.told("webhook-disabled"), "what an operator does, an operator tells")
	require.Equal(t, 200, h.hook(olga, "/"+of+"/enabling", "").Status)
	require.Equal(t, 200, h.hook(olga, "/"+of+"/contact", `{"contact":""}`).Status)
	h.pass(10 * time.Second)
	require.Empty(t, givenUp(), "nobody is told where there is nobody")
	require.NotContains(t, string(h.get(olga, "/v1/webhooks/"+of).Body), "contact_")
}

func TestFactsAreSentAgainUnderTheirOldNames(t *testing.T) {
	t.Parallel()
	h, r := newHouse(t), newReceiver(t)
	olga, anna := h.desk("olga"), h.customer("anna")
	account := h.account(anna, "")
	of, _ := h.hooked(olga, r.URL, "journal.posted")
	for _, amount := range []string{"1.00", "2.00", "3.00"} {
		require.NoError(t, anna.Deposit(t.Context(), account, amount, "EUR"))
	}
	first := r.heard(h)
	require.Len(t, first, 3)
	log := h.deliveries(olga, of)
	require.Equal(t, 200, h.hook(olga, "/"+of+"/resend", fmt.Sprintf(`{"delivery":%q}`, log[1].Delivery)).Status)
	again := r.heard(h)
	require.Len(t, again, 1)
	require.Equal(t, first[1].id(), again[0].id())
	require.Equal(t, string(first[1].body), string(again[0].body))
	require.Equal(t, 200, h.hook(olga, "/"+of+"/resend", fmt.Sprintf(`{"since":%d}`, log[1].Position)).Status)
	since := r.heard(h)
	require.Equal(t, []string{first[1].id(), first[2].id()}, []string{since[0].id(), since[1].id()})
	require.Len(t, since, 2)
	h.reopen()
	require.Empty(t, r.heard(h), "a resend is over when it is over")
	for body, want := range map[string]string{
		`{}`: "missing-field", `{"since":1,"delivery":"` + log[0].Delivery + `"}`: "missing-field", `{"since":99999999}`: "position-ahead",
		`{"delivery":"dlv_00000000-0000-4000-8000-000000000001"}`: "not-found", `{"since":"1"}`: "bad-json",
	} {
		require.Equal(t, want, code(h.hook(olga, "/"+of+"/resend", body)), body)
	}
}

func TestASecretIsShownOnceAndRotatedWithOverlap(t *testing.T) {
	t.Parallel()
	h, r := newHouse(t), newReceiver(t)
	h.clock.Store(time.Now().UnixMicro())
	olga, anna := h.desk("olga"), h.customer("anna")
	account := h.account(anna, "")
	of, old := h.hooked(olga, r.URL, "journal.posted")
	for _, path := range []string{"/v1/webhooks", "/v1/webhooks/" + of} {
		require.NotContains(t, string(h.get(olga, path).Body), "whsec_")
	}
	rotated := h.hook(olga, "/"+of+"/secret", "")
	require.Equal(t, 200, rotated.Status, "%s", rotated.Body)
	secret := field[string](t, rotated, "secret")
	require.NotEqual(t, old, secret)
	require.NoError(t, anna.Deposit(t.Context(), account, "1.00", "EUR"))
	got := r.heard(h)
	require.Len(t, got, 1)
	for _, good := range []string{old, secret} {
		_, err := verify(good, got[0], map[string]bool{})
		require.NoError(t, err, "both sign for a day")
	}
	h.pass(25 * time.Hour)
	h.login(anna)
	require.NoError(t, anna.Deposit(t.Context(), account, "2.00", "EUR"))
	got = r.heard(h)
	require.Len(t, got, 1)
	require.Len(t, strings.Fields(got[0].header.Get("webhook-signature")), 1, "then the new one alone")
	for _, whole := range []string{old, secret} {
		require.NotContains(t, h.logged(), whole)
	}
}

// Row 42, over HTTP: no test sends a packet to such an address.
func TestRow42NoWebhookLeadsIntoTheBank(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	olga := h.desk("olga")
	head := h.head()
	for _, url := range []string{"http://partner.example/", "https://10.0.0.1/", "https://169.254.169.254/latest", "https://2130706433/", "https://0x7f.1/", "https://[fd00::1]:99999999/",
		"https://user@partner.example/", "https://partner.example/#x", "http://localhost/", "ftp://127.0.0.1/", "x", ""} {
		answer := h.hook(olga, "", hookBody(url, "transfer.posted"))
		require.Equal(t, 422, answer.Status, "%s: %s", url, answer.Body)
		require.Equal(t, "webhook-url-invalid", code(answer), url)
	}
	require.Equal(t, "webhook-kinds-invalid", code(h.hook(olga, "", hookBody("https://partner.example/", "customer.enrolled"))), "nothing of persons leaves the bank")
	require.Equal(t, "webhook-kinds-invalid", code(h.hook(olga, "", hookBody("https://partner.example/"))))
	require.Equal(t, head, h.head(), "nothing was registered")
}

// In production an endpoint takes two persons, and no address of this machine.
func TestAWebhookTakesTwoOperators(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	olga, otto := h.person("olga", "platform"), h.person("otto", "platform")
	for _, url := range []string{"http://127.0.0.1:9/", "https://127.0.0.1/", "https://[::1]/"} {
		require.Equal(t, "webhook-url-invalid", code(h.hook(olga, "", hookBody(url, "transfer.posted"))), url)
	}
	proposed := h.hook(olga, "", hookBody("https://partner.example/hook", "transfer.posted"))
	require.Equal(t, 202, proposed.Status, "%s", proposed.Body)
	require.Equal(t, "proposed", field[string](t, proposed, "status"))
	of := field[string](t, proposed, "webhook")
	require.Equal(t, "webhook-inactive", code(h.hook(olga, "/"+of+"/test", "")))
	require.Equal(t, "proposal-own", code(h.hook(olga, "/"+of+"/approval", "")))
	require.Equal(t, "insufficient-scope", code(h.hook(h.person("paul", "security"), "/"+of+"/approval", "")))
	key := otto.NewID()
	approved := h.command(otto, http.MethodPost, "/v1/webhooks/"+of+"/approval", map[string]string{}, key)
	require.Equal(t, 200, approved.Status, "%s", approved.Body)
	require.NotContains(t, string(approved.Body), "whsec_", "the secret is the proposer's to hand over")
	again := h.command(otto, http.MethodPost, "/v1/webhooks/"+of+"/approval", map[string]string{}, key)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, "webhook-approved", code(h.hook(otto, "/"+of+"/approval", "")))
	row := h.get(otto, "/v1/webhooks/"+of)
	require.Equal(t, []string{"active", olga.Profile().Operator, otto.Profile().Operator}, []string{field[string](t, row, "status"), field[string](t, row, "proposer"), field[string](t, row, "approver")})
	require.Equal(t, 404, h.hook(otto, "/whk_00000000-0000-4000-8000-000000000001/approval", "").Status)
	require.Equal(t, 200, h.ask(otto, Route{Method: http.MethodDelete, Keyed: true}, "/v1/webhooks/"+of, "", nil).Status)
	require.Equal(t, 404, h.hook(otto, "/"+of+"/enabling", "").Status, "what is deleted is over")
}

func TestAStalledPartnerHoldsNoOtherUp(t *testing.T) {
	t.Parallel()
	h, stalled, quick := newHouse(t), newReceiver(t), newReceiver(t)
	olga, anna := h.desk("olga"), h.customer("anna")
	account := h.account(anna, "")
	slow, _ := h.hooked(olga, stalled.URL, "journal.posted")
	fast, _ := h.hooked(olga, quick.URL, "journal.posted")
	stalled.heard(h)
	released := make(chan struct{})
	stalled.mu.Lock()
	stalled.until = released
	stalled.mu.Unlock()
	quick.Config.Handler = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			close(released) // the other one answers once this one has what it wants
		})
	}(quick.Config.Handler)
	require.NoError(t, anna.Deposit(t.Context(), account, "1.00", "EUR"))
	require.Len(t, stalled.heard(h), 1)
	for _, of := range []string{slow, fast} {
		require.Equal(t, []any{"delivered", 1}, []any{h.deliveries(olga, of)[0].Status, h.deliveries(olga, of)[0].Attempt}, "at the first attempt, before its time was over")
	}
}
