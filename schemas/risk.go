package schemas

import (
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

func unmarshalByFeature[T ~[]E, E any](made func(string, int64) E) *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(dec *jsontext.Decoder, all *T) error {
		open, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if open.Kind() != jsontext.KindBeginObject {
			return errByFeature
		}
		for dec.PeekKind() == jsontext.KindString {
			token, err := dec.ReadToken()
			if err != nil {
				return err
			}
			name, value := token.String(), int64(0)
			if err := json.UnmarshalDecode(dec, &value); err != nil {
				return err
			}
			*all = append(*all, made(name, value))
		}
		_, err = dec.ReadToken()
		return err
	})
}

var errByFeature = errors.New("schemas: numbers by feature are an object")

func valueOf(feature string, n int64) risk.Value   { return risk.Value{Feature: feature, Value: n} }
func weightOf(feature string, n int64) risk.Weight { return risk.Weight{Feature: feature, Weight: n} }
