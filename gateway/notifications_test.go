package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/gateway/phone"
)

// entry is one of an inbox as its owner reads it.
type entry struct {
	ID       string `json:"notification"`
	Category string `json:"category"`
	Template string `json:"template"`
	Title    string `json:"title"`
	Text     string `json:"text"`
	About    string `json:"about"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
	Code     string `json:"code"`
	Read     bool   `json:"read"`
	Position uint64 `json:"position"`
}

// inbox reads all of it, once every process has taken in what happened.
func (h *house) inbox(p *phone.Phone, query string) (entries []entry, unread int64) {
	h.t.Helper()
	h.processed(eventbus.Position(h.head()))
	require.Equal(h.t, 200, h.fresh(p, "/v1/notifications").Status)
	answer := h.ask(p, Route{Method: http.MethodGet}, "/v1/notifications"+query, "", nil)
	require.Equal(h.t, 200, answer.Status, "%s", answer.Body)
	var list struct {
		Notifications []entry
		Unread        int64
	}
	require.NoError(h.t, json.Unmarshal(answer.Body, &list), "%s", answer.Body)
	return list.Notifications, list.Unread
}

func (h *house) entries(p *phone.Phone) []entry {
	h.t.Helper()
	entries, _ := h.inbox(p, "")
	return entries
}

func templates(entries []entry) (all []string) {
	for _, e := range entries {
		all = append(all, e.Template)
	}
	return all
}

func (s *scene) notificationTries() map[string]try {
	return map[string]try{
		"GET /v1/notifications":             {by: "customer", list: true},
		"POST /v1/notifications/{id}/read":  {by: "customer"},
		"POST /v1/notifications/read":       {by: "customer", body: fmt.Sprintf(`{"through":%q}`, s.annas["notifications"])},
		"GET /v1/notifications/preferences": {by: "customer"},
		"GET /v1/notifications/stream":      {by: "customer"},
		"PUT /v1/notifications/preferences": {by: "customer", body: `{"language":"de","time_zone":"Europe/Berlin","channels":{"account":["email"],"payments":[],"cards":[]}}`},
	}
}

func (h *house) choose(p *phone.Phone, body string) phone.Answer {
	h.t.Helper()
	return h.ask(p, Route{Method: http.MethodPut, Keyed: true}, "/v1/notifications/preferences", body, nil)
}

func TestEverythingACustomerShouldKnowLiesInTheInbox(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	require.Equal(t, []string{"device-bound"}, templates(h.entries(anna)))
	annas, berts := h.account(anna, "5000.00"), h.account(bert, "")
	own := h.account(anna, "")

	paid := h.transfer(anna, annas, berts, "1234.50")
	require.Equal(t, "challenged", field[string](t, h.get(anna, "/v1/transfers/"+paid), "status"))
	small := h.transfer(anna, annas, berts, "12.50")
	h.transfer(anna, annas, own, "1.00")
	require.Equal(t, "insufficient-funds", code(h.command(anna, http.MethodPost, "/v1/transfers",
		phone.Order{From: own, To: berts, Amount: "2.00", Currency: "EUR"}, anna.NewID())))
	annasEntries, unread := h.inbox(anna, "")
	require.Equal(t, []string{"transfer-rejected", "transfer-sent", "transfer-sent", "transfer-challenged", "account-credited", "device-bound"}, templates(annasEntries), "newest first")
	require.EqualValues(t, 6, unread)
	require.Equal(t, "insufficient-funds", annasEntries[0].Code)
	sent := annasEntries[2]
	require.Equal(t, []string{small, "12.50", "EUR", "payments"}, []string{sent.About, sent.Amount, sent.Currency, sent.Category})
	require.Equal(t, "Your transfer of €12.50 was made. If this was not you, call us at once.", sent.Text)
	challenged := annasEntries[3]
	require.Equal(t, []string{paid, "1234.50"}, []string{challenged.About, challenged.Amount})

	bertsEntries := h.entries(bert)
	require.Equal(t, []string{"transfer-received", "device-bound"}, templates(bertsEntries), "to one's own account is no news to others")
	require.Equal(t, "You have received €12.50.", bertsEntries[0].Text)

	h.pass(10 * time.Minute)
	h.login(anna)
	h.login(bert)
	h.told("")
	require.Equal(t, "transfer-expired", h.entries(anna)[0].Template)

	ledger := h.machine("ledger", "ledger.reverse").login()
	require.Equal(t, "invalid-amount", code(h.ask(ledger, Route{Method: http.MethodPost, Keyed: true}, "/v1/transfers/"+small+"/reversal", `{"currency":"USD","reason":"mistake"}`, nil)), "half an amount is none, and not all that is left")
	require.Equal(t, 201, h.ask(ledger, Route{Method: http.MethodPost, Keyed: true}, "/v1/transfers/"+small+"/reversal", `{"amount":"2.50","currency":"EUR","reason":"mistake"}`, nil).Status)
	require.Equal(t, []string{"transfer-reversed", small, "2.50"}, []string{h.entries(anna)[0].Template, h.entries(anna)[0].About, h.entries(anna)[0].Amount})
	require.Equal(t, "transfer-reversed", h.entries(bert)[0].Template)
	require.Len(t, h.entries(bert), 3, "the reversal is told of once, not as a transfer of its own as well")
}

func TestAnEntryIsReadOnceAndByItsOwner(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	h.account(anna, "10.00")
	read := Route{Method: http.MethodPost}
	before, unread := h.inbox(anna, "")
	require.EqualValues(t, 2, unread)
	first := h.ask(anna, read, "/v1/notifications/"+before[0].ID+"/read", "", nil)
	require.Equal(t, 200, first.Status, "%s", first.Body)
	require.NotEmpty(t, first.Header.Get("Florin-Position"))
	head := h.head()
	again := h.ask(anna, read, "/v1/notifications/"+before[0].ID+"/read", "{}", nil)
	require.Equal(t, 200, again.Status)
	require.Equal(t, head, h.head(), "once more changes nothing")
	entries, unread := h.inbox(anna, "")
	require.EqualValues(t, 1, unread)
	require.Equal(t, []bool{true, false}, []bool{entries[0].Read, entries[1].Read})

	none := h.ask(bert, read, "/v1/notifications/ntf_"+uuid.NewString()+"/read", "", nil)
	theirs := h.ask(bert, read, "/v1/notifications/"+before[1].ID+"/read", "", nil)
	require.Equal(t, 404, theirs.Status)
	require.Equal(t, string(none.Body), string(theirs.Body))
	through := func(p *phone.Phone, of string) phone.Answer {
		return h.ask(p, read, "/v1/notifications/read", fmt.Sprintf(`{"through":%q}`, of), nil)
	}
	require.Equal(t, 404, through(bert, before[0].ID).Status)
	require.Equal(t, 404, through(anna, "ntf_"+uuid.NewString()).Status)
	require.Equal(t, 400, through(anna, "acc_"+uuid.NewString()).Status)
	_, unread = h.inbox(anna, "")
	require.EqualValues(t, 1, unread, "nobody else reads it")

	require.Equal(t, 200, through(anna, before[0].ID).Status)
	_, unread = h.inbox(anna, "")
	require.Zero(t, unread)
	head = h.head()
	require.Equal(t, 200, through(anna, before[1].ID).Status, "an older one")
	require.Equal(t, head, h.head(), "nothing becomes unread")
	h.account(anna, "1.00")
	_, unread = h.inbox(anna, "")
	require.EqualValues(t, 1, unread, "what comes later is new")

	h.reopen()
	entries, unread = h.inbox(anna, "")
	require.Len(t, entries, 3, "all of the log was heard again, and nothing filed twice")
	require.EqualValues(t, 1, unread)
}

func TestAnInboxIsReadPageByPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	for range 4 {
		h.account(anna, "1.00")
	}
	all := h.entries(anna)
	require.Len(t, all, 5)
	require.Equal(t, 200, h.fresh(anna, "/v1/notifications").Status)
	var paged []entry
	for query := "?limit=2"; query != ""; {
		answer := h.ask(anna, Route{Method: http.MethodGet}, "/v1/notifications"+query, "", nil)
		require.Equal(t, 200, answer.Status, "%s", answer.Body)
		paged = append(paged, field[[]entry](t, answer, "notifications")...)
		link := answer.Header.Get("Link")
		if query = ""; link != "" {
			query = link[strings.Index(link, "?"):strings.Index(link, ">")]
			require.Equal(t, "bad-cursor", code(h.ask(bert, Route{Method: http.MethodGet}, "/v1/notifications"+query, "", nil)), "another's cursor")
		}
	}
	require.Equal(t, all, paged)
}

func TestCustomersAreToldAsTheyPrefer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	account := h.account(anna, "10.00")
	initial := h.get(anna, "/v1/notifications/preferences")
	require.JSONEq(t, `{"language":"en","time_zone":"UTC","languages":["en","de","fr"],
		"channels":{"security":["email","sms"],"account":["email","sms"],"payments":["push"],"cards":["push"]}}`, string(initial.Body))
	h.told("")

	german := `{"language":"de","time_zone":"Europe/Berlin","channels":{"account":["email"],"payments":["email"],"cards":[]},"quiet_hours":{"from":"22:00","to":"07:00"}}`
	key := anna.NewID()
	var wanted any
	require.NoError(t, json.Unmarshal([]byte(german), &wanted))
	first := h.command(anna, http.MethodPut, "/v1/notifications/preferences", wanted, key)
	require.Equal(t, 200, first.Status, "%s", first.Body)
	again := h.command(anna, http.MethodPut, "/v1/notifications/preferences", wanted, key)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, string(first.Body), string(again.Body))
	require.JSONEq(t, `{"from":"22:00","to":"07:00"}`, string(field[json.RawMessage](t, h.get(anna, "/v1/notifications/preferences"), "quiet_hours")))

	require.NoError(t, anna.Deposit(t.Context(), account, "1234.50", "EUR"))
	require.Equal(t, []string{"Geld ist eingegangen", "Ihrem Konto wurden 1.234,50\u00a0€ gutgeschrieben."}, []string{h.entries(anna)[0].Title, h.entries(anna)[0].Text})
	messages := h.told("account-credited")
	require.Len(t, messages, 1, "by the one channel that was chosen")
	require.Equal(t, "Geld ist eingegangen", messages[0].Subject)
	require.NotContains(t, messages[0].Text.Reveal(), "1.234", "no amount leaves the house")

	h.pass(noon.Add(9 * time.Hour).Sub(h.now())) // 21:00 UTC is 22:00 in Berlin
	h.login(anna)
	require.NoError(t, anna.Deposit(t.Context(), account, "1.00", "EUR"))
	require.Empty(t, h.told("account-credited"), "the night is quiet")
	require.Equal(t, "account-credited", h.entries(anna)[0].Template, "but for the inbox")
	h.reopen()
	require.Empty(t, h.told("account-credited"))
	require.Equal(t, 200, h.command(anna, http.MethodPost, "/v1/customers/me/password", map[string]string{"password": "another horse battery staple 8"}, anna.NewID()).Status)
	require.Len(t, h.told("password-changed"), 2, "security knows no night")
	h.pass(9 * time.Hour)
	require.Len(t, h.told("account-credited"), 1, "the morning has come, and the restart has lost nothing")
}

func TestPreferencesThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	head := h.head()
	body := func(language, zone, channels, quiet string) string {
		return fmt.Sprintf(`{"language":%q,"time_zone":%q,"channels":{%s}%s}`, language, zone, channels, quiet)
	}
	const none = `"account":[],"payments":[],"cards":[]`
	for want, bodies := range map[string][]string{
		"language-unknown":      {body("tlh", "UTC", none, ""), body("", "UTC", none, ""), body("DE", "UTC", none, "")},
		"time-zone-unknown":     {body("de", "Mars/Olympus", none, ""), body("de", "", none, ""), body("de", "Local", none, ""), body("de", "../UTC", none, "")},
		"channel-unknown":       {body("de", "UTC", `"account":["fax"],"payments":[],"cards":[]`, ""), body("de", "UTC", `"account":["sms","sms"],"payments":[],"cards":[]`, "")},
		"security-notices-stay": {body("de", "UTC", none+`,"security":[]`, ""), body("de", "UTC", none+`,"security":["email","push"]`, "")},
		"quiet-hours-invalid":   {body("de", "UTC", none, `,"quiet_hours":{"from":"22:00","to":"22:00"}`), body("de", "UTC", none, `,"quiet_hours":{"from":"25:00","to":"07:00"}`)},
		"missing-field":         {`{"language":"de","time_zone":"UTC"}`},
	} {
		for _, body := range bodies {
			answer := h.choose(anna, body)
			require.Equal(t, want, code(answer), "%s: %s", body, answer.Body)
		}
	}
	require.Equal(t, head, h.head(), "nothing was chosen")
	bare := h.ask(anna, Route{Method: http.MethodPut}, "/v1/notifications/preferences", body("de", "UTC", none, ""), nil)
	require.Equal(t, "idempotency-key-required", code(bare), "%s", bare.Body)
	shop := h.thirdParty("shop", "openid", "notifications.read")
	consented := h.browser().visit("shop", shop.push(wish("openid notifications.read"))).login("anna", anna).submit("decision", "allow").back().Get("code")
	shop.p.SetTokens(tokensOf(t, shop.redeem(consented, nil)))
	require.Equal(t, 403, h.get(shop.p, "/v1/notifications").Status, "an inbox is not for third parties")
}
