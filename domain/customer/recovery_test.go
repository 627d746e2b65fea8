package customer_test

import (
	"testing"

	"florin/domain/customer"
	"florin/domain/domaintest"
	"florin/domain/id"
)

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	list, next := id.Named[id.Factor]("list"), id.Named[id.Factor]("next")
	made := customer.RecoveryCodesMade{Factor: list, Device: phone, Count: 10, At: noon}
	used := customer.RecoveryCodeUsed{Factor: list, Index: 9, At: noon}
	remake := customer.RecoveryCodesMade{Factor: next, Device: phone, Count: 10, At: noon}
	use := customer.UseRecoveryCode(used)
	domaintest.Run[customer.State](t, []domaintest.Case[customer.Command, customer.Event]{
		{Name: "a list is made", Given: given(enrolled), When: customer.MakeRecoveryCodes{Factor: list, Device: phone, At: noon}, Then: given(made)},
		{Name: "another takes its place", Given: given(enrolled, made), When: customer.MakeRecoveryCodes{Factor: next, Device: phone, At: noon},
			Then: given(customer.FactorRemoved{Factor: list, At: noon}, remake)},
		{Name: "a code is used", Given: given(enrolled, made), When: use, Then: given(used)},
		{Name: "once", Given: given(enrolled, made, used), When: use, Refused: customer.ErrRecoveryCode},
		{Name: "not of a list before", Given: given(enrolled, made, customer.FactorRemoved{Factor: list, At: noon}, remake), When: use, Refused: customer.ErrFactor},
		{Name: "not if there is no list", Given: given(enrolled), When: use, Refused: customer.ErrFactor},
		{Name: "not one beyond the list", Given: given(enrolled, made), When: customer.UseRecoveryCode{Factor: list, Index: 10, At: noon}, Refused: customer.ErrFactor},
		{Name: "not one before it", Given: given(enrolled, made), When: customer.UseRecoveryCode{Factor: list, Index: -1, At: noon}, Refused: customer.ErrFactor},
		{Name: "a list is no second factor to be left with", Given: given(enrolled, made), When: customer.RemoveFactor{Factor: totp, At: noon}, Refused: customer.ErrLastFactor},
		{Name: "the list itself can go", Given: given(enrolled, made), When: customer.RemoveFactor{Factor: list, At: noon}, Then: given(customer.FactorRemoved{Factor: list, At: noon})},
	})
}
