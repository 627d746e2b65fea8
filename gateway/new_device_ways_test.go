package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// A new device sends little in whatever way: by a file, on a later day, in a series, or
// through somebody whom it makes an owner.
func TestANewDeviceFilesLittle(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "5000.00")
	tablet := h.second(anna)
	one := h.command(tablet, http.MethodPost, "/v1/payments", fmt.Appendf(nil, `{"from":%q,"to":%q,"name":"Bob","amount":"4000.00","currency":"EUR"}`, from, foreign), tablet.NewID())
	require.Equal(t, "device-new", code(one), "%s", one.Body)
	number := h.iban(anna, from)
	for name, amounts := range map[string][]string{"one large": {"4000.00"}, "many small ones": {"100.00", "100.00", "0.01"}} {
		before := h.written()
		refused := h.files(tablet, painOf("MSG-1", number, amounts...))
		require.Equal(t, "device-new", code(refused), "%s: %s", name, refused.Body)
		require.Equal(t, before, h.written(), "it is told now, and leaves no trace")
	}
	little, more := h.files(tablet, painOf("MSG-1", number, "50.00", "100.00")), h.files(tablet, painOf("MSG-2", number, "150.00"))
	for _, waits := range []phone.Answer{little, more} {
		require.Equal(t, 202, waits.Status, "%s", waits.Body)
		require.Equal(t, 200, h.confirmFile(tablet, waits, nil).Status)
	}
	h.works()
	h.login(anna)
	require.Equal(t, "4850.00", h.balance(anna, from), "what was little when it was sent is asked again when it is paid")
	require.Equal(t, "device-new", code(h.files(tablet, painOf("MSG-3", number, "50.01"))), "of the day")
	require.Equal(t, 202, h.files(anna, painOf("MSG-4", number, "900.00")).Status, "the phone that was there first goes on")
}

func TestANewDeviceSchedulesLittle(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, to := h.account(anna, "5000.00"), h.account(h.customer("bert"), "")
	tablet := h.second(anna)
	large := phone.Order{From: from, To: to, Amount: "200.01", Currency: "EUR", ExecuteOn: h.now().AddDate(0, 0, 1).Format(time.DateOnly)}
	require.Equal(t, "device-new", code(h.command(tablet, http.MethodPost, "/v1/transfers", large, tablet.NewID())), "it is told now, and not on its day")
	tomorrow := phone.Order{From: from, To: to, Amount: "200.00", Currency: "EUR", ExecuteOn: h.now().AddDate(0, 0, 1).Format(time.DateOnly)}
	place := func(p *phone.Phone, amount string, days int, confirm bool) (refused string) {
		asked := tomorrow
		asked.Amount, asked.ExecuteOn = amount, h.now().AddDate(0, 0, days).Format(time.DateOnly)
		answer := h.command(p, http.MethodPost, "/v1/transfers", asked, p.NewID())
		if answer.Status == 202 && confirm {
			require.Equal(t, 200, h.confirmLater(p, answer).Status)
		}
		return code(answer)
	}
	abroad := func(p *phone.Phone, amount string, days int) string {
		asked := pay(from, amount)
		asked.ExecuteOn = h.now().AddDate(0, 0, days).Format(time.DateOnly)
		return code(h.command(p, http.MethodPost, "/v1/payments", asked, p.NewID()))
	}
	require.Empty(t, place(tablet, "100.00", 1, true))
	require.Equal(t, "device-new", place(tablet, "100.01", 1, true), "of one day")
	require.Empty(t, place(tablet, "60.00", 1, false), "what nobody has confirmed counts too")
	require.Empty(t, abroad(tablet, "40.00", 1))
	require.Equal(t, "device-new", abroad(tablet, "0.01", 1), "wherever it goes")
	require.Equal(t, "device-new", place(tablet, "0.01", 1, true))
	require.Empty(t, place(tablet, "200.00", 2, true), "another day is another day's")
	require.Equal(t, "device-new", place(tablet, "0.01", 2, true), "though the tablet will be new no more by then")
	require.Empty(t, place(anna, "900.00", 1, true), "the phone that was there first goes on")
	h.pass(11 * time.Minute) // what was not confirmed is over
	h.works()
	h.login(tablet)
	require.Empty(t, place(tablet, "100.00", 1, true), "and has its place no more")
	require.Equal(t, "device-new", place(tablet, "0.01", 1, true))
	h.pass(22 * time.Hour) // less than the wait of a new device
	h.login(anna)
	h.settle()
	require.Equal(t, "4000.00", h.balance(anna, from), "the day asks again, with what has left by other phones")
}

func TestANewDeviceOrdersLittle(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, to := h.account(anna, "5000.00"), h.account(h.customer("bert"), "")
	tablet := h.second(anna)
	series := func(p *phone.Phone, to, amount string) phone.Answer {
		return h.command(p, http.MethodPost, "/v1/standing-orders", fmt.Appendf(nil, `{"from":%q,"to":%q,"amount":%q,"currency":"EUR","frequency":"daily","first":%q}`,
			from, to, amount, h.now().AddDate(0, 0, 1).Format(time.DateOnly)), p.NewID())
	}
	before := h.written()
	refused := series(tablet, to, "200.01")
	require.Equal(t, "device-new", code(refused), "%s", refused.Body)
	require.Equal(t, 422, refused.Status)
	require.Equal(t, before, h.written(), "it is told now, and leaves no trace")
	require.Equal(t, 202, series(tablet, h.account(anna, ""), "900.00").Status, "between own accounts nothing is lost")
	require.Equal(t, 202, series(anna, to, "900.00").Status, "the phone that was there first goes on")
	for range 2 {
		answer := series(tablet, to, "200.00")
		require.Equal(t, 202, answer.Status, "%s", answer.Body)
		require.Equal(t, 200, h.confirmSeries(tablet, answer, nil).Status)
	}
	h.pass(23 * time.Hour) // less than the wait of a new device
	h.login(anna)
	h.settle()
	require.Equal(t, "4800.00", h.balance(anna, from), "each day asks again what the device may send")
}

func TestANewDeviceInvitesNoOwner(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from := h.account(anna, "5000.00")
	tablet := h.second(anna)
	invite := func(role string) phone.Answer {
		return h.command(tablet, http.MethodPost, "/v1/accounts/"+from+"/invitations", map[string]string{"user_name": bert.Profile().UserName, "role": role}, tablet.NewID())
	}
	require.Equal(t, "device-new", code(invite("owner")))
	reads := invite("reader")
	require.Equal(t, 201, reads.Status, "who may only look sends nothing: %s", reads.Body)
}

// What takes a place of a request is not for the client to say.
func TestAnAcceptHeaderTakesNoPlaceOfAStream(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "/v1/accounts/acc_1/statement", nil)
	r.Header.Set("Accept", "text/csv, text/event-stream;q=0")
	require.Equal(t, 1, asks(r).Requests)
}

// The bank's day is that of its zone (Europe/Berlin): half an hour after midnight there.
func TestAFileOfTheBanksToday(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "100.00")
	night := time.Date(h.now().Year(), h.now().Month(), h.now().Day(), 23, 30, 0, 0, time.UTC)
	h.pass(night.Sub(h.now()))
	h.login(anna)
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	text := strings.Replace(painOf("MSG-night", h.iban(anna, from), "1.00"), "2020-01-01", h.now().In(berlin).Format(time.DateOnly), 1)
	answer := h.files(anna, text)
	require.Equal(t, 202, answer.Status, "%s", answer.Body)
}
