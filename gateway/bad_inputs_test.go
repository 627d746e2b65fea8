package gateway

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
	"florin/schemas"
)

func TestEveryRouteIsTried(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	rows := map[string]bool{}
	for _, row := range s.routes {
		rows[row.Method+" "+row.Path] = true
	}
	for name := range s.tries() {
		require.True(t, rows[name], "%s is tried and does not exist", name)
	}
	s.each(t, func(*testing.T, Route, try) {})
}

func TestRow23NobodyGetsInWithoutProof(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.each(t, func(t *testing.T, row Route, try try) {
		if row.Open {
			return
		}
		answer := s.ask(s.caller(try.by), row, try.path, try.body, func(r *phone.Request) { r.Header.Del("Authorization") })
		require.Equal(t, 401, answer.Status)
		require.Equal(t, "invalid-token", code(answer))
		answer = s.ask(s.caller(try.by), row, try.path, try.body, func(r *phone.Request) {
			r.Header.Set("Authorization", "Bearer "+s.caller(try.by).Tokens().Access)
		})
		require.Equal(t, 401, answer.Status, "a bound token as a bearer's")
		answer = s.ask(s.caller(try.by), row, try.path, try.body, func(r *phone.Request) { r.Header.Del("DPoP") })
		require.Equal(t, "invalid-dpop-proof", code(answer))
		stolen := s.ask(s.bert, row, try.path, try.body, func(r *phone.Request) {
			r.Header.Set("Authorization", "DPoP "+s.caller(try.by).Tokens().Access)
		})
		require.Equal(t, "invalid-dpop-proof", code(stolen), "a stolen token on another device")
	})
}

// Row 31: all endpoints with all kinds of ids.
func TestRow31OthersThingsAreNotThere(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	before := s.balance(s.bert, s.berts)
	unknown := func(id string) string { return id[:4] + uuid.NewString() }
	check := func(t *testing.T, theirs, none phone.Answer) {
		require.Equal(t, 404, none.Status, "%s", none.Body)
		require.Equal(t, 404, theirs.Status, "%s", theirs.Body)
		require.Equal(t, string(none.Body), string(theirs.Body), "byte for byte")
		for name := range theirs.Header {
			if name != "Date" && name != "Ratelimit" && name != "Dpop-Nonce" {
				require.Equal(t, none.Header[name], theirs.Header[name], name)
			}
		}
	}
	s.each(t, func(t *testing.T, row Route, try try) {
		p := s.caller(try.by)
		if try.by == "customer" && strings.Contains(row.Path, "{id}") {
			theirs := s.bertsThings[segment(row.Path)]
			at := func(id string) phone.Answer {
				return s.ask(p, row, inPath(row, try.path, id), try.body, nil)
			}
			none := at(unknown(theirs))
			check(t, at(theirs), none)
			check(t, at("nonsense"), none)
			check(t, at(strings.ToUpper(theirs)), none)
			check(t, at(s.annas["accounts"][:4]+theirs[4:]+"0"), none)
		}
		if row.Path == "/v1/transfers" && try.body != "" {
			with := func(from, to string) phone.Answer {
				return s.ask(p, row, try.path, fmt.Sprintf(`{"from":%q,"to":%q,"amount":"1.00","currency":"EUR"}`, from, to), nil)
			}
			none := with(unknown(s.berts), s.from)
			check(t, with(s.berts, s.from), none)
			check(t, with(s.from, unknown(s.berts)), none)
		}
	})
	require.Equal(t, before, s.balance(s.bert, s.berts))
	require.Equal(t, 200, s.get(s.bert, "/v1/sessions").Status, "bert's session and device live")
}

// inPath is the path of the row with another identifier in the place of {id}.
func inPath(row Route, path, id string) string {
	parts := strings.Split(path, "/")
	for i, part := range strings.Split(row.Path, "/") {
		if part == "{id}" {
			parts[i] = id
		}
	}
	return strings.Join(parts, "/")
}

// Row 32.
func TestRow32ScopesAreNeeded(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	bare, risky := s.machine("bare", "analytics.read").login(), s.machine("risky", "risk.write").login()
	s.each(t, func(t *testing.T, row Route, try try) {
		if row.Open || len(row.Scopes) == 0 {
			return
		}
		callers := []*phone.Phone{risky}
		if slices.Contains(row.Scopes, "risk.write") {
			callers[0] = bare
		}
		if (try.by == "auditor" || try.by == "operator") && row.Path != "/v1/deposits" { // which a sandbox opens to customers
			callers = append(callers, s.anna)
		}
		for _, p := range callers {
			answer := s.ask(p, row, try.path, try.body, nil)
			require.Equal(t, 403, answer.Status, "%s", answer.Body)
			require.Equal(t, "insufficient-scope", code(answer))
			require.Contains(t, answer.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`)
		}
	})
}

// Rows 33 and 34.
func TestRow33And34BodiesAreTakenStrictly(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.each(t, func(t *testing.T, row Route, try try) {
		if row.Request == nil {
			return
		}
		if row.Request.NumField() == 0 {
			for _, body := range []string{`{"balance":"canary"}`, "null", "[]", "{}{}", "{", `{"a":1,"a":1}`, "x"} {
				answer := s.ask(s.caller(try.by), row, try.path, body, nil)
				require.NotContains(t, string(answer.Body), "canary")
				if row.Takes != "" { // whose schema is another's: what it says is no such message
					require.Contains(t, []int{400, 422}, answer.Status, "%s: %s", body, answer.Body)
					continue
				}
				require.Equal(t, 400, answer.Status, "%s: %s", body, answer.Body)
			}
			return
		}
		p, inner := s.caller(try.by), strings.TrimSuffix(strings.TrimPrefix(try.body, "{"), "}")
		first, rest := strings.SplitN(inner, `"`, 3)[1], ""
		if _, after, more := strings.Cut(inner, ","); more {
			rest = "," + after
		}
		for _, name := range []string{"balance", "status", "owner", "isAdmin", "risk", "customer", "__proto__"} {
			answer := s.ask(p, row, try.path, "{"+inner+`,"`+name+`":"canary"}`, nil)
			require.Equal(t, 400, answer.Status, "%s: %s", name, answer.Body)
			require.Equal(t, "unknown-field", code(answer), name)
			require.NotContains(t, string(answer.Body), "canary")
		}
		for name, body := range map[string]string{
			"duplicate key": "{" + inner + "," + inner + "}", "upper case": strings.Replace(try.body, first, strings.ToUpper(first), 1),
			"trailing JSON": try.body + "{}", "trailing text": try.body + "x", "bad UTF-8": strings.Replace(try.body, `":"`, "\":\"\xff", 1),
			"null":       fmt.Sprintf(`{%q:null%s}`, first, rest),
			"depth 1000": fmt.Sprintf(`{%q:%s%s}`, first, strings.Repeat("[", 1000), strings.Repeat("]", 1000)),
			"an array":   "[" + try.body + "]", "null alone": "null", "cut off": try.body[:len(try.body)-1], "a number for a string": fmt.Sprintf(`{%q:1%s}`, first, rest),
		} {
			answer := s.ask(p, row, try.path, body, nil)
			require.Equal(t, 400, answer.Status, "%s: %s", name, answer.Body)
			require.Contains(t, []string{"bad-json", "invalid-amount"}, code(answer), name)
		}
		if !requires(row.Request) {
			return
		}
		answer := s.ask(p, row, try.path, "{}", nil)
		require.Equal(t, "missing-field", code(answer))
	})
}

// requires tells whether a body has a member that must be there.
func requires(body reflect.Type) bool {
	for _, field := range reflect.VisibleFields(body) {
		if tag := field.Tag.Get("json"); !strings.Contains(tag, "omit") || field.Tag.Get("jsonschema") != "" {
			return true
		}
	}
	return false
}

// Row 35.
func TestRow35AmountsNeverRound(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	decimal := reflect.TypeFor[schemas.Decimal]()
	s.each(t, func(t *testing.T, row Route, try try) {
		if row.Request == nil {
			return
		}
		if f, has := row.Request.FieldByName("Amount"); !has || f.Type != decimal {
			return
		}
		if strings.Contains(row.Path, "reversal") {
			try.path = "/v1/transfers/" + s.posted + "/reversal"
		}
		p, before := s.caller(try.by), s.balance(s.anna, s.from)
		for _, amount := range []string{
			`"0.00"`, `"-1.00"`, `"0.001"`, `"1e2"`, `"5"`, `"9223372036854775808.00"`, `"90071992547409.92"`, `"NaN"`, `"Infinity"`, `"1,00"`, `" 1.00"`,
			`"+1.00"`, `"01.00"`, `"1.0"`, `"1.000"`, `"0x1.00"`, `""`, `"１.００"`, `1`, `1.00`, `1e2`, `-1`, `9223372036854775808`, `true`, `{}`, `["1.00"]`,
		} {
			answer := s.ask(p, row, try.path, strings.Replace(try.body, `"1.00"`, amount, 1), nil)
			require.Contains(t, []int{400, 422}, answer.Status, "%s: %s", amount, answer.Body)
			require.Contains(t, []string{"invalid-amount", "missing-field", "reversal-exceeds-transfer"}, code(answer), amount)
		}
		require.Equal(t, "bad-json", code(s.ask(p, row, try.path, strings.Replace(try.body, `"1.00"`, `NaN`, 1), nil)))
		require.Equal(t, before, s.balance(s.anna, s.from))
		for _, currency := range []string{"XXX", "eur", "EURO", "", "EU"} {
			answer := s.ask(p, row, try.path, strings.Replace(try.body, `"EUR"`, `"`+currency+`"`, 1), nil)
			require.Contains(t, []int{400, 422}, answer.Status, currency)
		}
		require.Equal(t, "invalid-amount", code(s.ask(p, row, try.path, strings.Replace(try.body, `"EUR"`, `"JPY"`, 1), nil)), "decimals of another currency")
	})
}

func TestRow31UnknownNamesInPaths(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, path := range []string{"/v1/analytics/v_nothing", "/v1/analytics/accounts", "/v1/analytics/sqlite_master", "/v1/analytics/V_ACCOUNTS",
		"/v1/analytics/v_accounts%3B", "/v1/audit/streams/nothing/x", "/v1/nothing"} {
		answer := s.ask(s.auditor, Route{Method: http.MethodGet}, path, "", nil)
		require.Contains(t, []int{400, 404}, answer.Status, "%s: %s", path, answer.Body)
		if strings.HasPrefix(path, "/v1/analytics/") && !strings.Contains(path, "%") {
			require.Equal(t, "not-found", code(answer), path)
		}
	}
}

// Row 46.
func TestRow46MediaTypes(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.each(t, func(t *testing.T, row Route, try try) {
		p := s.caller(try.by)
		answer := s.ask(p, row, try.path, try.body, func(r *phone.Request) { r.Header.Set("Accept", "application/x-nothing") })
		require.Equal(t, 406, answer.Status)
		require.Equal(t, "not-acceptable", code(answer))
		if row.Request == nil || row.Request.NumField() == 0 {
			return
		}
		for _, mediaType := range []string{"", "text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/json; charset=latin1"} {
			answer := s.ask(p, row, try.path, try.body, func(r *phone.Request) {
				if r.Header.Set("Content-Type", mediaType); mediaType == "" {
					r.Header.Del("Content-Type")
				}
			})
			require.Equal(t, 415, answer.Status, mediaType)
		}
		answer = s.ask(p, row, try.path, try.body, func(r *phone.Request) { r.Header.Set("Content-Encoding", "gzip") })
		require.Equal(t, 415, answer.Status, "row 49")
	})
}

// Row 47.
func TestRow47Lists(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	others := map[*phone.Phone]*phone.Phone{s.anna: s.bert, s.auditor: s.machine("other", "audit.read", "analytics.read", "risk.read").login()}
	for range 3 {
		s.transfer(s.anna, s.from, s.to, "1.00")
		s.account(s.anna, "")
		s.login(s.anna)
	}
	s.login(s.bert)
	s.each(t, func(t *testing.T, row Route, try try) {
		if !try.list {
			return
		}
		p := s.caller(try.by)
		ask := func(p *phone.Phone, query string) phone.Answer {
			require.Equal(t, 200, s.fresh(p, try.path).Status)
			return s.ask(p, row, try.path+query, "", nil)
		}
		require.Equal(t, 200, ask(p, "?limit=1000000000").Status)
		for _, limit := range []string{"0", "-1", "1e9", "x", "1.5"} {
			require.Equal(t, 400, ask(p, "?limit="+limit).Status, limit)
		}
		require.Equal(t, "unknown-parameter", code(ask(p, "?limit=1&limit=2")))
		require.Equal(t, "unknown-parameter", code(ask(p, "?sql=1")))
		for _, forged := range []string{"x", "AAAA", strings.Repeat("A", 100), "1", "..."} {
			require.Equal(t, "bad-cursor", code(ask(p, "?cursor="+forged)), forged)
		}
		first := ask(p, "?limit=1")
		require.Equal(t, 200, first.Status, "%s", first.Body)
		link := first.Header.Get("Link")
		if link == "" {
			return // a list of one
		}
		next := link[strings.Index(link, "?"):strings.Index(link, ">")]
		second := ask(p, next)
		require.Equal(t, 200, second.Status, "%s", second.Body)
		require.NotEqual(t, string(first.Body), string(second.Body))
		stolen := others[p]
		answer := s.ask(stolen, row, try.path+next, "", nil)
		require.Contains(t, []string{"bad-cursor", "not-found"}, code(answer), "another's cursor")
		cursor := next[strings.Index(next, "cursor=")+7:]
		flipped := "B" + cursor[1:]
		if cursor[0] == 'B' {
			flipped = "C" + cursor[1:]
		}
		require.Equal(t, "bad-cursor", code(ask(p, "?cursor="+flipped)))
	})
}
