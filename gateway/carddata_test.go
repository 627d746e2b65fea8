package gateway

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// Numbers that schemes publish for tests.
const visa, amex, diners = "4111111111111111", "378282246310005", "30569309025904"

func TestCardNumbersAreKnown(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		visa, amex, diners, "5555555555554444", "2223003122003222", "6011111111111117", "3530111333300000", "6200000000000005",
		"4111 1111 1111 1111", "4111-1111-1111-1111", "3782 822463 10005", "my card is " + visa + ".", "PAN:" + visa, "no 7 " + visa + " 12/29",
		`{"x":` + visa + `}`, `{"a":"b","note":"` + visa + `"}`, "pay 10 4111 1111 1111 1111 thanks", "(" + visa + ")", "a=" + visa + "&b",
		"+" + visa, "4111\u00a01111\u00a01111\u00a01111", "4111\u20131111\u20131111\u20131111", "4111 - 1111 - 1111 - 1111", "12 " + visa,
		"cvv 123", "my CVC: 1234", "cvv2=999",
	} {
		require.True(t, cardNumber(text), text)
	}
	for _, text := range []string{
		"", "4111111111111112", "41111111111111", visa + "0000", "x" + visa, visa + "x", "acc_" + visa, "DE89 3704 0044 0532 0130 00",
		"DE89370400440532013000", "+49 4111 1111 1111 1111", "+4915123456781", "the cvc of 1999", "cvv", "AT61 1904 3002 3457 3201", "2026-01-02T15:04:05Z", "1764264000000", "1764264000000000", "100.00",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	} {
		require.False(t, cardNumber(text), text)
	}
	for range 20_000 {
		text := uuid.NewString()
		require.False(t, cardNumber(text), text)
	}
}

// Row 41: no number and no code of a card gets in, anywhere, and none is kept.
func TestRow41CardDataIsRefusedAndNowhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, to := h.account(anna, "100.00"), h.account(anna, "")
	before := h.written()
	transfer := func(reference string) string {
		return fmt.Sprintf(`{"from":%q,"to":%q,"amount":"1.00","currency":"EUR","reference":%q}`, from, to, reference)
	}
	refused := func(body string, change func(*phone.Request)) {
		t.Helper()
		answer := h.ask(anna, Route{Method: http.MethodPost, Keyed: true, Signed: true}, "/v1/transfers", body, change)
		require.Equal(t, 400, answer.Status, "%s", answer.Body)
		require.Equal(t, "card-data-refused", code(answer))
		require.NotContains(t, string(answer.Body), "1111")
	}
	refused(transfer(visa), nil)
	refused(transfer("card 4111 1111 1111 1111"), nil)
	refused(transfer("x\n4111-1111-1111-1111"), nil)
	refused(strings.Replace(transfer("@"), "@", `411111111111\u0031111`, 1), nil)
	refused(`{"cvv":"123"}`, nil)
	refused(`{"metadata":{"deep":[{"CVC2" : "123"}]}}`, nil)
	refused(`{"card_number":"x"}`, nil)
	refused(transfer("x"), func(r *phone.Request) { r.Header.Set("X-Note", amex) })
	refused(transfer("x"), func(r *phone.Request) { r.Header.Set("Idempotency-Key", visa) })
	refused(strings.Replace(transfer("@"), "@", `4111\u00a01111\u00a01111\u00a01111`, 1), nil)
	refused(transfer("my card, with CVC 123"), nil)
	answer := h.get(anna, "/v1/accounts/"+visa)
	require.Equal(t, "card-data-refused", code(answer), "the path")
	answer = h.form(anna, "/oauth2/token", map[string][]string{"grant_type": {visa}})
	require.Equal(t, "card-data-refused", code(answer), "a form")
	answer = h.get(anna, "/v1/accounts?cursor="+visa)
	require.Equal(t, "card-data-refused", code(answer))
	answer = h.get(anna, "/v1/accounts?cvv=123")
	require.Equal(t, "card-data-refused", code(answer))

	require.Equal(t, before, h.written(), "nothing was written")
	kept := []byte(h.logged())
	for record, err := range h.log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		for _, event := range record.Events {
			kept = append(kept, event.Data...)
		}
	}
	for _, number := range []string{visa, amex, "4111 1111 1111 1111", "4111-1111-1111-1111"} {
		require.False(t, bytes.Contains(kept, []byte(number)), number)
	}
}

// Whatever stands around a number does not hide it, as long as it is no letter.
func FuzzCardNumber(f *testing.F) {
	f.Add("rent")
	f.Add("DE89 3704 0044")
	f.Add("+49 ")
	f.Fuzz(func(t *testing.T, text string) {
		require.True(t, cardNumber(text+" ; x "+visa+" y"), "%q", text)
		_ = holdsCard(&http.Request{URL: &url.URL{Path: "/", RawQuery: text}, Header: http.Header{"X": {text}}}, []byte(text))
	})
}

// Row 41: a number in other dress. What letters are glued to is a name, as an IBAN is.
func TestRow41ANumberInOtherDress(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"4111.1111.1111.1111", "4111/1111/1111/1111", "4111_1111_1111_1111", "4111 - 1111 - 1111 - 1111", "4111*1111*1111*1111", "4111  1111  1111  1111",
		"4111~1111~1111~1111", "4111·1111·1111·1111", "4111#1111#1111#1111", "4111+1111+1111+1111", "4111\u20141111\u20141111\u20141111", "4111\u22121111\u22121111\u22121111", "4111\u30001111\u30001111\u30001111",
		"#4111111111111111", "№4111111111111111", "4111111111111111€", "4111111111111111%", "Visa4111111111111111", "pan4111111111111111", "+" + amex,
		"٤١١١١١١١١١١١١١١١", "४१११ ११११ ११११ ११११", "𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏", "RE12 4111 1111 1111 1111", "DE89 4111 1111 1111 1111",
		"security code 123", "Security Code: 1234", "Sicherheitscode 123", "CVV １２３",
		"Card:4111111111111111", "４１１１１１１１１１１１１１１１", "４１１１ １１１１ １１１１ １１１１.",
	} {
		require.True(t, cardNumber(`{"reference":"`+text+`"}`), text)
	}
	for _, text := range []string{"28.11.2026/1", "2026-11-28/2026-12-28", "192.168.100.200", "DK5000400440116243", "FI2112345600000785", "1.234.567,89", "RF18/539/0075/4703",
		"to DE89 3704 0044 0532 0130 00 and AT61 1904 3002 3457 3201 please", "GB82 WEST 1234 5698 7654 32 rent", "+378 0549 882222", "area code 123", "the code 1999", "acc_4111111111111111", "INV4111111111111111"} {
		require.False(t, cardNumber(`{"reference":"`+text+`"}`), text)
	}
}

// Row 41: nor do the escapes of JSON and the references of XML hide one.
func TestRow41ANumberInOtherSpelling(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"r":"4111\/1111\/1111\/1111"}`, `{"r":"\uff14\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11"}`,
		`{"r":"4111\u20141111\u20141111\u20141111"}`, `{"r":"4111\u22121111\u22121111\u22121111"}`, `{"r":"4111\u30001111\u30001111\u30001111"}`, `{"r":"4111\u20091111\u20091111\u20091111"}`,
		`{"r":"4111\n1111\n1111\n1111"}`, `{"r":"\ud835\udfd2111111111111111"}`, `{"r":"CVV \uff11\uff12\uff13"}`, `{"\u0063vv":"123"}`,
		`<Nm>&#52;111111111111111</Nm>`, `<Nm>4111&#45;1111&#x2d;1111&#45;1111</Nm>`, `<Nm>4111&nbsp;1111&#160;1111&#xA0;1111</Nm>`,
	} {
		require.True(t, holdsCard(&http.Request{URL: &url.URL{Path: "/"}}, []byte(body)), body)
	}
	for _, body := range []string{`{"r":"\u4111 \u1111 \\u0034 \ud835"}`, `{"r":"a\\/b"}`, `{"r":"&#x34; Sons & Co"}`} {
		require.False(t, holdsCard(&http.Request{URL: &url.URL{Path: "/"}}, []byte(body)), body)
	}
}
