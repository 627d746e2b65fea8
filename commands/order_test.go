package commands

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var someone = uuid.MustParse("0198f2a0-0000-7000-8000-000000000001")

// TestCommandIDGolden holds bytes of the storage format: a command id that came
// out otherwise would let an old retry move money again.
func TestCommandIDGolden(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, kind, key, want string }{
		{"a customer's key", ActorCustomer, "0d0c7a2e-0000-4000-8000-000000000001", "fb187be3-337b-88f2-a85e-f41b34be9c96"},
		{"the same key of an operator", ActorOperator, "0d0c7a2e-0000-4000-8000-000000000001", "f6afe05c-c259-86f3-be19-348970d6827c"},
		{"an empty key", ActorCustomer, "", "3582eaa2-2c36-8001-b8f7-cb3c8930521e"},
		{"a long key", ActorCustomer, string(make([]byte, 1000)), "c84a37ed-9a76-8539-ac43-e79f53f07791"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := CommandID(tc.kind, someone, tc.key)
			require.Equal(t, tc.want, got.String())
			require.Equal(t, uuid.Version(8), got.Version())
			require.Equal(t, uuid.RFC4122, got.Variant())
		})
	}
}

func TestPartsOfACommandIDDoNotRunTogether(t *testing.T) {
	t.Parallel()
	require.NotEqual(t, digestID("ab", "c"), digestID("a", "bc"))
	require.NotEqual(t, digestID("a", ""), digestID("a"))
	require.NotEqual(t, CommandID(ActorCustomer, someone, "k"), CommandID(ActorCustomer, uuid.Nil, "k"))
}

func TestDerivedIDGolden(t *testing.T) {
	t.Parallel()
	require.Equal(t, "f3c2e222-4155-8cea-a125-d3ca3266cee8", DerivedID(someone, "transfer").String())
	require.NotEqual(t, DerivedID(someone, "transfer"), DerivedID(someone, "account"))
}
