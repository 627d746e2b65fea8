package wire

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/problem"
	"florin/schemas"
)

type order struct {
	From   string          `json:"from"`
	Amount schemas.Decimal `json:"amount"`
	Note   string          `json:"note,omitzero"`
	Tags   []string        `json:"tags,omitzero"`
}

func TestDecodeTakesOneSpellingOnly(t *testing.T) {
	t.Parallel()
	good := `{"from":"a","amount":"1.00"}`
	request, err := Decode[order]([]byte(good))
	require.NoError(t, err)
	require.Equal(t, order{From: "a", Amount: "1.00"}, request)

	for name, tc := range map[string]struct {
		body string
		want error
	}{
		"nothing":                 {``, problem.BadJSON},
		"white space":             {` `, problem.BadJSON},
		"no object":               {`[]`, problem.BadJSON},
		"a string":                {`"a"`, problem.BadJSON},
		"null":                    {`null`, problem.BadJSON},
		"cut off":                 {`{"from":"a"`, problem.BadJSON},
		"duplicate name":          {`{"from":"a","from":"b","amount":"1"}`, problem.BadJSON},
		"escaped duplicate name":  {`{"from":"a","fr\u006fm":"b","amount":"1"}`, problem.BadJSON},
		"another case":            {`{"from":"a","AMOUNT":"1"}`, problem.BadJSON},
		"trailing object":         {good + `{}`, problem.BadJSON},
		"trailing word":           {good + ` x`, problem.BadJSON},
		"bad UTF-8":               {"{\"from\":\"\xff\",\"amount\":\"1\"}", problem.BadJSON},
		"lone surrogate":          {`{"from":"\ud800","amount":"1"}`, problem.BadJSON},
		"null member":             {`{"from":null,"amount":"1"}`, problem.BadJSON},
		"null inside a list":      {`{"from":"a","amount":"1","tags":[null]}`, problem.BadJSON},
		"another type":            {`{"from":1,"amount":"1"}`, problem.BadJSON},
		"depth 1000":              {`{"from":` + strings.Repeat(`[`, 1000) + strings.Repeat(`]`, 1000) + `}`, problem.BadJSON},
		"NaN":                     {`{"from":"a","amount":NaN}`, problem.BadJSON},
		"unknown member":          {`{"from":"a","amount":"1","isAdmin":true}`, problem.UnknownField},
		"unknown, then broken":    {`{"isAdmin":true,`, problem.BadJSON},
		"missing member":          {`{"from":"a"}`, problem.MissingField},
		"amount as a number":      {`{"from":"a","amount":1e2}`, problem.InvalidAmount},
		"amount as an object":     {`{"from":"a","amount":{}}`, problem.InvalidAmount},
		"byte order mark":         {"\ufeff" + good, problem.BadJSON},
		"member name in a value":  {`{"from":"a","amount":"1","tags":["from"],"x":"y"}`, problem.UnknownField},
		"number as a member name": {`{1:"a"}`, problem.BadJSON},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Decode[order]([]byte(tc.body))
			require.ErrorIs(t, err, tc.want)
			require.NotContains(t, err.(*problem.Fault).Detail, "isAdmin", "no value comes back")
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"from":"a","amount":"1.00","tags":["x"]}`))
	f.Add([]byte(`{"from":null}`))
	f.Add([]byte("{\"a\":[[[[[[[[[[[[[[[[[["))
	f.Fuzz(func(t *testing.T, body []byte) {
		request, err := Decode[order](body)
		if err != nil {
			_, is := err.(*problem.Fault)
			require.True(t, is, "every refusal is a fault")
			return
		}
		require.False(t, strings.Contains(request.From, "\xff"))
	})
}

func TestCursorsAreBoundToTheirList(t *testing.T) {
	t.Parallel()
	cursors := NewCursors([32]byte{1})
	cursor := cursors.Seal("transactions/acc_1/cus_1", "42")
	mark, err := cursors.Open("transactions/acc_1/cus_1", cursor)
	require.NoError(t, err)
	require.Equal(t, "42", mark)
	mark, err = cursors.Open("x", "")
	require.NoError(t, err)
	require.Empty(t, mark)
	for name, bad := range map[string]string{
		"padded": cursor + "=", "cut": cursor[:len(cursor)-1], "changed": "A" + cursor[1:],
		"grown": cursor + "AAAA", "words": "not a cursor", "long": strings.Repeat("A", 4000),
	} {
		_, err := cursors.Open("transactions/acc_1/cus_1", bad)
		require.ErrorIs(t, err, problem.BadCursor, name)
	}
	_, err = cursors.Open("transactions/acc_1/cus_2", cursor)
	require.ErrorIs(t, err, problem.BadCursor, "another caller's")
	_, err = NewCursors([32]byte{2}).Open("transactions/acc_1/cus_1", cursor)
	require.ErrorIs(t, err, problem.BadCursor, "another bank's")
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]int{"": 50, "limit=1": 1, "limit=200": 200, "limit=1000000000": 200} {
		values, err := Query(httptest.NewRequest("GET", "/x?"+query, nil), "limit")
		require.NoError(t, err)
		limit, err := Limit(values)
		require.NoError(t, err)
		require.Equal(t, want, limit)
	}
	for _, query := range []string{"limit=0", "limit=-1", "limit=x", "limit=1.5", "limit=99999999999999999999"} {
		values, err := Query(httptest.NewRequest("GET", "/x?"+query, nil), "limit")
		require.NoError(t, err)
		_, err = Limit(values)
		require.ErrorIs(t, err, problem.BadParameter, query)
	}
	for _, query := range []string{"limit=1&limit=2", "other=1", "limit=1&;=2"} {
		_, err := Query(httptest.NewRequest("GET", "/x?"+query, nil), "limit")
		require.Error(t, err, query)
	}
}

func TestMediaTypes(t *testing.T) {
	t.Parallel()
	with := func(name string, values ...string) *http.Request {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Content-Type", "application/json")
		r.Header[name] = values
		return r
	}
	require.NoError(t, Takes(with("Content-Type", "application/json; charset=UTF-8"), "application/json"))
	for _, r := range []*http.Request{
		with("Content-Type"), with("Content-Type", "text/plain"), with("Content-Type", "application/xml"),
		with("Content-Type", "multipart/form-data; boundary=x"), with("Content-Type", "application/json; charset=utf-7"),
		with("Content-Type", "application/json", "application/json"), with("Content-Encoding", "gzip"), with("Content-Encoding", "identity"),
	} {
		require.ErrorIs(t, Takes(r, "application/json"), problem.WrongMediaType)
	}
	for _, accept := range []string{"", "*/*", "application/*", "text/html, application/json;q=0.1"} {
		require.NoError(t, Gives(with("Accept", accept), "application/json"), accept)
	}
	for _, accept := range []string{"text/html", "application/json;q=0", "application/xml, x", "nonsense"} {
		require.ErrorIs(t, Gives(with("Accept", accept), "application/json"), problem.NotAcceptable, accept)
	}
}
