package schemas

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"florin/schemas/seal"
)

// publishedContexts are what partners may be told of: money, and what holds it. Of
// customers, their devices and who got in by what, nothing leaves the bank.
var publishedContexts = []string{"account", "transfer", "journal", "payment", "incoming", "directdebit", "paymentfile", "standing", "batch", "card", "authorisation"}

// unpublished are members that no partner is shown, though they are not sealed: what proves
// possession, or waits to be answered.
var unpublished = []string{"jti", "nonce", "challenge", "evidence", "session", "device"}

// PublishedKinds lists every kind that webhooks may ask for, sorted, each once.
func (t *Treaty) PublishedKinds() []string {
	var kinds []string
	for _, kind := range t.Kinds() {
		context, _, _ := strings.Cut(kind.Name, ".")
		if slices.Contains(publishedContexts, context) {
			kinds = append(kinds, kind.Name)
		}
	}
	return slices.Compact(kinds)
}

// Published is a fact as partners are sent it: an event of CloudEvents 1.0 in its JSON
// format, with the type, timestamp and data that Standard Webhooks asks for.
type Published struct {
	SpecVersion string         `json:"specversion"`
	ID          string         `json:"id"`      // of the event
	Source      string         `json:"source"`  // the bank's public base URL
	Type        string         `json:"type"`    // the kind
	Subject     string         `json:"subject"` // the stream: context/uuid
	Time        time.Time      `json:"time"`
	Timestamp   time.Time      `json:"timestamp"`
	ContentType string         `json:"datacontenttype"`
	Sequence    string         `json:"sequence"`    // position in the log: order and resumption
	DataVersion string         `json:"dataversion"` // of the kind's schema
	Data        jsontext.Value `json:"data"`
}

// Publish writes a fact for partners. Data is as stored, without personal data.
func Publish(p Published, data []byte) ([]byte, error) {
	open, _, err := withoutSealed(jsontext.Value(data))
	if err != nil {
		return nil, fmt.Errorf("schemas: publish %s: %w", p.Type, err)
	}
	p.SpecVersion, p.ContentType, p.Data, p.Timestamp = "1.0", ContentType, open, p.Time
	return json.Marshal(p, json.Deterministic(true))
}

// withoutSealed takes sealed fields out, at any depth, and the members of unpublished.
// Not kept: the value itself is a sealed field.
func withoutSealed(value jsontext.Value) (open jsontext.Value, kept bool, err error) {
	switch value.Kind() {
	case '{':
		if seal.IsField(value) {
			return nil, false, nil
		}
		var members map[string]jsontext.Value
		if err := json.Unmarshal(value, &members); err != nil {
			return nil, false, err
		}
		for name, member := range members {
			if members[name], kept, err = withoutSealed(member); err != nil {
				return nil, false, err
			}
			if !kept || slices.Contains(unpublished, name) {
				delete(members, name)
			}
		}
		open, err = json.Marshal(members, json.Deterministic(true))
		return open, true, err
	case '[':
		var items, left []jsontext.Value
		if err := json.Unmarshal(value, &items); err != nil {
			return nil, false, err
		}
		for _, item := range items {
			if item, kept, err = withoutSealed(item); err != nil {
				return nil, false, err
			}
			if kept {
				left = append(left, item)
			}
		}
		open, err = json.Marshal(left, json.FormatNilSliceAsNull(false))
		return open, true, err
	}
	if seal.IsField(value) {
		return nil, false, nil
	}
	return value, true, nil
}
