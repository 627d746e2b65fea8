package seal

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"unique"

	"github.com/google/uuid"

	"florin/domain"
)

// slot is the place of one key.
type slot struct {
	Subject
	class domain.Retention
}

type key struct {
	id        uuid.UUID
	slot      slot
	secret    [32]byte
	destroyed bool // a tombstone: the secret is zero
}

func (k key) usable() error {
	if k.destroyed {
		return ErrDestroyed
	}
	return nil
}

// hold is one case that forbids destruction.
type hold struct {
	Subject
	reference string
}

// state is what the entries of a file add up to.
type state struct {
	identity [32]byte
	keys     map[uuid.UUID]key
	slots    map[slot]uuid.UUID
	names    map[string][32]byte
	blobs    map[string][]byte
	holds    map[hold]struct{}
}

func newState() state {
	return state{
		keys: map[uuid.UUID]key{}, slots: map[slot]uuid.UUID{},
		names: map[string][32]byte{}, blobs: map[string][]byte{}, holds: map[hold]struct{}{},
	}
}

func (s state) clone() state {
	s.keys, s.slots = maps.Clone(s.keys), maps.Clone(s.slots)
	s.names, s.blobs, s.holds = maps.Clone(s.names), maps.Clone(s.blobs), maps.Clone(s.holds)
	return s
}

func (s *state) destroy(k key) {
	k.destroyed, k.secret = true, [32]byte{}
	s.keys[k.id] = k
}

// tag tells entries apart; it is part of the file's format.
type tag byte

const (
	tagIdentity  tag = 1
	tagKey       tag = 2
	tagTombstone tag = 3
	tagNamed     tag = 4
	tagBlob      tag = 5
	tagHold      tag = 6
	tagRelease   tag = 7
)

// entry is one line of the file, before sealing.
type entry struct {
	tag     tag
	id      uuid.UUID
	subject Subject
	name    string // class, name of key or blob, reference of a hold
	data    []byte // the secret
}

func keyEntry(k key) entry {
	e := entry{tag: tagKey, id: k.id, subject: k.slot.Subject, name: string(k.slot.class), data: k.secret[:]}
	if k.destroyed {
		e.tag, e.data = tagTombstone, nil
	}
	return e
}

// errEntry: an entry that opens under the master key and still says nothing
// that this program wrote.
var errEntry = errors.New("an entry makes no sense")

func (s *state) apply(e entry) error {
	switch e.tag {
	case tagIdentity:
		s.identity = [32]byte(e.data)
	case tagKey, tagTombstone:
		k := key{id: e.id, slot: slot{e.subject, domain.Retention(e.name)}, destroyed: e.tag == tagTombstone}
		_, placeTaken := s.slots[k.slot]
		_, idTaken := s.keys[k.id]
		if placeTaken || idTaken {
			return errEntry // two keys for one place: one of them would be lost
		}
		copy(k.secret[:], e.data)
		s.keys[k.id], s.slots[k.slot] = k, k.id
	case tagNamed:
		if _, taken := s.names[e.name]; taken {
			return errEntry
		}
		s.names[e.name] = [32]byte(e.data)
	case tagBlob:
		s.blobs[e.name] = e.data
	case tagHold:
		s.holds[hold{e.subject, e.name}] = struct{}{}
	case tagRelease:
		delete(s.holds, hold{e.subject, e.name})
	}
	return nil
}

// entries writes the state down, identity first.
func (s state) entries() []entry {
	all := make([]entry, 0, 1+len(s.keys)+len(s.names)+len(s.blobs)+len(s.holds))
	all = append(all, entry{tag: tagIdentity, data: s.identity[:]})
	for _, name := range slices.Sorted(maps.Keys(s.names)) {
		secret := s.names[name]
		all = append(all, entry{tag: tagNamed, name: name, data: secret[:]})
	}
	for _, name := range slices.Sorted(maps.Keys(s.blobs)) {
		all = append(all, entry{tag: tagBlob, name: name, data: s.blobs[name]})
	}
	for h := range s.holds {
		all = append(all, entry{tag: tagHold, subject: h.Subject, name: h.reference})
	}
	for _, k := range s.keys {
		all = append(all, keyEntry(k))
	}
	return all
}

// appendTo writes tag, id, subject id, then kind, name and data, each with its
// length before it.
func (e entry) appendTo(b []byte) []byte {
	b = append(b, byte(e.tag))
	b = append(b, e.id[:]...)
	b = append(b, e.subject.ID[:]...)
	for _, field := range [][]byte{[]byte(e.subject.Kind), []byte(e.name), e.data} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
		b = append(b, field...)
	}
	return b
}

func parseEntry(b []byte) (entry, error) {
	const fixed = 1 + 16 + 16
	if len(b) < fixed {
		return entry{}, errEntry
	}
	e := entry{tag: tag(b[0]), id: uuid.UUID(b[1:17]), subject: Subject{ID: uuid.UUID(b[17:33])}}
	b = b[fixed:]
	var fields [3][]byte
	for i := range fields {
		if len(b) < 4 || uint64(len(b)-4) < uint64(binary.BigEndian.Uint32(b)) {
			return entry{}, errEntry
		}
		n := binary.BigEndian.Uint32(b)
		fields[i], b = b[4:4+n], b[4+n:]
	}
	// a large ring says "customer" and "profile" in every entry: keep each word once
	e.subject.Kind, e.name = unique.Make(string(fields[0])).Value(), unique.Make(string(fields[1])).Value()
	e.data = slices.Clone(fields[2])
	if len(b) != 0 || e.tag < tagIdentity || e.tag > tagRelease {
		return entry{}, errEntry
	}
	secret := e.tag == tagIdentity || e.tag == tagKey || e.tag == tagNamed
	if secret && len(e.data) != 32 {
		return entry{}, errEntry
	}
	return e, nil
}
