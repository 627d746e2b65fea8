package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
	"florin/schemas"
)

// truth holds every request of every test against the schema of its command: what
// the bank takes has to fit, and what it refuses for its shape must not.
type truth struct {
	router   *chi.Mux
	commands map[string]schemas.Command // by method and pattern

	mu       sync.Mutex
	lies     []string
	accepted map[string]int // by command
}

func newTruth(routes []Route) *truth {
	t := &truth{router: chi.NewRouter(), commands: map[string]schemas.Command{}, accepted: map[string]int{}}
	for _, row := range routes {
		if row.Request == nil || row.Takes != "" { // whose schema is another's
			continue
		}
		t.router.Method(row.Method, row.Path, http.NotFoundHandler())
		t.commands[row.Method+" "+row.Path], _ = schemas.CommandOf(row.Request)
	}
	return t
}

func (t *truth) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		place := chi.NewRouteContext()
		if !strings.HasPrefix(r.URL.Path, "/") || !t.router.Match(place, r.Method, r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		command := t.commands[r.Method+" "+place.RoutePattern()]
		var body bytes.Buffer
		r.Body = teed{io.TeeReader(r.Body, &body), r.Body}
		answer := &overheard{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		t.judge(command, body.Bytes(), answer)
	})
}

func (t *truth) judge(command schemas.Command, body []byte, answer *overheard) {
	text := body
	if command.Way == schemas.AsForm {
		text = formAsJSON(body)
	} else if schemas.Mute(command.Type) && len(bytes.TrimSpace(body)) == 0 {
		text = []byte("{}")
	}
	said := code(phone.Answer{Body: answer.body.Bytes()})
	invalid := schemas.ValidateCommand(command.Name, text)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case answer.status < 400, said == "insufficient_authorization": // one step of a login
		t.accepted[command.Name]++
		if invalid != nil {
			t.lies = append(t.lies, fmt.Sprintf("%d for %q, and yet: %v", answer.status, text, invalid))
		}
	case slices.Contains([]string{"bad-json", "unknown-field", "missing-field"}, said):
		if invalid == nil {
			t.lies = append(t.lies, fmt.Sprintf("%s: %s for %q, which its schema takes", command.Name, said, text))
		}
	}
}

// told gives the lies since it was asked last.
func (t *truth) told() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lies := t.lies
	t.lies = nil
	return lies
}

// formAsJSON is a form as its schema has it: a name that comes twice is no text.
func formAsJSON(body []byte) []byte {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil
	}
	object := map[string]any{}
	for name, given := range values {
		if len(given) > 1 {
			object[name] = given
		} else if given[0] != "" {
			object[name] = given[0]
		}
	}
	text, _ := json.Marshal(object)
	return text
}

type teed struct {
	io.Reader
	io.Closer
}

// overheard notes the status, and what a refusal says.
type overheard struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (o *overheard) Unwrap() http.ResponseWriter { return o.ResponseWriter }

func (o *overheard) WriteHeader(status int) {
	o.status = status
	o.ResponseWriter.WriteHeader(status)
}

func (o *overheard) Write(text []byte) (int, error) {
	if o.status >= 400 {
		o.body.Write(text)
	}
	return o.ResponseWriter.Write(text)
}

// What a route changes it names; these ask, or give what is no fact.
var questions = []string{"POST /oauth2/introspect", "POST /oauth2/userinfo", "POST /v1/devices/challenge", "POST /v1/devices/expected", "POST /v1/payee-verifications", "POST /v1/risk/backtests"}

func TestEveryRouteThatChangesSomethingNamesItsCommand(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	served := map[string]bool{}
	for _, row := range s.routes {
		name := row.Method + " " + row.Path
		if row.Request == nil {
			require.True(t, row.Method == http.MethodGet || slices.Contains(questions, name), "%s changes something: name its command as Request", name)
			continue
		}
		command, known := schemas.CommandOf(row.Request)
		require.True(t, known, "%s: %s has no row in schemas.Commands()", name, row.Request)
		require.Equal(t, row.OAuth || row.Page != nil, command.Way == schemas.AsForm, name)
		require.NotEqual(t, schemas.AsAsked, command.Way, "%s comes from outside now: make it a body or a form", name)
		served[command.Name] = true
	}
	for _, command := range schemas.Commands() {
		require.Equal(t, command.Way != schemas.AsAsked, served[command.Name], "%s: a body or a form comes by a route", command.Name)
	}
}

// Forms are refused for their shape as their schemas refuse them, though the
// answers of RFC 6749 do not say why.
func TestFormsAreTakenStrictly(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, row := range s.routes {
		if !row.OAuth || row.Request == nil {
			continue
		}
		command, _ := schemas.CommandOf(row.Request)
		name := row.Request.Field(0).Tag.Get("json")
		name, _, _ = strings.Cut(name, ",")
		for _, values := range []url.Values{
			{name: {"x"}, "is_admin": {"canary"}}, {name: {"x", "canary"}}, {name: {"canary", "canary"}}, {strings.ToUpper(name): {"canary"}},
		} {
			answer := s.form(s.anna, row.Path, values)
			require.Equal(t, 400, answer.Status, "%s %v: %s", row.Path, values, answer.Body)
			require.Equal(t, "invalid_request", code(answer), "%s %v", row.Path, values)
			require.NotContains(t, string(answer.Body), "canary")
			require.ErrorIs(t, schemas.ValidateCommand(command.Name, formAsJSON([]byte(values.Encode()))), schemas.ErrInvalid, values)
		}
	}
}
