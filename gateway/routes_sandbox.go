package gateway

import (
	"florin/gateway/service"
	"florin/schemas"
)

// sandbox: what comes from outside, made by hand, and the bank's time. None of it is
// there in production, where asking for it is asking for nothing.
func sandbox(desk service.Desk) []Route {
	if !desk.Sandbox {
		return nil
	}
	sandbox := service.Sandbox{Desk: desk}
	return []Route{
		{Method: get, Path: "/v1/sandbox/clock", Handle: sandbox.Clock, Open: true, Response: of[service.ClockAnswer]()},
		{Method: post, Path: "/v1/sandbox/clock", Handle: sandbox.MoveClock, Scopes: scopes("payments.transfer", "ledger.post"), Keyed: true, OwnApp: true,
			Request: of[schemas.MoveClock](), Response: of[service.ClockAnswer]()},
	}
}
