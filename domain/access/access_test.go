package access_test

import (
	"strings"
	"testing"
	"time"

	"florin/domain/access"
	"florin/domain/domaintest"
	"florin/domain/id"
)

func TestAccess(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	read := access.Read{Resource: "audit-events", Query: "kind=transfer.posted", At: noon}
	long := access.Read{Resource: "audit-events", Query: strings.Repeat("x", access.QueryBytesMax+1), At: noon}

	refuse := access.Refuse{Code: "invalid-dpop-proof", Why: "replayed", Resource: "POST /v1/transfers", Count: 7,
		Since: noon, Until: noon.Add(time.Minute), Customer: id.Named[id.Customer]("anna"), At: noon.Add(time.Minute)}
	none := refuse
	none.Count = 0

	domaintest.Run[access.State](t, []domaintest.Case[access.Command, access.Event]{
		{Name: "a question too long to be kept is not answered", When: long, Refused: access.ErrQuery},
		{Name: "no refusal is no fact", When: none},
		{Name: "seven refusals are one fact", When: refuse, Then: []access.Event{access.Refused(refuse)}},
		{Name: "and the next seven another", Given: []access.Event{access.Refused(refuse)}, When: refuse, Then: []access.Event{access.Refused(refuse)}},
		{Name: "a first look is recorded", When: read, Then: []access.Event{access.Granted(read)}},
		{Name: "so is every later one", Given: []access.Event{access.Granted(read)}, When: read, Then: []access.Event{access.Granted(read)}},
	})
}
