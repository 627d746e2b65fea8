package gateway

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
	amounts "florin/domain/money"
	"florin/gateway/phone"
	"florin/gateway/rail"
	"florin/gateway/rail/simulated"
	"florin/gateway/service"
)

// wiretap keeps all that is said between a bank and its rail.
type wiretap struct {
	rail     *simulated.Rail
	messages [][]byte
}

func (o *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	said, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(said))
	answer := httptest.NewRecorder()
	o.rail.ServeHTTP(answer, r)
	o.messages = append(o.messages, said)
	if answer.Code == http.StatusOK {
		o.messages = append(o.messages, answer.Body.Bytes())
	}
	return answer.Result(), nil
}

// Whatever bank and rail say to each other is a message as ISO 20022 publishes it.
func TestTheRailsMessagesAreAsPublished(t *testing.T) {
	t.Parallel()
	for _, bic := range []string{"FLRNDEF0XXX", ""} {
		heard := &wiretap{rail: simulated.New()}
		client, err := rail.Open("http://rail.test", bic, heard, func() time.Time { return noon })
		require.NoError(t, err)
		ctx, sum := context.Background(), amounts.Amount{Minor: 1250, Currency: "EUR"}
		pays := func(name, reference string, status commands.RailStatus) {
			said, err := client.Submit(ctx, commands.RailInstruction{Message: name, EndToEnd: name, Amount: sum, DebtorName: domain.NewProfile("Zoë & Sons"), Debtor: domain.NewEvidence(foreign),
				Creditor: domain.NewEvidence(foreign), CreditorName: domain.NewEvidence("Bob <b>"), Reference: domain.NewEvidence(reference), At: noon})
			require.NoError(t, err)
			require.Equal(t, status, said.Status)
		}
		recalls := func(name, of string, status commands.RailStatus) {
			said, err := client.Recall(ctx, commands.RailRecall{Recall: name, Original: of, EndToEnd: of, Amount: sum, Reason: "DUPL", Settled: noon, At: noon})
			require.NoError(t, err)
			require.Equal(t, status, said.Status)
		}
		pays("m1", "", commands.RailSettled)
		pays("m2", "simulate reject AC04", commands.RailRejected)
		pays("m3", "simulate deny LEGL", commands.RailSettled)
		pays("m4", "simulate hesitate", commands.RailSettled)
		pays("m5", "simulate return MD07", commands.RailSettled)
		recalls("c1", "m1", commands.RailReturned)
		recalls("c3", "m3", commands.RailRejected)
		recalls("c4", "m4", commands.RailPending)
		recalls("c0", "m0", commands.RailRejected)
		_, err = client.Ask(ctx, "m2")
		require.NoError(t, err)
		_, err = client.Ask(ctx, "m0")
		require.ErrorIs(t, err, commands.ErrUnknownMessage)
		require.NoError(t, client.Return(ctx, commands.RailReturn{Return: "r1", Original: "TX-1", Amount: sum, Reason: "AC01"}))
		_, err = client.Claim(ctx, commands.RailReturn{Return: "d1", Original: "DENY-1", Amount: sum, Reason: "MD01"})
		require.NoError(t, err)
		require.NoError(t, heard.rail.Deliver(func(_ string, text []byte) error { heard.messages = append(heard.messages, text); return nil }))
		kinds := map[string]int{}
		for _, text := range heard.messages {
			var root struct{ XMLName xml.Name }
			require.NoError(t, xml.Unmarshal(text, &root))
			name := strings.TrimPrefix(root.XMLName.Space, "urn:iso:std:iso:20022:tech:xsd:")
			follows(t, name, text)
			kinds[name]++
		}
		require.Equal(t, map[string]int{"pacs.008.001.08": 5, "pacs.002.001.10": 8, "camt.056.001.08": 4, "camt.029.001.09": 3, "pacs.028.001.03": 2, "pacs.004.001.09": 4}, kinds)
	}
}

// A test that takes everything would show nothing.
func TestWhatIsNotPublishedIsFound(t *testing.T) {
	t.Parallel()
	const good = `<Document><PmtRtr><GrpHdr><MsgId>m</MsgId><CreDtTm>2026-01-01T00:00:00Z</CreDtTm><NbOfTxs>1</NbOfTxs><SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf></GrpHdr>` +
		`<TxInf><RtrId>r</RtrId><RtrdIntrBkSttlmAmt Ccy="EUR">1</RtrdIntrBkSttlmAmt><RtrRsnInf><Rsn><Cd>AC04</Cd></Rsn></RtrRsnInf></TxInf></PmtRtr></Document>`
	places, _ := read1(strings.Join(strings.Fields(published["pacs.004.001.09"]), " "))
	check := func(text string) error {
		var n node
		require.NoError(t, xml.Unmarshal([]byte(text), &n))
		return places[0].allows(n)
	}
	require.NoError(t, check(good))
	for name, swap := range map[string][2]string{
		"its type":     {"<Cd>AC04</Cd>", "<Cd>because</Cd>"},
		"currency":     {` Ccy="EUR"`, ""},
		"is missing":   {"<NbOfTxs>1</NbOfTxs>", ""},
		"out of order": {"</SttlmInf>", "</SttlmInf><CtrlSum>1</CtrlSum>"},
		"choices":      {"<Cd>AC04</Cd>", "<Code>AC04</Code>"},
		"is empty":     {"<MsgId>m</MsgId>", "<MsgId/>"},
		"knows":        {"<MsgId>m</MsgId>", "<MsgId><Id>m</Id></MsgId>"},
		"between":      {"<GrpHdr>", "<GrpHdr>x"},
		"stands":       {"Document>", "Documents>"},
	} {
		require.ErrorContains(t, check(strings.ReplaceAll(good, swap[0], swap[1])), name)
	}
}

// returnOf is a pacs.004 of one payment.
func returnOf(name, of, amount string) string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.004.001.09"><PmtRtr><GrpHdr><MsgId>%s</MsgId><CreDtTm>2026-01-01T00:00:00Z</CreDtTm>`+
		`<NbOfTxs>1</NbOfTxs><SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf></GrpHdr><TxInf><RtrId>%s</RtrId><OrgnlGrpInf><OrgnlMsgId>%s</OrgnlMsgId><OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId></OrgnlGrpInf>`+
		`<RtrdIntrBkSttlmAmt Ccy="EUR">%s</RtrdIntrBkSttlmAmt><RtrRsnInf><Rsn><Cd>AC04</Cd></Rsn></RtrRsnInf></TxInf></PmtRtr></Document>`, name, name, of, amount)
}

// takes sends what the rail says by itself.
func (h *house) takes(machine *phone.Phone, key, pacs004 string) phone.Answer {
	h.t.Helper()
	for {
		request, err := machine.Prepare(http.MethodPost, "/v1/payment-returns", []byte(pacs004), key)
		require.NoError(h.t, err)
		request.Header.Set("Content-Type", service.MediaXML)
		answer, err := machine.Send(context.Background(), request)
		require.NoError(h.t, err)
		if code(answer) != "use-dpop-nonce" {
			return answer
		}
	}
}

// A payment comes back long after it was settled: the rail says so by itself, and again
// until it has heard that the bank knows.
func TestTheRailGivesBackByItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "100.00")
	machine := h.machine("rail", "payments.operate").login()
	id, _ := h.pays(anna, pay(from, "25.00").saying("simulate return MD07"))
	other, _ := h.pays(anna, pay(from, "10.00"))
	waits, _ := h.pays(anna, pay(from, "1.00").saying("simulate reject AC04"))
	h.works()
	h.paymentIs(anna, id, "settled")
	h.railBooks(0, 3500, 0)

	lost := errors.New("the answer is lost")
	var sent []string
	send := func(name string, text []byte) error {
		sent = append(sent, name+string(text))
		answer := h.takes(machine, name, string(text))
		require.Equal(t, 200, answer.Status, "%s", answer.Body)
		require.Equal(t, len(sent) > 1, answer.Header.Get("Idempotency-Replayed") == "true")
		require.Equal(t, []string{"returned", "MD07", "25.00"}, []string{field[string](t, answer, "status"), field[string](t, answer, "reason"), field[string](t, answer, "amount")})
		if len(sent) == 1 {
			return lost
		}
		return nil
	}
	require.ErrorIs(t, h.rail.Deliver(send), lost)
	h.reopen()
	require.NoError(t, h.rail.Deliver(send))
	require.NoError(t, h.rail.Deliver(send))
	require.Len(t, sent, 2, "nothing is left to say")
	require.Equal(t, sent[0], sent[1])
	h.paymentIs(anna, id, "returned")
	require.Equal(t, "90.00", h.balance(anna, from))
	h.railBooks(0, 1000, 0)

	good := returnOf("r9", message(other), "10.00")
	for name, tc := range map[string]struct {
		text   string
		status int
		code   string
	}{
		"of what came back":          {returnOf("r8", message(id), "25.00"), 409, "payment-not-returnable"},
		"of what was rejected":       {returnOf("r8", message(waits), "1.00"), 409, "payment-not-returnable"},
		"of nothing that was sent":   {returnOf("r8", strings.Repeat("0", 32), "1.00"), 404, "not-found"},
		"of a name of another shape": {returnOf("r8", "x", "1.00"), 404, "not-found"},
		"of more than was paid":      {returnOf("r8", message(other), "10.01"), 422, "return-exceeds-payment"},
		"of nothing":                 {returnOf("r8", message(other), "0.00"), 422, "invalid-amount"},
		"a sum with three places":    {returnOf("r8", message(other), "1.001"), 422, "invalid-rail-message"},
		"two of them":                {strings.Replace(good, "<TxInf>", "<TxInf></TxInf><TxInf>", 1), 422, "invalid-rail-message"},
		"a count that is wrong":      {strings.Replace(good, "<NbOfTxs>1", "<NbOfTxs>2", 1), 422, "invalid-rail-message"},
		"without a name":             {strings.Replace(good, "<RtrId>r9</RtrId>", "", 1), 422, "invalid-rail-message"},
		"of a collection":            {strings.Replace(good, "pacs.008.001.08<", "pacs.003.001.08<", 1), 422, "invalid-rail-message"},
		"another message":            {strings.ReplaceAll(good, "pacs.004.001.09", "pacs.004.001.02"), 422, "invalid-rail-message"},
		"a document type":            {strings.Replace(good, "<Document", `<!DOCTYPE a [<!ENTITY x "y">]><Document`, 1), 422, "invalid-rail-message"},
		"no reason":                  {strings.Replace(good, "<Cd>AC04</Cd>", "<Prtry>none</Prtry>", 1), 422, "invalid-rail-reason"},
	} {
		answer := h.takes(machine, machine.NewID(), tc.text)
		require.Equal(t, tc.status, answer.Status, "%s: %s", name, answer.Body)
		require.Equal(t, tc.code, code(answer), name)
	}
	require.Equal(t, 403, h.takes(anna, anna.NewID(), good).Status, "nobody gives oneself money back")
	follows(t, "pacs.004.001.09", []byte(good))
	require.Equal(t, 200, h.takes(machine, "k", good).Status)
	require.Equal(t, "idempotency-key-reused", code(h.takes(machine, "k", returnOf("r9", message(other), "9.00"))))
	h.railBooks(0, 0, 0)
}

// FuzzReturns reads whatever the rail may send: what is taken is one return, and whole.
func FuzzReturns(f *testing.F) {
	good := returnOf("r1", strings.Repeat("0", 32), "1.00")
	for _, seed := range []string{good, "", "<Document/>", strings.Replace(good, "<TxInf>", "<TxInf/><TxInf>", 1), strings.Replace(good, "1.00", "-1.00", 1), strings.Replace(good, "EUR", "XXX", 1)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		of, said, err := rail.ReadReturn(data)
		if err != nil {
			return
		}
		require.Equal(t, commands.RailReturned, said.Status)
		require.NotEmpty(t, said.Return)
		require.True(t, said.Amount.Currency.Known())
		if sent, ok := commands.Sent(of); ok {
			name := sent.UUID()
			require.Equal(t, of, hex.EncodeToString(name[:]))
		}
	})
}
