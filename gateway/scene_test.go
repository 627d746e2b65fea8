package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
	"florin/gateway/identity"
	"florin/gateway/phone"
)

// try is how a row of the route table is tried: who calls it, with what.
type try struct {
	by   string // nobody, customer, auditor (a machine), or operator (a person)
	path string // with identifiers of the caller's own; "": the row's
	body string // a good one
	list bool   // takes limit and cursor
}

// scene is a bank with two customers, their accounts, and transfers of the first.
type scene struct {
	*house
	anna, bert, nobody *phone.Phone
	auditor            *phone.Phone // may read the audit and reverse
	from, to, berts    string
	posted, challenged string
	decision           string            // that the challenged one rests on
	annas, bertsThings map[string]string // what {id} stands for, by the path's first segment
	correlation        string
	olga               *phone.Phone // an operator, who is a person
	disable            string       // a good proposal
	spare, empty       string       // accounts of anna's that may be frozen and closed
	hold               string       // on the spare one
	held               string       // a payment that waits for a person's word
	fraudCase          string       // that is open
}

func newScene(t testing.TB) *scene {
	h := newHouse(t)
	s := &scene{house: h, anna: h.customer("anna"), bert: h.customer("bert"), nobody: h.phone()}
	s.from, s.to, s.berts = h.account(s.anna, "20000.00"), h.account(s.anna, ""), h.account(s.bert, "5000.00")
	shop := h.thirdParty("shop", "openid", "accounts.read")
	h.agreed(s.anna, shop)
	h.agreed(s.bert, shop)
	s.posted = h.transfer(s.anna, s.from, s.to, "10.00")
	s.challenged = h.transfer(s.anna, s.from, s.berts, "2000.00")
	s.annas, s.bertsThings = h.things(s.anna, s.from, s.challenged), h.things(s.bert, s.berts, h.transfer(s.bert, s.berts, s.from, "1500.00"))
	s.annas["batches"], s.bertsThings["batches"] = h.batch(s.anna, s.from, s.berts), h.batch(s.bert, s.berts, s.from)
	s.annas["payees"], s.bertsThings["payees"] = h.payee(s.anna, s.bert), h.payee(s.bert, s.anna)
	s.annas["standing-orders"], s.bertsThings["standing-orders"] = h.standingOrder(s.anna, s.from, s.berts), h.standingOrder(s.bert, s.berts, s.from)
	s.annas["payments"], s.bertsThings["payments"] = h.paid(s.anna, s.from, "1500.00"), h.paid(s.bert, s.berts, "1500.00")
	s.held = h.looksSuspicious(s.anna, s.from, s.berts)
	s.annas["customers"] = h.customer("dora").Profile().Customer // whom operators restrict, activate and erase
	s.auditor = h.machine("auditor", "audit.read", "analytics.read", "ledger.reverse", "ledger.post", "customers.manage", "privacy.manage", "webhooks.manage", "cards.network", "payments.operate", "config.write", "risk.read", "risk.write").login()
	decided := h.decisions(s.auditor, "?limit=1&about="+s.challenged)
	require.Len(t, decided, 1)
	s.decision = decided[0].Decision
	s.fraudCase = h.openCase(s.auditor, "device", s.anna.Profile().Device)
	s.annas["cards"], s.bertsThings["cards"] = h.card(s.anna, s.from), h.card(s.bert, s.berts)
	for p, things := range map[*phone.Phone]map[string]string{s.anna: s.annas, s.bert: s.bertsThings} {
		collected := collectionOf("TX-"+things["accounts"][4:12], h.iban(p, things["accounts"]), "1.00")
		things["direct-debits"] = h.collects(s.auditor, collected, "collected", "")
		things["mandates"] = field[string](t, h.fresh(p, "/v1/direct-debits/"+things["direct-debits"]), "mandate")
	}
	for p, things := range map[*phone.Phone]map[string]string{s.anna: s.annas, s.bert: s.bertsThings} {
		things["payment-files"] = field[string](t, h.files(p, painOf("MSG-scene", h.iban(p, things["accounts"]), "1.00")), "payment_file")
	}
	s.annas["card-authorisations"], s.bertsThings["card-authorisations"] = h.authorised(s.auditor, s.annas["cards"], "20.00"), h.authorised(s.auditor, s.bertsThings["cards"], "20.00")
	s.annas["webhooks"], _ = h.hooked(s.auditor, "http://127.0.0.1:9/hook", "transfer.posted")
	s.olga = h.person("olga", "security", "ledger")
	disable := fmt.Sprintf(`{"kind":"operator-disabling","details":{"operator":%q},"reason":"left"}`, h.appoint("gone").Operator)
	made := h.ask(h.person("otto", "security"), Route{Method: http.MethodPost, Keyed: true}, "/v1/operators/proposals", disable, nil)
	s.annas["operators"], s.disable = field[string](t, made, "proposal"), disable
	s.correlation = uuid.NewString()
	s.annas["products"] = h.product(s.auditor, `{"code":"saver","currency":"EUR","interest":{"credit_basis_points":200,"day_count":"act/365"},"reason":"new-offer"}`)
	s.annas["risk"] = s.shadow(s.auditor, "scene")
	s.spare, s.empty = h.account(s.anna, "100.00"), h.account(s.anna, "")
	s.annas["incoming-payments"] = h.arrival(s.auditor, arrivalOf("TX-scene", h.iban(s.anna, s.spare), "1.00"), "credited")
	s.hold = field[string](t, h.ask(s.auditor, Route{Method: http.MethodPost, Keyed: true}, "/v1/accounts/"+s.spare+"/holds", `{"amount":"1.00","currency":"EUR","reason":"dispute"}`, nil), "hold")
	return s
}

func (h *house) transfer(p *phone.Phone, from, to, amount string) string {
	h.t.Helper()
	answer := h.command(p, http.MethodPost, "/v1/transfers", phone.Order{From: from, To: to, Amount: amount, Currency: "EUR"}, p.NewID())
	require.NoError(h.t, answer.OK())
	return field[string](h.t, answer, "transfer")
}

// things of a customer that a path may name.
func (h *house) things(p *phone.Phone, account, transfer string) map[string]string {
	sessions := h.get(p, "/v1/sessions")
	var list struct {
		Sessions []struct {
			ID string `json:"session_id"`
		} `json:"sessions"`
	}
	require.NoError(h.t, json.Unmarshal(sessions.Body, &list), "%s", sessions.Body)
	require.NotEmpty(h.t, list.Sessions)
	var own struct {
		Factors []struct {
			ID string `json:"factor_id"`
		} `json:"factors"`
	}
	require.NoError(h.t, json.Unmarshal(h.get(p, "/v1/factors").Body, &own))
	require.NotEmpty(h.t, own.Factors)
	permit := h.permitted(p.Profile().Customer, commands.PermitRecovery{For: "factors", Email: domain.NewProfile("new-" + p.Profile().UserName + "@example.test")})
	h.push(p.Profile().UserName, password)
	return map[string]string{"notifications": h.entries(p)[0].ID, "consents": h.consents(p)[0].ID, "recovery": permit.Recovery.String(), "approvals": h.waiting(p).ID, "factors": own.Factors[0].ID, "accounts": account, "transfers": transfer, "devices": p.Profile().Device, "sessions": list.Sessions[0].ID}
}

// tries has an entry for every row of the table; a test fails for one without.
func (s *scene) tries() map[string]try {
	form := try{by: "form"}
	tries := map[string]try{
		"GET /.well-known/openid-configuration":         {by: "nobody"},
		"GET /.well-known/oauth-authorization-server":   {by: "nobody"},
		"GET /.well-known/oauth-protected-resource":     {by: "nobody"},
		"GET /oauth2/jwks":                              {by: "nobody"},
		"GET /openapi.json":                             {by: "nobody"},
		"GET /docs":                                     {by: "nobody"},
		"POST /oauth2/challenge":                        form,
		"POST /oauth2/token":                            form,
		"POST /oauth2/par":                              form,
		"POST /oauth2/bc-authorize":                     form,
		"GET /account/devices":                          form,
		"POST /account/devices":                         form,
		"GET /pages/{file}":                             {by: "nobody", path: identity.ScriptPath()},
		"GET /oauth2/authorize":                         form,
		"GET /oauth2/logout":                            form,
		"POST /oauth2/logout":                           form,
		"POST /oauth2/authorize":                        form,
		"POST /oauth2/revoke":                           form,
		"POST /oauth2/introspect":                       form,
		"GET /oauth2/userinfo":                          {by: "customer"},
		"POST /oauth2/userinfo":                         {by: "customer"},
		"POST /v1/customers":                            {by: "nobody", body: `{"user_name":"carl","phone":"+491701234567","email":"c@example.test","name":"Carl","password":"` + password + `"}`},
		"POST /v1/customers/{id}/restriction":           {by: "auditor", body: `{"reason":"sanctions-check"}`},
		"POST /v1/customers/{id}/activation":            {by: "auditor", body: `{"reason":"identity-checked"}`},
		"POST /v1/customers/{id}/sending-limit/lifting": {by: "auditor", body: `{"reason":"customer-called"}`},
		"POST /v1/customers/{id}/erasure":               {by: "auditor", body: `{"legal_basis":"gdpr-17-1-b"}`},
		"GET /v1/customers/me":                          {by: "customer"},
		"PATCH /v1/customers/me":                        {by: "customer", body: `{"email":"anna.new@example.test"}`},
		"DELETE /v1/customers/me/contacts/{kind}":       {by: "customer", path: "/v1/customers/me/contacts/phone"},
		"POST /v1/customers/{id}/recovery/objection":    {by: "auditor", body: `{"reason":"customer-called"}`},
		"POST /v1/customers/me/password":                {by: "customer", path: "/v1/customers/me/password", body: `{"password":"another wooden horse"}`},
		"POST /v1/recovery":                             {by: "nobody", body: `{"username":"anna","for":"password"}`},
		"POST /v1/recovery/completion":                  {by: "nobody", body: `{"recovery_id":"rec_00000000-0000-4000-8000-000000000001","code":"123456","recovery_code":"AAAA-AAAA-AAAA-AAAA","password":"another wooden horse"}`},
		"POST /v1/recovery/objection":                   {by: "nobody", body: `{"objection":"x"}`},
		"GET /v1/recovery":                              {by: "customer"},
		"DELETE /v1/recovery/{id}":                      {by: "customer"},
		"POST /v1/customers/{id}/recovery":              {by: "auditor", body: `{"for":"factors","reason":"identified-at-desk","email":"new@example.test"}`},
		"POST /v1/devices/challenge":                    {by: "nobody"},
		"POST /v1/devices/expected":                     {by: "customer"},
		"POST /v1/devices":                              {by: "nobody", body: `{"registration":"x.y.z"}`},
		"POST /v1/operators/enrolment":                  {by: "nobody", body: `{"user_name":"olga","code":"x"}`},
		"GET /v1/devices":                               {by: "customer", list: true},
		"PATCH /v1/devices/{id}":                        {by: "customer", body: `{"name":"the red one"}`},
		"DELETE /v1/devices/{id}":                       {by: "customer", body: `{"reason":"sold"}`},
		"POST /v1/devices/{id}/lost":                    {by: "customer", body: `{"reason":"stolen"}`},
		"GET /v1/approvals":                             {by: "customer"},
		"POST /v1/approvals/{id}":                       {by: "customer", body: `{"approval":"x.y.z"}`},
		"GET /v1/sessions":                              {by: "customer", list: true},
		"DELETE /v1/sessions/{id}":                      {by: "customer"},
		"GET /v1/consents":                              {by: "customer", list: true},
		"DELETE /v1/consents/{id}":                      {by: "customer"},
		"GET /v1/factors":                               {by: "customer"},
		"POST /v1/factors/totp":                         {by: "customer"},
		"POST /v1/factors/passkeys":                     {by: "customer"},
		"POST /v1/factors/recovery-codes":               {by: "customer"},
		"POST /v1/factors/{id}/attestation":             {by: "customer", body: `{"credential":"{}"}`},
		"POST /v1/factors/{id}/confirmation":            {by: "customer", body: `{"otp":"000000"}`},
		"POST /v1/factors/{id}/approval":                {by: "customer"},
		"DELETE /v1/factors/{id}":                       {by: "customer"},
	}
	maps.Copy(tries, s.accountTries())
	maps.Copy(tries, s.moneyTries())
	maps.Copy(tries, s.cardTries())
	maps.Copy(tries, s.notificationTries())
	maps.Copy(tries, s.paymentTries())
	maps.Copy(tries, s.incomingTries())
	maps.Copy(tries, s.debitTries())
	maps.Copy(tries, s.fileTries())
	maps.Copy(tries, s.webhookTries())
	maps.Copy(tries, s.proposalTries())
	maps.Copy(tries, s.sandboxTries())
	maps.Copy(tries, s.transferTries())
	maps.Copy(tries, s.payeeTries())
	maps.Copy(tries, s.batchTries())
	maps.Copy(tries, s.riskTries())
	return tries
}

// moneyTries are those of money, and of who reads what became of it.
func (s *scene) moneyTries() map[string]try {
	order := fmt.Sprintf(`{"from":%q,"to":%q,"amount":"1.00","currency":"EUR","reference":"x"}`, s.from, s.to)
	deposit := fmt.Sprintf(`{"to":%q,"amount":"1.00","currency":"EUR","reference":"x"}`, s.from)
	return map[string]try{
		"POST /v1/transfers":                    {by: "customer", body: order},
		"GET /v1/transfers/{id}":                {by: "customer"},
		"POST /v1/transfers/{id}/authorization": {by: "customer", body: `{"authorization":"x.y.z"}`},
		"POST /v1/transfers/{id}/cancellation":  {by: "customer"},
		"POST /v1/transfers/{id}/reversal":      {by: "auditor", body: `{"amount":"1.00","currency":"EUR","reason":"mistake"}`},
		"POST /v1/deposits":                     {by: "auditor", body: deposit},
		"GET /v1/audit/events":                  {by: "auditor", list: true},
		"GET /v1/audit/streams/{context}/{id}":  {by: "auditor", path: "/v1/audit/streams/account/" + s.from[4:], list: true},
		"GET /v1/audit/timeline/{correlation}":  {by: "auditor", path: "/v1/audit/timeline/" + s.correlation, list: true},
		"GET /v1/audit/follow":                  {by: "auditor"},
		"GET /v1/analytics":                     {by: "auditor"},
		"GET /v1/analytics/{view}":              {by: "auditor", path: "/v1/analytics/v_accounts"},
	}
}

func (s *scene) caller(by string) *phone.Phone {
	return map[string]*phone.Phone{"nobody": s.nobody, "customer": s.anna, "auditor": s.auditor, "operator": s.olga}[by]
}

// each runs over every row that a client sends JSON to, or nothing.
func (s *scene) each(t *testing.T, f func(t *testing.T, row Route, try try)) {
	tries := s.tries()
	for _, row := range s.routes {
		name := row.Method + " " + row.Path
		try, ok := tries[name]
		require.True(t, ok, "%s has no entry among the bad inputs", name)
		if try.path == "" {
			try.path = strings.Replace(row.Path, "{id}", s.annas[segment(row.Path)], 1)
		}
		if try.by != "form" {
			t.Run(strings.ReplaceAll(name, "/", "|"), func(t *testing.T) { f(t, row, try) })
		}
	}
}

// segment is the kind of thing that a path is about; what a sandbox simulates is named
// as outside of it.
func segment(path string) string {
	return strings.Split(strings.Replace(path, "/sandbox/", "/", 1)+"/", "/")[2]
}

// ask sends a request made for the row; spoil may change it before it is sent,
// and after it was signed.
func (h *house) ask(p *phone.Phone, row Route, path, body string, spoil func(*phone.Request)) phone.Answer {
	h.t.Helper()
	key := ""
	if row.Keyed {
		key = p.NewID()
	}
	for {
		bare, _, _ := strings.Cut(path, "?")
		request, err := p.Prepare(row.Method, bare, []byte(body), key)
		require.NoError(h.t, err)
		request.Path = path
		if row.Takes != "" {
			request.Header.Set("Content-Type", row.Takes)
		}
		if spoil != nil {
			spoil(&request)
		}
		answer, err := p.Send(context.Background(), request)
		require.NoError(h.t, err)
		if code(answer) != "use-dpop-nonce" {
			return answer
		}
	}
}
