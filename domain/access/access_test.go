package access_test

import (
	"strings"
	"testing"
	"time"

	"florin/domain/access"
	"florin/domain/domaintest"
)

func TestAccess(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	read := access.Read{Resource: "audit-events", Query: "kind=transfer.posted", At: noon}
	long := access.Read{Resource: "audit-events", Query: strings.Repeat("x", access.QueryBytesMax+1), At: noon}

	domaintest.Run[access.State](t, []domaintest.Case[access.Command, access.Event]{
		{Name: "a question too long to be kept is not answered", When: long, Refused: access.ErrQuery},
		{Name: "a first look is recorded", When: read, Then: []access.Event{access.Granted(read)}},
		{Name: "so is every later one", Given: []access.Event{access.Granted(read)}, When: read, Then: []access.Event{access.Granted(read)}},
	})
}
