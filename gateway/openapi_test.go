package gateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"florin/gateway/openapi"
	"florin/gateway/service"
)

// The judge is the OpenAPI Initiative's own schema of its 3.1 documents
// (spec.openapis.org/oas/3.1/schema, Apache-2.0). It leaves Schema Objects open:
// those are held against JSON Schema's meta-schema, as all schemas are when they
// are compiled.
func TestTheDocumentIsOpenAPI(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/oas/schema-3.1.json")
	require.NoError(t, err)
	official, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("oas.json", official))
	judge, err := compiler.Compile("oas.json")
	require.NoError(t, err)
	for _, sandbox := range []bool{true, false} {
		text, err := contractOf(t, sandbox).doc.JSON()
		require.NoError(t, err)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		require.NoError(t, err)
		require.NoError(t, judge.Validate(doc))
		references(t, doc, doc)
		parameters := doc.(map[string]any)["components"].(map[string]any)["parameters"].(map[string]any)
		delete(parameters["limit"].(map[string]any), "in")
		require.Error(t, judge.Validate(doc), "a judge that lets everything pass proves nothing")
	}
}

// references: each one leads somewhere.
func references(t *testing.T, doc, part any) {
	t.Helper()
	switch p := part.(type) {
	case map[string]any:
		if reference, is := p["$ref"].(string); is {
			place := doc
			for step := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
				place = place.(map[string]any)[step]
				require.NotNil(t, place, reference)
			}
		}
		for _, inner := range p {
			references(t, doc, inner)
		}
	case []any:
		for _, inner := range p {
			references(t, doc, inner)
		}
	}
}

// Twice made it is the same bytes: it is cached, compared and signed as such.
func TestTheDocumentIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	one, err := contractOf(t, true).doc.JSON()
	require.NoError(t, err)
	again, err := newContract(true)
	require.NoError(t, err)
	two, err := again.doc.JSON()
	require.NoError(t, err)
	require.Equal(t, string(one), string(two))
}

func TestTheDocumentSaysWhatTheTableSays(t *testing.T) {
	t.Parallel()
	doc, ids := contractOf(t, true).doc, map[string]bool{}
	for _, row := range Routes(nil, service.Desk{Sandbox: true}) {
		name := row.Method + " " + row.Path
		o := doc.Paths[row.Path][strings.ToLower(row.Method)]
		require.NotNil(t, o, name)
		require.False(t, ids[o.ID], "%s has another's operationId %s", name, o.ID)
		ids[o.ID] = true
		require.NotEmpty(t, o.Summary, name)
		require.Equal(t, row.Signed, o.Signed, name)
		require.Equal(t, row.Open, len(*o.Security) == 0, name)
		var scopes []string
		for _, way := range *o.Security {
			require.Contains(t, way, "proof", name)
			scopes = append(scopes, way["florin"]...)
		}
		if !row.Open {
			require.ElementsMatch(t, row.Scopes, scopes, name)
		}
		require.Equal(t, row.Request != nil, o.Body != nil, name)
		keyed := false
		for _, p := range o.Parameters {
			keyed = keyed || doc.Parameter(p).Name == "Idempotency-Key"
		}
		require.Equal(t, row.Keyed, keyed, name)
	}
	transfer := doc.Paths["/v1/transfers"]["post"]
	require.Contains(t, transfer.Responses, "201")
	require.Contains(t, transfer.Responses, "202")
	require.NotContains(t, transfer.Responses, "200", "what its code does not end in is not promised")
	one := doc.Paths["/v1/transfers/{id}"]["get"]
	require.Contains(t, string(one.Parameters[0].Schema), "^trf_", "the path's identifier is of its kind")
	require.Contains(t, one.Parameters, openapi.Parameter{Ref: "#/components/parameters/Florin-Position"})
}

// Examples are copied by people: each one fits its schema.
func TestExamplesOfTheDocumentFit(t *testing.T) {
	t.Parallel()
	c, seen := contractOf(t, true), 0
	check := func(media openapi.Media) {
		var reference openapi.Reference
		if media.Example == nil || json.Unmarshal(media.Schema, &reference) != nil || reference.Ref == "" {
			return
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(media.Example))
		require.NoError(t, err)
		require.NoError(t, c.schemas[reference.Ref].Validate(value), "%s", media.Example)
		seen++
	}
	for _, methods := range c.doc.Paths {
		for _, o := range methods {
			if o.Body != nil {
				for _, media := range o.Body.Content {
					check(media)
				}
			}
			for _, response := range o.Responses {
				for _, media := range response.Content {
					check(media)
				}
			}
		}
	}
	require.Greater(t, seen, 60)
}

// A judge that lets everything pass proves nothing.
func TestAnAnswerBesidesTheDocumentIsFound(t *testing.T) {
	t.Parallel()
	c := contractOf(t, true)
	account := `{"account":"acc_6f1e3a52-8f0b-4c4d-9c1e-5a7d2b9f0e11","currency":"EUR","product":"current","status":"open","balance":"0.00","available":"0.00","held":"0.00","limits":{},"opened_at":"2026-01-02T15:04:05Z"`
	said := func(status int, mediaType, body string) *recorded {
		r := &recorded{ResponseWriter: discarded{http.Header{"Content-Type": {mediaType}}}, status: status}
		r.body.WriteString(body)
		return r
	}
	path := "/v1/accounts/acc_6f1e3a52-8f0b-4c4d-9c1e-5a7d2b9f0e11"
	require.NoError(t, c.judge("GET", path, "", said(200, "application/json", account+"}")))
	for name, answer := range map[string]*recorded{
		"another status":                said(204, "", ""),
		"another media type":            said(200, "text/plain", account+"}"),
		"a member more":                 said(200, "application/json", account+`,"owner":"x"}`),
		"a member less":                 said(200, "application/json", strings.Replace(account, `"held":"0.00",`, "", 1)+"}"),
		"another type":                  said(200, "application/json", strings.Replace(account, `"0.00"`, "0", 1)+"}"),
		"an identifier of another kind": said(200, "application/json", strings.Replace(account, "acc_", "trf_", 1)+"}"),
		"no JSON":                       said(200, "application/json", "{"),
		"a code that is none":           said(404, "application/problem+json", `{"type":"/problems/x","title":"X","status":404,"code":"x"}`),
		"another status in it":          said(404, "application/problem+json", `{"type":"/problems/not-found","title":"Not found","status":403,"code":"not-found"}`),
	} {
		require.Error(t, c.judge("GET", path, "", answer), name)
	}
	require.ErrorContains(t, c.judge("GET", path, "sql=1", said(200, "application/json", account+"}")), "name it in the row's Query")
	require.Error(t, c.judge("GET", "/nowhere", "", said(200, "application/json", "{}")))
}

type discarded struct{ header http.Header }

func (d discarded) Header() http.Header            { return d.header }
func (d discarded) Write(text []byte) (int, error) { return len(text), nil }
func (d discarded) WriteHeader(int)                {}

// What a browser gets asks for nothing from elsewhere, and runs nothing.
func TestTheDocumentIsServedAndShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	plain := func(path string, header ...string) *http.Response {
		request, err := http.NewRequest(http.MethodGet, h.issuer+path, nil)
		require.NoError(t, err)
		if len(header) > 0 {
			request.Header.Set("If-None-Match", header[0])
		}
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	answer := plain("/openapi.json")
	require.Equal(t, 200, answer.StatusCode)
	var doc openapi.Document
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&doc))
	require.Equal(t, h.issuer, doc.Servers[0].URL)
	require.Equal(t, 304, plain("/openapi.json", answer.Header.Get("ETag")).StatusCode)
	page := plain("/docs")
	require.Equal(t, 200, page.StatusCode)
	require.Contains(t, page.Header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-")
	var text bytes.Buffer
	_, err := text.ReadFrom(page.Body)
	require.NoError(t, err)
	for _, foreign := range []string{"<script", "<link", "<img", "src=", "http-equiv", "@import", "url(", "onload"} {
		require.NotContains(t, text.String(), foreign)
	}
	for _, row := range h.routes {
		require.Contains(t, text.String(), row.Path)
	}
}
