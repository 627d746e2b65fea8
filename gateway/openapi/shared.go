package openapi

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"florin/domain"
)

var positionSchema = quoted{"type": "integer", "minimum": 1}

type query struct {
	words  string
	schema quoted
}

// queries are parameters that mean the same wherever they come.
var queries = map[string]query{
	"limit":    {"How many at most; more than 200 are never given.", quoted{"type": "integer", "minimum": 1, "default": 50}},
	"cursor":   {"Where the list goes on: from the `Link` of the page before. It is good for this list and this caller.", quoted{"type": "string"}},
	"at":       {"The time that is asked about.", quoted{"type": "string", "format": "date-time"}},
	"position": {"The position of the log that is asked about.", positionSchema},
	"as_of":    {"The position of the log that is asked about.", positionSchema},
	"from":     {"From here on: a time or a day.", quoted{"type": "string"}},
	"to":       {"Before this: a time or a day.", quoted{"type": "string"}},
	"after":    {"The position that was seen last.", positionSchema},
	"columns":  {"Names of columns, apart by commas.", quoted{"type": "string"}},
	"against":  {"The digest of the version to compare with, or `live`.", quoted{"type": "string"}},
	"order":    {"Names of columns to order by, apart by commas; a minus before one turns it round.", quoted{"type": "string"}},
}

// pathWords say what a parameter of a path is.
var pathWords = map[string]string{
	"id": "An identifier.", "view": "The name of a view, as `GET /v1/analytics` lists them.", "kind": "Which one: `email` or `phone`.",
	"context": "What the stream is about, such as `account`.", "correlation": "What belongs together: of any event's `correlation`.", "file": "A file of the pages.",
	"digest": "The SHA-256 by which it is known, in hexadecimal.",
}

// headers of answers.
var headers = map[string]Header{
	"Florin-Position":      {"The position of the log at which this is so. A read that sends it back sees it.", raw(positionSchema)},
	"Idempotency-Replayed": {"`true` where this is the first answer again.", raw(quoted{"const": "true"})},
	"Location":             {"Where what was made is, or where to go on.", raw(quoted{"type": "string"})},
	"Link":                 {"`rel=\"next\"`: where the list goes on (RFC 8288).", raw(quoted{"type": "string"})},
	"Retry-After":          {"Seconds to wait.", raw(quoted{"type": "integer", "minimum": 1})},
	"RateLimit":            {"What is left of the limit that is nearest (draft-ietf-httpapi-ratelimit-headers).", raw(quoted{"type": "string"})},
	"RateLimit-Policy":     {"The limits that hold (draft-ietf-httpapi-ratelimit-headers).", raw(quoted{"type": "string"})},
	"DPoP-Nonce":           {"The nonce of the next proof (RFC 9449 section 8).", raw(quoted{"type": "string"})},
	"WWW-Authenticate":     {"What is missing (RFC 9449 section 7.1, RFC 6750, RFC 9470).", raw(quoted{"type": "string"})},
}

// securitySchemes are how callers show who they are: a token, and the proof of the
// key that it is bound to. Both are needed.
func securitySchemes(issuer string) map[string]jsontext.Value {
	scopes := quoted{}
	for _, list := range [][]string{domain.CustomerScopes(), domain.OwnAppScopes(), domain.OperatorScopes()} {
		for _, scope := range list {
			resource, act, _ := strings.Cut(scope, ".")
			scopes[scope] = strings.TrimSpace(upper(act) + " " + resource)
		}
	}
	flow := func(more quoted) quoted {
		more["tokenUrl"], more["scopes"] = issuer+"/oauth2/token", scopes
		return more
	}
	return map[string]jsontext.Value{
		"florin": raw(quoted{"type": "oauth2",
			"description": "`Authorization: DPoP <token>`: tokens are bound to a key (RFC 9449) and are worth nothing without its proof.",
			"flows": quoted{
				"authorizationCode": flow(quoted{"authorizationUrl": issuer + "/oauth2/authorize", "refreshUrl": issuer + "/oauth2/token"}),
				"clientCredentials": flow(quoted{}),
			}}),
		"proof": raw(quoted{"type": "apiKey", "in": "header", "name": "DPoP",
			"description": "A `dpop+jwt` of the token's key, new for every request: `jti`, `htm`, `htu`, `iat`, `ath`, `nonce`; on a signed request `content_digest` and `idempotency_key` too."}),
	}
}
