package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/invopop/jsonschema"

	"florin/gateway/problem"
	"florin/schemas"
)

// builder holds what the operations share.
type builder struct {
	reading   *reading
	reflector *jsonschema.Reflector
	schemas   map[string]jsontext.Value
	owner     map[string]reflect.Type // of each name
	names     map[reflect.Type]string
	examples  map[string]jsontext.Value
	prefixes  map[string]string // of identifiers, by kind: account -> acc
	used      map[string]bool   // operation ids
	tagged    map[string]bool
	problems  []schemas.Problem
}

func newBuilder(sources []Source) (*builder, error) {
	reading, err := read(sources)
	if err != nil {
		return nil, fmt.Errorf("openapi: read the sources: %w", err)
	}
	b := &builder{reading: reading, schemas: map[string]jsontext.Value{}, owner: map[string]reflect.Type{}, names: map[reflect.Type]string{},
		examples: map[string]jsontext.Value{}, prefixes: map[string]string{}, used: map[string]bool{}, tagged: map[string]bool{}}
	if b.problems, err = schemas.Problems(); err != nil {
		return nil, err
	}
	b.reflector = &jsonschema.Reflector{Anonymous: true, AllowAdditionalProperties: true, Namer: b.name, Mapper: b.mapped,
		LookupComment: func(t reflect.Type, field string) string {
			return b.reading.words[strings.TrimSuffix(t.PkgPath()+"."+t.Name()+"."+field, ".")]
		}}
	for _, t := range []reflect.Type{reflect.TypeFor[problem.Document](), reflect.TypeFor[problem.OAuthError]()} {
		if err := b.reflect(t); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// name is what a type is called in the document: as in Go, and with its package's
// name before it where another package has one of that name.
func (b *builder) name(t reflect.Type) string {
	if name, named := b.names[t]; named {
		return name
	}
	name := upper(t.Name())
	if taken, is := b.owner[name]; is && taken != t {
		folders := strings.Split(t.PkgPath(), "/")
		name = upper(folders[len(folders)-1]) + name
	}
	b.names[t], b.owner[name] = name, t
	return name
}

func (b *builder) schemasOf(o Operation) error {
	if o.Request != nil {
		if err := b.command(o.Request); err != nil {
			return err
		}
	}
	if o.Response == nil {
		return nil
	}
	return b.reflect(o.Response)
}

// command takes the published schema of a command.
func (b *builder) command(t reflect.Type) error {
	if _, there := b.names[t]; there {
		return nil
	}
	if taken, is := b.owner[t.Name()]; is && taken != t {
		return fmt.Errorf("%s and %s have one name", t, taken)
	}
	b.names[t], b.owner[t.Name()] = t.Name(), t
	text, err := schemas.Files.ReadFile("commands/" + t.Name() + ".json")
	if err != nil {
		return fmt.Errorf("the command has no schema: %w", err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		return err
	}
	delete(schema, "$id")
	delete(schema, "$schema")
	b.explain(schema, t)
	for i := range t.NumField() {
		b.mapped(t.Field(i).Type)
	}
	b.schemas[t.Name()] = raw(schema)
	return nil
}

// explain gives a command's members the comments of its fields.
func (b *builder) explain(schema map[string]any, t reflect.Type) {
	place := t.PkgPath() + "." + t.Name()
	if words := b.reading.words[place]; words != "" {
		schema["description"] = words
	}
	members, _ := schema["properties"].(map[string]any)
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if member, is := members[name].(map[string]any); is {
			if words := b.reading.words[place+"."+t.Field(i).Name]; words != "" {
				member["description"] = words
			}
		}
	}
}

// reflect makes the schema of a Go type, and of all that it refers to.
func (b *builder) reflect(t reflect.Type) error {
	if t.Kind() != reflect.Struct {
		return fmt.Errorf("%s is no object", t)
	}
	root := b.reflector.ReflectFromType(t)
	if root.Ref == "" {
		return errors.New("no definition of " + t.String())
	}
	for name, schema := range root.Definitions {
		text, err := json.Marshal(schema)
		if err != nil {
			return err
		}
		b.schemas[name] = jsontext.Value(strings.ReplaceAll(string(text), `"#/$defs/`, `"#/components/schemas/`))
	}
	name := b.name(t)
	b.examples[name] = b.instance(name)
	return nil
}

const uuidPattern = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

func identifierPattern(prefix string) string { return "^" + prefix + "_" + uuidPattern + "$" }

type prefixed interface{ Prefix() string }

// anything is a schema of its own each time: reflection writes a member's description into it.
func anything() *jsonschema.Schema { return &jsonschema.Schema{} }

// mapped gives the schema of types that are not on the wire what reflection sees in them.
func (b *builder) mapped(t reflect.Type) *jsonschema.Schema {
	if id, is := reflect.Zero(t).Interface().(prefixed); is && t.Kind() == reflect.Struct {
		kind := t.Name()[strings.LastIndexAny(t.Name(), "./[")+1:]
		b.prefixes[strings.TrimSuffix(kind, "]")] = id.Prefix()
		return &jsonschema.Schema{Type: "string", Pattern: identifierPattern(id.Prefix())}
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[uuid.UUID]():
		return &jsonschema.Schema{Type: "string", Pattern: "^" + uuidPattern + "$"}
	case reflect.TypeFor[jsontext.Value](), reflect.TypeFor[json.RawMessage]():
		return anything()
	case reflect.TypeFor[schemas.Object]():
		return &jsonschema.Schema{Type: "object"}
	case reflect.TypeFor[schemas.Decimal]():
		return &jsonschema.Schema{Type: "string", Pattern: `^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`}
	}
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		return anything() // JSON of others, passed on
	}
	return nil
}

// tags are the groups of the operations, with the words of the service behind.
func (b *builder) tags() []Tag {
	tags := make([]Tag, 0, len(b.tagged))
	for _, name := range slices.Sorted(maps.Keys(b.tagged)) {
		tags = append(tags, Tag{Name: name})
	}
	return tags
}
