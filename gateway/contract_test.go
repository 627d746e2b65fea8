package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"florin/gateway/openapi"
	"florin/gateway/service"
)

// contract holds every response of every test against the OpenAPI document: its
// status, media type, body, and what the request asked in the query.
type contract struct {
	doc     *openapi.Document
	router  *chi.Mux
	schemas map[string]*jsonschema.Schema // by reference
}

// documentPlace is where the document lies for those who resolve its references.
const documentPlace = "http://127.0.0.1/openapi.json"

var contracts = map[bool]func() (*contract, error){
	true:  sync.OnceValues(func() (*contract, error) { return newContract(true) }),
	false: sync.OnceValues(func() (*contract, error) { return newContract(false) }),
}

func contractOf(t testing.TB, sandbox bool) *contract {
	t.Helper()
	c, err := contracts[sandbox]()
	require.NoError(t, err)
	return c
}

func newContract(sandbox bool) (*contract, error) {
	rows := Routes(nil, service.Desk{Sandbox: sandbox})
	doc, err := DescribeAPI(rows, "http://127.0.0.1")
	if err != nil {
		return nil, err
	}
	text, err := doc.JSON()
	if err != nil {
		return nil, err
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	components := whole.(map[string]any)["components"].(map[string]any)
	for name, schema := range components["schemas"].(map[string]any) {
		closed(schema, strings.HasPrefix(name, "Problem"))
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(documentPlace, whole); err != nil {
		return nil, err
	}
	c := &contract{doc: doc, router: chi.NewRouter(), schemas: map[string]*jsonschema.Schema{}}
	for name := range doc.Components.Schemas {
		reference := "#/components/schemas/" + name
		if c.schemas[reference], err = compiler.Compile(documentPlace + reference); err != nil {
			return nil, err
		}
	}
	for _, row := range rows {
		c.router.Method(row.Method, row.Path, http.NotFoundHandler())
	}
	return c, nil
}

// closed lets the objects of a schema have no members but those that it names.
// Clients have to pass over new ones; a test must not.
func closed(schema any, open bool) {
	switch s := schema.(type) {
	case map[string]any:
		if _, listed := s["properties"]; listed && s["additionalProperties"] == nil && !open {
			s["additionalProperties"] = false
		}
		for name, inner := range s {
			closed(inner, open || name == "anyOf" || name == "oneOf") // a branch names what it is about; the object around it closes
		}
	case []any:
		for _, inner := range s {
			closed(inner, open)
		}
	}
}

// watch fails the test for a response that the document does not know.
func (c *contract) watch(t testing.TB, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method, path, query := r.Method, r.URL.Path, r.URL.RawQuery
		said := &recorded{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(said, r)
		if err := c.judge(method, path, query, said); err != nil {
			t.Errorf("%s %s: %v", method, path, err)
		}
	})
}

func (c *contract) judge(method, path, query string, said *recorded) error {
	place := chi.NewRouteContext()
	if !strings.HasPrefix(path, "/") || !c.router.Match(place, method, path) {
		return c.problem(said, fmt.Sprintf("#/components/schemas/Problem%d", said.status))
	}
	described := c.doc.Paths[place.RoutePattern()][strings.ToLower(method)]
	response, listed := described.Responses[fmt.Sprint(said.status)]
	if !listed {
		return fmt.Errorf("answers %d, which %s does not list: %.300s", said.status, described.ID, said.body.Bytes())
	}
	if name, is := strings.CutPrefix(response.Ref, "#/components/responses/"); is {
		response = c.doc.Components.Responses[name]
	}
	if said.status < 300 {
		if err := c.asked(described, query); err != nil {
			return err
		}
	}
	if len(response.Content) == 0 {
		if said.body.Len() > 0 {
			return fmt.Errorf("answers %d with a body, which is not documented", said.status)
		}
		return nil
	}
	mediaType, _, _ := mime.ParseMediaType(said.Header().Get("Content-Type"))
	media, listed := response.Content[mediaType]
	if !listed {
		return fmt.Errorf("answers %d as %q, which is not documented", said.status, mediaType)
	}
	return c.fits(media, mediaType, said.body.Bytes())
}

// fits holds a JSON body against its schema.
func (c *contract) fits(media openapi.Media, mediaType string, body []byte) error {
	if mediaType != "application/json" && mediaType != "application/problem+json" {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("answers what is no JSON: %w", err)
	}
	var schema struct {
		openapi.Reference
		AnyOf []openapi.Reference `json:"anyOf"`
	}
	if err := json.Unmarshal(media.Schema, &schema); err != nil {
		return err
	}
	if schema.Ref != "" {
		schema.AnyOf = append(schema.AnyOf, schema.Reference)
	}
	for _, reference := range schema.AnyOf {
		if err = c.schemas[reference.Ref].Validate(value); err == nil {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("%w in %.600s", err, body)
	}
	return nil // {"type":"object"}: an answer without a shape
}

// asked: parameters that were taken are parameters that are documented.
func (c *contract) asked(described *openapi.Described, query string) error {
	values, err := url.ParseQuery(query)
	if err != nil || strings.HasPrefix(described.ID, "analytics") { // any column filters
		return nil
	}
	for name := range values {
		if !slices.ContainsFunc(described.Parameters, func(p openapi.Parameter) bool { return c.doc.Parameter(p).Name == name }) && len(described.Parameters) > 0 {
			return fmt.Errorf("takes the parameter %q, which %s does not list: name it in the row's Query", name, described.ID)
		}
	}
	return nil
}

// problem is what the layers before a route answer.
func (c *contract) problem(said *recorded, reference string) error {
	schema, known := c.schemas[reference]
	if !known {
		return fmt.Errorf("answers %d where there is no route", said.status)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(said.body.Bytes()))
	if err != nil {
		return fmt.Errorf("answers what is no JSON: %w", err)
	}
	return schema.Validate(value)
}

// recorded keeps what is answered, but for streams and pages.
type recorded struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (o *recorded) Unwrap() http.ResponseWriter { return o.ResponseWriter }

func (o *recorded) WriteHeader(status int) {
	o.status = status
	o.ResponseWriter.WriteHeader(status)
}

func (o *recorded) Write(text []byte) (int, error) {
	if strings.Contains(o.Header().Get("Content-Type"), "json") || o.body.Len() == 0 {
		o.body.Write(text)
	}
	return o.ResponseWriter.Write(text)
}
