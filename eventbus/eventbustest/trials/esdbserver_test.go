package trials

import (
	"net"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
)

// esdbStreams speaks EventStoreDB's Streams protocol: appends at an expected
// revision, idempotent by event id, and reads. It is what the public protos and
// the documentation promise, in memory.
type esdbStreams struct {
	streams.UnimplementedStreamsServer
	mu     sync.Mutex
	events map[string][]*streams.ReadResp_ReadEvent_RecordedEvent
}

func esdbServer(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer(grpc.MaxRecvMsgSize(17 << 20))
	streams.RegisterStreamsServer(server, &esdbStreams{events: map[string][]*streams.ReadResp_ReadEvent_RecordedEvent{}})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

func (s *esdbStreams) Append(call streams.Streams_AppendServer) error {
	first, err := call.Recv()
	if err != nil {
		return err
	}
	options := first.GetOptions()
	var proposed []*streams.AppendReq_ProposedMessage
	for {
		message, err := call.Recv()
		if err != nil {
			break // the client has closed its side
		}
		proposed = append(proposed, message.GetProposedMessage())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := string(options.StreamIdentifier.StreamName)
	at := uint64(0) // events that the caller expects
	if r, ok := options.ExpectedStreamRevision.(*streams.AppendReq_Options_Revision); ok {
		at = r.Revision + 1
	}
	have := s.events[name]
	if at == uint64(len(have)) {
		s.keep(name, options.StreamIdentifier, proposed)
	} else if !sameIDs(have, at, proposed) {
		return call.SendAndClose(wrong(options, uint64(len(have))))
	}
	return call.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_CurrentRevision{CurrentRevision: at + uint64(len(proposed)) - 1},
		PositionOption:        &streams.AppendResp_Success_NoPosition{NoPosition: &shared.Empty{}},
	}}})
}

// sameIDs is the protocol's idempotency: the bytes are not compared.
func sameIDs(have []*streams.ReadResp_ReadEvent_RecordedEvent, at uint64, proposed []*streams.AppendReq_ProposedMessage) bool {
	if at+uint64(len(proposed)) > uint64(len(have)) {
		return false
	}
	for i, p := range proposed {
		a, b := have[at+uint64(i)].Id.GetStructured(), p.Id.GetStructured()
		if a.MostSignificantBits != b.MostSignificantBits || a.LeastSignificantBits != b.LeastSignificantBits {
			return false
		}
	}
	return true
}

func wrong(options *streams.AppendReq_Options, have uint64) *streams.AppendResp {
	answer := &streams.AppendResp_WrongExpectedVersion{
		CurrentRevisionOption:  &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &shared.Empty{}},
		ExpectedRevisionOption: &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &shared.Empty{}},
	}
	if have > 0 {
		answer.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: have - 1}
	}
	if r, ok := options.ExpectedStreamRevision.(*streams.AppendReq_Options_Revision); ok {
		answer.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: r.Revision}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{WrongExpectedVersion: answer}}
}

func (s *esdbStreams) keep(name string, id *shared.StreamIdentifier, proposed []*streams.AppendReq_ProposedMessage) {
	for _, p := range proposed {
		p.Metadata["created"] = "0" // ticks of .NET's clock
		s.events[name] = append(s.events[name], &streams.ReadResp_ReadEvent_RecordedEvent{
			Id: p.Id, StreamIdentifier: id, StreamRevision: uint64(len(s.events[name])),
			Metadata: p.Metadata, CustomMetadata: p.CustomMetadata, Data: p.Data,
		})
	}
}

func (s *esdbStreams) Read(request *streams.ReadReq, call streams.Streams_ReadServer) error {
	options := request.Options.GetStream()
	s.mu.Lock()
	have := s.events[string(options.StreamIdentifier.StreamName)]
	s.mu.Unlock()
	if len(have) == 0 {
		return call.Send(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{
			StreamNotFound: &streams.ReadResp_StreamNotFound{StreamIdentifier: options.StreamIdentifier}}})
	}
	if request.Options.ReadDirection == streams.ReadReq_Options_Backwards {
		have = have[len(have)-1:] // the journals ask for the last one only
	} else {
		have = have[min(options.GetRevision(), uint64(len(have))):]
	}
	for _, e := range have {
		err := call.Send(&streams.ReadResp{Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{
			Event: e, Position: &streams.ReadResp_ReadEvent_NoPosition{NoPosition: &shared.Empty{}}}}})
		if err != nil {
			return err
		}
	}
	return nil
}

// The trap that the native ids have to avoid: the server takes an append of ids
// that it holds for a repetition, whatever the bytes are.
func TestTheServerAnswersDoneToIDsThatItHolds(t *testing.T) {
	t.Parallel()
	settings, err := esdb.ParseConnectionString("esdb://" + esdbServer(t) + "?tls=false")
	require.NoError(t, err)
	settings.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(settings)
	require.NoError(t, err)
	defer client.Close()
	event := esdb.EventData{EventID: nativeID([32]byte{1}, 0), EventType: "a", Data: []byte("one")}
	for _, data := range []string{"one", "two"} {
		event.Data = []byte(data)
		_, err := client.AppendToStream(t.Context(), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, event)
		require.NoError(t, err)
	}
}
