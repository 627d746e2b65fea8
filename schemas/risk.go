package schemas

import (
	"bytes"
	"errors"
	"reflect"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"florin/domain/id"
	"florin/domain/risk"
)

// Risk lists every kind of record that the stream of a decision may hold.
var Risk = newTable(
	Event(2, func(e risk.Assessed) risk.Event { return e }),
	Upcast("risk.assessed", 1, assessedV1.lift),
	Event(1, func(e risk.Located) risk.Event { return e }),
)

// assessedV1 spelled every feature out as an object of its own.
type assessedV1 struct {
	Decision      id.Decision    `json:"decision"`
	Action        risk.Action    `json:"action"`
	Customer      id.Customer    `json:"customer,omitzero"`
	Device        id.Device      `json:"device,omitzero"`
	About         string         `json:"about"`
	Account       id.Account     `json:"account,omitzero"`
	Payee         string         `json:"payee,omitempty"`
	Hundredths    int64          `json:"hundredths,omitempty"`
	Series        bool           `json:"series,omitempty"`
	Score         int64          `json:"score"`
	Outcome       risk.Outcome   `json:"outcome"`
	Effect        risk.Outcome   `json:"effect"`
	Exemption     string         `json:"exemption,omitempty"`
	Policy        string         `json:"policy"`
	Data          []risk.DataSet `json:"data,omitempty"`
	Position      int64          `json:"position"`
	Features      []risk.Value   `json:"features,omitempty"`
	Contributions []risk.Weight  `json:"contributions,omitempty"`
	Reasons       []string       `json:"reasons,omitempty"`
	At            time.Time      `json:"at"`
}

func (a assessedV1) lift() risk.Event {
	return risk.Assessed{
		Decision: a.Decision, Action: a.Action, Customer: a.Customer, Device: a.Device, About: a.About, Account: a.Account, Payee: a.Payee,
		Hundredths: a.Hundredths, Series: a.Series, Score: a.Score, Outcome: a.Outcome, Effect: a.Effect, Exemption: a.Exemption,
		Policy: a.Policy, Data: a.Data, Position: a.Position, Features: a.Features, Contributions: a.Contributions, Reasons: a.Reasons, At: a.At,
	}
}

// writeByFeature writes risk.Values or risk.Weights: slices of a name and a number.
func writeByFeature(_ *sealer, b []byte, v reflect.Value) (_ []byte, err error) {
	b = append(b, '{')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendString(b, v.Index(i).Field(0).String()); err != nil {
			return b, err
		}
		b = strconv.AppendInt(append(b, ':'), v.Index(i).Field(1).Int(), 10)
	}
	return append(b, '}'), nil
}

// byFeature has the library read and write them likewise.
func marshalByFeature[T risk.Values | risk.Weights]() *json.Marshalers {
	return json.MarshalToFunc(func(enc *jsontext.Encoder, all T) error {
		b, err := writeByFeature(nil, nil, reflect.ValueOf(all))
		if err != nil {
			return err
		}
		return enc.WriteValue(b)
	})
}

// unmarshalByFeature reads them in one go: a log holds a decision for each payment, and
// whoever studies them reads them all.
func unmarshalByFeature[T ~[]E, E any](made func(string, int64) E) *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(dec *jsontext.Decoder, all *T) error {
		object, err := dec.ReadValue() // well formed, and no name twice
		if err != nil {
			return err
		}
		if object.Kind() != jsontext.KindBeginObject {
			return errByFeature
		}
		*all = make(T, 0, bytes.Count(object, []byte{':'}))
		for rest := unspaced(object[1:]); rest[0] == '"'; {
			name, after, number, left, ok := numberByFeature(rest)
			if !ok {
				return errByFeature
			}
			n, err := strconv.ParseInt(string(number), 10, 64)
			if err != nil || after[0] != ':' {
				return errByFeature
			}
			*all, rest = append(*all, made(featureName(name), n)), left
		}
		return nil
	})
}

// unspaced is what follows after white space, of which what is stored has none.
func unspaced(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t' || text[0] == '\r' || text[0] == '\n') {
		text = text[1:]
	}
	return text
}

// numberByFeature takes the first member of an object apart; rest begins where the next one does,
// or the end. Names of features have nothing to escape.
func numberByFeature(object []byte) (name, after, number, rest []byte, ok bool) {
	end := bytes.IndexByte(object[1:], '"')
	name, after = object[1:1+end], unspaced(object[2+end:])
	if bytes.IndexByte(name, '\\') >= 0 {
		return nil, nil, nil, nil, false
	}
	value := unspaced(after[1:])
	end = bytes.IndexAny(value, ",} \t\r\n")
	if end < 0 {
		return nil, nil, nil, nil, false
	}
	number, rest = value[:end], unspaced(value[end:])
	if rest[0] == ',' {
		rest = unspaced(rest[1:])
	}
	return name, after, number, rest, true
}

// featureName makes no string of its own for a feature that this program knows.
func featureName(name []byte) string {
	if f, known := featureNames[string(name)]; known {
		return f
	}
	return string(name)
}

var featureNames = func() map[string]string {
	names := map[string]string{}
	for _, f := range risk.Features() {
		names[f.String()] = f.String()
	}
	return names
}()

var errByFeature = errors.New("schemas: numbers by feature are an object of whole numbers")

func valueOf(feature string, n int64) risk.Value   { return risk.Value{Feature: feature, Value: n} }
func weightOf(feature string, n int64) risk.Weight { return risk.Weight{Feature: feature, Weight: n} }
