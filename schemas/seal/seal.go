// Package seal keeps the keys under which personal data is sealed, outside the
// log, so that a person can be forgotten although the log never forgets:
//
//	event field --AES-256-GCM, AAD = event id + path--> {alg, kid, nonce, ct} in the log
//	key of (subject, class) --AES-256-GCM under the master key--> the ring's file
//
// A ring is one append-only file. A key is durable before anything is sealed
// under it; destroying one rewrites the file without it, and a tombstone keeps
// the id known as destroyed, so an erased field is told from a damaged one.
// Beside them the ring keeps the ledger's own named keys, sealed blobs (private
// signing keys) and legal holds.
//
// It must never lose a key that was handed out, hand out one that is not
// durable, or make a second one for the same subject and class. Back it up
// apart from the log: together they undo an erasure, and without it every
// sealed field and every unique name is gone.
package seal

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"

	"florin/domain"
)

// Limits of what a ring takes in.
const (
	NameBytesMax = 64       // names of keys and blobs, kinds of subjects
	BlobBytesMax = 64 << 10 // a PKCS#8 key is about 150 bytes
)

var (
	// ErrDestroyed: the key was destroyed on erasure. What it sealed is gone for
	// good; show the field as erased.
	ErrDestroyed = errors.New("seal: the key was destroyed")
	// ErrUnknownKey: the ring never held this key. Either the ring is not the
	// one the log was written with, or it was restored from before the key.
	ErrUnknownKey = errors.New("seal: no such key in this ring; restore the ring that belongs to the log")
	// ErrHeld: a legal hold stands on the subject; destroy after its release.
	ErrHeld = errors.New("seal: a legal hold stands")
	// ErrNoBlob: no blob of this name was ever set, or it was dropped.
	ErrNoBlob = errors.New("seal: no such blob")
	// ErrBroken: the ring's file could not be written. Nothing new can be sealed
	// until the process has restarted and read back what the disk holds.
	ErrBroken = errors.New("seal: the key ring's file could not be written; restart")
	// ErrLimit: a name or blob that is empty or too long. A bug of the caller's.
	ErrLimit = errors.New("seal: name or blob empty or too long")
)

// Subject is whose data a key seals.
type Subject struct {
	Kind string // customer, operator, device, client, ledger
	ID   uuid.UUID
}

// Day is the subject for callers nobody knows: the ledger's key of one UTC day.
func Day(at time.Time) Subject {
	day := at.UTC().Format(time.DateOnly)
	return Subject{"ledger", uuid.NewSHA1(dayNamespace, []byte(day))}
}

var dayNamespace = uuid.MustParse("f10a1b00-5ea1-5ea1-8da1-0000f10a1b00")

// Ring holds the keys. It is safe for concurrent use; one process holds a file.
type Ring struct {
	entropy *entropy
	file    *file // nil: in memory only

	writing sync.Mutex   // one change at a time; held while the disk works
	mu      sync.RWMutex // guards what follows; never held while the disk works
	state   state
	tools   tools
}

// Memory makes a ring that lives as long as the process, for tests.
func Memory(random io.Reader) (*Ring, error) {
	r := &Ring{entropy: newEntropy(random), state: newState()}
	identity, err := r.entropy.key()
	if err != nil {
		return nil, err
	}
	r.state.identity = identity
	return r, nil
}

// Close gives the file free. Keys handed out stay usable, new ones are refused.
func (r *Ring) Close() error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if r.file == nil {
		return nil
	}
	return r.file.close()
}

// Seal gives the key of the subject and class and makes it, durably, if there
// is none: concurrent calls get the same one. ErrDestroyed after an erasure,
// for ever; ErrBroken (see there).
func (r *Ring) Seal(subject Subject, class domain.Retention) (id uuid.UUID, secret [32]byte, err error) {
	k, err := r.keyOf(subject, class)
	return k.id, k.secret, err
}

// Key gives the key that sealed a field: ErrDestroyed, or ErrUnknownKey.
func (r *Ring) Key(id uuid.UUID) (secret [32]byte, err error) {
	r.mu.RLock()
	k, known := r.state.keys[id]
	r.mu.RUnlock()
	if !known {
		return secret, ErrUnknownKey
	}
	return k.secret, k.usable()
}

// Cipher is Seal for many fields: the AEAD is kept ready.
func (r *Ring) Cipher(subject Subject, class domain.Retention) (uuid.UUID, cipher.AEAD, error) {
	k, err := r.keyOf(subject, class)
	if err != nil {
		return uuid.Nil, nil, err
	}
	aead, err := r.CipherOf(k.id)
	return k.id, aead, err
}

// CipherOf is Key for many fields: the AEAD is kept ready.
func (r *Ring) CipherOf(id uuid.UUID) (cipher.AEAD, error) {
	ready, err := r.tool(id)
	return ready.aead, err
}

func (r *Ring) tool(id uuid.UUID) (tool, error) {
	r.mu.RLock()
	ready, ok := r.tools.get(id)
	r.mu.RUnlock()
	if ok {
		return ready, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	k, known := r.state.keys[id]
	if !known {
		return tool{}, ErrUnknownKey
	}
	if err := k.usable(); err != nil {
		return tool{}, err
	}
	return r.tools.put(id, k.secret)
}

func (r *Ring) keyOf(subject Subject, class domain.Retention) (key, error) {
	place := slot{subject, class}
	if k, there := r.find(place); there {
		return k, k.usable()
	}
	if err := checkName(subject.Kind, string(class)); err != nil {
		return key{}, err
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	if k, there := r.find(place); there { // made while this call waited
		return k, k.usable()
	}
	k := key{slot: place}
	var err error
	if k.id, err = r.entropy.uuid(); err != nil {
		return key{}, err
	}
	if k.secret, err = r.entropy.key(); err != nil {
		return key{}, err
	}
	if err := r.add(keyEntry(k)); err != nil {
		return key{}, fmt.Errorf("seal: making a key: %w", err)
	}
	return k, nil
}

func (r *Ring) find(place slot) (key, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	id, there := r.state.slots[place]
	return r.state.keys[id], there
}

// Destroy makes everything sealed for the subject under the class unreadable,
// for ever and also for a later Seal. It is durable on return: the file has
// been replaced by one that never held the key (blocks of the old one may
// linger on the medium, sealed by the master key). Doing it twice is nothing
// twice. ErrHeld while a legal hold stands; any other error: call again.
func (r *Ring) Destroy(subject Subject, class domain.Retention) error {
	if err := checkName(subject.Kind, string(class)); err != nil {
		return err
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	if len(r.Holds(subject)) > 0 {
		return ErrHeld
	}
	place := slot{subject, class}
	k, there := r.find(place)
	switch {
	case there && k.destroyed:
		return nil
	case there:
		return r.replace(func(s *state) { s.destroy(k) })
	}
	id, err := r.entropy.uuid()
	if err != nil {
		return err
	}
	return r.add(keyEntry(key{id: id, slot: place, destroyed: true}))
}

// add keeps one more entry: on disk first, then in memory.
func (r *Ring) add(e entry) error {
	if r.file != nil {
		if err := r.file.append(e); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.apply(e)
}

// replace makes a changed copy of the state, puts it on disk as a new file in
// the place of the old, and then into use.
func (r *Ring) replace(change func(*state)) error {
	r.mu.RLock()
	next := r.state.clone()
	r.mu.RUnlock()
	change(&next)
	if r.file != nil {
		if err := r.file.rewrite(next.entries()); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state, r.tools = next, tools{}
	return nil
}

func checkName(names ...string) error {
	for _, name := range names {
		if name == "" || len(name) > NameBytesMax {
			return ErrLimit
		}
	}
	return nil
}
