package identity

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"florin/gateway/problem"
	"florin/gateway/token"
	"florin/gateway/wire"
	"florin/schemas"
)

func formRequest(body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/oauth2/token", strings.NewReader(body))
}

func TestFormsAreReadStrictly(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body string
		want url.Values // nil: refused
	}{
		"as it should be":            {"grant_type=a&code=b+c%20d", url.Values{"grant_type": {"a"}, "code": {"b c d"}}},
		"empty is left out":          {"grant_type=a&code=&scope", url.Values{"grant_type": {"a"}}},
		"nothing":                    {"", url.Values{}},
		"an unknown member":          {"grant_type=a&admin=1", nil},
		"an unknown member, empty":   {"grant_type=a&admin=", nil},
		"twice":                      {"code=a&code=b", nil},
		"twice the same":             {"code=a&code=a", nil},
		"twice, once in other signs": {"code=a&c%6fde=a", nil},
		"another case":               {"Code=a", nil},
		"a space in the name":        {"code+=a", nil},
		"a semicolon":                {"grant_type=a;code=b", nil},
		"bad escapes":                {"code=%zz", nil},
		"bad UTF-8":                  {"code=%ff", nil},
		"half a surrogate":           {"code=%ed%a0%80", nil},
		"too long":                   {"code=" + strings.Repeat("a", formValueMax+1), nil},
		"as long as may be":          {"code=" + strings.Repeat("a", formValueMax), url.Values{"code": {strings.Repeat("a", formValueMax)}}},
	} {
		values, err := formOf[schemas.IssueToken](formRequest(tc.body))
		if tc.want == nil {
			require.ErrorIs(t, err, problem.OAuthInvalidRequest, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, tc.want, values, name)
	}
	r := formRequest("code=a")
	r.URL.RawQuery = "code=a"
	_, err := formOf[schemas.IssueToken](r)
	require.ErrorIs(t, err, problem.OAuthInvalidRequest, "secrets in the query would be logged")
}

// FuzzForm reads any body as every form of the provider. What is taken is clean text
// under known names, and what is made of a whole form is within its bounds.
func FuzzForm(f *testing.F) {
	challenge := strings.Repeat("A", 43)
	for _, seed := range []string{
		"client_id=florin-app&response_type=code&scope=openid+accounts.read&code_challenge=" + challenge + "&code_challenge_method=S256&username=anna&password=p&max_age=0",
		"auth_session=x&otp=123456&otp_method=sms",
		"grant_type=refresh_token&refresh_token=x&client_id=florin-app",
		"response_type=code&redirect_uri=https%3A%2F%2Fa.example%2F&scope=payments.transfer&code_challenge=" + challenge + "&code_challenge_method=S256&state=s%00&max_age=-0" +
			"&authorization_details=" + url.QueryEscape(`[{"type":"payment_initiation","instructedAmount":{"amount":"1.00","currency":"EUR"},"creditorName":"A","creditorAccount":{"iban":"DE02100100109307118603"}}]`),
		"request_uri=urn:x&csrf=y&decision=allow", "token=x&token_type_hint=refresh_token", "a=1&&=&a=%", "max_age=99999999999999999999", "\xff=\x00;&",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		fuzzedForm[schemas.IssueToken](t, body)
		fuzzedForm[schemas.RevokeToken](t, body)
		fuzzedForm[schemas.AnswerConsent](t, body)
		if values, ok := fuzzedForm[schemas.LogIn](t, body); ok {
			values.Del(paramSCAAssertion) // is verified with the device's keys: package token
			step, err := (&Provider{}).step(formRequest(body), &token.Proof{JKT: "jkt"}, values)
			if err == nil {
				require.GreaterOrEqual(t, step.MaxAge, int64(-1))
				require.LessOrEqual(t, len(step.UserName)+len(step.Password)+len(step.OTP), 2000)
				require.True(t, step.AuthSession != "" || step.ClientID != "" && step.UserName != "", "%+v", step)
			}
		}
		if values, ok := fuzzedForm[schemas.AskConsent](t, body); ok {
			if ask, err := askOf(values, nil); err == nil {
				require.NotEmpty(t, values.Get("scope"))
				require.GreaterOrEqual(t, ask.TTL, time.Duration(0))
				require.True(t, (ask.LoginHint == "") != (values.Get("id_token_hint") == ""), "one hint")
			}
		}
		if values, ok := fuzzedForm[schemas.RequestConsent](t, body); ok {
			if push, err := pushOf(values, nil); err == nil {
				require.NotEmpty(t, push.Scopes)
				require.NotEmpty(t, push.RedirectURI)
				require.True(t, isDigest(push.CodeChallenge))
			}
		}
	})
}

func fuzzedForm[T any](t *testing.T, body string) (url.Values, bool) {
	values, err := formOf[T](formRequest(body))
	if err != nil {
		require.ErrorIs(t, err, problem.OAuthInvalidRequest)
		return nil, false
	}
	object := map[string]string{}
	for name, given := range values {
		require.Contains(t, wire.Members[T](), name)
		require.Len(t, given, 1)
		require.True(t, given[0] != "" && utf8.ValidString(given[0]))
		object[name] = given[0]
	}
	text, err := json.Marshal(object)
	require.NoError(t, err)
	command, known := schemas.CommandOf(reflect.TypeFor[T]())
	require.True(t, known)
	if err := schemas.ValidateCommand(command.Name, text); err != nil {
		return nil, false // a member is missing, which the endpoints say in their own order
	}
	return values, true
}
