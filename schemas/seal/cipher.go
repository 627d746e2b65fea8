package seal

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"

	"github.com/google/uuid"
)

// entropy hands out random bytes to many callers from one reader, a buffer at a
// time: a nonce then costs no system call.
type entropy struct {
	mu     sync.Mutex
	source *bufio.Reader
}

func newEntropy(random io.Reader) *entropy {
	return &entropy{source: bufio.NewReaderSize(random, 1024)}
}

func (e *entropy) read(b []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, err := io.ReadFull(e.source, b); err != nil {
		return fmt.Errorf("seal: reading randomness: %w", err)
	}
	return nil
}

func (e *entropy) key() (k [32]byte, err error) {
	err = e.read(k[:])
	return k, err
}

func (e *entropy) uuid() (u uuid.UUID, err error) {
	err = e.read(u[:])
	u[6] = u[6]&0x0f | 0x40 // version 4
	u[8] = u[8]&0x3f | 0x80
	return u, err
}

// toolsMax bounds each generation of ready tools: about 1 KiB apiece.
const toolsMax = 8192

// tool is what one key is used through.
type tool struct {
	aead cipher.AEAD
	macs *sync.Pool // of hash.Hash: HMACs under the derived key
}

// tools keeps those in use ready, in two generations: what is not used while one
// fills up is forgotten with it. Its user holds the ring's lock.
type tools struct{ young, old map[uuid.UUID]tool }

func (c *tools) get(id uuid.UUID) (tool, bool) {
	ready, ok := c.young[id]
	if !ok {
		ready, ok = c.old[id]
	}
	return ready, ok
}

func (c *tools) put(id uuid.UUID, secret [32]byte) (tool, error) {
	aead, err := newAEAD(secret)
	if err != nil {
		return tool{}, err
	}
	derived, err := hkdf.Expand(sha256.New, secret[:], "florin/seal/mac/1", 32)
	if err != nil {
		return tool{}, fmt.Errorf("seal: deriving: %w", err)
	}
	if len(c.young) >= toolsMax {
		c.old, c.young = c.young, nil
	}
	if c.young == nil {
		c.young = map[uuid.UUID]tool{}
	}
	ready := tool{aead, &sync.Pool{New: func() any { return hmac.New(sha256.New, derived) }}}
	c.young[id] = ready
	return ready, nil
}

func newAEAD(secret [32]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		return nil, fmt.Errorf("seal: cipher: %w", err)
	}
	return cipher.NewGCM(block)
}
