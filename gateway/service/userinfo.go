package service

import (
	"net/http"
	"slices"

	"florin/domain/id"
	"florin/gateway/problem"
	"florin/gateway/wire"
)

// UserInfoAnswer holds the claims of OpenID Connect Core section 5.1 that the
// token's scope lets its client see. Contacts are not among them: who was given
// profile finds them at GET /v1/customers/me, with whether they are verified.
type UserInfoAnswer struct {
	Subject   id.Customer `json:"sub"`
	Name      string      `json:"name,omitzero"`
	UserName  string      `json:"preferred_username,omitzero"`
	UpdatedAt int64       `json:"updated_at,omitzero"` // seconds since 1970
}

// UserInfo is /oauth2/userinfo (OpenID Connect Core section 5.3). The claims are
// those of the log's present head.
func (s Customers) UserInfo(w http.ResponseWriter, r *http.Request) error {
	caller := CallOf(r.Context()).Caller
	if caller.Customer.IsZero() {
		return problem.InsufficientScope.Challenged("scope", "openid")
	}
	answer := UserInfoAnswer{Subject: caller.Customer}
	if !slices.Contains(caller.Scopes, "profile") {
		return wire.OK(w, answer)
	}
	head, err := s.Log.Head(r.Context())
	if err != nil {
		return err
	}
	if err := s.Reads.WaitFor(r.Context(), "customers", head.Position); err != nil {
		return err
	}
	row, err := s.Reads.CustomerByID(r.Context(), caller.Customer)
	if err != nil {
		return err
	}
	answer.Name, answer.UserName, answer.UpdatedAt = row.DisplayName.Reveal(), row.UserName.Reveal(), row.EnrolledAt.Unix()
	return wire.OK(w, answer)
}
