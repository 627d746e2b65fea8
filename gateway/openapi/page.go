package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"florin/schemas"
)

//go:embed page.gohtml
var pageText string

//go:embed page.css
var pageStyle string

// Page is the document for a person: one whole HTML file that asks for nothing
// from elsewhere and runs no script. Policy is its Content-Security-Policy, which
// names its style by hash.
func (d *Document) Page() (page []byte, policy string, err error) {
	problems, err := schemas.Problems()
	if err != nil {
		return nil, "", err
	}
	t, err := template.New("page").Funcs(template.FuncMap{"prose": prose, "pretty": pretty, "of": d.members, "named": named, "anchor": anchor}).Parse(pageText)
	if err != nil {
		return nil, "", fmt.Errorf("openapi: page: %w", err)
	}
	var text bytes.Buffer
	err = t.Execute(&text, map[string]any{"Doc": d, "Groups": d.groups(), "Problems": problems, "Style": template.CSS(pageStyle),
		"Schemas": slices.Sorted(maps.Keys(d.Components.Schemas))})
	if err != nil {
		return nil, "", fmt.Errorf("openapi: page: %w", err)
	}
	digest := sha256.Sum256([]byte(pageStyle))
	policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return text.Bytes(), policy, nil
}

// group is a tag with its operations, in the order of their paths.
type group struct {
	Tag        string
	Operations []entry
}

type entry struct {
	Method, Path string
	*Described
}

func (d *Document) groups() []group {
	byTag := map[string][]entry{}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			if o := d.Paths[path][method]; o != nil {
				byTag[o.Tags[0]] = append(byTag[o.Tags[0]], entry{strings.ToUpper(method), path, o})
			}
		}
	}
	groups := make([]group, 0, len(byTag))
	for _, tag := range slices.Sorted(maps.Keys(byTag)) {
		groups = append(groups, group{tag, byTag[tag]})
	}
	return groups
}

// Parameter gives the component that a reference stands for, or the thing itself.
func (d *Document) Parameter(p Parameter) Parameter {
	if name, is := strings.CutPrefix(p.Ref, "#/components/parameters/"); is {
		return d.Components.Parameters[name]
	}
	return p
}

// Scopes are those that suffice, any one of them.
func (e entry) Scopes() (all []string) {
	for _, way := range *e.Security {
		all = append(all, way["florin"]...)
	}
	return all
}

// member is a line of a schema's table.
type member struct {
	Name, Type, Words string
	Required          bool
}

type explained struct {
	shape
	Description string `json:"description"`
}

func (d *Document) members(schema string) []member {
	var s shape
	if json.Unmarshal(d.Components.Schemas[schema], &s) != nil {
		return nil
	}
	var all []member
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		var m explained
		kind := "any"
		if json.Unmarshal(s.Properties[name], &m) == nil {
			kind = kindOf(m.shape)
		}
		all = append(all, member{name, kind, m.Description, slices.Contains(s.Required, name)})
	}
	return all
}

// kindOf says a schema's type in a word or two.
func kindOf(s shape) string {
	switch {
	case s.Ref != "":
		return named(raw(Reference{s.Ref}))
	case s.Format != "":
		return s.Format
	case len(s.Items) > 0:
		var item shape
		_ = json.Unmarshal(s.Items, &item)
		return "list of " + kindOf(item)
	case prefixIn.MatchString(s.Pattern):
		return prefixIn.FindStringSubmatch(s.Pattern)[1] + "_ identifier"
	case strings.HasPrefix(s.Pattern, `^-?(0|`):
		return "decimal"
	case len(s.Type) > 0:
		return strings.Trim(string(s.Type), `"`)
	}
	return "any"
}

// named is the schema that a reference names, "" if it is none.
func named(schema jsontext.Value) string {
	var s shape
	_ = json.Unmarshal(schema, &s)
	return strings.TrimPrefix(s.Ref, "#/components/schemas/")
}

var notInAnchors = regexp.MustCompile(`[^a-z0-9]+`)

func anchor(parts ...string) string {
	return strings.Trim(notInAnchors.ReplaceAllString(strings.ToLower(strings.Join(parts, "-")), "-"), "-")
}

func pretty(v jsontext.Value) string {
	shown := v.Clone()
	if shown.Indent() != nil {
		return string(v)
	}
	return string(shown)
}

var (
	inCode = regexp.MustCompile("`([^`]+)`")
	inBold = regexp.MustCompile(`\*\*([^*]+)\*\*`)
)

// prose is the little of CommonMark that our sentences use: paragraphs, lists,
// headings, code and bold. The text is escaped first.
func prose(text string) template.HTML {
	var html strings.Builder
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		safe := template.HTMLEscapeString(strings.TrimSpace(paragraph))
		safe = inBold.ReplaceAllString(inCode.ReplaceAllString(safe, "<code>$1</code>"), "<strong>$1</strong>")
		switch {
		case safe == "":
		case strings.HasPrefix(safe, "## "):
			html.WriteString("<h3>" + safe[3:] + "</h3>")
		case strings.HasPrefix(safe, "- "):
			html.WriteString("<ul><li>" + strings.ReplaceAll(safe[2:], "\n- ", "</li><li>") + "</li></ul>")
		default:
			html.WriteString("<p>" + safe + "</p>")
		}
	}
	return template.HTML(html.String())
}
