package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/gateway/openapi"
	"florin/gateway/phone"
)

// What follows is made from the OpenAPI document alone: a route is tried because it
// is served, and an identifier because the document says that it is one.

// operation is one of the document, as these tests ask for it.
type operation struct {
	name string // GET /v1/accounts/{id}
	row  Route
	path string
	*openapi.Described
}

func operations(t *testing.T) []operation {
	t.Helper()
	doc := contractOf(t, true).doc
	var all []operation
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			o := operation{strings.ToUpper(method) + " " + path, Route{Method: strings.ToUpper(method), Path: path}, path, doc.Paths[path][method]}
			for mediaType := range o.takes() {
				o.row.Takes = mediaType
			}
			o.row.Keyed = slices.ContainsFunc(o.Parameters, func(p openapi.Parameter) bool { return doc.Parameter(p).Name == "Idempotency-Key" })
			all = append(all, o)
		}
	}
	require.Greater(t, len(all), 60)
	return all
}

// takes are the media types of the request, but for JSON and forms, which are sent as such.
func (o operation) takes() map[string]openapi.Media {
	if o.Body == nil {
		return nil
	}
	other := maps.Clone(o.Body.Content)
	delete(other, "application/json")
	delete(other, formType)
	return other
}

// scopes that suffice, any one of them; none: any token, or nobody is asked.
func (o operation) scopes() (all []string) {
	for _, way := range *o.Security {
		all = append(all, way["florin"]...)
	}
	return all
}

// customers tells whether a customer's app may have the scope for it.
func (o operation) customers() bool {
	own := append(domain.CustomerScopes(), domain.OwnAppScopes()...)
	return len(*o.Security) > 0 && (len(o.scopes()) == 0 || slices.ContainsFunc(o.scopes(), func(s string) bool { return slices.Contains(own, s) }))
}

var kindIn = regexp.MustCompile(`"\^([a-z]{3})_\[`)

// kindOfID is the prefix of the identifiers that a schema takes, "" if of none.
func kindOfID(schema []byte) string {
	if found := kindIn.FindSubmatch(schema); found != nil {
		return string(found[1])
	}
	return ""
}

// byKind are a customer's things by the prefix of their identifiers.
func byKind(things map[string]string) map[string]string {
	kinds := map[string]string{}
	for _, id := range things {
		kinds[id[:3]] = id
	}
	return kinds
}

func unknownOf(kind string) string { return kind + "_" + uuid.NewString() }

const noSuchThing = `%s takes an identifier of kind %q, and this test has none of another customer's:
let things() in scene_test.go make one for each customer`

// Row 31: every endpoint with every kind of another customer's identifiers.
func TestRow31NoEndpointKnowsAnothersIdentifier(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	berts, before, tried := byKind(s.bertsThings), s.balance(s.bert, s.berts), 0
	tries := s.tries()
	for _, o := range operations(t) {
		if !o.customers() || !strings.Contains(o.path, "{id}") {
			continue
		}
		own := kindOfID(o.Parameters[0].Schema)
		if theirs := s.bertsThings[segment(o.path)]; own == "" && theirs != "" { // its handler reads the path in its own way
			own = theirs[:3]
		}
		if _, there := berts[own]; !there {
			t.Errorf(noSuchThing, o.name, own)
			continue
		}
		ask := func(id string) phone.Answer {
			return s.ask(s.anna, o.row, strings.Replace(o.path, "{id}", id, 1), tries[o.name].body, nil)
		}
		none := ask(unknownOf(own))
		require.Equal(t, 404, none.Status, "%s: %s", o.name, none.Body)
		require.Equal(t, "not-found", code(none), o.name)
		for _, kind := range slices.Sorted(maps.Keys(berts)) { // of its own kind, and of every other
			theirs := ask(berts[kind])
			require.Equal(t, 404, theirs.Status, "%s with %s: %s", o.name, kind, theirs.Body)
			require.Equal(t, string(none.Body), string(theirs.Body), "%s with %s: byte for byte", o.name, kind)
			require.Equal(t, shown(none), shown(theirs), "%s with %s: no header tells", o.name, kind)
			tried++
		}
	}
	require.Greater(t, tried, 100)
	require.Equal(t, before, s.balance(s.bert, s.berts))
	require.Equal(t, 200, s.get(s.bert, "/v1/sessions").Status, "bert's session and device live")
}

// shown are the headers of an answer that do not differ from request to request.
func shown(a phone.Answer) map[string][]string {
	headers := maps.Clone(a.Header)
	for _, name := range []string{"Date", "Ratelimit", "Dpop-Nonce"} {
		delete(headers, name)
	}
	return headers
}

// meant are identifiers in bodies that are another's by their purpose.
var meant = map[string]string{
	"InitiateTransfer.to":         "anybody may be paid",
	"PlaceStandingOrder.to":       "anybody may be paid",
	"SavePayee.account":           "anybody may be paid",
	"Deposit.to":                  "anybody may be paid",
	"AcceptInvitation.invitation": "it came from another; whose it is not is tried in TestInvitationsTellNobodyApart",
	"EndInvitation.invitation":    "as that of AcceptInvitation",
	"RemoveHolder.holder":         "another holder of the account is removed",
}

// Row 31: nor does one that is named in a body do more than one that is not there.
func TestRow31NoBodyReachesAnothersThing(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	doc, berts, before, tried := contractOf(t, true).doc, byKind(s.bertsThings), s.balance(s.bert, s.berts), 0
	tries := s.tries()
	for _, o := range operations(t) {
		if o.Command == "" || !o.customers() {
			continue
		}
		var schema struct{ Properties map[string]json.RawMessage }
		require.NoError(t, json.Unmarshal(doc.Components.Schemas[o.Command], &schema))
		path := strings.Replace(o.path, "{id}", s.annas[segment(o.path)], 1)
		for name, property := range schema.Properties {
			kind := kindOfID(property)
			if kind == "" || meant[o.Command+"."+name] != "" {
				continue
			}
			if _, there := berts[kind]; !there {
				t.Errorf(noSuchThing+", or say in meant why %s.%s is another's", o.name, kind, o.Command, name)
				continue
			}
			ask := func(id string) phone.Answer {
				var body map[string]any
				require.NoError(t, json.Unmarshal([]byte(tries[o.name].body), &body), o.name)
				body[name] = id
				text, err := json.Marshal(body)
				require.NoError(t, err)
				return s.ask(s.anna, o.row, path, string(text), nil)
			}
			none, theirs := ask(unknownOf(kind)), ask(berts[kind])
			require.GreaterOrEqual(t, none.Status, 400, "%s: %s", o.name, none.Body)
			require.Equal(t, none.Status, theirs.Status, "%s with another's %s: %s", o.name, name, theirs.Body)
			require.Equal(t, code(none), code(theirs), "%s with another's %s", o.name, name)
			if none.Status == 404 {
				require.Equal(t, string(none.Body), string(theirs.Body), "%s with another's %s: byte for byte", o.name, name)
			}
			tried++
		}
	}
	require.Positive(t, tried)
	require.Equal(t, before, s.balance(s.bert, s.berts))
}

// Row 32: all scopes there are, but for those that an endpoint asks for, open nothing.
func TestRow32EveryWrongScopeIsRefused(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	every := domain.OperatorScopes()
	callers, tries, tried := map[string]*phone.Phone{}, s.tries(), 0
	for _, o := range operations(t) {
		needed := o.scopes()
		if len(needed) == 0 {
			continue
		}
		name := strings.Join(needed, " ")
		if callers[name] == nil {
			rest := slices.DeleteFunc(slices.Clone(every), func(scope string) bool { return slices.Contains(needed, scope) })
			callers[name] = s.machine(fmt.Sprintf("all-but-%d", len(callers)), rest...).login()
		}
		path := tries[o.name].path
		if path == "" {
			path = strings.Replace(o.path, "{id}", s.annas[segment(o.path)], 1)
		}
		wrong := []*phone.Phone{callers[name]}
		if !o.customers() {
			wrong = append(wrong, s.anna) // who has all that a customer's own app is given
		}
		for _, p := range wrong {
			answer := s.ask(p, o.row, path, tries[o.name].body, nil)
			require.Equal(t, 403, answer.Status, "%s: %s", o.name, answer.Body)
			require.Equal(t, "insufficient-scope", code(answer), o.name)
			require.Contains(t, answer.Header.Get("WWW-Authenticate"), `scope="`, o.name)
			tried++
		}
	}
	require.Greater(t, tried, 60)
}

// Row 47: a cursor is its caller's alone, on every list that the document knows.
func TestRow47NoListTakesAnothersCursor(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	doc, tried := contractOf(t, true).doc, 0
	for _, o := range operations(t) {
		paged := slices.ContainsFunc(o.Parameters, func(p openapi.Parameter) bool { return doc.Parameter(p).Name == "cursor" })
		if !paged || !o.customers() || o.row.Method != get {
			continue
		}
		path := strings.Replace(o.path, "{id}", s.annas[segment(o.path)], 1)
		for _, forged := range []string{"x", "AAAA", strings.Repeat("A", 100), "..."} {
			answer := s.ask(s.anna, o.row, path+"?cursor="+forged, "", nil)
			require.Equal(t, 400, answer.Status, "%s: %s", o.name, answer.Body)
			require.Equal(t, "bad-cursor", code(answer), o.name)
		}
		first := s.ask(s.anna, o.row, path+"?limit=1", "", nil)
		require.Equal(t, 200, first.Status, "%s: %s", o.name, first.Body)
		if link := first.Header.Get("Link"); link != "" {
			next := link[strings.Index(link, "?"):strings.Index(link, ">")]
			require.Contains(t, []string{"bad-cursor", "not-found"}, code(s.ask(s.bert, o.row, path+next, "", nil)), o.name)
			tried++
		}
	}
	require.Positive(t, tried)
}
