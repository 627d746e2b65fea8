package jetstream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"florin/eventbus"
)

const (
	groupCommitsMax = 1024
	groupBytesMax   = 4 << 20
	roomForLengths  = 8 << 10 // in a message, beside the commits
	answerWithin    = 5 * time.Second

	// A server that stands still keeps its connections: whoever does not ask waits for ever.
	pingEvery = time.Second
	pingsOut  = 2
)

// StreamDefault is the stream's name where the URL names none.
const StreamDefault = "florin"

// Options of a journal.
type Options struct {
	CreateIfMissing bool // the stream
	SingleNode      bool // for development: one server will do, however it syncs
}

var (
	// ErrAbsent: there is no such stream, and it was not to be made.
	ErrAbsent = errors.New("jetstream: there is no such stream")
	// ErrNotDurable: it is not proven that what is acknowledged is kept. The error says
	// what to mend; nothing was written.
	ErrNotDurable = errors.New("jetstream: it is not proven that what is acknowledged is kept")
	// ErrURL: the address cannot be meant.
	ErrURL = errors.New("jetstream: the address is nats://[user:password@]host[:port][,host...][/stream][?creds=FILE&system=user:password&system_creds=FILE]")
)

// Journal is a stream. It is safe for use by several at once.
type Journal struct {
	conn   *nats.Conn
	js     jetstream.JetStream
	stream jetstream.Stream
	name   string
	bytes  int // of a group
}

var _ eventbus.Journal = (*Journal)(nil)

// address is a URL taken apart.
type address struct {
	servers string
	stream  string
	user    []nats.Option
	system  []nats.Option // nil: nobody can ask
}

// read takes a URL apart. The system account is a second user of the same servers.
func read(text string) (a address, err error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme != "nats" && scheme != "tls" {
		return a, ErrURL
	}
	rest, query, _ := strings.Cut(rest, "?")
	hosts, name, _ := strings.Cut(rest, "/")
	account := ""
	if i := strings.LastIndexByte(hosts, '@'); i >= 0 {
		account, hosts = hosts[:i], hosts[i+1:]
	}
	values, err := url.ParseQuery(query)
	if err != nil || hosts == "" {
		return a, ErrURL
	}
	a.stream = name
	if name == "" {
		a.stream = StreamDefault
	}
	for host := range strings.SplitSeq(hosts, ",") {
		a.servers += "," + scheme + "://" + host
	}
	a.servers = a.servers[1:]
	if a.user, err = credentials(account, values.Get("creds")); err != nil {
		return a, err
	}
	a.system, err = credentials(values.Get("system"), values.Get("system_creds"))
	return a, err
}

func credentials(account, file string) ([]nats.Option, error) {
	switch {
	case file != "":
		return []nats.Option{nats.UserCredentials(file)}, nil
	case account == "":
		return nil, nil
	}
	user, password, _ := strings.Cut(account, ":")
	user, err := url.PathUnescape(user)
	if err == nil {
		password, err = url.PathUnescape(password)
	}
	if err != nil {
		return nil, ErrURL
	}
	return []nats.Option{nats.UserInfo(user, password)}, nil
}

// Open connects, proves that the stream is durable, and makes it if it may.
//
// Errors: ErrURL, ErrAbsent and ErrNotDurable, each to be mended by an operator; all
// others are of the connection, and the same call again may do.
func Open(ctx context.Context, text string, o Options) (_ *Journal, err error) {
	a, err := read(text)
	if err != nil {
		return nil, err
	}
	conn, err := nats.Connect(a.servers, append(a.user, nats.Name("florin"), nats.Timeout(answerWithin),
		nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond), nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(pingsOut))...)
	if err != nil {
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	defer func() {
		if err != nil {
			conn.Close()
		}
	}()
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(answerWithin))
	if err != nil {
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	j := &Journal{conn: conn, js: js, name: a.stream, bytes: min(groupBytesMax, int(conn.MaxPayload())-roomForLengths)}
	if j.bytes < eventbus.CommitBytesMax {
		return nil, fmt.Errorf("%w: max_payload is %d; set it to 1MB or more", ErrNotDurable, conn.MaxPayload())
	}
	if err := a.prove(ctx, conn, o); err != nil {
		return nil, err
	}
	j.stream, err = j.open(ctx, o)
	return j, err
}

// open finds the stream, and holds it against what it has to be.
func (j *Journal) open(ctx context.Context, o Options) (jetstream.Stream, error) {
	stream, err := j.js.Stream(ctx, j.name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound) && !o.CreateIfMissing:
		return nil, fmt.Errorf("%w: %s", ErrAbsent, j.name)
	case errors.Is(err, jetstream.ErrStreamNotFound):
		replicas := replicasLeast
		if o.SingleNode {
			replicas = 1
		}
		stream, err = j.js.CreateStream(ctx, wanted(j.name, replicas))
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // somebody else was quicker
			stream, err = j.js.Stream(ctx, j.name)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("jetstream: stream %s: %w", j.name, err)
	}
	return stream, provenStream(stream.CachedInfo().Config, o)
}

// Head implements eventbus.Journal. The leader answers.
func (j *Journal) Head(ctx context.Context) (eventbus.Mark, error) {
	last, err := j.last(ctx)
	if err != nil || last == 0 {
		return eventbus.Mark{}, err
	}
	records, err := j.message(ctx, last)
	if err != nil {
		return eventbus.Mark{}, err
	}
	o, err := eventbus.Peek(records[len(records)-1])
	return eventbus.Mark{Place: place(last), Position: o.Last, Hash: o.Hash}, err
}

func (j *Journal) last(ctx context.Context) (uint64, error) {
	info, err := j.stream.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("jetstream: %w: %w", eventbus.ErrUnavailable, err)
	}
	return info.State.LastSeq, nil
}

// wrongLastSequence is the server's refusal of a conditional publish.
const wrongLastSequence jetstream.ErrorCode = 10071

// Append implements eventbus.Journal: one message.
func (j *Journal) Append(ctx context.Context, at eventbus.Mark, commits [][]byte) (eventbus.Mark, error) {
	o, err := eventbus.Peek(commits[len(commits)-1])
	if err != nil {
		return eventbus.Mark{}, fmt.Errorf("jetstream: append: %w", err)
	}
	size := 0
	for _, c := range commits {
		size += binary.MaxVarintLen32 + len(c)
	}
	data := make([]byte, 0, size)
	for _, c := range commits {
		data = append(binary.AppendUvarint(data, uint64(len(c))), c...)
	}
	last := sequence(at.Place)
	ack, err := j.js.Publish(ctx, j.name, data, jetstream.WithExpectLastSequence(last), jetstream.WithExpectStream(j.name), jetstream.WithRetryAttempts(0))
	refused, isRefusal := errors.AsType[*jetstream.APIError](err)
	switch {
	case isRefusal && refused.ErrorCode == wrongLastSequence, err == nil && ack.Sequence != last+1:
		head, err := j.Head(ctx)
		if err != nil {
			return eventbus.Mark{}, err
		}
		return eventbus.Mark{}, &eventbus.Fenced{Head: head}
	case err != nil:
		return eventbus.Mark{}, fmt.Errorf("jetstream: append: %w", err)
	}
	return eventbus.Mark{Place: place(ack.Sequence), Position: o.Last, Hash: o.Hash}, nil
}

// Limits implements eventbus.Journal: a group is a message, and no longer than the
// servers take.
func (j *Journal) Limits() eventbus.Limits {
	return eventbus.Limits{GroupBytesMax: j.bytes, GroupCommitsMax: groupCommitsMax}
}

// Close ends all followers and the connection.
func (j *Journal) Close() error {
	j.conn.Close()
	return nil
}

// place spells a sequence; before the first message there is none.
func place(sequence uint64) []byte {
	if sequence == 0 {
		return nil
	}
	return binary.BigEndian.AppendUint64(nil, sequence)
}

func sequence(place []byte) uint64 {
	if len(place) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(place)
}
