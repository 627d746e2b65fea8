package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/mod/semver"
)

const (
	replicasLeast = 3
	// versionLeast is the one that was tried with its leader killed.
	versionLeast = "v2.15.2"
	// Servers have so long to answer about themselves: the first one, and each after the
	// one before.
	hearWithin = 2 * time.Second
	hearNext   = 300 * time.Millisecond
)

// wanted is the stream as it has to be.
func wanted(name string, replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: name, Subjects: []string{name}, Description: "Florin's log", Storage: jetstream.FileStorage, Replicas: replicas,
		Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardNew, MaxMsgs: -1, MaxBytes: -1, MaxMsgsPerSubject: -1, MaxMsgSize: -1, MaxConsumers: -1,
		DenyDelete: true, DenyPurge: true,
	}
}

// provenStream refuses a stream from which something can go.
func provenStream(c jetstream.StreamConfig, o Options) error {
	for mend, wrong := range map[string]bool{
		"its storage is not file":                     c.Storage != jetstream.FileStorage,
		"its replicas are fewer than 3":               !o.SingleNode && c.Replicas < replicasLeast,
		"its retention is not limits":                 c.Retention != jetstream.LimitsPolicy,
		"messages expire (max_age, subject TTL)":      c.MaxAge > 0 || c.AllowMsgTTL,
		"messages are dropped (max_msgs, max_bytes)":  c.MaxMsgs > 0 || c.MaxBytes > 0 || c.MaxMsgsPerSubject > 0,
		"messages may be deleted or purged":           !c.DenyDelete || !c.DenyPurge,
		"messages may be rolled up":                   c.AllowRollup,
		"it is read from any replica (allow_direct)":  c.AllowDirect,
		"it takes what others write (mirror, source)": c.Mirror != nil || len(c.Sources) > 0,
		"it has other subjects than its name":         len(c.Subjects) != 1 || c.Subjects[0] != c.Name,
	} {
		if wrong {
			return fmt.Errorf("%w: stream %s: %s; make a new one, or let florin make it", ErrNotDurable, c.Name, mend)
		}
	}
	return nil
}

// server is what a server says of itself to the system account (VARZ).
type server struct {
	Server struct {
		Name    string `json:"name"`
		Version string `json:"ver"`
	} `json:"server"`
	Data struct {
		JetStream struct {
			Config *struct {
				SyncAlways bool `json:"sync_always"`
			} `json:"config"`
		} `json:"jetstream"`
	} `json:"data"`
}

// prove asks every server that keeps streams for its version and whether it syncs always.
func (a address) prove(ctx context.Context, conn *nats.Conn, o Options) error {
	if version := "v" + conn.ConnectedServerVersion(); semver.Compare(version, versionLeast) < 0 {
		return fmt.Errorf("%w: the server is %s; %s or later is needed", ErrNotDurable, version, versionLeast)
	}
	if o.SingleNode {
		return nil
	}
	if a.system == nil {
		return fmt.Errorf("%w: whether the servers sync always only the system account hears; add ?system=user:password or ?system_creds=FILE to the address", ErrNotDurable)
	}
	servers, err := a.hear(ctx)
	if err != nil {
		return err
	}
	keeping := 0
	for _, s := range servers {
		config := s.Data.JetStream.Config
		switch {
		case config == nil: // it keeps no streams
			continue
		case semver.Compare("v"+s.Server.Version, versionLeast) < 0:
			return fmt.Errorf("%w: server %s is v%s; %s or later is needed", ErrNotDurable, s.Server.Name, s.Server.Version, versionLeast)
		case !config.SyncAlways:
			return fmt.Errorf("%w: server %s syncs now and then; set jetstream { sync_interval: always }", ErrNotDurable, s.Server.Name)
		}
		keeping++
	}
	if keeping < replicasLeast {
		return fmt.Errorf("%w: %d servers with JetStream have answered, and %d are needed; for development there is --single-node-nats", ErrNotDurable, keeping, replicasLeast)
	}
	return nil
}

// hear collects answers until there are no more for a while.
func (a address) hear(ctx context.Context) (servers []server, err error) {
	conn, err := nats.Connect(a.servers, append(a.system, nats.Name("florin, proving"), nats.Timeout(answerWithin))...)
	if err != nil {
		return nil, fmt.Errorf("jetstream: system account: %w", err)
	}
	defer conn.Close()
	inbox := conn.NewRespInbox()
	answers, err := conn.SubscribeSync(inbox)
	if err == nil {
		err = conn.PublishRequest("$SYS.REQ.SERVER.PING.VARZ", inbox, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("jetstream: system account: %w", err)
	}
	for within := hearWithin; ; within = hearNext {
		message, err := next(ctx, answers, within)
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrNoResponders) {
			return servers, nil
		}
		if err != nil {
			return nil, fmt.Errorf("jetstream: system account: %w", err)
		}
		var s server
		if err := json.Unmarshal(message.Data, &s); err != nil {
			return nil, fmt.Errorf("jetstream: a server's answer about itself: %w", err)
		}
		servers = append(servers, s)
	}
}

func next(ctx context.Context, answers *nats.Subscription, within time.Duration) (*nats.Msg, error) {
	ctx, done := context.WithTimeout(ctx, within)
	defer done()
	return answers.NextMsgWithContext(ctx)
}
