package gateway

import (
	"net/http"
	"reflect"

	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/schemas"
)

// cards: a customer's cards, whoever makes them, and what shops ask of them through
// the card network. A card is stopped by its owner or by the bank, at any time and
// whatever else the owner may do.
func cards(desk service.Desk) []Route {
	cards, asked := service.Cards{Desk: desk}, service.Authorisations{Desk: desk}
	type handler = func(http.ResponseWriter, *http.Request) error
	change := func(path string, handle handler, request reflect.Type, any ...string) Route {
		return Route{Method: post, Path: "/v1/cards" + path, Handle: handle, Scopes: any, Keyed: true, Signed: true, Acts: true,
			Request: request, Response: of[service.CardAnswer]()}
	}
	freeze := change("/{id}/freeze", cards.Freeze, of[schemas.FreezeCard](), "cards.write", "customers.manage")
	freeze.Acts = false
	limits := change("/{id}/limits", cards.SetLimits, of[schemas.SetCardLimits](), "cards.write")
	limits.ACR, limits.MaxAge = problem.StrongACR, problem.Fresh
	network := func(path string, handle handler, request reflect.Type) Route {
		return Route{Method: post, Path: "/v1/card-authorisations" + path, Handle: handle, Scopes: scopes("cards.network"), Keyed: true, Signed: true,
			Request: request, Response: of[service.AuthorisationAnswer]()}
	}
	return []Route{
		change("", cards.Issue, of[schemas.IssueCard](), "cards.write"),
		{Method: get, Path: "/v1/cards", Handle: cards.List, Scopes: scopes("cards.read"), Response: of[service.CardList]()},
		{Method: get, Path: "/v1/cards/{id}", Handle: cards.Get, Scopes: scopes("cards.read"), Response: of[service.CardAnswer]()},
		{Method: get, Path: "/v1/cards/{id}/authorisations", Handle: cards.Authorisations, Scopes: scopes("cards.read"), Response: of[service.AuthorisationList]()},
		freeze,
		change("/{id}/unfreeze", cards.Unfreeze, of[schemas.UnfreezeCard](), "cards.write", "customers.manage"),
		limits,
		change("/{id}/replace", cards.Replace, of[schemas.ReplaceCard](), "cards.write"),
		change("/{id}/close", cards.Close, of[schemas.CloseCard](), "cards.write"),
		change("/{id}/personalisation", cards.Personalise, of[schemas.PersonaliseCard](), "cards.network"),
		network("", asked.Request, of[schemas.RequestAuthorisation]()),
		{Method: get, Path: "/v1/card-authorisations/{id}", Handle: asked.Get, Scopes: scopes("cards.network"), Response: of[service.AuthorisationAnswer]()},
		network("/{id}/capture", asked.Capture, of[schemas.CaptureAuthorisation]()),
		network("/{id}/reverse", asked.Reverse, of[schemas.ReverseAuthorisation]()),
		network("/{id}/refund", asked.Refund, of[schemas.RefundAuthorisation]()),
	}
}
