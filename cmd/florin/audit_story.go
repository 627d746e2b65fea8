package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"florin/commands"
	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// told is an event in the words of whoever reads the timeline.
type told struct {
	By      string            `json:"by"`               // who did it
	Device  string            `json:"device,omitempty"` // from where
	Details string            `json:"details,omitempty"`
	Opened  map[string]string `json:"opened,omitempty"` // personal data, by field
}

// line is the details with what was opened behind them.
func (t told) line() string {
	words := []string{t.Details}
	for _, field := range slices.Sorted(maps.Keys(t.Opened)) {
		words = append(words, field+"="+fmt.Sprintf("%q", t.Opened[field]))
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

// narrator knows what identifiers stand for: it has read the log once before.
type narrator struct {
	customer id.Customer // whose story it is; zero: nobody's
	devices  map[uuid.UUID]string
	keys     map[uuid.UUID]string // of devices: RFC 7638 thumbprints
	clients  map[uuid.UUID]string
	ring     *seal.Ring // nil: personal data stays sealed
	treaty   *schemas.Treaty
}

// newNarrator reads the log for the names of devices and clients. With open it opens
// personal data by the bank's own key ring.
func newNarrator(cmd *cobra.Command, environ []string, a *archive, customer id.Customer, open bool) (*narrator, error) {
	t := &narrator{customer: customer, devices: map[uuid.UUID]string{}, keys: map[uuid.UUID]string{}, clients: map[uuid.UUID]string{}}
	if open {
		c, err := loadConfig(cmd.Flags(), environ)
		if err != nil {
			return nil, err
		}
		if t.ring, err = openRing(c, false); err != nil {
			return nil, fmt.Errorf("--open needs the bank's keys: %w", err)
		}
		t.treaty = schemas.New(t.ring)
	}
	for record, err := range a.log.ReadAll(cmd.Context(), 0) {
		if err != nil {
			return nil, errors.Join(err, t.close())
		}
		for _, e := range record.Events {
			t.learn(e)
		}
	}
	return t, nil
}

func (t *narrator) close() error {
	if t.ring == nil {
		return nil
	}
	return t.ring.Close()
}

// learn takes in what a device or a client is called.
func (t *narrator) learn(e eventbus.Recorded) {
	_, text, _ := strings.Cut(string(e.Stream), "/")
	named, err := uuid.Parse(text)
	if err != nil {
		return
	}
	var said struct {
		Platform, Model, JKT, Name string
		ClientID                   string `json:"client_id"`
	}
	switch e.Kind {
	case "device.registered":
		if json.Unmarshal(e.Data, &said) == nil {
			t.devices[named], t.keys[named] = firstWord(said.Model, said.Platform, "device"), said.JKT
		}
	case "device.renamed":
		if name := t.open(e.Kind, e.SchemaVersion, e.ID, e.Data)["name"]; name != "" {
			t.devices[named] = name
		}
	case "client.registered":
		if json.Unmarshal(e.Data, &said) == nil {
			t.clients[named] = firstWord(said.Name, said.ClientID)
		}
	}
}

func firstWord(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// tell puts an event into words. It never fails: what it cannot read it leaves out.
func (t *narrator) tell(l line) told {
	return told{By: t.by(l), Device: t.device(l.Device), Details: t.details(l), Opened: t.open(l.Kind, l.Schema, l.EventID, l.Data)}
}

func (t *narrator) by(l line) string {
	by := l.ActorType
	switch {
	case l.ActorType == commands.ActorCustomer && l.Actor == t.customer.UUID():
		by = "the customer"
	case l.ActorType == commands.ActorClient && t.clients[l.Actor] != "":
		by = "client " + t.clients[l.Actor]
	case l.ActorType == commands.ActorDevice:
		by = "the device"
	case l.ActorType == commands.ActorOperator:
		by = "operator " + id.From[id.Operator](l.Actor).String()
	case l.Actor != uuid.Nil && l.ActorType != commands.ActorSystem && l.ActorType != commands.ActorAnonymous:
		by += " " + l.Actor.String()
	}
	if l.OnBehalfOf != uuid.Nil && l.OnBehalfOf == t.customer.UUID() {
		by += " for the customer"
	}
	if l.Approver != uuid.Nil {
		by += ", approved by operator " + id.From[id.Operator](l.Approver).String()
	}
	return firstWord(by, "nobody known")
}

func (t *narrator) device(named uuid.UUID) string {
	if named == uuid.Nil {
		return ""
	}
	return firstWord(t.devices[named], "device") + " dev_" + named.String()[:8]
}

// unsaid are fields that tell a reader nothing: times that the line shows already,
// proofs, secrets' hashes.
var unsaid = []string{"at", "salt", "jti", "code_challenge", "nonce", "attempts", "key", "jwk", "browser", "password", "totp", "claims", "grant", "consent", "displayed", "auth_time"}

// details are an event's own words: codes, names and sums, in the order they are
// stored. Fields that are sealed are left out; see open.
func (t *narrator) details(l line) string {
	decoder := json.NewDecoder(bytes.NewReader(l.Data))
	decoder.UseNumber()
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return ""
	}
	var words []string
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			break
		}
		var value any
		if decoder.Decode(&value) != nil {
			break
		}
		if field, is := name.(string); is && !slices.Contains(unsaid, field) && !strings.HasSuffix(field, "_hash") {
			if word := t.word(value); word != "" {
				words = append(words, field+"="+word)
			}
		}
	}
	if l.Kind == "device.bound" {
		_, named, _ := strings.Cut(string(l.Stream), "/")
		if of, err := uuid.Parse(named); err == nil {
			words = append(words, "key="+t.keys[of])
		}
	}
	return strings.Join(words, " ")
}

func (t *narrator) word(value any) string {
	switch v := value.(type) {
	case string:
		return t.named(v)
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	case []any:
		var words []string
		for _, one := range v {
			if word := t.word(one); word != "" {
				words = append(words, word)
			}
		}
		return strings.Join(words, ",")
	case map[string]any:
		minor, whole := v["minor"].(json.Number)
		currency, known := v["currency"].(string)
		if units, err := minor.Int64(); whole && known && err == nil {
			return money.Amount{Minor: units, Currency: money.Currency(currency)}.Decimal() + currency
		}
	}
	return ""
}

// named replaces an identifier by what it stands for.
func (t *narrator) named(text string) string {
	if device, err := id.Parse[id.Device](text); err == nil {
		return quoted(firstWord(t.devices[device.UUID()], text))
	}
	if client, err := id.Parse[id.Client](text); err == nil {
		return quoted(firstWord(t.clients[client.UUID()], text))
	}
	if customer, err := id.Parse[id.Customer](text); err == nil && customer == t.customer {
		return "the-customer"
	}
	return quoted(text)
}

func quoted(text string) string {
	if strings.ContainsAny(text, " \t\n=\"") || !printable(text) {
		return fmt.Sprintf("%q", text)
	}
	return text
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 })
}

// open gives an event's personal data in clear, by field; nil without a ring.
func (t *narrator) open(kind string, version uint16, event uuid.UUID, data []byte) map[string]string {
	if t.ring == nil {
		return nil
	}
	decoded, err := t.treaty.DecodeAny(kind, version, event, data)
	if err != nil {
		return nil
	}
	opened := map[string]string{}
	reveal(reflect.ValueOf(decoded), "", opened)
	if len(opened) == 0 {
		return nil
	}
	return opened
}

// erasedWord stands for what was destroyed with its key.
const erasedWord = "(erased)"

func reveal(value reflect.Value, path string, into map[string]string) {
	if !value.IsValid() || !value.CanInterface() {
		return
	}
	switch v := value.Interface().(type) {
	case domain.Profile:
		note(into, path, v.Reveal(), v.Erased())
		return
	case domain.Evidence:
		note(into, path, v.Reveal(), v.Erased())
		return
	}
	switch value.Kind() {
	case reflect.Struct:
		for i := range value.NumField() {
			field := value.Type().Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			reveal(value.Field(i), strings.TrimPrefix(path+"."+name, "."), into)
		}
	case reflect.Slice:
		for i := range value.Len() {
			reveal(value.Index(i), fmt.Sprintf("%s[%d]", path, i), into)
		}
	}
}

func note(into map[string]string, path, text string, erased bool) {
	switch {
	case erased:
		into[path] = erasedWord
	case text != "":
		into[path] = text
	}
}
