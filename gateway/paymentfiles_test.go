package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
	"florin/gateway/rail/simulated"
	"florin/gateway/service"
)

// painOf is a pain.001 with a payment for each amount, named E-1 and so on.
func painOf(message, debtor string, amounts ...string) string {
	sum, items := 0, ""
	for i, amount := range amounts {
		var euros, cents int
		_, _ = fmt.Sscanf(amount, "%d.%d", &euros, &cents)
		sum += euros*100 + cents
		items += fmt.Sprintf(`<CdtTrfTxInf><PmtId><EndToEndId>E-%d</EndToEndId></PmtId><Amt><InstdAmt Ccy="EUR">%s</InstdAmt></Amt><Cdtr><Nm>Bob &amp; %d</Nm></Cdtr>`+
			`<CdtrAcct><Id><IBAN>%s</IBAN></Id></CdtrAcct><RmtInf><Ustrd>wage %d</Ustrd></RmtInf></CdtTrfTxInf>`, i+1, amount, i+1, foreign, i+1)
	}
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn><GrpHdr><MsgId>%s</MsgId>`+
		`<CreDtTm>2026-01-01T00:00:00Z</CreDtTm><NbOfTxs>%d</NbOfTxs><CtrlSum>%d.%02d</CtrlSum><InitgPty><Nm>Anna</Nm></InitgPty></GrpHdr><PmtInf><PmtInfId>P-1</PmtInfId><PmtMtd>TRF</PmtMtd>`+
		`<ReqdExctnDt><Dt>2020-01-01</Dt></ReqdExctnDt><Dbtr><Nm>Anna</Nm></Dbtr><DbtrAcct><Id><IBAN>%s</IBAN></Id></DbtrAcct><DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>%s</PmtInf></CstmrCdtTrfInitn></Document>`,
		message, len(amounts), sum/100, sum%100, debtor, items)
}

var filesRoute = Route{Method: http.MethodPost, Keyed: true, Takes: service.MediaXML}

func (h *house) files(p *phone.Phone, pain string) phone.Answer {
	h.t.Helper()
	return h.ask(p, filesRoute, "/v1/payment-files", pain, nil)
}

func (h *house) confirmFile(p *phone.Phone, waits phone.Answer, change func(map[string]any)) phone.Answer {
	h.t.Helper()
	var display map[string]any
	text := []byte(field[phone.Challenge](h.t, waits, "challenge").Display)
	if change != nil {
		require.NoError(h.t, json.Unmarshal(text, &display))
		change(display)
		var err error
		text, err = json.Marshal(display)
		require.NoError(h.t, err)
	}
	signed, err := p.SignConsent(text)
	require.NoError(h.t, err)
	return h.command(p, http.MethodPost, "/v1/payment-files/"+field[string](h.t, waits, "payment_file")+"/authorization", map[string]string{"authorization": signed}, p.NewID())
}

func TestAFileOfPaymentsIsConfirmedOnceAndEachGoesItsOwnWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from := h.account(anna, "100.00")
	text := painOf("MSG-1", h.iban(anna, from), "60.00", "50.00", "30.00", "5.00")
	text = strings.Replace(text, "wage 4", "simulate reject AC04", 1)
	follows(t, "pain.001.001.09", []byte(text))
	waits := h.files(anna, text)
	require.Equal(t, 202, waits.Status, "%s", waits.Body)
	id := field[string](t, waits, "payment_file")
	digest := sha256.Sum256([]byte(text))
	var display map[string]string
	require.NoError(t, json.Unmarshal(field[phone.Challenge](t, waits, "challenge").Display, &display))
	require.Equal(t, []string{id, "4", "145.00", "EUR", hex.EncodeToString(digest[:]), from},
		[]string{display["payment_file"], display["count"], display["total"], display["currency"], display["digest"], display["debtor"]})
	h.works()
	told, _ := h.rail.Messages()
	require.Empty(t, told, "nothing leaves unconfirmed")
	again := h.files(anna, text)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"), "under another key, too")
	require.JSONEq(t, string(waits.Body), string(again.Body))
	require.Equal(t, "payment-file-exists", code(h.files(anna, strings.Replace(text, "wage 1", "wage 9", 1))))
	require.Equal(t, 404, h.fresh(bert, "/v1/payment-files/"+id).Status)
	for _, name := range []string{"total", "digest", "count"} {
		require.Equal(t, "sca-failed", code(h.confirmFile(anna, waits, func(s map[string]any) { s[name] = "1" })), name)
	}
	done := h.confirmFile(anna, waits, nil)
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.Equal(t, "sca-failed", code(h.confirmFile(anna, waits, nil)), "a challenge is answered once")
	h.rail.Fail(simulated.After)
	for range 8 {
		h.works()
		h.reopen()
		h.pass(10 * time.Second)
	}
	told, _ = h.rail.Messages()
	require.Len(t, told, 3, "each once; the second was more than there was")
	require.Equal(t, "10.00", h.balance(anna, from))
	h.railBooks(0, 9000, 0)
	var shown struct {
		Payments []service.FiledPayment `json:"payments"`
	}
	require.NoError(t, json.Unmarshal(h.fresh(anna, "/v1/payment-files/"+id).Body, &shown))
	var said []string
	for _, p := range shown.Payments {
		said = append(said, p.EndToEnd+" "+p.Status+p.Reason)
	}
	require.Equal(t, []string{"E-1 ACSC", "E-2 RJCTAM04", "E-3 ACSC", "E-4 RJCTAC04"}, said)
	require.Equal(t, []string{foreign, "Bob & 3", "30.00", "wage 3"}, []string{shown.Payments[2].To, shown.Payments[2].Name, shown.Payments[2].Amount, shown.Payments[2].Reference})
	require.Equal(t, id, field[string](t, h.payment(anna, shown.Payments[0].Payment.String()), "payment_file"))
	over := h.fresh(anna, "/v1/payment-files/"+id)
	require.Equal(t, []any{"completed", 2, 2, "MSG-1"}, []any{field[string](t, over, "status"), field[int](t, over, "settled"), field[int](t, over, "failed"), field[string](t, over, "message")})
	require.Contains(t, string(h.fresh(anna, "/v1/payments").Body), shown.Payments[0].Payment.String(), "each is a payment like others")
	report := h.as(anna, "/v1/payment-files/"+id, service.MediaXML)
	require.Equal(t, service.MediaXML, report.Header.Get("Content-Type"))
	follows(t, "pain.002.001.10", report.Body)
	require.Contains(t, string(report.Body), `xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"`)
	require.Contains(t, string(report.Body), "<OrgnlMsgId>MSG-1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><OrgnlNbOfTxs>4</OrgnlNbOfTxs><OrgnlCtrlSum>145.00</OrgnlCtrlSum><GrpSts>PART</GrpSts>")
	require.Contains(t, string(report.Body), "<OrgnlEndToEndId>E-2</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf>")
}

// Before a file is confirmed its customer is told what each payee's bank says of the
// name, as of a single payment; the payments, and the report, say it ever after.
func TestPayeesOfAFileAreVerifiedBeforeItIsConfirmed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from := h.account(anna, "100.00")
	number := h.iban(anna, from)
	text := painOf("MSG-1", number, "1.00", "2.00", "3.00", "4.00")
	for i, name := range []string{"", "Close Robert &lt;Builder&gt;", "Wrong Bob", "Unknown Bob"} {
		if name != "" {
			text = strings.Replace(text, fmt.Sprintf("Bob &amp; %d", i+1), name, 1)
		}
	}
	require.Equal(t, 404, h.files(bert, text).Status)
	require.Zero(t, h.rail.Verifications(), "nobody asks about payees from an account of nobody's")
	waits := h.files(anna, text)
	require.Equal(t, 202, waits.Status, "%s", waits.Body)
	require.Equal(t, 4, h.rail.Verifications())
	var display map[string]string
	require.NoError(t, json.Unmarshal(field[phone.Challenge](t, waits, "challenge").Display, &display))
	require.Equal(t, "1", display["payees_matched"], "of 4")
	h.files(anna, text)
	require.Equal(t, 4, h.rail.Verifications(), "the same file again is answered from what was said")

	id := field[string](t, waits, "payment_file")
	said := func() (said []service.VerifiedAnswer, status string) {
		var shown struct {
			Status   string                 `json:"status"`
			Payments []service.FiledPayment `json:"payments"`
		}
		require.NoError(t, json.Unmarshal(h.fresh(anna, "/v1/payment-files/"+id).Body, &shown))
		for _, p := range shown.Payments {
			said = append(said, *p.Payee)
		}
		return said, shown.Status
	}
	want := []service.VerifiedAnswer{{Result: "match"}, {Result: "close-match", Name: "Robert <Builder>"}, {Result: "no-match"}, {Result: "unavailable"}}
	before, status := said()
	require.Equal(t, want, before)
	require.Equal(t, "challenged", status)
	reported := func() {
		t.Helper()
		report := h.as(anna, "/v1/payment-files/"+id, service.MediaXML)
		follows(t, "pain.002.001.10", report.Body)
		for i, reason := range []string{"<Rsn><Prtry>RCVC</Prtry></Rsn>", "<Rsn><Prtry>RVMC</Prtry></Rsn><AddtlInf>Robert &lt;Builder&gt;</AddtlInf>",
			"<Rsn><Prtry>RVNM</Prtry></Rsn>", "<Rsn><Prtry>RVNA</Prtry></Rsn>"} {
			_, of, ok := strings.Cut(string(report.Body), fmt.Sprintf("<OrgnlEndToEndId>E-%d</OrgnlEndToEndId>", i+1))
			require.True(t, ok)
			of, _, _ = strings.Cut(of, "</TxInfAndSts>")
			require.Contains(t, of, "<StsRsnInf>"+reason+"</StsRsnInf>")
		}
	}
	reported()
	require.Equal(t, "sca-failed", code(h.confirmFile(anna, waits, func(s map[string]any) { s["payees_matched"] = "4" })))
	require.Equal(t, 200, h.confirmFile(anna, waits, nil).Status)
	h.works()
	require.Equal(t, 4, h.rail.Verifications(), "nobody is asked again")
	after, _ := said()
	require.Equal(t, want, after)
	reported()
	var shown struct {
		Payments []service.FiledPayment `json:"payments"`
	}
	require.NoError(t, json.Unmarshal(h.fresh(anna, "/v1/payment-files/"+id).Body, &shown))
	made := field[service.VerifiedAnswer](t, h.payment(anna, shown.Payments[1].Payment.String()), "payee")
	require.Equal(t, want[1], made, "and of each payment")
}

// A rail that says nothing of payees holds no file up.
func TestAFileWhosePayeesNobodyKnows(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "100.00")
	text := painOf("MSG-1", h.iban(anna, from), "1.00", "2.00")
	h.rail.server.Close()
	waits := h.files(anna, text)
	require.Equal(t, 202, waits.Status, "%s", waits.Body)
	var display map[string]string
	require.NoError(t, json.Unmarshal(field[phone.Challenge](t, waits, "challenge").Display, &display))
	require.Equal(t, []string{"0", "2"}, []string{display["payees_matched"], display["count"]})
}

func TestAFileThatNobodyConfirmsIsOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "100.00")
	number := h.iban(anna, from)
	late, gone := h.files(anna, painOf("MSG-1", number, "1.00")), h.files(anna, painOf("MSG-2", number, "1.00"))
	ids := []string{field[string](t, late, "payment_file"), field[string](t, gone, "payment_file")}
	require.Equal(t, "cancelled", field[string](t, h.command(anna, http.MethodPost, "/v1/payment-files/"+ids[1]+"/cancellation", nil, anna.NewID()), "status"))
	require.Equal(t, "payment-file-not-cancellable", code(h.command(anna, http.MethodPost, "/v1/payment-files/"+ids[1]+"/cancellation", nil, anna.NewID())))
	require.Equal(t, "sca-failed", code(h.confirmFile(anna, gone, nil)))
	h.pass(10 * time.Minute)
	h.works()
	h.login(anna)
	require.Equal(t, "sca-failed", code(h.confirmFile(anna, late, nil)))
	turned := h.as(anna, "/v1/payment-files/"+ids[0], service.MediaXML)
	require.Contains(t, string(turned.Body), "<GrpSts>RJCT</GrpSts>")
	follows(t, "pain.002.001.10", turned.Body)
	require.Equal(t, "expired", field[string](t, h.fresh(anna, "/v1/payment-files/"+ids[0]), "status"))
	told, _ := h.rail.Messages()
	require.Empty(t, told)
	require.Equal(t, "100.00", field[string](t, h.fresh(anna, "/v1/accounts/"+from), "available"))
}

func TestFilesAreReadStrictly(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from := h.account(anna, "100.00")
	number, berts := h.iban(anna, from), h.iban(bert, h.account(bert, "10.00"))
	good := painOf("MSG-1", number, "1.00", "2.50")
	swap := func(old, fresh string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, fresh, 1)
	}
	many := make([]string, 101)
	for i := range many {
		many[i] = "0.01"
	}
	var lot strings.Builder
	lot.WriteString(strings.TrimSuffix(painOf("MSG-1", number, many...), "</Document>"))
	for name, tc := range map[string]struct {
		text   string
		status int
		code   string
	}{
		"no XML":                   {"{}", 400, "bad-request"},
		"another message":          {strings.ReplaceAll(good, "pain.001.001.09", "pain.008.001.08"), 400, "bad-request"},
		"an older version":         {strings.ReplaceAll(good, "pain.001.001.09", "pain.001.001.03"), 400, "bad-request"},
		"cut off":                  {good[:len(good)-20], 400, "bad-request"},
		"two documents":            {good + good[strings.Index(good, "<Document"):], 400, "bad-request"},
		"a document type":          {swap("<Document", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Document`), 400, "bad-request"},
		"an entity":                {swap("Bob &amp; 1", "&e;"), 400, "bad-request"},
		"another encoding":         {swap("UTF-8", "UTF-16"), 400, "bad-request"},
		"a depth of a thousand":    {swap("<Nm>Anna</Nm>", strings.Repeat("<x>", 1000)+strings.Repeat("</x>", 1000)), 400, "bad-request"},
		"a count that is wrong":    {swap("<NbOfTxs>2", "<NbOfTxs>3"), 422, "invalid-payment-file"},
		"no count":                 {swap("<NbOfTxs>2</NbOfTxs>", ""), 422, "invalid-payment-file"},
		"a sum that is wrong":      {swap("<CtrlSum>3.50", "<CtrlSum>3.51"), 422, "invalid-payment-file"},
		"a sum of another writing": {swap("<CtrlSum>3.50", "<CtrlSum>3.5e0"), 422, "invalid-payment-file"},
		"no sum":                   {swap("<CtrlSum>3.50</CtrlSum>", ""), 422, "invalid-payment-file"},
		"a group's count":          {swap("<PmtMtd>", "<NbOfTxs>1</NbOfTxs><PmtMtd>"), 422, "invalid-payment-file"},
		"a cheque":                 {swap("TRF", "CHK"), 422, "invalid-payment-file"},
		"a later day":              {swap("2020-01-01", "2126-01-01"), 422, "payment-file-later"},
		"another currency":         {swap(`Ccy="EUR"`, `Ccy="USD"`), 422, "invalid-payment-file"},
		"another's name":           {swap("<Cdtr>", "<UltmtDbtr><Nm>Zoé</Nm></UltmtDbtr><Cdtr>"), 422, "invalid-payment-file"},
		"two amounts":              {swap("</Amt>", `<InstdAmt Ccy="EUR">9.00</InstdAmt></Amt>`), 422, "invalid-payment-file"},
		"another language":         {swap("<Cdtr>", `<y:Cdtr xmlns:y="urn:y"/><Cdtr>`), 422, "invalid-payment-file"},
		"no name of its own":       {swap("<MsgId>MSG-1</MsgId>", ""), 422, "invalid-payment-file"},
		"a name of two lines":      {swap("MSG-1", "MSG\n1"), 422, "invalid-payment-file"},
		"no end-to-end name":       {swap("<EndToEndId>E-1</EndToEndId>", ""), 422, "invalid-payment-file"},
		"nothing in it":            {painOf("MSG-1", number), 422, "invalid-payment-file"},
		"too many":                 {painOf("MSG-1", number, many...), 422, "invalid-payment-file"},
		"nothing to pay":           {painOf("MSG-1", number, "0.00"), 400, "invalid-amount"},
		"less than nothing":        {swap("1.00<", "-1.00<"), 400, "invalid-amount"},
		"a third of a cent":        {swap("1.00<", "1.003<"), 400, "invalid-amount"},
		"no IBAN of the debtor's":  {swap("<DbtrAcct><Id><IBAN>"+number, "<DbtrAcct><Id><IBAN>DE00"), 422, "invalid-iban"},
		"another's account":        {painOf("MSG-1", berts, "1.00"), 404, "not-found"},
		"an account elsewhere":     {painOf("MSG-1", foreign, "1.00"), 404, "not-found"},
	} {
		answer := h.files(anna, tc.text)
		require.Equal(t, tc.status, answer.Status, "%s: %s", name, answer.Body)
		require.Equal(t, tc.code, code(answer), name)
		require.NotContains(t, string(answer.Body), "root:", name)
	}
	require.Equal(t, 415, h.ask(anna, Route{Method: http.MethodPost, Keyed: true}, "/v1/payment-files", good, nil).Status)
	require.Equal(t, 413, h.files(anna, lot.String()+strings.Repeat(" ", BodyBytesMax)+"</Document>").Status)
	require.Equal(t, 202, h.files(anna, swap("1.00<", "1.0<")).Status, "decimals may be short in XML")
	require.Equal(t, "100.00", h.balance(anna, from))
}

func TestFilesAreListedAndTheirEndIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from := h.account(anna, "100.00")
	number := h.iban(anna, from)
	h.files(bert, painOf("MSG-1", h.iban(bert, h.account(bert, "10.00")), "1.00"))
	var files []phone.Answer
	for i, amounts := range [][]string{{"10.00", "20.00"}, {"500.00"}, {"5.00", "600.00"}} {
		files = append(files, h.files(anna, painOf(fmt.Sprint("MSG-", i+1), number, amounts...)))
		require.Equal(t, 202, files[i].Status, "%s", files[i].Body)
	}
	type row struct {
		File            string `json:"payment_file"`
		Status, Message string
		Total           string
		Settled, Failed int
		Payments        []any
	}
	list := func(query string) (rows []row, next string) {
		answer := h.ask(anna, Route{Method: http.MethodGet}, "/v1/payment-files"+query, "", func(r *phone.Request) { r.Header.Set("Florin-Position", fmt.Sprint(h.head())) })
		require.Equal(t, 200, answer.Status, "%s", answer.Body)
		require.NoError(t, json.Unmarshal(field[json.RawMessage](t, answer, "payment_files"), &rows))
		if _, after, more := strings.Cut(answer.Header.Get("Link"), "?"); more {
			next, _, _ = strings.Cut(after, ">")
		}
		return rows, next
	}
	first, next := list("?limit=2")
	require.Equal(t, []string{"MSG-3", "MSG-2"}, []string{first[0].Message, first[1].Message}, "newest first, and no other customer's")
	rest, none := list("?" + next)
	require.Len(t, rest, 1)
	require.Empty(t, none)
	require.Equal(t, row{File: field[string](t, files[0], "payment_file"), Status: "challenged", Message: "MSG-1", Total: "30.00"}, rest[0])

	for _, waits := range files {
		require.Equal(t, 200, h.confirmFile(anna, waits, nil).Status)
	}
	h.works()
	all, _ := list("")
	ends := map[string][]any{}
	for _, one := range all {
		ends[one.Message] = []any{one.Status, one.Settled, one.Failed}
	}
	require.Equal(t, map[string][]any{"MSG-1": {"completed", 2, 0}, "MSG-2": {"completed", 0, 1}, "MSG-3": {"completed", 1, 1}}, ends)
	told := map[string]string{}
	for _, entry := range h.entries(anna) {
		if strings.HasPrefix(entry.Template, "payment-file-") && entry.Template != "payment-file-challenged" {
			told[entry.About] = entry.Template
		}
		require.NotEqual(t, "payment-sent", entry.Template, "the file tells")
	}
	require.Equal(t, map[string]string{field[string](t, files[0], "payment_file"): "payment-file-done", field[string](t, files[1], "payment_file"): "payment-file-rejected",
		field[string](t, files[2], "payment_file"): "payment-file-part"}, told)
}

// fileTries are those of payment files.
func (s *scene) fileTries() map[string]try {
	return map[string]try{
		"POST /v1/payment-files":                    {by: "customer", body: painOf("MSG-try", s.iban(s.anna, s.from), "1.00")},
		"GET /v1/payment-files":                     {by: "customer", list: true},
		"GET /v1/payment-files/{id}":                {by: "customer"},
		"POST /v1/payment-files/{id}/authorization": {by: "customer", body: `{"authorization":"x.y.z"}`},
		"POST /v1/payment-files/{id}/cancellation":  {by: "customer"},
	}
}
