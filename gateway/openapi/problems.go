package openapi

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"florin/schemas"
)

// always can any request end so, whatever it asks: the layers before the router
// refuse it, or the bank cannot serve.
var always = []int{400, 403, 406, 408, 413, 414, 421, 429, 431, 500, 503}

// refusalsOf lists the statuses of an operation's problems.
func refusalsOf(o Operation) []int {
	statuses := slices.Clone(always)
	if !o.Open || o.Request != nil || o.OAuth {
		statuses = append(statuses, 401)
	}
	if !o.Open || o.Request != nil || strings.Contains(o.Path, "{") {
		statuses = append(statuses, 404)
	}
	if o.Method != http.MethodGet {
		statuses = append(statuses, 415)
	}
	if o.Request != nil && !o.OAuth {
		statuses = append(statuses, 409, 410, 422)
	}
	if o.Request == nil && o.Method == http.MethodPost && !o.Open && !o.OAuth { // a question in a body may be one that means nothing
		statuses = append(statuses, 422)
	}
	return unique(statuses)
}

// refusalName is the component that tells such a refusal.
func refusalName(o Operation, status int) string {
	// Layers before the router do not know what the route would have said.
	if o.OAuth {
		return fmt.Sprintf("OAuth%d", status)
	}
	if o.Page {
		return fmt.Sprintf("Page%d", status)
	}
	return fmt.Sprintf("Problem%d", status)
}

// components are all that operations refer to.
func (b *builder) components(issuer string) Components {
	c := Components{Schemas: b.schemas, Responses: map[string]Response{}, Parameters: map[string]Parameter{}, Headers: headers, Security: securitySchemes(issuer)}
	for name, q := range queries {
		c.Parameters[name] = Parameter{Name: name, In: "query", Description: q.words, Schema: raw(q.schema)}
	}
	c.Parameters["Idempotency-Key"] = Parameter{Name: "Idempotency-Key", In: "header", Required: true,
		Description: "Names this order for ever: the same key with the same body gets the first answer again, with another body 422 `idempotency-key-reused`.",
		Schema:      raw(quoted{"type": "string", "pattern": "^[!-~]{1,128}$"}), Example: raw("0d0c7a2e-5b1f-4a8e-9c55-3f6f1f4b2a10")}
	c.Parameters["Florin-Position"] = Parameter{Name: "Florin-Position", In: "header",
		Description: "A position that an answer carried: the read waits, within a bound, until it can show it.", Schema: raw(positionSchema)}
	statuses := map[int]bool{}
	for _, p := range b.problems {
		for _, status := range p.Status {
			statuses[status] = true
		}
	}
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		problems := b.told(status, false)
		c.Schemas[fmt.Sprintf("Problem%d", status)] = problemSchema(status, problems)
		plain := Response{Description: b.list(problems), Headers: refusalHeaders(status), Content: map[string]Media{
			"application/problem+json": {Schema: raw(Reference{fmt.Sprintf("#/components/schemas/Problem%d", status)})}}}
		c.Responses[fmt.Sprintf("Problem%d", status)] = plain
		page := Response{Description: plain.Description, Headers: plain.Headers, Content: maps.Clone(plain.Content)}
		page.Content["text/html"] = Media{Schema: raw(quoted{"type": "string"})}
		c.Responses[fmt.Sprintf("Page%d", status)] = page
		oauth := Response{Description: b.list(b.told(status, true)), Headers: plain.Headers, Content: maps.Clone(plain.Content)}
		oauth.Content[mediaJSON] = Media{Schema: raw(Reference{"#/components/schemas/OAuthError"})}
		c.Responses[fmt.Sprintf("OAuth%d", status)] = oauth
	}
	return c
}

// told are the problems of a status; those of the OAuth endpoints, or the others.
func (b *builder) told(status int, oauth bool) (all []schemas.Problem) {
	for _, p := range b.problems {
		if slices.Contains(p.Status, status) && (!p.OAuth || oauth) {
			all = append(all, p)
		}
	}
	return all
}

func (b *builder) list(problems []schemas.Problem) string {
	var text strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&text, "- `%s`: %s %s\n", p.Code, p.Meaning, p.Action)
	}
	if text.Len() == 0 {
		return "See the problem's code."
	}
	return strings.TrimSpace(text.String())
}

func problemSchema(status int, problems []schemas.Problem) jsontext.Value {
	codes := make([]string, 0, len(problems))
	for _, p := range problems {
		codes = append(codes, p.Code)
	}
	return raw(quoted{
		"title": "A problem with status " + strconv.Itoa(status),
		"allOf": []any{Reference{"#/components/schemas/Document"}, quoted{"type": "object",
			"properties": quoted{"status": quoted{"const": status}, "code": quoted{"type": "string", "enum": codes}}}},
	})
}

func refusalHeaders(status int) map[string]Reference {
	names := map[string]Reference{}
	for _, name := range map[int][]string{401: {"WWW-Authenticate", "DPoP-Nonce"}, 403: {"WWW-Authenticate"}, 429: {"Retry-After", "RateLimit", "RateLimit-Policy"},
		503: {"Retry-After"}, 400: {"DPoP-Nonce"}}[status] {
		names[name] = Reference{"#/components/headers/" + name}
	}
	return names
}
