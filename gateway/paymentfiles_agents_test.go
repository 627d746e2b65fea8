package gateway

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
	"florin/gateway/service"
)

const nobodysAgent = "<FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId>"

// agents writes BICs into a file: the debtor's, then each creditor's; "": none.
func agents(text, debtors string, creditors ...string) string {
	if debtors != "" {
		text = strings.Replace(text, nobodysAgent, "<FinInstnId><BICFI>"+debtors+"</BICFI></FinInstnId>", 1)
	}
	for i, bic := range creditors {
		if bic != "" {
			text = strings.Replace(text, fmt.Sprintf("<Cdtr><Nm>Bob &amp; %d<", i+1), fmt.Sprintf("<CdtrAgt><FinInstnId><BICFI>%s</BICFI></FinInstnId></CdtrAgt><Cdtr><Nm>Bob &amp; %d<", bic, i+1), 1)
		}
	}
	return text
}

// reported is a file's pain.002, which its schema has been asked about.
func (h *house) reported(t *testing.T, p *phone.Phone, file string) string {
	t.Helper()
	report := h.as(p, "/v1/payment-files/"+file, service.MediaXML)
	require.Equal(t, 200, report.Status, "%s", report.Body)
	follows(t, "pain.002.001.10", report.Body)
	return string(report.Body)
}

// A payment whose creditor's bank is no BIC is rejected, and said to be so before the
// rest is confirmed; the others leave.
func TestAPaymentToWhatIsNoBankIsRejectedByItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "100.00")
	waits := h.files(anna, agents(painOf("MSG-1", h.iban(anna, from), "1.00", "2.00", "3.00"), "", "COBADEFFXXX", "COBADEFF1"))
	require.Equal(t, 202, waits.Status, "%s", waits.Body)
	require.Equal(t, 2, h.rail.Verifications(), "nobody is asked about what is not paid")
	var display map[string]string
	require.NoError(t, json.Unmarshal(field[phone.Challenge](t, waits, "challenge").Display, &display))
	require.Equal(t, []string{"3", "6.00", "1"}, []string{display["count"], display["total"], display["refused"]})
	id := field[string](t, waits, "payment_file")
	const wrong = "<OrgnlEndToEndId>E-2</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>RC01</Cd></Rsn></StsRsnInf>"
	report := h.reported(t, anna, id)
	require.Contains(t, report, "<GrpSts>PART</GrpSts>")
	require.Contains(t, report, wrong)

	require.Equal(t, "sca-failed", code(h.confirmFile(anna, waits, func(s map[string]any) { delete(s, "refused") })))
	require.Equal(t, 200, h.confirmFile(anna, waits, nil).Status)
	h.works()
	report = h.reported(t, anna, id)
	require.Contains(t, report, "<GrpSts>PART</GrpSts>")
	require.Contains(t, report, wrong)
	require.Equal(t, 2, strings.Count(report, "<TxSts>ACSC</TxSts>"), report)
	over := h.fresh(anna, "/v1/payment-files/"+id)
	require.Equal(t, []any{"completed", 2, 1}, []any{field[string](t, over, "status"), field[int](t, over, "settled"), field[int](t, over, "failed")})
	told, _ := h.rail.Messages()
	require.Len(t, told, 2)
	require.Equal(t, "96.00", h.balance(anna, from))
}

// No rail leads to an account of this bank: its payment is rejected by itself.
func TestAPaymentToThisBankIsRejectedByItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, berts := h.account(anna, "100.00"), h.account(bert, "")
	text := painOf("MSG-1", h.iban(anna, from), "1.00", "2.00")
	waits := h.files(anna, strings.Replace(text, foreign, h.iban(bert, berts), 1))
	require.Equal(t, 202, waits.Status, "%s", waits.Body)
	require.Equal(t, 1, h.rail.Verifications(), "nobody is asked about what is not paid")
	require.Equal(t, 200, h.confirmFile(anna, waits, nil).Status)
	h.works()
	report := h.reported(t, anna, field[string](t, waits, "payment_file"))
	require.Contains(t, report, "<OrgnlEndToEndId>E-1</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AG03</Cd></Rsn></StsRsnInf>")
	require.Equal(t, 1, strings.Count(report, "<TxSts>ACSC</TxSts>"), report)
	require.Equal(t, []string{"98.00", "0.00"}, []string{h.balance(anna, from), h.balance(bert, berts)})

	alone := h.files(anna, strings.Replace(painOf("MSG-2", h.iban(anna, from), "1.00"), foreign, h.iban(bert, berts), 1))
	require.Equal(t, []any{200, "rejected"}, []any{alone.Status, field[string](t, alone, "status")}, "%s", alone.Body)
}

// A creditor whose number, name or reference cannot be one rejects that payment, for the
// reason that ISO 20022 has for it, and none of the others. What cannot be shown safely
// is not shown.
func TestAPaymentToWhatIsNoAccountIsRejectedByItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "100.00")
	number := h.iban(anna, from)
	wrongs := []struct{ old, fresh, code, iso string }{
		{foreign, "DE8937040044053201300", "invalid-iban", "AC03"},       // too short
		{foreign, foreign + "0", "invalid-iban", "AC03"},                 // too long
		{foreign, "DE88370400440532013000", "invalid-iban", "AC03"},      // check digits
		{foreign, "DE8937040044053201300O", "invalid-iban", "AC03"},      // a letter
		{foreign, "D\u041589370400440532013000", "invalid-iban", "AC03"}, // of another alphabet
		{foreign, strings.ToLower(foreign), "invalid-iban", "AC03"},
		{foreign, "DE89 3704 0044 0532 0130 00", "invalid-iban", "AC03"},
		{"<CdtrAcct><Id><IBAN>" + foreign + "</IBAN></Id></CdtrAcct>", "", "invalid-iban", "AC03"},
		{"<Nm>Bob &amp; 1</Nm>", "", "invalid-name", "BE21"},
		{"Bob &amp; 1", "a\u202eb", "invalid-name", "BE21"},
		{"Bob &amp; 1", strings.Repeat("b", 71), "invalid-name", "BE21"},
		{"wage 1", "a\u202eb", "invalid-reference", "RR07"},
		{"wage 1", strings.Repeat("w", 141), "invalid-reference", "RR07"},
		{"<Cdtr><Nm>Bob &amp; 1<", "<CdtrAgt><FinInstnId><BICFI>AGRIFRPP</BICFI></FinInstnId></CdtrAgt><Cdtr><Nm>Bob &amp; 1<", "bic-country", "RC07"},
	}
	for i, tc := range wrongs {
		good := painOf(fmt.Sprint("MSG-", i), number, "1.00", "2.00")
		require.Contains(t, good, tc.old)
		text := strings.Replace(good, tc.old, tc.fresh, 1)
		asked := h.rail.Verifications()
		waits := h.files(anna, text)
		require.Equal(t, 202, waits.Status, "%v: %s", tc, waits.Body)
		require.Equal(t, asked+1, h.rail.Verifications(), "nobody is asked about what is not paid")
		var display map[string]string
		require.NoError(t, json.Unmarshal(field[phone.Challenge](t, waits, "challenge").Display, &display))
		require.Equal(t, []string{"2", "3.00", "1"}, []string{display["count"], display["total"], display["refused"]})
		id := field[string](t, waits, "payment_file")
		said := "<OrgnlEndToEndId>E-1</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>" + tc.iso + "</Cd></Rsn></StsRsnInf>"
		require.Contains(t, h.reported(t, anna, id), said, "%v", tc)
		require.NotContains(t, string(h.fresh(anna, "/v1/payment-files/"+id).Body), "\u202e")

		alone := h.files(anna, strings.Replace(painOf(fmt.Sprint("ALONE-", i), number, "1.00"), tc.old, tc.fresh, 1))
		require.Equal(t, []any{200, "rejected", tc.code}, []any{alone.Status, field[string](t, alone, "status"), field[string](t, alone, "code")}, "%s", alone.Body)
		if i%6 > 0 {
			continue
		}
		require.Equal(t, 200, h.confirmFile(anna, waits, nil).Status)
		h.works()
		report := h.reported(t, anna, id)
		require.Contains(t, report, "<GrpSts>PART</GrpSts>")
		require.Contains(t, report, said)
		require.Contains(t, report, "<OrgnlEndToEndId>E-2</OrgnlEndToEndId><TxSts>ACSC</TxSts>")
		over := h.fresh(anna, "/v1/payment-files/"+id)
		require.Equal(t, []any{"completed", 1, 1}, []any{field[string](t, over, "status"), field[int](t, over, "settled"), field[int](t, over, "failed")})
	}
	told, _ := h.rail.Messages()
	require.Len(t, told, 3)
	require.Equal(t, "94.00", h.balance(anna, from))
}

// What is wrong with all that a file holds rejects it as it comes: there is nothing to
// confirm, and a report that says why.
func TestAFileForAnotherBankIsRejectedAsItComes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "100.00")
	number := h.iban(anna, from)
	bic := field[string](t, h.fresh(anna, "/v1/accounts/"+from), "bic")
	for i, tc := range []struct{ debtors, creditors, code, iso string }{
		{"COBADEFFXXX", "", "wrong-agent", "AGNT"},
		{"cobadeffxxx", "", "invalid-bic", "RC01"},
		{"COBADEFFXXX", "nonsense", "wrong-agent", "AGNT"},
		{bic, "nonsense", "invalid-bic", "RC01"},
		{"", "COBA0EFF", "invalid-bic", "RC01"},
		{"", "AGRIFRPP", "bic-country", "RC07"},
	} {
		text := agents(painOf(fmt.Sprint("MSG-", i), number, "1.00"), tc.debtors, tc.creditors)
		answer := h.files(anna, text)
		require.Equal(t, 200, answer.Status, "%s", answer.Body)
		require.Equal(t, []string{"rejected", tc.code}, []string{field[string](t, answer, "status"), field[string](t, answer, "code")}, "%v", tc)
		again := h.files(anna, text)
		require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
		require.JSONEq(t, string(answer.Body), string(again.Body))
		id := field[string](t, answer, "payment_file")
		require.Equal(t, "sca-failed", code(h.command(anna, "POST", "/v1/payment-files/"+id+"/authorization", map[string]string{"authorization": "x.y.z"}, anna.NewID())))
		report := h.reported(t, anna, id)
		require.Contains(t, report, "<GrpSts>RJCT</GrpSts>")
		require.Contains(t, report, "<PmtInfSts>RJCT</PmtInfSts><StsRsnInf><Rsn><Cd>"+tc.iso+"</Cd></Rsn></StsRsnInf>")
		require.Contains(t, report, "<TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>"+tc.iso+"</Cd></Rsn></StsRsnInf>")
	}
	for i, own := range []string{bic, bic[:8]} {
		require.Equal(t, 202, h.files(anna, agents(painOf(fmt.Sprint("OWN-", i), number, "1.00"), own)).Status, own)
	}
	twice := strings.Replace(agents(painOf("MSG-9", number, "1.00"), "COBADEFFXXX"), "</BICFI>", "</BICFI><BICFI>"+bic+"</BICFI>", 1)
	require.Equal(t, "invalid-payment-file", code(h.files(anna, twice)), "a bank is said once")
	h.works()
	told, _ := h.rail.Messages()
	require.Empty(t, told)
	require.Equal(t, "100.00", h.balance(anna, from))
}
