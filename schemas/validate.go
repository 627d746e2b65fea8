package schemas

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Files holds the JSON Schemas (2020-12) as they are published:
// events/<kind>.v<version>.json and commands/<Name>.json.
//
//go:embed events/*.json commands/*.json
var Files embed.FS

// BaseURL is where the schemas' $id place them.
const BaseURL = "https://florin.example/schemas/"

// ErrInvalid: data does not fit its schema.
var ErrInvalid = errors.New("schemas: data does not fit its schema")

// compiled holds every schema of Files, made at the first question.
var compiled = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	names, err := fs.Glob(Files, "*/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := Files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("schemas: %s: %w", name, err)
		}
		if err := compiler.AddResource(BaseURL+name, doc); err != nil {
			return nil, fmt.Errorf("schemas: %s: %w", name, err)
		}
	}
	all := make(map[string]*jsonschema.Schema, len(names))
	for _, name := range names {
		schema, err := compiler.Compile(BaseURL + name)
		if err != nil {
			return nil, fmt.Errorf("schemas: %s: %w", name, err)
		}
		all[strings.TrimSuffix(name, path.Ext(name))] = schema
	}
	return all, nil
})

// Validate compares the stored data of an event with the schema of its kind and
// version: ErrUnknownKind, or ErrInvalid with the reasons.
func (t *Treaty) Validate(kind string, n uint16, data []byte) error {
	return validate(fmt.Sprintf("events/%s.v%d", kind, n), data)
}

// ValidateCommand compares the body of a command, or its form as an object of
// texts, with its schema. Like the gateway it takes I-JSON alone (RFC 7493): a name
// that comes twice and text that is not UTF-8 are ErrInvalid. A name that is no
// command's is ErrUnknownKind.
func ValidateCommand(name string, data []byte) error {
	if !jsontext.Value(data).IsValid() {
		return fmt.Errorf("%w commands/%s: it is not I-JSON", ErrInvalid, name)
	}
	return validate("commands/"+name, data)
}

func validate(name string, data []byte) error {
	all, err := compiled()
	if err != nil {
		return err
	}
	schema, known := all[name]
	if !known {
		return fmt.Errorf("%w: there is no schema %s", ErrUnknownKind, name)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%w %s: %w", ErrInvalid, name, err)
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("%w %s: %w", ErrInvalid, name, err)
	}
	return nil
}
