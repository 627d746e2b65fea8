package domain

import (
	"slices"
	"strings"
)

const (
	customerScopes = "openid profile accounts.read accounts.write payments.read payments.transfer cards.read cards.write notifications.read"
	ownAppScopes   = "devices.manage factors.manage"
	operatorScopes = "customers.manage ledger.post ledger.reverse payments.operate cards.network risk.read risk.write config.write " +
		"webhooks.manage roles.manage privacy.manage audit.read analytics.read"
)

// CustomerScopes are what a customer may let software do.
func CustomerScopes() []string { return strings.Fields(customerScopes) }

// OwnAppScopes are what only the bank's own app may do for a customer, on top.
func OwnAppScopes() []string { return strings.Fields(ownAppScopes) }

// OperatorScopes are what operators and machines may do, each granted apart.
func OperatorScopes() []string { return strings.Fields(operatorScopes) }

// Scopes sorts, drops doubles, and tells whether every one is among those allowed.
func Scopes(asked, allowed []string) (scopes []string, ok bool) {
	scopes = slices.Compact(slices.Sorted(slices.Values(asked)))
	for _, scope := range scopes {
		if !slices.Contains(allowed, scope) {
			return nil, false
		}
	}
	return scopes, true
}
