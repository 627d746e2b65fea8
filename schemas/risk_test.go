package schemas

import (
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"florin/domain/risk"
)

func TestNumbersByFeatureAreReadStrictly(t *testing.T) {
	t.Parallel()
	read := func(text string) (values risk.Values, err error) {
		err = json.Unmarshal([]byte(text), &values, json.WithUnmarshalers(unmarshalByFeature[risk.Values](valueOf)))
		return values, err
	}
	for text, want := range map[string]risk.Values{
		`{}`:                              {},
		` { } `:                           {},
		`{"amount":1}`:                    {{Feature: "amount", Value: 1}},
		`{"amount":-1,"karma":9}`:         {{Feature: "amount", Value: -1}, {Feature: "karma", Value: 9}},
		"{\n \"amount\" : 1 ,\t\"b\":2 }": {{Feature: "amount", Value: 1}, {Feature: "b", Value: 2}},
		`{"a":9223372036854775807}`:       {{Feature: "a", Value: 1<<63 - 1}},
		`{"amount":0}`:                    {{Feature: "amount"}},
	} {
		values, err := read(text)
		require.NoError(t, err, text)
		require.Equal(t, want, values, text)
	}
	for _, text := range []string{`[]`, `1`, `"a"`, `{"a":1.5}`, `{"a":1e3}`, `{"a":"1"}`, `{"a":[1]}`, `{"a":{"b":1}}`, `{"a":null}`, `{"a":true}`, `{"a":1,"a":2}`,
		`{"a\u0062":1}`, `{"a\"":1}`, `{"a":9223372036854775808}`, `{"a":1`, `{"a"}`, `{"a":1,}`, ``} {
		_, err := read(text)
		require.Error(t, err, text)
	}
}
