package gateway

import (
	"bytes"
	"strconv"
	"strings"
)

// frames follows the requests on one connection: where each head and body begins
// and ends, by RFC 9112 and nothing more lenient.
//
//	head --Content-Length n--> body n bytes --> head
//	  |----chunked--> size --> data --> CRLF --> size ... 0 --> trailer --> head
type frames struct {
	state   frameState
	line    []byte // what has come of the present line
	left    int64  // bytes of the body or chunk
	first   bool   // the request line has been seen
	old     bool   // HTTP/1.0
	lengths int
	coded   bool
}

type frameState int

const (
	inHead frameState = iota
	inBody
	inSize
	inChunk
	afterChunk
	inTrailer
)

// lineMax bounds what is kept of a line: net/http refuses longer heads itself.
const lineMax = 4 * HeaderBytesMax

// pass takes what has come, and tells whether its framing is beyond doubt.
func (f *frames) pass(p []byte) bool {
	for len(p) > 0 {
		if f.state == inBody || f.state == inChunk {
			n := min(int64(len(p)), f.left)
			p, f.left = p[n:], f.left-n
			switch {
			case f.left > 0:
			case f.state == inBody:
				f.begin()
			default:
				f.state = afterChunk
			}
			continue
		}
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			f.line = append(f.line, p...)
			return len(f.line) <= lineMax+len("\r")
		}
		f.line = append(f.line, p[:end]...)
		p = p[end+1:]
		line, ended := bytes.CutSuffix(f.line, []byte("\r"))
		good := ended && len(line) <= lineMax && bytes.IndexByte(line, '\r') < 0 && f.take(string(line))
		if f.line = f.line[:0]; !good {
			return false
		}
	}
	return true
}

func (f *frames) begin() { *f = frames{line: f.line[:0]} }

// take takes a whole line of the present state.
func (f *frames) take(line string) bool {
	switch f.state {
	case inHead:
		return f.head(line)
	case inSize:
		return f.size(line)
	case afterChunk:
		f.state = inSize
		return line == ""
	case inTrailer:
		if line == "" {
			f.begin()
		}
		return true
	}
	return false
}

func (f *frames) head(line string) bool {
	switch {
	case !f.first && line == "":
		return true // RFC 9112 section 2.2: empty lines before a request
	case !f.first:
		f.first, f.old = true, strings.HasSuffix(line, " HTTP/1.0")
		return true
	case line == "":
		return f.headEnds()
	case line[0] == ' ' || line[0] == '\t':
		return false // obs-fold
	}
	name, value, _ := strings.Cut(line, ":")
	value = strings.Trim(value, " \t")
	switch {
	case strings.EqualFold(name, "Content-Length"):
		f.lengths++
		n, err := strconv.ParseUint(value, 10, 62)
		f.left = int64(n)
		return err == nil && f.lengths == 1
	case strings.EqualFold(name, "Transfer-Encoding"):
		once := !f.coded
		f.coded = true
		return once // net/http knows no coding but chunked, and says so
	}
	return true
}

func (f *frames) headEnds() bool {
	switch {
	case f.coded && (f.lengths > 0 || f.old):
		return false
	case f.coded:
		f.state = inSize
	case f.left > 0:
		f.state = inBody
	default:
		f.begin()
	}
	return true
}

func (f *frames) size(line string) bool {
	digits, _, _ := strings.Cut(line, ";")
	digits = strings.TrimRight(digits, " \t")
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		return false
	}
	if f.left, f.state = int64(n), inChunk; n == 0 {
		f.state = inTrailer
	}
	return true
}
