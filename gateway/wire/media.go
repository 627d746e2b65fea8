package wire

import (
	"mime"
	"net/http"
	"strings"

	"florin/gateway/problem"
)

// Takes refuses a body of another media type than the one given, a charset other
// than UTF-8, and any content coding (a bomb would unpack behind the limits).
func Takes(r *http.Request, mediaType string) error {
	if values := r.Header.Values("Content-Encoding"); len(values) > 0 {
		return problem.WrongMediaType.With("Bodies are taken as they are, without content coding.")
	}
	values := r.Header.Values("Content-Type")
	if len(values) != 1 {
		return problem.WrongMediaType
	}
	given, parameters, err := mime.ParseMediaType(values[0])
	if err != nil || given != mediaType {
		return problem.WrongMediaType
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return problem.WrongMediaType
		}
	}
	return nil
}

// Gives refuses a request that accepts none of the media types of the answer
// (RFC 9110 section 12.5.1). Problems are sent whatever was asked for.
func Gives(r *http.Request, mediaTypes ...string) error {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return nil
	}
	for part := range strings.SplitSeq(accept, ",") {
		given, parameters, err := mime.ParseMediaType(part)
		if err != nil || zeroWeight(parameters["q"]) {
			continue
		}
		for _, ours := range mediaTypes {
			group, _, _ := strings.Cut(ours, "/")
			if given == ours || given == "*/*" || given == group+"/*" {
				return nil
			}
		}
	}
	return problem.NotAcceptable
}

// Wanted lists the media types that a request names, in its order.
func Wanted(r *http.Request) (named []string) {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		if given, parameters, err := mime.ParseMediaType(part); err == nil && !zeroWeight(parameters["q"]) {
			named = append(named, given)
		}
	}
	return named
}

func zeroWeight(q string) bool {
	return q != "" && strings.Trim(q, "0.") == ""
}
