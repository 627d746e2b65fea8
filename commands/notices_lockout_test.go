package commands

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Strangers who try are told of once, however long they go on; the owner's device
// is not theirs, and has an episode of its own.
func TestCustomersAreToldOnceThatSomebodyTries(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, own := b.enrol("ada"), b.phone(home)
	own.login(ada)
	b.told()
	stranger := b.phone(abroad)
	wrong := func(p *handset, name string) { _, _ = p.try(name, "a wrong password", "000000") }
	for range 4 {
		wrong(stranger, "ada")
	}
	require.Empty(t, b.told(), "four are no episode")
	wrong(stranger, "ada")
	require.Equal(t, both("attempts-elsewhere", "ada"), b.told(), "the fifth is")
	for range 5 {
		b.pass(time.Hour)
		wrong(stranger, "ada")
	}
	require.Empty(t, b.told(), "one notice an episode, not one a try")
	own.login(ada)
	require.Empty(t, b.told())
	for range 5 {
		wrong(stranger, "nobody at all")
	}
	require.Empty(t, b.told(), "nobody is nobody to tell")
	for range 5 {
		wrong(own, "ada")
	}
	require.Equal(t, both("attempts-own-device", "ada"), b.told())
}
