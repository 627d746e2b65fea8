package gateway

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"florin/gateway/problem"
)

// Rate is a token bucket: PerSecond for ever, Burst at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Rates are the limits per caller. A caller is the device of a proven request,
// and before that its socket's peer: X-Forwarded-For is anybody's word.
type Rates struct {
	Peer   Rate // every request of one address
	Caller Rate // proven requests of one device, customer or machine
	Login  Rate // requests to the identity provider and enrolment, of one address
}

// DefaultRates suit a phone, and some hundred phones behind one address.
func DefaultRates() Rates {
	return Rates{Peer: Rate{200, 400}, Caller: Rate{20, 60}, Login: Rate{20, 60}}
}

// bucketsMax bounds the buckets per generation: the older generation is dropped
// when the younger is full, so a flood of addresses costs memory of this many.
const bucketsMax = 50_000

// buckets holds one bucket per caller.
type buckets struct {
	rate   Rate
	policy []string // what the headers say of the limit
	begin  string

	mu    sync.Mutex
	young map[string]*rate.Limiter
	old   map[string]*rate.Limiter
}

func newBuckets(name string, r Rate) *buckets {
	window := int(math.Ceil(float64(r.Burst) / r.PerSecond))
	return &buckets{
		rate: r, young: map[string]*rate.Limiter{},
		policy: []string{fmt.Sprintf(`"%s";q=%d;w=%d`, name, r.Burst, window)}, begin: `"` + name + `";r=`,
	}
}

func (b *buckets) of(caller string) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if limiter, ok := b.young[caller]; ok {
		return limiter
	}
	limiter, ok := b.old[caller]
	if !ok {
		limiter = rate.NewLimiter(rate.Limit(b.rate.PerSecond), b.rate.Burst)
	}
	if len(b.young) >= bucketsMax {
		b.old, b.young = b.young, map[string]*rate.Limiter{}
	}
	b.young[caller] = limiter
	return limiter
}

// take takes one token and says so in the headers of
// draft-ietf-httpapi-ratelimit-headers; too-many-requests if there is none.
func (b *buckets) take(w http.ResponseWriter, caller string, now time.Time) error {
	limiter := b.of(caller)
	allowed := limiter.AllowN(now, 1)
	left := max(0, limiter.TokensAt(now))
	refill := time.Duration(math.Ceil((1-math.Min(left, 1))/b.rate.PerSecond)) * time.Second
	header := w.Header()
	header["Ratelimit-Policy"] = b.policy
	text := strconv.AppendInt(append(make([]byte, 0, 48), b.begin...), int64(left), 10)
	text = strconv.AppendInt(append(text, ";t="...), int64(refill.Seconds()), 10)
	header["Ratelimit"] = []string{string(text)}
	if !allowed {
		return problem.TooManyRequests.After(refill)
	}
	return nil
}

// peerLimited holds every address to its limit before anything is computed for it.
func (d *door) peerLimited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := d.peers.take(w, peer(r), d.sources.Wall()); err != nil {
			problem.Write(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// address is that of the other end of the socket.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// peer is whose limit an address has: an IPv4 one its own, an IPv6 one that of
// its /64, which one subscriber has to itself.
func peer(r *http.Request) string {
	host := address(r)
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		return ip.Mask(net.CIDRMask(64, 128)).String()
	}
	return host
}
