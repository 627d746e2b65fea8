package openapi

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"florin/schemas"
)

const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

// describe makes the operation's entry; its schemas are there already.
func (b *builder) describe(o Operation) *Described {
	does, known := b.reading.handled(o.Handler)
	d := &Described{
		ID: b.identifier(o, does), Tags: []string{tagOf(o)}, Responses: map[string]Response{},
		Signed: o.Signed, ACR: o.ACR, MaxAge: int(o.MaxAge.Seconds()), OwnApp: o.OwnApp, Security: b.security(o),
	}
	if o.Request != nil {
		d.Command = o.Request.Name()
	}
	b.tagged[d.Tags[0]] = true
	d.Summary, d.Description = b.say(o, does)
	d.Parameters = b.parameters(o, does)
	d.Body = b.body(o)
	b.answers(d, o, does, known)
	return d
}

// identifier is the handler's name without its room: transfersInitiate. One that
// serves several paths is told apart by the method and path.
func (b *builder) identifier(o Operation, does function) string {
	name := lower(does.receiver) + upper(does.name)
	if name == "" || b.used[name] {
		name = strings.ToLower(o.Method)
		for _, word := range regexp.MustCompile(`[A-Za-z0-9]+`).FindAllString(o.Path, -1) {
			name += upper(word)
		}
	}
	b.used[name] = true
	return name
}

func lower(s string) string {
	if s == "" {
		return s
	}
	return string(unicode.ToLower(rune(s[0]))) + s[1:]
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return string(unicode.ToUpper(rune(s[0]))) + s[1:]
}

// tagOf is the resource that a path is about.
func tagOf(o Operation) string {
	pieces := strings.Split(strings.Trim(o.Path, "/"), "/")
	switch {
	case pieces[0] == "v1" && len(pieces) > 1:
		return pieces[1]
	case o.Page || pieces[0] == "pages":
		return "pages"
	case pieces[0] == "openapi.json" || pieces[0] == "docs":
		return "documentation"
	}
	return "identity"
}

var spelledOut = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE) /`)

// say gives the operation its sentence, and what more there is to know.
func (b *builder) say(o Operation, does function) (summary, rest string) {
	summary, rest = b.reading.about(o.Handler)
	if summary == "" || spelledOut.MatchString(summary) {
		summary = words(does.name)
		if o.Request != nil {
			summary = words(o.Request.Name())
		}
	}
	if summary == "" {
		summary = o.Method + " " + o.Path
	}
	var more []string
	if rest != "" {
		more = append(more, rest)
	}
	if o.Signed {
		more = append(more, "This is a **signed request**: the DPoP proof carries `content_digest` over the exact bytes of the body and `idempotency_key`, equal to the header.")
	} else if o.Keyed {
		more = append(more, "The same `Idempotency-Key` with the same body gets the first answer again, for ever.")
	}
	if o.ACR != "" {
		more = append(more, "It needs an authentication of at least `"+o.ACR+"`, not longer ago than "+strconv.Itoa(int(o.MaxAge.Seconds()))+
			" seconds; else 401 `insufficient-user-authentication` says what to ask for (RFC 9470).")
	}
	if len(o.Scopes) > 1 {
		more = append(more, "Any one of the scopes suffices: `"+strings.Join(o.Scopes, "`, `")+"`.")
	}
	if o.OwnApp {
		more = append(more, "It is for the bank's own app alone, whatever another client's scope.")
	}
	return summary, strings.Join(more, "\n\n")
}

// words are a Go name as a sentence: InitiateTransfer, Initiate transfer.
func words(name string) string {
	var text strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) && (i+1 < len(name) && unicode.IsLower(rune(name[i+1])) || unicode.IsLower(rune(name[i-1]))) {
			text.WriteByte(' ')
			r = unicode.ToLower(r)
		}
		text.WriteRune(r)
	}
	return upper(text.String())
}

func (b *builder) security(o Operation) *[]map[string][]string {
	var all []map[string][]string
	switch {
	case o.Open:
		all = []map[string][]string{}
	case len(o.Scopes) == 0:
		all = append(all, map[string][]string{"florin": {}, "proof": {}})
	}
	for _, scope := range o.Scopes {
		if !o.Open {
			all = append(all, map[string][]string{"florin": {scope}, "proof": {}})
		}
	}
	return &all
}

var inPath = regexp.MustCompile(`\{([a-z_]+)\}`)

func (b *builder) parameters(o Operation, does function) (all []Parameter) {
	for _, found := range inPath.FindAllStringSubmatch(o.Path, -1) {
		schema := quoted{"type": "string", "minLength": 1}
		p := Parameter{Name: found[1], In: "path", Required: true, Description: pathWords[found[1]]}
		if prefix := b.prefixes[does.of]; found[1] == "id" && prefix != "" {
			schema = quoted{"type": "string", "pattern": identifierPattern(prefix)}
			p.Example = raw(exampleID(prefix))
			p.Description = "The " + does.of + "'s identifier."
		}
		p.Schema = raw(schema)
		all = append(all, p)
	}
	for _, name := range unique(append(does.query, o.Query...)) {
		if _, shared := queries[name]; shared {
			all = append(all, Parameter{Ref: "#/components/parameters/" + name})
			continue
		}
		all = append(all, Parameter{Name: name, In: "query", Schema: raw(quoted{"type": "string"})})
	}
	if o.Keyed {
		all = append(all, Parameter{Ref: "#/components/parameters/Idempotency-Key"})
	}
	if does.position && o.Method == http.MethodGet {
		all = append(all, Parameter{Ref: "#/components/parameters/Florin-Position"})
	}
	return all
}

func (b *builder) body(o Operation) *Body {
	if o.Request == nil {
		return nil
	}
	schema := raw(Reference{"#/components/schemas/" + o.Request.Name()})
	media := Media{Schema: schema}
	if text, err := schemas.Files.ReadFile("commands/" + o.Request.Name() + ".json"); err == nil && !o.Form {
		media.Example = example(text)
	}
	if o.Takes != "" {
		return &Body{Required: true, Content: map[string]Media{o.Takes: {Schema: raw(quoted{"type": "string"})}}}
	}
	if o.Form {
		return &Body{Required: true, Content: map[string]Media{mediaForm: media}}
	}
	return &Body{Required: !schemas.Mute(o.Request), Content: map[string]Media{mediaJSON: media}}
}

// answers lists how the operation can end. What its source does not show, it may.
func (b *builder) answers(d *Described, o Operation, does function, known bool) {
	statuses := does.statuses
	switch {
	case o.Page:
		statuses = unique(append(statuses, 200))
	case len(statuses) == 0 && (o.Method == http.MethodGet || known):
		statuses = []int{200}
	case len(statuses) == 0:
		statuses = []int{200, 201, 202}
	}
	for _, status := range statuses {
		d.Responses[strconv.Itoa(status)] = b.success(o, does, status)
	}
	for _, status := range refusalsOf(o) {
		d.Responses[strconv.Itoa(status)] = Response{Ref: "#/components/responses/" + refusalName(o, status)}
	}
}

var successWords = map[int]string{200: "Done.", 201: "Made.", 202: "Begun; something more is needed.", 204: "Done; there is nothing to say.", 303: "Go on there.",
	304: "The copy that If-None-Match names still holds."}

func (b *builder) success(o Operation, does function, status int) Response {
	r := Response{Description: successWords[status], Headers: map[string]Reference{}}
	for _, name := range []string{"RateLimit", "RateLimit-Policy"} {
		r.Headers[name] = Reference{"#/components/headers/" + name}
	}
	add := func(when bool, name string) {
		if when {
			r.Headers[name] = Reference{"#/components/headers/" + name}
		}
	}
	add(o.Open, "DPoP-Nonce")
	add(status == 201 || status == 202 || status == 303, "Location")
	add(o.Request != nil && o.Method != http.MethodGet && !o.Form, "Florin-Position")
	add(o.Keyed, "Idempotency-Replayed")
	for _, name := range does.query {
		add(name == "cursor", "Link")
	}
	if status == 204 || status >= 300 {
		return r
	}
	r.Content = map[string]Media{}
	gives := o.Gives
	if len(gives) == 0 {
		gives = []string{mediaJSON}
	}
	for _, media := range gives {
		r.Content[media] = Media{Schema: raw(quoted{"type": "string"})}
		if media == mediaJSON {
			r.Content[media] = b.json(o, does.gives[status])
		}
	}
	return r
}

// json is the answer's schema: the row's, or another one that the code gives with
// this status, such as a proposal where two operators are needed.
func (b *builder) json(o Operation, gives []string) Media {
	if o.Response == nil {
		return Media{Schema: raw(quoted{"type": "object"})}
	}
	name := b.names[o.Response]
	either := []Reference{{"#/components/schemas/" + name}}
	for _, other := range gives {
		if t, known := b.owner[other]; known && other != name && t.PkgPath() == o.Response.PkgPath() {
			either = append(either, Reference{"#/components/schemas/" + other})
		}
	}
	if len(either) > 1 {
		return Media{Schema: raw(quoted{"anyOf": either}), Example: b.examples[name]}
	}
	return Media{Schema: raw(either[0]), Example: b.examples[name]}
}

// quoted is a small piece of JSON Schema.
type quoted map[string]any

// raw is a value as JSON, with its members in one order.
func raw(v any) jsontext.Value {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // of literals only
	}
	return text
}
