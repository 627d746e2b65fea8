package schemas_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/invopop/jsonschema"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/risk"
	"florin/schemas"
)

// update writes the schemas and golden files that are missing. It never changes
// one that is there: a released kind is not edited. rewrite does, for kinds that
// no release has ever written.
var (
	update  = flag.Bool("update", false, "write missing schemas and golden files")
	rewrite = flag.Bool("rewrite", false, "write schemas and golden files anew: only for kinds that were never released")
)

const releasedRule = `%s is part of the storage format and differs from what the code makes of it now.
A released kind never changes: give the new shape the next version (Event(n+1, ...)), keep the old struct beside the
codec, and read it with Upcast. If this kind was never released, run: go test ./schemas -rewrite (and then without)`

// golden compares with the file, and writes it with -update if it is missing.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(path)
	if *rewrite || *update && os.IsNotExist(err) {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
		return
	}
	require.NoError(t, err, "it is missing; run: go test ./schemas -update")
	if string(want) != string(got) {
		require.Equal(t, string(want), string(got), releasedRule, path)
	}
}

func TestEveryKindHasItsSchema(t *testing.T) {
	t.Parallel()
	tr, _ := treaty(t)
	for _, kind := range tr.Kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			golden(t, "events/"+kind.String()+".json", generated(t, kind.Type, "events/"+kind.String()+".json", kind.Name))
		})
	}
	for _, command := range schemas.Commands() {
		t.Run(command.Name, func(t *testing.T) {
			t.Parallel()
			golden(t, "commands/"+command.Name+".json", generated(t, command.Type, "commands/"+command.Name+".json", command.Name))
		})
	}
}

func TestNoSchemaIsLeftBehind(t *testing.T) {
	t.Parallel()
	tr, _ := treaty(t)
	known := map[string]bool{}
	for _, kind := range tr.Kinds() {
		known["events/"+kind.String()+".json"] = true
		known["testdata/"+kind.String()+".json"] = true
	}
	for _, command := range schemas.Commands() {
		known["commands/"+command.Name+".json"] = true
	}
	for _, folder := range []string{"events", "commands", "testdata"} {
		files, err := filepath.Glob(folder + "/*.json")
		require.NoError(t, err)
		for _, file := range files {
			require.True(t, known[file], "%s belongs to nothing: a released kind stays listed (Upcast), an unreleased one takes its files with it", file)
		}
	}
}

func generated(t *testing.T, of reflect.Type, name, title string) []byte {
	t.Helper()
	reflector := jsonschema.Reflector{Anonymous: true, DoNotReference: true, Mapper: mapped}
	schema := reflector.ReflectFromType(of)
	schema.ID, schema.Title = jsonschema.ID(schemas.BaseURL+name), title
	one := uint64(1)
	for _, either := range schema.AnyOf { // of which one is needed, and says something
		either.Properties = jsonschema.NewProperties()
		for _, member := range either.Required {
			either.Properties.Set(member, &jsonschema.Schema{MinLength: &one})
		}
	}
	text, err := json.MarshalIndent(schema, "", "  ")
	require.NoError(t, err)
	return append(text, '\n')
}

const uuidPattern = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

// mapped gives the schema of types that are not what reflection sees in them.
func mapped(t reflect.Type) *jsonschema.Schema {
	if prefix, ok := prefixOf(t); ok {
		return &jsonschema.Schema{Type: "string", Pattern: "^" + prefix + "_" + uuidPattern + "$"}
	}
	switch t {
	case reflect.TypeFor[domain.Profile](), reflect.TypeFor[domain.Evidence]():
		return sealedSchema()
	case reflect.TypeFor[money.Amount]():
		return amountSchema()
	case reflect.TypeFor[money.Currency]():
		return &jsonschema.Schema{Type: "string", Pattern: "^[A-Z]{3}$"}
	case reflect.TypeFor[money.Posting]():
		leg := amountSchema()
		leg.Properties.Set("account", mapped(reflect.TypeFor[id.Account]()))
		leg.Required = append([]string{"account"}, leg.Required...)
		two, most := uint64(2), uint64(money.LegsMax)
		return &jsonschema.Schema{Type: "array", Items: leg, MinItems: &two, MaxItems: &most}
	case reflect.TypeFor[risk.Values](), reflect.TypeFor[risk.Weights]():
		return &jsonschema.Schema{Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "integer"}}
	case reflect.TypeFor[schemas.Object]():
		return &jsonschema.Schema{Type: "object"}
	case reflect.TypeFor[schemas.Decimal]():
		return &jsonschema.Schema{Type: "string", Pattern: `^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`}
	case reflect.TypeFor[time.Time]():
		return &jsonschema.Schema{Type: "string", Format: "date-time", Pattern: "Z$"}
	}
	return nil
}

func object(required ...string) *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "object", Required: required,
		Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema,
	}
}

func amountSchema() *jsonschema.Schema {
	amount := object("minor", "currency")
	amount.Properties.Set("minor", &jsonschema.Schema{Type: "integer", Minimum: "-9007199254740991", Maximum: "9007199254740991"})
	amount.Properties.Set("currency", &jsonschema.Schema{Type: "string", Pattern: "^[A-Z]{3}$"})
	return amount
}

func sealedSchema() *jsonschema.Schema {
	sealed, erased := object("alg", "kid", "nonce", "ct"), object("alg")
	sealed.Properties.Set("alg", &jsonschema.Schema{Const: "A256GCM"})
	sealed.Properties.Set("kid", &jsonschema.Schema{Type: "string", Pattern: "^" + uuidPattern + "$"})
	sealed.Properties.Set("nonce", &jsonschema.Schema{Type: "string", Pattern: "^[A-Za-z0-9_-]{16}$"})
	sealed.Properties.Set("ct", &jsonschema.Schema{Type: "string", Pattern: "^[A-Za-z0-9_-]{22,}$"})
	erased.Properties.Set("alg", &jsonschema.Schema{Const: "erased"})
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{sealed, erased}, Title: "personal data, sealed"}
}

// prefixOf knows the prefixes of identifiers.
func prefixOf(t reflect.Type) (string, bool) {
	named, ok := exampleIDs[t]
	if !ok {
		return "", false
	}
	return named[:3], true
}

var exampleIDs = map[reflect.Type]string{
	reflect.TypeFor[id.Access]():        id.Named[id.Access]("example").String(),
	reflect.TypeFor[id.Account]():       id.Named[id.Account]("example").String(),
	reflect.TypeFor[id.Approval]():      id.Named[id.Approval]("example").String(),
	reflect.TypeFor[id.Approvals]():     id.Named[id.Approvals]("example").String(),
	reflect.TypeFor[id.Attempts]():      id.Named[id.Attempts]("example").String(),
	reflect.TypeFor[id.Authorisation](): id.Named[id.Authorisation]("example").String(),
	reflect.TypeFor[id.Card]():          id.Named[id.Card]("example").String(),
	reflect.TypeFor[id.Challenge]():     id.Named[id.Challenge]("example").String(),
	reflect.TypeFor[id.Claim]():         id.Named[id.Claim]("example").String(),
	reflect.TypeFor[id.Client]():        id.Named[id.Client]("example").String(),
	reflect.TypeFor[id.Consent]():       id.Named[id.Consent]("example").String(),
	reflect.TypeFor[id.Customer]():      id.Named[id.Customer]("example").String(),
	reflect.TypeFor[id.Delivery]():      id.Named[id.Delivery]("example").String(),
	reflect.TypeFor[id.Decision]():      id.Named[id.Decision]("example").String(),
	reflect.TypeFor[id.Device]():        id.Named[id.Device]("example").String(),
	reflect.TypeFor[id.Factor]():        id.Named[id.Factor]("example").String(),
	reflect.TypeFor[id.Grant]():         id.Named[id.Grant]("example").String(),
	reflect.TypeFor[id.Hold]():          id.Named[id.Hold]("example").String(),
	reflect.TypeFor[id.Invitation]():    id.Named[id.Invitation]("example").String(),
	reflect.TypeFor[id.Inbox]():         id.Named[id.Inbox]("example").String(),
	reflect.TypeFor[id.Incoming]():      id.Named[id.Incoming]("example").String(),
	reflect.TypeFor[id.Journal]():       id.Named[id.Journal]("example").String(),
	reflect.TypeFor[id.Notification]():  id.Named[id.Notification]("example").String(),
	reflect.TypeFor[id.Operator]():      id.Named[id.Operator]("example").String(),
	reflect.TypeFor[id.Payment]():       id.Named[id.Payment]("example").String(),
	reflect.TypeFor[id.Recovery]():      id.Named[id.Recovery]("example").String(),
	reflect.TypeFor[id.Proposal]():      id.Named[id.Proposal]("example").String(),
	reflect.TypeFor[id.Session]():       id.Named[id.Session]("example").String(),
	reflect.TypeFor[id.Signing]():       id.Named[id.Signing]("example").String(),
	reflect.TypeFor[id.Transfer]():      id.Named[id.Transfer]("example").String(),
	reflect.TypeFor[id.Webhook]():       id.Named[id.Webhook]("example").String(),
	reflect.TypeFor[id.Clock]():         id.Named[id.Clock]("example").String(),
	reflect.TypeFor[id.Batch]():         id.Named[id.Batch]("example").String(),
	reflect.TypeFor[id.Payee]():         id.Named[id.Payee]("example").String(),
	reflect.TypeFor[id.Payees]():        id.Named[id.Payees]("example").String(),
	reflect.TypeFor[id.Creditor]():      id.Named[id.Creditor]("example").String(),
	reflect.TypeFor[id.DirectDebit]():   id.Named[id.DirectDebit]("example").String(),
	reflect.TypeFor[id.PaymentFile]():   id.Named[id.PaymentFile]("example").String(),
	reflect.TypeFor[id.Mandate]():       id.Named[id.Mandate]("example").String(),
	reflect.TypeFor[id.Product]():       id.Named[id.Product]("example").String(),
	reflect.TypeFor[id.RiskPolicy]():    id.Named[id.RiskPolicy]("example").String(),
	reflect.TypeFor[id.DataSet]():       id.Named[id.DataSet]("example").String(),
	reflect.TypeFor[id.Quota]():         id.Named[id.Quota]("example").String(),
	reflect.TypeFor[id.Fraud]():         id.Named[id.Fraud]("example").String(),
	reflect.TypeFor[id.FraudCase]():     id.Named[id.FraudCase]("example").String(),
	reflect.TypeFor[id.Stuffing]():      id.Named[id.Stuffing]("example").String(),
	reflect.TypeFor[id.StandingOrder](): id.Named[id.StandingOrder]("example").String(),
}
