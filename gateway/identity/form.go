package identity

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"florin/gateway/problem"
	"florin/gateway/wire"
)

// formValueMax bounds one value: the longest is a client assertion.
const formValueMax = 16 << 10

// formOf reads the form of T, whose members are those it may hold.
func formOf[T any](r *http.Request) (url.Values, error) {
	return form(r, wire.Members[T]()...)
}

// form reads the body: UTF-8, every parameter at most once (RFC 6749 section
// 3.2) and none but the known ones, for a parameter that is ignored is one that
// somebody believed to matter. The query must be empty: secrets would be logged.
func form(r *http.Request, known ...string) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, problem.OAuthInvalidRequest
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, problem.OAuthInvalidRequest
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, problem.OAuthInvalidRequest
	}
	for name, given := range values {
		if len(given) != 1 || len(given[0]) > formValueMax || !utf8.ValidString(given[0]) || !slices.Contains(known, name) {
			return nil, problem.OAuthInvalidRequest
		}
		// A copy of its own: what is kept of one value (a challenge, in the state of a
		// login) would keep the whole body in memory, password and all.
		given[0] = strings.Clone(given[0])
		if given[0] == "" { // RFC 6749 section 3.1: as if it were left out
			delete(values, name)
		}
	}
	return values, nil
}

// needs refuses a form that lacks one of the parameters.
func needs(values url.Values, names ...string) error {
	for _, name := range names {
		if values.Get(name) == "" {
			return problem.OAuthInvalidRequest
		}
	}
	return nil
}
