package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "florin/"

// rule is one row of the plan of the house: a folder may import the packages of
// this module and the libraries that are listed, the standard library, and
// nothing else. A folder that ends in "/" speaks for all below it; the first
// rule that fits decides.
type rule struct {
	folder    string
	rooms     string // of this module; "x/*" is all below x
	libraries string // module paths, prefixes
	why       string // why nothing more is let in
}

const (
	uuidLib = "github.com/google/uuid"
	jsonLib = "github.com/go-json-experiment/json"
	textLib = "golang.org/x/text/"
	vfsLib  = "github.com/cockroachdb/pebble/v2/vfs"
	otelLib = "go.opentelemetry.io/otel"
)

var plan = []rule{
	{"domain/domaintest", "domain", "github.com/stretchr/testify",
		"given/when/then knows what an aggregate is and no aggregate by name"},
	{"domain/id", "", uuidLib,
		"an identifier that knows what it names would tie all contexts together"},
	{"domain/money", "domain/id", "github.com/bojanz/currency",
		"amounts are needed by every context, so they may know none"},
	{"domain/text", "", textLib + " go.mau.fi/util/confusable",
		"what text the bank takes in is one rule for all contexts"},
	{"domain/callback", "", "",
		"what the bank may call is one rule for all contexts"},
	{"domain/sca", "domain domain/id", "",
		"what a customer's confirmation is worth is one rule for all that is confirmed, so it may know none of it"},
	{"domain/calendar", "", "",
		"which day it is somewhere is asked by several contexts, so it may know none"},
	{"domain/terms", "domain/money", "",
		"what an account earns and costs is proposed, offered and charged by several contexts, so it may know none"},
	{"domain/iban", "domain", "",
		"what account numbers other banks have is one rule for all contexts"},
	{"domain/attest/attesttest", "", "github.com/fxamacker/cbor/v2 github.com/go-jose/go-jose/v4",
		"a simulated maker of phones writes what platforms write, so it may share nothing with those who judge it"},
	{"domain/attest", "domain", "github.com/fxamacker/cbor/v2",
		"what all platforms' statements have in common may know no platform"},
	{"domain/attest/", "domain domain/attest domain/attest/*", "github.com/fxamacker/cbor/v2 github.com/go-jose/go-jose/v4 github.com/go-webauthn/webauthn",
		"what a platform vouches for is judged from bytes alone; the libraries read them, and do the algorithms"},
	{"domain/risk/study", "domain/risk", uuidLib,
		"a policy is judged by what it decides with, and no decision leans on what judges it"},
	{"domain/", "domain domain/calendar domain/callback domain/iban domain/id domain/money domain/sca domain/terms domain/text", uuidLib,
		"contexts know each other by identifiers only, and a rule with I/O cannot be replayed"},
	{"domain", "", uuidLib,
		"the ground floor stands on nothing"},
	{"eventbus/embedded", "eventbus", uuidLib + " github.com/cockroachdb/",
		"an engine knows the contract it keeps and its one driver"},
	{"eventbus/jetstream/natstest", "", "github.com/nats-io/",
		"it starts servers, and knows nothing of what is kept there"},
	{"eventbus/jetstream", "eventbus", "github.com/nats-io/nats.go golang.org/x/mod/semver",
		"an engine knows the contract it keeps and its one driver"},
	{"eventbus/postgres/postgrestest", "", "github.com/jackc/pgx/v5",
		"it starts a server, and knows nothing of what is kept there"},
	{"eventbus/postgres", "eventbus", "github.com/jackc/pgx/v5",
		"an engine knows the contract it keeps and its one driver"},
	{"eventbus/eventbustest/trials", "eventbus eventbus/eventbustest",
		uuidLib + " github.com/stretchr/testify github.com/nats-io/ github.com/EventStore/ google.golang.org/",
		"throw-away journals on other people's servers show that the format survives there"},
	{"eventbus/eventbustest", "eventbus", uuidLib + " github.com/stretchr/testify pgregory.net/rapid github.com/anishathalye/porcupine",
		"one conformance suite judges every engine, so it may know none"},
	{"eventbus", "", uuidLib,
		"the log keeps bytes: if it knew banking, banking could not change without it"},
	{"schemas/seal", "domain", uuidLib + " " + vfsLib,
		"keys are kept apart from what they seal; the file system is handed in, so that it can fail in tests"},
	{"schemas", "domain domain/* schemas/seal", uuidLib + " " + jsonLib + " github.com/santhosh-tekuri/jsonschema/v6 go.yaml.in/yaml/v3",
		"the treaty is between the rules and the bytes; it stores and serves nothing"},
	{"commands", "domain domain/* eventbus schemas schemas/seal",
		uuidLib + " " + jsonLib + " " + textLib + " " + otelLib + " golang.org/x/crypto/argon2 golang.org/x/sync github.com/pquerna/otp",
		"a decision never leans on a read model, and no rule ever sees HTTP or a JWT"},
	{"projections", "domain domain/* eventbus schemas schemas/seal", uuidLib + " " + jsonLib + " modernc.org/sqlite golang.org/x/sync " + otelLib,
		"a read model that could command would make reading change the bank"},
	{"gateway/problem", "domain eventbus schemas projections", jsonLib,
		"the one place of status codes serves every room of its floor, so it may know none of its neighbours"},
	{"gateway/outbound", "domain/callback", "",
		"whoever guards the bank's own network knows addresses, and not what is said to them"},
	{"gateway/partner", "commands gateway/outbound", "github.com/standard-webhooks/standard-webhooks",
		"the library signs; what is sent to whom, and when again, a process of commands decides"},
	{"gateway/passkey", "domain domain/*", "github.com/go-webauthn/webauthn",
		"the library does WebAuthn's algorithms; what an assertion is worth is a rule of the customer"},
	{"gateway/phone", "domain domain/*",
		uuidLib + " " + jsonLib + " github.com/golang-jwt/jwt/v5 github.com/pquerna/otp github.com/fxamacker/cbor/v2",
		"a simulated app knows the bank by its HTTP contract alone, and its authenticator writes CBOR"},
	{"gateway/split", "domain gateway/problem gateway/token projections", jsonLib + " github.com/sony/gobreaker/v2",
		"a gateway process knows its core by what it is told: no log, no commands, no key ring"},
	{"gateway/openapi", "domain schemas gateway/problem", uuidLib + " " + jsonLib + " github.com/invopop/jsonschema",
		"the document says what the table and the types say, so it may know no service by name"},
	{"gateway", "domain domain/* eventbus schemas schemas/seal commands projections gateway/*",
		uuidLib + " " + jsonLib + " " + textLib + " " + otelLib +
			" github.com/go-chi/chi/v5 github.com/golang-jwt/jwt/v5 github.com/prometheus/client_golang golang.org/x/time golang.org/x/sync",
		"the front door opens no engine and no database by itself"},
	{"gateway/", "domain domain/* eventbus schemas schemas/seal commands projections gateway/*",
		uuidLib + " " + jsonLib + " " + textLib + " " + otelLib +
			" github.com/go-chi/chi/v5 github.com/golang-jwt/jwt/v5 github.com/prometheus/client_golang golang.org/x/time golang.org/x/sync",
		"the front door opens no engine and no database by itself"},
	{"cmd/", "*", "*",
		"the roof sees everything; nothing may stand on it"},
}

// TestArchitecture holds the import table of the house: two wings that never
// meet, arrows that only point down.
func TestArchitecture(t *testing.T) {
	t.Parallel()
	guarded := map[string]bool{}
	for _, pkg := range packages(t) {
		from := strings.TrimPrefix(pkg.ImportPath, module)
		r, ok := ruleFor(from)
		if !ok {
			t.Errorf("%s stands in no room of the plan: give it a rule, with its why", from)
			continue
		}
		guarded[r.folder] = true
		for _, to := range pkg.Imports {
			if !r.permits(to) {
				t.Errorf("%s must not import %s: %s", from, to, r.why)
			}
		}
		for _, to := range append(pkg.TestImports, pkg.XTestImports...) {
			if room, ours := strings.CutPrefix(to, module); ours && room != from && !r.permits(to) && !props[room] && judges[from] != room {
				t.Errorf("the tests of %s must not import %s: %s", from, to, r.why)
			}
		}
	}
	for _, r := range plan {
		if !guarded[r.folder] {
			t.Errorf("the rule for %s guards nothing: the room is gone, so should the rule be", r.folder)
		}
		if r.why == "" {
			t.Errorf("the rule for %s has no why", r.folder)
		}
	}
}

// props are what tests of any floor stand on: the engines, fixtures, the phone.
var props = map[string]bool{
	"domain/domaintest": true, "eventbus/embedded": true, "eventbus/eventbustest": true, "eventbus/postgres": true, "eventbus/postgres/postgrestest": true, "eventbus/jetstream": true, "eventbus/jetstream/natstest": true, "schemas/seal": true, "gateway/phone": true,
}

// judges are rooms that a room's tests are judged by: commands by the money
// verifier, which shares no code with them.
var judges = map[string]string{"commands": "projections"}

type goPackage struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", module+"...").Output()
	require.NoError(t, err)
	var all []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg goPackage
		err := decoder.Decode(&pkg)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, pkg)
	}
}

func ruleFor(from string) (rule, bool) {
	for _, r := range plan {
		if from == r.folder || strings.HasSuffix(r.folder, "/") && strings.HasPrefix(from, r.folder) {
			return r, true
		}
	}
	return rule{}, false
}

func (r rule) permits(to string) bool {
	if room, ours := strings.CutPrefix(to, module); ours {
		for _, pattern := range strings.Fields(r.rooms) {
			if folder, deep := strings.CutSuffix(pattern, "*"); room == pattern || deep && strings.HasPrefix(room, folder) {
				return true
			}
		}
		return false
	}
	if first, _, _ := strings.Cut(to, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	for _, library := range strings.Fields(r.libraries) {
		if library == "*" || strings.HasPrefix(to, library) {
			return true
		}
	}
	return false
}

// TestThePlanBitesAndKeepsTheRootTidy shows that a breach is one, and that nothing
// but what design and tools want lies at the root.
func TestThePlanBitesAndKeepsTheRootTidy(t *testing.T) {
	t.Parallel()
	for from, to := range map[string]string{
		"commands": "florin/projections", "projections": "florin/commands", "domain/account": "florin/domain/transfer",
		"eventbus": "florin/domain", "schemas": "florin/eventbus", "domain": "github.com/stretchr/testify/require", "gateway": "florin/cmd/florin",
		"commands/": "github.com/golang-jwt/jwt/v5",
	} {
		r, ok := ruleFor(strings.TrimSuffix(from, "/"))
		require.True(t, ok, from)
		require.False(t, r.permits(to), "%s -> %s", from, to)
	}
	tracked, err := exec.Command("git", "-C", "../..", "ls-files").Output()
	if err != nil {
		t.Skip("not a git checkout: what lies at the root cannot be told from what was left there")
	}
	rooms := map[string]bool{"domain": true, "eventbus": true, "schemas": true, "commands": true, "projections": true, "gateway": true, "cmd": true,
		"docker-compose.yml": true, "Makefile": true, "go.mod": true, "go.sum": true, "README.md": true, "LICENSE": true}
	for path := range strings.Lines(string(tracked)) {
		first, _, _ := strings.Cut(strings.TrimSpace(path), "/")
		require.True(t, rooms[first] || strings.HasPrefix(first, "."), "%s has no place at the root", first)
	}
}
