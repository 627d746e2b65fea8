package commands

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"

	"github.com/google/uuid"

	"florin/eventbus"
)

// snapshotEvery is how many versions of a stream lie between two snapshots; a
// cold load replays about as many events at most.
const snapshotEvery = 512

// snapshots keeps states of long streams beside the log. Each is bound to the
// commit it was taken at by the commit's hash: one that the log does not hold
// (a restore, another log's file), that another shape of the state wrote or that
// is damaged is passed over, and the stream replayed from its beginning.
type snapshots[S any] struct {
	index eventbus.Index
	shape uint16 // raise it when the state's fields or their meaning change
}

// A snapshot is a SHA-256 over its key and the rest, then shape, version, commit
// id, commit hash and the state as JSON.
const snapshotHeaderBytes = 32 + 2 + 8 + 16 + 32

func snapshotSum(key, rest []byte) [32]byte {
	return sha256.Sum256(append(append([]byte(nil), key...), rest...))
}

func crossed(from, to eventbus.Version) bool { return from/snapshotEvery != to/snapshotEvery }

func snapshotKey(stream eventbus.Stream) []byte { return append([]byte("snapshot/"), stream...) }

// save keeps a state that is durable. Failing to is no fault: the next one will.
func (s *snapshots[S]) save(stream eventbus.Stream, version eventbus.Version, receipt eventbus.Receipt, state S) {
	body, err := json.Marshal(state)
	if err != nil {
		return
	}
	value := make([]byte, 32, snapshotHeaderBytes+len(body))
	value = binary.BigEndian.AppendUint16(value, s.shape)
	value = binary.BigEndian.AppendUint64(value, uint64(version))
	value = append(value, receipt.ID[:]...)
	value = append(value, receipt.Hash[:]...)
	value = append(value, body...)
	key := snapshotKey(stream)
	sum := snapshotSum(key, value[32:])
	copy(value, sum[:])
	_ = s.index.Set([]eventbus.IndexEntry{{Key: key, Value: value}})
}

// load gives the state of the latest snapshot up to the head that the log vouches
// for, or the beginning.
func (s *snapshots[S]) load(ctx context.Context, log eventbus.Log, stream eventbus.Stream, head eventbus.Version) (S, eventbus.Version) {
	var none, state S
	key := snapshotKey(stream)
	value, ok, err := s.index.Get(key)
	if err != nil || !ok || len(value) < snapshotHeaderBytes || [32]byte(value) != snapshotSum(key, value[32:]) {
		return none, 0
	}
	shape, version := binary.BigEndian.Uint16(value[32:]), eventbus.Version(binary.BigEndian.Uint64(value[34:]))
	commit, hash := uuid.UUID(value[42:58]), eventbus.Hash(value[58:90])
	if shape != s.shape || version > head {
		return none, 0
	}
	ticket, found, err := log.Find(ctx, commit)
	if err != nil || !found {
		return none, 0
	}
	receipt, err := ticket.Wait(ctx)
	if err != nil || receipt.Hash != hash || json.Unmarshal(value[snapshotHeaderBytes:], &state) != nil {
		return none, 0
	}
	return state, version
}
