package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"

	"florin/domain"
)

// Fingerprint names the ring, not its content: it is the same for the ring's
// whole life, master keys and backups included. Genesis records it.
func (r *Ring) Fingerprint() [32]byte {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return sha256.Sum256(append([]byte("florin/seal/fingerprint/1\x00"), r.state.identity[:]...))
}

// Check compares with the fingerprint of a log's genesis: ErrOtherRing.
func (r *Ring) Check(fingerprint [32]byte) error {
	if got := r.Fingerprint(); got != fingerprint {
		return fmt.Errorf("%w (the ring is %x, the log wants %x)", ErrOtherRing, got[:4], fingerprint[:4])
	}
	return nil
}

// MAC is HMAC-SHA-256 over the parts, each with its length, under a key derived
// from the subject's profile key: for digests of what could be guessed (intents,
// phone numbers). After erasure it can never be computed again: ErrDestroyed.
func (r *Ring) MAC(subject Subject, parts ...[]byte) ([]byte, error) {
	k, err := r.keyOf(subject, domain.RetainProfile)
	if err != nil {
		return nil, err
	}
	ready, err := r.tool(k.id)
	if err != nil {
		return nil, err
	}
	mac := ready.macs.Get().(hash.Hash)
	defer ready.macs.Put(mac)
	mac.Reset()
	return digest(mac, parts), nil
}

// Digest is HMAC-SHA-256 over the parts, each with its length before it, so
// that ("ab", "c") is not ("a", "bc"). The key is one of Named.
func Digest(secret [32]byte, parts ...[]byte) []byte {
	return digest(hmac.New(sha256.New, secret[:]), parts)
}

func digest(mac hash.Hash, parts [][]byte) []byte {
	size := make([]byte, 8)
	for _, part := range parts {
		binary.BigEndian.PutUint64(size, uint64(len(part)))
		mac.Write(size)
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// Hold forbids, durably, to destroy keys of the subject until the case of this
// reference is released. Several cases may stand at once.
func (r *Ring) Hold(subject Subject, reference string) error {
	if err := checkName(subject.Kind, reference); err != nil {
		return err
	}
	return r.setHold(tagHold, hold{subject, reference})
}

// Release ends a hold; one that does not stand is nothing.
func (r *Ring) Release(subject Subject, reference string) error {
	return r.setHold(tagRelease, hold{subject, reference})
}

func (r *Ring) setHold(t tag, h hold) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.mu.RLock()
	_, stands := r.state.holds[h]
	r.mu.RUnlock()
	if stands == (t == tagHold) {
		return nil
	}
	return r.add(entry{tag: t, subject: h.Subject, name: h.reference})
}

// Holds lists the references of the cases that stand on a subject.
func (r *Ring) Holds(subject Subject) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var references []string
	for h := range maps.Keys(r.state.holds) {
		if h.Subject == subject {
			references = append(references, h.reference)
		}
	}
	slices.Sort(references)
	return references
}

// Summary counts what a ring holds; it shows no key.
type Summary struct {
	Keys      int      `json:"keys"`
	Destroyed int      `json:"destroyed"`
	Holds     int      `json:"holds"`
	Named     []string `json:"named"`
	Blobs     []string `json:"blobs"`
}

// Summary is for operators.
func (r *Ring) Summary() Summary {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s := Summary{
		Holds: len(r.state.holds),
		Named: slices.Sorted(maps.Keys(r.state.names)),
		Blobs: slices.Sorted(maps.Keys(r.state.blobs)),
	}
	for _, k := range r.state.keys {
		if k.destroyed {
			s.Destroyed++
		} else {
			s.Keys++
		}
	}
	return s
}

// Copy writes the ring to another path as it is now, for a backup: synced, and
// sealed under the same master key. It refuses to write over a file.
func (r *Ring) Copy(path string) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if r.file == nil {
		return errors.New("seal: a ring in memory has no file to copy")
	}
	if _, err := r.file.fs.Stat(path); err == nil {
		return fmt.Errorf("seal: %s is there already", path)
	}
	backup := *r.file
	if err := backup.write(path, r.state.entries()); err != nil {
		return err
	}
	return errors.Join(backup.handle.Close(), syncDir(backup.fs, path))
}

// Rotate seals the whole ring under another master key. Keep the new key safe
// before the call, and the old one until it has returned nil: after an error
// the file may be under either.
func (r *Ring) Rotate(master [32]byte) error {
	aead, err := newAEAD(master)
	if err != nil {
		return err
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	if r.file == nil {
		return nil
	}
	before := *r.file
	r.file.master, r.file.aead = master, aead
	if err := r.file.rewrite(r.state.entries()); err != nil {
		if r.file.broken == nil {
			*r.file = before
		}
		return fmt.Errorf("seal: sealing under the new master key: %w", err)
	}
	return nil
}
