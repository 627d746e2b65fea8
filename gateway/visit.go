package gateway

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"github.com/google/uuid"

	"florin/commands"
	"florin/gateway/problem"
	"florin/gateway/token"
)

// visit is what the layers learn of one request.
type visit struct {
	id       uuid.UUID
	route    string // pattern of the row that took it
	report   problem.Report
	body     []byte
	caller   commands.Caller
	stripped int    // identity headers that came from outside
	address  string // of the other end of the socket, at the gateway

	shown     *token.Access // that is ours, whether or not it stands and its key was there
	presenter string        // thumbprint of the proof's key, once it is verified
	why       string        // closer than the answer says: token.Why

	proof  *token.Proof    // verified here
	inside *token.Internal // at a core: what the gateway says of the request
}

type visitKey struct{}

func withVisit(ctx context.Context, v *visit) context.Context {
	return context.WithValue(ctx, visitKey{}, v)
}

// visitOf gives the visit that record has put there; every request has one.
func visitOf(ctx context.Context) *visit {
	v, ok := ctx.Value(visitKey{}).(*visit)
	if !ok {
		panic("gateway: request without a visit: record must be the outermost layer")
	}
	return v
}

// panicked describes a panic by its type and place. Its text may hold what a
// caller sent, so it stays out of the log, but for the runtime's own errors.
func panicked(cause any) error {
	what := fmt.Sprintf("%T", cause)
	if err, ok := cause.(runtime.Error); ok {
		what = err.Error()
	}
	callers := make([]uintptr, 16)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if strings.HasPrefix(frame.Function, "florin/") && !strings.Contains(frame.Function, "gateway.panicked") {
			return fmt.Errorf("panic: %s at %s:%d", what, frame.File[strings.LastIndexByte(frame.File, '/')+1:], frame.Line)
		}
	}
	return fmt.Errorf("panic: %s", what)
}
