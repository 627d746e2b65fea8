package gateway

import (
	"net/http"
	"reflect"

	"florin/commands"
	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/schemas"
)

// webhooks: partners' endpoints. Whoever changes one has authenticated strongly of late.
func webhooks(desk service.Desk) []Route {
	hooks := service.Webhooks{Desk: desk}
	change := func(method, path string, handle func(http.ResponseWriter, *http.Request) error, request reflect.Type) Route {
		return Route{Method: method, Path: "/v1/webhooks" + path, Handle: handle, Scopes: scopes(commands.WebhooksScope), Keyed: true, Signed: true,
			ACR: problem.StrongACR, MaxAge: problem.Fresh, Request: request, Response: of[service.WebhookAnswer]()}
	}
	see := func(path string, handle func(http.ResponseWriter, *http.Request) error, response reflect.Type) Route {
		return Route{Method: get, Path: "/v1/webhooks" + path, Handle: handle, Scopes: scopes(commands.WebhooksScope), Response: response}
	}
	resend, test := change(post, "/{id}/resend", hooks.Resend, of[schemas.ResendWebhook]()), change(post, "/{id}/test", hooks.Test, of[schemas.TestWebhook]())
	resend.Share, test.Share = shareOutside, shareOutside
	return []Route{
		change(post, "", hooks.Register, of[schemas.RegisterWebhook]()),
		see("", hooks.List, of[service.WebhookList]()),
		see("/{id}", hooks.Get, of[service.WebhookAnswer]()),
		see("/{id}/deliveries", hooks.Deliveries, of[service.DeliveryList]()),
		change(del, "/{id}", hooks.Delete, of[schemas.DeleteWebhook]()),
		change(post, "/{id}/approval", hooks.Approve, of[schemas.ApproveWebhook]()),
		change(post, "/{id}/secret", hooks.RotateSecret, of[schemas.RotateWebhookSecret]()),
		change(post, "/{id}/contact", hooks.NameContact, of[schemas.NameWebhookContact]()),
		change(post, "/{id}/disabling", hooks.Disable, of[schemas.DisableWebhook]()),
		change(post, "/{id}/enabling", hooks.Enable, of[schemas.EnableWebhook]()),
		resend,
		test,
	}
}
