package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// ownFactor is a factor as its owner lists it.
type ownFactor struct {
	ID         string    `json:"factor_id"`
	Type       string    `json:"type"`
	Status     string    `json:"status"`
	Since      time.Time `json:"since"`
	UsableFrom time.Time `json:"usable_from"`
}

func (h *house) factors(p *phone.Phone) []ownFactor {
	h.t.Helper()
	answer := h.get(p, "/v1/factors")
	require.Equal(h.t, 200, answer.Status, "%s", answer.Body)
	require.NotContains(h.t, string(answer.Body), "secret")
	return field[[]ownFactor](h.t, answer, "factors")
}

// authenticator adds an authenticator app and gives its secret and id.
func (h *house) authenticator(p *phone.Phone) (secret, id string) {
	h.t.Helper()
	offered := h.command(p, http.MethodPost, "/v1/factors/totp", nil, p.NewID())
	require.Equal(h.t, 201, offered.Status, "%s", offered.Body)
	secret, id = field[string](h.t, offered, "secret"), field[string](h.t, offered, "factor_id")
	confirmed := h.command(p, http.MethodPost, "/v1/factors/"+id+"/confirmation", map[string]string{"otp": h.otp(secret)}, p.NewID())
	require.Equal(h.t, 200, confirmed.Status, "%s", confirmed.Body)
	return secret, id
}

func (h *house) otp(secret string) string {
	h.t.Helper()
	code, err := totp.GenerateCode(secret, h.now())
	require.NoError(h.t, err)
	return code
}

// second is another device of the same customer, logged in.
func (h *house) second(p *phone.Phone) *phone.Phone {
	h.t.Helper()
	other := h.phone()
	other.Remember(p.Profile())
	require.NoError(h.t, other.Register(context.Background()))
	h.login(other)
	return other
}

// with makes the phone use another authenticator app.
func with(p *phone.Phone, secret string) {
	profile := p.Profile()
	profile.TOTPSecret = secret
	p.Remember(profile)
}

func TestAnAuthenticatorIsAddedInTwoSteps(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	require.Len(t, h.factors(anna), 1)
	key := anna.NewID()
	offered := h.command(anna, http.MethodPost, "/v1/factors/totp", nil, key)
	require.Equal(t, 201, offered.Status, "%s", offered.Body)
	require.Equal(t, string(offered.Body), string(h.command(anna, http.MethodPost, "/v1/factors/totp", nil, key).Body), "the same command is the same secret")
	secret, id := field[string](t, offered, "secret"), field[string](t, offered, "factor_id")
	require.Contains(t, field[string](t, offered, "uri"), "otpauth://totp/Florin:anna?", "what an authenticator app shows is what a person logs in with")
	require.Len(t, h.factors(anna), 1, "an offer is no factor")
	confirm := func(p *phone.Phone, otp string) phone.Answer {
		return h.command(p, http.MethodPost, "/v1/factors/"+id+"/confirmation", map[string]string{"otp": otp}, p.NewID())
	}
	require.Equal(t, "factor-unconfirmed", code(confirm(anna, "00000x")))
	require.Equal(t, "not-found", code(confirm(h.customer("eve"), h.otp(secret))), "another's offer is not there")
	done := confirm(anna, h.otp(secret))
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.Equal(t, h.now().Add(24*time.Hour), field[time.Time](t, done, "usable_from"))
	require.Len(t, h.factors(anna), 2)
	require.Equal(t, "factor-offer-ended", code(confirm(anna, h.otp(secret))))

	stranger := h.phone()
	require.NoError(t, stranger.Register(context.Background()))
	login := func() phone.Answer {
		step := h.form(stranger, "/oauth2/challenge", begin("anna", password))
		return h.form(stranger, "/oauth2/challenge", url.Values{"auth_session": {field[string](t, step, "auth_session")}, "otp": {h.otp(secret)}})
	}
	require.Equal(t, "access_denied", code(login()), "the code that confirmed it is spent (TOTP step reused)")
	h.pass(time.Minute)
	require.Equal(t, 200, login().Status, "it logs in at once")

	offered = h.command(anna, http.MethodPost, "/v1/factors/totp", nil, anna.NewID())
	id, secret = field[string](t, offered, "factor_id"), field[string](t, offered, "secret")
	h.pass(4 * time.Minute)
	require.NoError(t, anna.Refresh(context.Background()))
	h.pass(6 * time.Minute)
	h.login(anna)
	require.Equal(t, "factor-offer-ended", code(confirm(anna, h.otp(secret))), "ten minutes")
}

func TestANewFactorAuthorisesNoPaymentForADay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	tablet := h.second(anna)
	h.pass(24 * time.Hour) // a tablet that is new itself is not asked
	h.login(anna)
	h.login(tablet)
	from, to := h.account(anna, "50000.00"), h.account(h.customer("bert"), "")
	secret, id := h.authenticator(anna)
	with(anna, secret)
	pay := func() string {
		h.pass(30 * time.Second)
		transfer, err := anna.Transfer(context.Background(), phone.Order{From: from, To: to, Amount: "2000.00", Currency: "EUR"}, anna.NewID())
		require.NoError(t, err)
		require.NotNil(t, transfer.Challenge)
		transfer, err = anna.AuthoriseByTOTP(context.Background(), transfer)
		if err != nil {
			return err.(*phone.Refused).Code
		}
		return transfer.Status
	}
	require.Equal(t, "sca-failed", pay())
	approve := func(p *phone.Phone) phone.Answer {
		return h.command(p, http.MethodPost, "/v1/factors/"+id+"/approval", nil, p.NewID())
	}
	require.Equal(t, "factor-approval-refused", code(approve(anna)), "the device that added it does not approve it")
	with(tablet, tablet.Profile().TOTPSecret)
	younger := h.second(tablet)
	require.Equal(t, "factor-approval-refused", code(approve(younger)), "nor one that came after it")
	require.Equal(t, "not-found", code(approve(h.customer("eve"))))
	approved := approve(tablet)
	require.Equal(t, 200, approved.Status, "%s", approved.Body)
	require.Equal(t, "posted", pay())

	secret, _ = h.authenticator(anna)
	with(anna, secret)
	require.Equal(t, "sca-failed", pay())
	h.pass(24 * time.Hour)
	require.NoError(t, anna.Refresh(context.Background()))
	require.Equal(t, "posted", pay())
}

func TestTheLastSecondFactorStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	first := h.factors(anna)[0].ID
	remove := func(p *phone.Phone, id string) phone.Answer {
		return h.command(p, http.MethodDelete, "/v1/factors/"+id, nil, p.NewID())
	}
	require.Equal(t, "factor-last", code(remove(anna, first)))
	secret, second := h.authenticator(anna)
	require.Equal(t, "factor-last", code(remove(anna, first)), "a factor that waits takes nobody's place")
	require.Equal(t, "not-found", code(remove(h.customer("eve"), second)))
	with(anna, secret)
	h.pass(24 * time.Hour)
	h.login(anna)
	removed := remove(anna, first)
	require.Equal(t, 200, removed.Status, "%s", removed.Body)
	require.Equal(t, second, h.factors(anna)[0].ID)
	require.Equal(t, "factor-last", code(remove(anna, second)))
}

func TestFactorsChangeOnlyUnderFreshStrongAuthentication(t *testing.T) { // a session usable after one factor (CVE-2025-64103)
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	id := h.factors(anna)[0].ID
	h.pass(5*time.Minute + time.Second)
	require.NoError(t, anna.Refresh(context.Background()))
	for path, method := range map[string]string{
		"/v1/factors/totp": http.MethodPost, "/v1/factors/" + id + "/approval": http.MethodPost, "/v1/factors/" + id: http.MethodDelete,
	} {
		refused := h.command(anna, method, path, nil, anna.NewID())
		require.Equal(t, 401, refused.Status, "%s: %s", path, refused.Body)
		require.Equal(t, "insufficient-user-authentication", code(refused))
		require.Contains(t, refused.Header.Get("WWW-Authenticate"), `max_age="300"`)
	}
	require.Len(t, h.factors(anna), 1, "reads go on")
}

// nobody is a name that is nobody's, with these made-up factors and ways to send codes,
// and of passkeys one whose identifier is as long as a virtual one's. Its budget is whole.
func (h *house) nobody(second []string, sends ...string) string {
	h.t.Helper()
	stranger := h.phone()
	require.NoError(h.t, stranger.Register(context.Background()))
	for i := range 5000 {
		name := fmt.Sprint("nobody-", i)
		step := h.form(stranger, "/oauth2/challenge", begin(name, "wrong password entirely"))
		if step.Status == 429 {
			h.pass(25 * time.Hour)
			continue
		}
		var doc struct {
			Next  []string `json:"next"`
			Sends []string `json:"otp_send"`
		}
		require.NoError(h.t, json.Unmarshal(step.Body, &doc))
		if slices.Equal(doc.Next, second) && slices.Equal(doc.Sends, sends) && (!slices.Contains(second, "webauthn") || h.likeAVirtualOne(stranger, step)) {
			h.pass(25 * time.Hour)
			return name
		}
	}
	h.t.Fatalf("no name has %v", second)
	return ""
}

func (h *house) likeAVirtualOne(stranger *phone.Phone, step phone.Answer) bool {
	login := &half{h, stranger, field[string](h.t, step, "auth_session"), nil}
	raw, _ := login.options(h.t)
	have, err := virtualwebauthn.ParseAssertionOptions(raw)
	require.NoError(h.t, err)
	return len(have.AllowCredentials) == 1 && len(have.AllowCredentials[0]) == 43 // 32 bytes
}
