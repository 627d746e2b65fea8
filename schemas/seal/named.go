package seal

import (
	"fmt"
	"slices"
)

// Named gives a key of the ledger itself ("claim", "refresh", "totp", ...),
// made durably at its first use. It never changes.
func (r *Ring) Named(name string) ([32]byte, error) {
	if secret, there := r.named(name); there {
		return secret, nil
	}
	if err := checkName(name); err != nil {
		return [32]byte{}, err
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	if secret, there := r.named(name); there {
		return secret, nil
	}
	secret, err := r.entropy.key()
	if err != nil {
		return secret, err
	}
	if err := r.add(entry{tag: tagNamed, name: name, data: secret[:]}); err != nil {
		return [32]byte{}, fmt.Errorf("seal: making the key %q: %w", name, err)
	}
	return secret, nil
}

func (r *Ring) named(name string) ([32]byte, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	secret, there := r.state.names[name]
	return secret, there
}

// Blob gives back what SetBlob kept; ErrNoBlob.
func (r *Ring) Blob(name string) ([]byte, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	data, there := r.state.blobs[name]
	if !there {
		return nil, ErrNoBlob
	}
	return slices.Clone(data), nil
}

// SetBlob keeps data under the name, durably, instead of what was there.
func (r *Ring) SetBlob(name string, data []byte) error {
	if err := checkName(name); err != nil {
		return err
	}
	if len(data) == 0 || len(data) > BlobBytesMax {
		return ErrLimit
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	if _, err := r.Blob(name); err == nil { // the old one must be gone from the file too
		return r.replace(func(s *state) { s.blobs[name] = slices.Clone(data) })
	}
	return r.add(entry{tag: tagBlob, name: name, data: slices.Clone(data)})
}

// DropBlob destroys a blob as Destroy destroys a key; an absent one is nothing.
func (r *Ring) DropBlob(name string) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if _, err := r.Blob(name); err != nil {
		return nil
	}
	return r.replace(func(s *state) { delete(s.blobs, name) })
}
