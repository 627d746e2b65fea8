package gateway

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"unicode/utf8"

	"florin/gateway/identity"
	"florin/gateway/problem"
)

// Limits of a request (row 8 of the bad inputs). net/http itself refuses headers
// above twice the bound, before a handler could.
const (
	HeaderBytesMax = 32 << 10
	BodyBytesMax   = 64 << 10
	QueryBytesMax  = 8 << 10
	PathBytesMax   = 2 << 10
)

// hygiene refuses what is not one well-formed request to this server, in its one
// canonical spelling: two spellings of a path are two answers to the question
// who may read it.
func (d *door) hygiene(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := d.wellFormed(r); err != nil {
			w.Header().Set("Connection", "close")
			problem.Write(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (d *door) wellFormed(r *http.Request) error {
	path := r.URL.EscapedPath()
	switch {
	case !framed(r):
		return problem.BadFraming
	case r.URL.IsAbs(), r.URL.Host != "", r.Method == http.MethodConnect, !d.answersFor(r.Host):
		return problem.Misdirected
	case len(r.URL.RawQuery) > QueryBytesMax, len(path) > PathBytesMax:
		return problem.QueryTooLong
	case headerBytes(r) > HeaderBytesMax:
		return problem.HeadersTooLarge
	case !canonical(path):
		return problem.BadPath
	case !spelled(r.Header):
		return problem.BadRequest
	}
	return nil
}

// spelled: every header value is UTF-8, so that it can be logged and answered in
// JSON as it came. RFC 9110 section 5.5 keeps other bytes for obsolete uses only.
func spelled(header http.Header) bool {
	for _, values := range header {
		for _, value := range values {
			if !utf8.ValidString(value) {
				return false
			}
		}
	}
	return true
}

func (d *door) answersFor(host string) bool {
	for _, ours := range d.hosts {
		if strings.EqualFold(host, ours) {
			return true
		}
	}
	return false
}

// canonical: letters, digits and -._~ between single slashes, no dot segments,
// nothing escaped. Every path of the bank is so, and so is every id.
func canonical(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	if path == "/" {
		return true
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
		for i := range len(segment) {
			c := segment[i]
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0) {
				return false
			}
		}
	}
	return true
}

func headerBytes(r *http.Request) int {
	total := len(r.RequestURI) + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			total += len(name) + len(value) + 4
		}
	}
	return total
}

// buffered reads the whole body, capped, before anything is decided: no handler
// ever acts on half a request, and what was signed is at hand byte for byte.
func (d *door) buffered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := buffer(w, r); err != nil {
			w.Header().Set("Connection", "close")
			problem.Write(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func buffer(w http.ResponseWriter, r *http.Request) error {
	if r.ContentLength > BodyBytesMax {
		return problem.BodyTooLarge
	}
	body, err := whole(w, r)
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return problem.BodyTooLarge
		}
		if late, is := errors.AsType[net.Error](err); is && late.Timeout() {
			return problem.RequestTimeout
		}
		if !framed(r) {
			return problem.BadFraming
		}
		return problem.BadRequest // cut off
	}
	if !framed(r) { // a chunk that net/http took
		return problem.BadFraming
	}
	visitOf(r.Context()).body = body
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return nil
}

// whole reads to the body's end: into its announced length, if there is one.
func whole(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 {
		return io.ReadAll(http.MaxBytesReader(w, r.Body, BodyBytesMax))
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}

// Identity headers: set for the services by this gateway, and by nobody else.
const (
	HeaderUser     = "X-User-Id"
	HeaderDevice   = "X-Device-Id"
	HeaderSession  = "X-Session-Id"
	HeaderScopes   = "X-Scopes"
	HeaderStrength = "X-Auth-Strength"
	HeaderRisk     = "X-Risk-Score"
)

var identityHeaders = map[string]bool{
	HeaderUser: true, HeaderDevice: true, HeaderSession: true, HeaderScopes: true, HeaderStrength: true, HeaderRisk: true,
}

// stripped takes away whatever passes for an identity header in any spelling
// (X_User_ID too: some servers read an underscore as a dash), and the names that
// Connection would have a proxy behind us delete.
func (d *door) strippedOf(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		for name := range r.Header {
			if name != "" && name[0]|0x20 != 'x' && strings.IndexByte(name, '_') < 0 {
				continue // most of them, and none of those
			}
			plain := textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(name, "_", "-"))
			ours := identityHeaders[plain] || strings.HasPrefix(plain, "X-Florin-")
			if ours || strings.Contains(name, "_") {
				delete(r.Header, name)
			}
			if ours {
				v.stripped++
			}
		}
		r.Header.Del("Connection")
		r.Header.Del("Keep-Alive")
		r.Header.Del("Proxy-Connection")
		if v.stripped > 0 {
			d.metrics.stripped.Add(float64(v.stripped))
		}
		next.ServeHTTP(w, r)
	})
}

// arrives tells whether a person comes from another site as a whole page, never in a
// frame of one, to the places that links lead to: those that third parties, or the
// bank's own site, send their customers to, and what is for everybody to read. Nothing
// is changed by coming to any of them.
func arrives(r *http.Request) bool {
	dest := r.Header.Get("Sec-Fetch-Dest") // which no browser leaves out that says the mode
	return r.Method == http.MethodGet && linkedTo(r.URL.Path) && r.Header.Get("Sec-Fetch-Mode") == "navigate" && (dest == "document" || dest == "")
}

func linkedTo(path string) bool {
	switch path {
	case identity.AuthorizePath, identity.AccountPath, identity.LogoutPath, docsPath, documentPath, identity.JWKSPath:
		return true
	}
	return strings.HasPrefix(path, "/.well-known/")
}

// withoutSite is the request as if it did not say from which site it comes.
func withoutSite(r *http.Request) *http.Request {
	r.Header.Del("Sec-Fetch-Site")
	return r
}

// sameOrigin refuses requests that a web page of another origin makes. There is
// no CORS here: the bank's clients are apps, and a page has nothing to send.
func (d *door) sameOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origins := r.Header.Values("Origin")
		if r.Method == http.MethodPost && r.URL.Path == identity.LogoutPath && len(origins) < 2 {
			origins, r = nil, withoutSite(r) // RP-Initiated Logout 1.0 section 2: it asks, and does nothing without its own form
		}
		if len(origins) > 1 || len(origins) == 1 && !strings.EqualFold(origins[0], d.origin) ||
			r.Header.Get("Sec-Fetch-Site") == "cross-site" && !arrives(r) {
			problem.Write(w, r, problem.ForeignOrigin)
			return
		}
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}
