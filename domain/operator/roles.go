package operator

import (
	"maps"
	"slices"
	"strings"

	"florin/domain"
)

// Roles are sets of scopes, named for the work that they are for. Nobody who pays
// in also reverses, and whoever hands out roles has no other work.
func Roles() map[string][]string {
	return map[string][]string{
		"advisor":  strings.Fields("customers.manage"),
		"teller":   strings.Fields("customers.manage ledger.post"),
		"ledger":   strings.Fields("ledger.reverse"),
		"payments": strings.Fields("cards.network payments.operate"),
		"risk":     strings.Fields("risk.read risk.write"),
		"privacy":  strings.Fields("privacy.manage"),
		"platform": strings.Fields("config.write webhooks.manage"),
		"security": strings.Fields("roles.manage"),
		"auditor":  strings.Fields("audit.read"),
		"analyst":  strings.Fields("analytics.read risk.read"),
	}
}

var (
	ErrRole    = &domain.Refusal{Class: domain.Invalid, Code: "role-unknown", Detail: "There is no such role."}
	ErrNoRole  = &domain.Refusal{Class: domain.Conflict, Code: "role-not-granted", Detail: "The operator does not have this role."}
	ErrHasRole = &domain.Refusal{Class: domain.Conflict, Code: "role-granted", Detail: "The operator has this role already."}
)

// Role is a role that was granted, with the scopes it had then.
type Role struct {
	Name   string
	Scopes []string
}

// May are all scopes of the operator: those granted apart and those of roles,
// sorted, each once.
func (s State) May() []string {
	all := slices.Clone(s.Scopes)
	for _, role := range s.Roles {
		all = append(all, role.Scopes...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Has tells whether the operator has a scope now.
func (s State) Has(scope string) bool { return s.Enabled() && slices.Contains(s.May(), scope) }

func (s State) has(role string) bool {
	return slices.ContainsFunc(s.Roles, func(r Role) bool { return r.Name == role })
}

func (s State) grantRole(c GrantRole) ([]Event, error) {
	scopes, known := Roles()[c.Role]
	switch {
	case s.Disabled:
		return nil, ErrDisabled
	case !known:
		return nil, ErrRole
	case s.has(c.Role):
		return nil, ErrHasRole
	}
	return []Event{RoleGranted{Role: c.Role, Scopes: scopes, At: c.At}}, nil
}

func (s State) withdrawRole(c WithdrawRole) ([]Event, error) {
	switch {
	case s.Disabled:
		return nil, ErrDisabled
	case !s.has(c.Role):
		return nil, ErrNoRole
	}
	return []Event{RoleWithdrawn(c)}, nil
}

func (s State) evolveRoles(event Event) State {
	switch e := event.(type) {
	case RoleGranted:
		s.Roles = append(slices.Clip(s.Roles), Role{e.Role, e.Scopes})
	case RoleWithdrawn:
		s.Roles = slices.DeleteFunc(slices.Clone(s.Roles), func(r Role) bool { return r.Name == e.Role })
	}
	return s
}

// RoleNames lists the roles, sorted.
func RoleNames() []string { return slices.Sorted(maps.Keys(Roles())) }
