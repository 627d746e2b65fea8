package openapi

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// shape is as much of a JSON Schema as examples are made from.
type shape struct {
	Ref        string                    `json:"$ref"`
	Type       jsontext.Value            `json:"type"`
	Format     string                    `json:"format"`
	Pattern    string                    `json:"pattern"`
	Properties map[string]jsontext.Value `json:"properties"`
	Required   []string                  `json:"required"`
	Items      jsontext.Value            `json:"items"`
	Enum       []any                     `json:"enum"`
	Const      any                       `json:"const"`
	Minimum    *int                      `json:"minimum"`
	AnyOf      []shape                   `json:"anyOf"`
	OneOf      []shape                   `json:"oneOf"`
}

// typical values of members by name: an example is read by people.
var typical = map[string]string{
	"amount": "100.00", "balance": "250.00", "available": "250.00", "held": "0.00", "currency": "EUR", "reference": "rent", "user_name": "anna",
	"name": "Anna Arendt", "phone": "+4930123456", "email": "anna@example.test", "password": "correct horse battery staple 7",
	"product": "current", "reason": "customer-called", "otp": "123456", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX",
	"token_type": "DPoP", "type": "/problems/not-found", "title": "Not found", "code": "not-found",
}

// example is what such a JSON Schema is met by.
func example(schema []byte) jsontext.Value { return raw((&builder{}).of(schema, "", 0)) }

// instance is one of a schema of the document.
func (b *builder) instance(name string) jsontext.Value {
	return raw(b.of(raw(Reference{"#/components/schemas/" + name}), "", 0))
}

// depthMax ends schemas that hold themselves.
const depthMax = 8

func (b *builder) of(schema []byte, name string, depth int) any {
	var s shape
	if json.Unmarshal(schema, &s) != nil || depth > depthMax {
		return map[string]any{} // true: anything
	}
	switch {
	case s.Ref != "":
		return b.of(b.schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")], name, depth+1)
	case s.Const != nil:
		return s.Const
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch strings.Trim(string(s.Type), `"`) {
	case "object":
		return b.object(s, depth)
	case "array":
		return []any{b.of(s.Items, strings.TrimSuffix(name, "s"), depth+1)}
	case "boolean":
		return true
	case "integer", "number":
		if s.Minimum != nil {
			return max(*s.Minimum, 4711)
		}
		return 4711
	case "string":
		return text(s, name)
	}
	return map[string]any{}
}

// object has the members that are required; of others those that people look for.
func (b *builder) object(s shape, depth int) any {
	made := map[string]any{}
	required := slices.Clone(s.Required)
	if either := append(slices.Clone(s.AnyOf), s.OneOf...); len(either) > 0 {
		required = append(required, either[0].Required...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if slices.Contains(required, name) {
			made[name] = b.of(s.Properties[name], name, depth+1)
		}
	}
	return made
}

var prefixIn = regexp.MustCompile(`^\^([a-z]{3})_`)

func text(s shape, name string) string {
	switch {
	case s.Format == "date-time":
		return "2026-01-02T15:04:05Z"
	case prefixIn.MatchString(s.Pattern):
		return exampleID(prefixIn.FindStringSubmatch(s.Pattern)[1])
	case strings.Contains(s.Pattern, uuidPattern):
		return exampleUUID
	case typical[name] != "":
		return typical[name]
	case strings.HasPrefix(s.Pattern, `^-?(0|`):
		return "100.00"
	case s.Pattern == "^[A-Z]{3}$":
		return "EUR"
	}
	return "..."
}

const exampleUUID = "6f1e3a52-8f0b-4c4d-9c1e-5a7d2b9f0e11"

func exampleID(prefix string) string { return prefix + "_" + exampleUUID }
