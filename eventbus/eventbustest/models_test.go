package eventbustest_test

import (
	"testing"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

func TestTheSharedModelKeepsTheLaws(t *testing.T) {
	t.Parallel()
	eventbustest.Run(t, func(testing.TB) eventbustest.Subject {
		store := eventbustest.NewStore()
		return eventbustest.Subject{Shared: true, Open: func(testing.TB) eventbus.Journal { return store.Journal() }}
	})
}

func TestTheLocalModelKeepsTheLaws(t *testing.T) {
	t.Parallel()
	eventbustest.Run(t, func(testing.TB) eventbustest.Subject {
		local := eventbustest.NewLocal()
		return eventbustest.Subject{Open: func(testing.TB) eventbus.Journal { return local }}
	})
}
