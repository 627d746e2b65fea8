package gateway

import (
	"net/http"

	"florin/gateway/service"
	"florin/schemas"
)

// notifications: a customer's inbox. Only the bank's own app reads it.
func notifications(desk service.Desk) []Route {
	inbox := service.NewNotifications(desk)
	own := func(method, path string, handle func(http.ResponseWriter, *http.Request) error) Route {
		return Route{Method: method, Path: "/v1/notifications" + path, Handle: handle, OwnApp: true, Scopes: scopes("notifications.read")}
	}
	list, preferences := own(get, "", inbox.List), own(get, "/preferences", inbox.Preferences)
	list.Response, preferences.Response = of[service.NotificationList](), of[service.PreferencesAnswer]()
	read, all := own(post, "/{id}/read", inbox.Read), own(post, "/read", inbox.ReadAll)
	read.Request, read.Response = of[schemas.ReadNotification](), of[service.ReadAnswer]()
	all.Request, all.Response = of[schemas.ReadAllNotifications](), of[service.ReadAnswer]()
	choose := own(http.MethodPut, "/preferences", inbox.Choose)
	choose.Keyed, choose.Signed = true, true
	choose.Request, choose.Response = of[schemas.ChooseNotifications](), of[service.PreferencesAnswer]()
	stream := own(get, "/stream", inbox.Stream)
	stream.Gives, stream.Share = []string{eventStream}, shareStreams
	return []Route{list, read, all, preferences, choose, stream}
}
