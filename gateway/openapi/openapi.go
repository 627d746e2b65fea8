// Package openapi makes the OpenAPI 3.1 document of the bank's HTTP API, and the
// page that shows it to a person.
//
//	route table -----+
//	commands' schemas|      once, at the
//	answers' types --+---> first question ---> /openapi.json, /docs
//	problems.json ---|
//	Go sources ------+
//
// Why it reads sources: what a handler does with a request - which parameters of
// the query it takes, whose identifier the path holds, which statuses it ends in -
// and the sentences about it stand in its code and its doc comment already. They
// are embedded and read, so that a new route is documented by being written, and
// nothing written twice can drift apart. Every response of every test of the
// gateway is held against the document, so what is read wrong shows.
//
// It must never say what the code does not do.
package openapi

import (
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Operation is what the route table says of one method on one path.
type Operation struct {
	Method, Path string
	Handler      string       // full name of the Go function, as package runtime has it; "" if there is none
	Request      reflect.Type // a command of package schemas; nil: none
	Response     reflect.Type // of the JSON answer; nil: none, or none that is fixed
	Takes        string       // media type of the request; "": JSON, or a form
	Gives        []string     // media types of the answer
	Form         bool         // the request is a form, not JSON
	Open         bool         // no token is needed
	OAuth        bool         // errors as RFC 6749 has them
	Page         bool         // errors are pages
	Scopes       []string     // any one suffices
	ACR          string
	MaxAge       time.Duration
	Keyed        bool
	Signed       bool
	OwnApp       bool
	Query        []string // parameters that its source does not show
}

// About is what the document says of itself.
type About struct {
	Title, Version, Issuer string
	Introduction           string // CommonMark
}

// Source is the code of one package.
type Source struct {
	Package string // import path
	Files   fs.FS
}

// Document is an OpenAPI 3.1 document. Its JSON is the same bytes each time.
type Document struct {
	OpenAPI    string                           `json:"openapi"`
	Info       Info                             `json:"info"`
	Dialect    string                           `json:"jsonSchemaDialect"`
	Servers    []Server                         `json:"servers"`
	Tags       []Tag                            `json:"tags"`
	Paths      map[string]map[string]*Described `json:"paths"`
	Components Components                       `json:"components"`
}

// Info about the API.
type Info struct {
	Title       string  `json:"title"`
	Version     string  `json:"version"`
	Description string  `json:"description"`
	License     License `json:"license"`
}

// License of the document.
type License struct {
	Name       string `json:"name"`
	Identifier string `json:"identifier"`
}

// Server that answers.
type Server struct {
	URL string `json:"url"`
}

// Tag groups operations by the resource that they are about.
type Tag struct {
	Name        string `json:"name"`
	Description string `json:"description,omitzero"`
}

// Described is an OpenAPI operation.
type Described struct {
	ID          string                 `json:"operationId"`
	Tags        []string               `json:"tags"`
	Summary     string                 `json:"summary"`
	Description string                 `json:"description,omitzero"`
	Parameters  []Parameter            `json:"parameters,omitempty"`
	Body        *Body                  `json:"requestBody,omitzero"`
	Responses   map[string]Response    `json:"responses"`
	Security    *[]map[string][]string `json:"security"` // empty: nobody has to show who they are
	Signed      bool                   `json:"x-florin-signed,omitzero"`
	ACR         string                 `json:"x-florin-acr,omitzero"`
	MaxAge      int                    `json:"x-florin-max-age,omitzero"` // seconds
	OwnApp      bool                   `json:"x-florin-own-app,omitzero"`
	Command     string                 `json:"x-florin-command,omitzero"`
}

// Parameter of a request. With a Ref it says nothing else.
type Parameter struct {
	Ref         string         `json:"$ref,omitzero"`
	Name        string         `json:"name,omitzero"`
	In          string         `json:"in,omitzero"`
	Description string         `json:"description,omitzero"`
	Required    bool           `json:"required,omitzero"`
	Schema      jsontext.Value `json:"schema,omitzero"`
	Example     jsontext.Value `json:"example,omitzero"`
}

// Body of a request.
type Body struct {
	Required bool             `json:"required,omitzero"`
	Content  map[string]Media `json:"content"`
}

// Media is content of one media type.
type Media struct {
	Schema  jsontext.Value `json:"schema,omitzero"`
	Example jsontext.Value `json:"example,omitzero"`
}

// Response to a request. With a Ref it says nothing else.
type Response struct {
	Ref         string               `json:"$ref,omitzero"`
	Description string               `json:"description,omitzero"`
	Headers     map[string]Reference `json:"headers,omitempty"`
	Content     map[string]Media     `json:"content,omitempty"`
}

// Reference to a component.
type Reference struct {
	Ref string `json:"$ref"`
}

// Components that operations refer to.
type Components struct {
	Schemas    map[string]jsontext.Value `json:"schemas"`
	Responses  map[string]Response       `json:"responses"`
	Parameters map[string]Parameter      `json:"parameters"`
	Headers    map[string]Header         `json:"headers"`
	Security   map[string]jsontext.Value `json:"securitySchemes"`
}

// Header of a response.
type Header struct {
	Description string         `json:"description"`
	Schema      jsontext.Value `json:"schema"`
}

// Build makes the document. An error is a defect of the build: a schema that
// cannot be made, a source that cannot be read.
func Build(about About, operations []Operation, sources ...Source) (*Document, error) {
	b, err := newBuilder(sources)
	if err != nil {
		return nil, err
	}
	doc := &Document{
		OpenAPI: "3.1.1", Dialect: "https://json-schema.org/draft/2020-12/schema",
		Info: Info{Title: about.Title, Version: about.Version, Description: strings.TrimSpace(about.Introduction),
			License: License{"Apache License 2.0", "Apache-2.0"}},
		Servers: []Server{{about.Issuer}}, Paths: map[string]map[string]*Described{},
	}
	for _, operation := range operations {
		if err := b.schemasOf(operation); err != nil {
			return nil, fmt.Errorf("openapi: %s %s: %w", operation.Method, operation.Path, err)
		}
	}
	for _, operation := range operations {
		described := b.describe(operation)
		if doc.Paths[operation.Path] == nil {
			doc.Paths[operation.Path] = map[string]*Described{}
		}
		doc.Paths[operation.Path][strings.ToLower(operation.Method)] = described
	}
	doc.Tags = b.tags()
	doc.Components = b.components(about.Issuer)
	return doc, nil
}

// JSON is the document as it is served.
func (d *Document) JSON() ([]byte, error) { return json.Marshal(d, json.Deterministic(true)) }
