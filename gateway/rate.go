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
	"florin/gateway/token"
)

// Rate is a token bucket: PerSecond for ever, Burst at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Rates are the limits per caller. A caller is the device of a proven request,
// and before that its socket's peer, or whom a trusted proxy has heard from.
type Rates struct {
	Peer     Rate // every request of one address
	Caller   Rate // proven requests of one device, customer or machine
	Login    Rate // requests to the identity provider and enrolment, of one address
	Customer Rate // proven requests of one customer, from all devices and clients; zero: twice Caller
}

func (r Rates) customer() Rate {
	if r.Customer == (Rate{}) {
		return Rate{2 * r.Caller.PerSecond, 2 * r.Caller.Burst}
	}
	return r.Customer
}

// What a request costs, in tokens of its caller's and customer's buckets.
const (
	costPlain = 1
	costTable = 5 // reads as much of the read side as it likes
)

// Shares of a caller's rate, for rows that nobody needs often, or that cost or tell
// more than others.
const (
	shareTables  = 0.2 // whole statements and views
	shareBegin   = 0.2 // what comes once in a phone's life: enrolment, recovery
	shareSecrets = 0.1 // changes of passwords and factors
	shareOutside = 0.1 // what has others called, or names told
	shareStreams = 0.1 // each lasts as long as its token
)

// share is a part of a rate, and never nothing.
func (r Rate) share(part float64) Rate {
	return Rate{r.PerSecond * part, max(1, int(math.Ceil(float64(r.Burst)*part)))}
}

// limitOf is the row's own limit; nil: it has none.
func (d *door) limitOf(row Route) *buckets {
	switch {
	case row.Share == 0:
		return nil
	case row.Open:
		return newBuckets("route", d.settings.Rates.Login.share(row.Share))
	}
	return newBuckets("route", d.settings.Rates.Caller.share(row.Share))
}

func (row Route) cost() int {
	for _, media := range row.Gives {
		if media == "text/csv" || media == "application/xml" {
			return costTable
		}
	}
	return costPlain
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

// take takes as many tokens as the request costs, and says so in the headers of
// draft-ietf-httpapi-ratelimit-headers; too-many-requests if there is none.
func (b *buckets) take(w http.ResponseWriter, caller string, cost int, now time.Time) error {
	cost = min(cost, b.rate.Burst) // what is dearer than all there ever is would never be had
	limiter, price := b.of(caller), float64(cost)
	allowed := limiter.AllowN(now, cost)
	left := max(0, limiter.TokensAt(now))
	refill := time.Duration(math.Ceil((price-math.Min(left, price))/b.rate.PerSecond)) * time.Second
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

// limit is a bucket that a request needs tokens of.
type limit struct {
	buckets *buckets
	of      string
	cost    int
}

// within takes the tokens of all, one after the other, and says what is left of each;
// the first that has too few refuses.
func (d *door) within(w http.ResponseWriter, limits ...limit) error {
	header, now := w.Header(), d.sources.Wall()
	var policy, left []string
	for _, l := range limits {
		err := l.buckets.take(w, l.of, l.cost, now)
		policy, left = append(policy, header["Ratelimit-Policy"]...), append(left, header["Ratelimit"]...)
		header["Ratelimit-Policy"], header["Ratelimit"] = policy, left
		if err != nil {
			return err
		}
	}
	return nil
}

// callerLimited holds a proven request to its device's limit, its customer's, and the
// row's own, which is the customer's too: more devices do not have more of it.
func (d *door) callerLimited(w http.ResponseWriter, access *token.Access, row Route) error {
	limits := append(make([]limit, 0, 3), limit{d.callers, limitKey(access), row.cost()})
	whose := limitKey(access)
	if !access.Customer.IsZero() {
		whose = access.Customer.String()
		limits = append(limits, limit{d.people, whose, row.cost()})
	}
	if row.limit != nil {
		limits = append(limits, limit{row.limit, whose, costPlain})
	}
	return d.within(w, limits...)
}

// loginLimited holds an address to the limit of those who need not show who they
// are. What is the same for everybody and may be cached costs none of it.
func (d *door) loginLimited(w http.ResponseWriter, r *http.Request, row Route) error {
	if row.Method == get && row.Page == nil {
		return nil
	}
	limits := append(make([]limit, 0, 2), limit{d.logins, peer(r), costPlain})
	if row.limit != nil {
		limits = append(limits, limit{row.limit, peer(r), costPlain})
	}
	return d.within(w, limits...)
}

// peerLimited holds every address to its limit before anything is computed for it.
func (d *door) peerLimited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := d.peers.take(w, peer(r), costPlain, d.sources.Wall()); err != nil {
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
