package seal

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The master key's file is one line: this word, then 32 bytes in base64url.
const masterWord = "florin-master-key-1:"

var masterText = base64.RawURLEncoding.Strict()

// CreateMaster makes a master key in a new file that only its owner may read,
// durably. It never writes over a file.
func CreateMaster(path string, random io.Reader) (master [32]byte, err error) {
	if _, err := io.ReadFull(random, master[:]); err != nil {
		return master, fmt.Errorf("seal: reading randomness: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return master, fmt.Errorf("seal: making the folder of the master key: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return master, fmt.Errorf("seal: making the master key: %w", err)
	}
	_, err = fmt.Fprintln(f, masterWord+masterText.EncodeToString(master[:]))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return master, fmt.Errorf("seal: writing the master key: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return master, fmt.Errorf("seal: writing the master key: %w", err)
	}
	return master, errors.Join(dir.Sync(), dir.Close())
}

// LoadMaster reads the master key back. It refuses a file that strangers may
// read or the group may write. os.ErrNotExist if there is none.
func LoadMaster(path string) (master [32]byte, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return master, fmt.Errorf("seal: there is no master key at %s; restore it, or point FLORIN_MASTER_KEY_FILE to it: %w", path, err)
	}
	if err != nil {
		return master, fmt.Errorf("seal: reading the master key: %w", err)
	}
	if info.Mode().Perm()&0o027 != 0 {
		return master, fmt.Errorf("seal: the master key %s may be read or changed by others (mode %04o); run: chmod 600 %s", path, info.Mode().Perm(), path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return master, fmt.Errorf("seal: reading the master key: %w", err)
	}
	encoded, worded := strings.CutPrefix(strings.TrimSpace(string(text)), masterWord)
	raw, err := masterText.DecodeString(encoded)
	if !worded || err != nil || len(raw) != len(master) {
		return master, fmt.Errorf("seal: %s does not hold a master key (one line %q and 43 characters); restore it", path, masterWord)
	}
	return [32]byte(raw), nil
}
