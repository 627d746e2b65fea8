package main

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// breached is a file of passwords that have leaked, which nobody may choose (NIST
// SP 800-63B-4 section 3.1.1.2). It is one of two:
//
//	SHA-1 in hex, sorted, with or without ":count" (as Have I Been Pwned gives it):
//	            stays on disk however long it is; a look-up reads some thirty places of it
//	passwords, one a line: their hashes are kept in memory, eight bytes each
//
// The file must not change while the bank runs: replace it by another name.
type breached struct {
	file  *os.File // of hashes; nil: a list
	bytes int64
	list  []uint64 // sorted
}

const (
	breachedListMax  = 256 << 20 // bytes of a plain list
	breachedLineMax  = 1 << 10
	breachedProbes   = 1 << 12   // places of a file of hashes that are looked at when it is opened,
	breachedWholeMax = 256 << 20 // unless it is no longer than this: then it is read whole
	hashDigits       = 2 * sha1.Size
)

// openBreached opens the file and makes sure of its form. Errors name the line or
// place where it is not what it should be.
func openBreached(path string) (_ *breached, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("breached_passwords: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("breached_passwords: %s: %w", path, err), file.Close())
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	b := &breached{file: file, bytes: info.Size()}
	first, _, err := b.lineAt(0)
	switch {
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file")
	case err != nil:
		return nil, err
	case first == "":
		return nil, errors.New("its first line is empty")
	}
	if _, ok := hashIn(first); !ok {
		return b.loaded()
	}
	if b.bytes <= breachedWholeMax {
		return b, b.wholeInOrder()
	}
	return b, b.inOrder()
}

// close gives the file back.
func (b *breached) close() error {
	if b == nil || b.file == nil {
		return nil
	}
	return b.file.Close()
}

// has tells whether a password is in the file, as it is typed or in small letters.
// It may be called by many at once. An error: the file is not what it was.
func (b *breached) has(password string) (bool, error) {
	for _, spelling := range slices.Compact([]string{password, strings.ToLower(password)}) {
		if b.file == nil {
			if _, found := slices.BinarySearch(b.list, leakKey(spelling)); found {
				return true, nil
			}
			continue
		}
		digest := sha1.Sum([]byte(spelling)) // how the lists are hashed, which protects nothing: what it hides has leaked
		if found, err := b.search(digest); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// search halves the file until one line is left: low is where a line begins, high
// where one that is greater does.
func (b *breached) search(want [sha1.Size]byte) (bool, error) {
	low, high := int64(0), b.bytes
	for low < high {
		at, err := b.lineFrom(low, high)
		if err != nil {
			return false, err
		}
		text, next, err := b.lineAt(at)
		if err != nil {
			return false, err
		}
		hash, ok := hashIn(text)
		if !ok {
			return false, fmt.Errorf("byte %d begins no SHA-1 in hex", at)
		}
		switch bytes.Compare(hash[:], want[:]) {
		case 0:
			return true, nil
		case -1:
			low = next
		default:
			high = at
		}
	}
	return false, nil
}

// lineFrom finds where a line near the middle of low and high begins; low does.
func (b *breached) lineFrom(low, high int64) (int64, error) {
	middle := low + (high-low)/2
	for at := middle; at > low; {
		from := max(low, at-breachedLineMax)
		text := make([]byte, at-from)
		if _, err := b.file.ReadAt(text, from); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		at = from
	}
	return low, nil
}

// lineAt reads the line that begins at a place, and says where the next one does.
func (b *breached) lineAt(at int64) (text string, next int64, err error) {
	room := make([]byte, min(breachedLineMax, b.bytes-at))
	if _, err := b.file.ReadAt(room, at); err != nil && !errors.Is(err, io.EOF) {
		return "", 0, err
	}
	line, _, ended := bytes.Cut(room, []byte("\n"))
	if !ended && int64(len(room)) < b.bytes-at {
		return "", 0, fmt.Errorf("the line at byte %d is longer than %d", at, breachedLineMax)
	}
	return strings.TrimSuffix(string(line), "\r"), at + int64(len(line)) + 1, nil
}

// hashIn reads a line of a file of hashes.
func hashIn(line string) (hash [sha1.Size]byte, ok bool) {
	digits, count, _ := strings.Cut(line, ":")
	if len(digits) != hashDigits || strings.Trim(count, "0123456789") != "" {
		return hash, false
	}
	_, err := hex.Decode(hash[:], []byte(digits))
	return hash, err == nil
}

// wholeInOrder reads a file of hashes from its beginning.
func (b *breached) wholeInOrder() error {
	var before [sha1.Size]byte
	n := 0
	return b.lines(func(line string) error {
		n++
		hash, ok := hashIn(line)
		switch {
		case !ok:
			return fmt.Errorf("line %d is no SHA-1 in hex", n)
		case n > 1 && bytes.Compare(before[:], hash[:]) >= 0:
			return fmt.Errorf("line %d does not come after the one before: sort the file", n)
		}
		before = hash
		return nil
	})
}

// inOrder looks at places of a file of hashes that is too long to be read.
func (b *breached) inOrder() error {
	var before [sha1.Size]byte
	last := int64(-1)
	for i := range int64(breachedProbes) {
		at, err := b.lineFrom(0, 2*(b.bytes/breachedProbes*i))
		if err != nil {
			return err
		}
		text, _, err := b.lineAt(at)
		if err != nil {
			return err
		}
		hash, ok := hashIn(text)
		switch {
		case !ok:
			return fmt.Errorf("byte %d begins no SHA-1 in hex", at)
		case at > last && last >= 0 && bytes.Compare(before[:], hash[:]) >= 0:
			return fmt.Errorf("the line at byte %d does not come after those before: sort the file", at)
		}
		before, last = hash, at
	}
	return nil
}

// loaded keeps a plain list's hashes and needs the file no more.
func (b *breached) loaded() (*breached, error) {
	if b.bytes > breachedListMax {
		return nil, fmt.Errorf("a list of passwords has at most %d bytes: sort its SHA-1 hashes into a file", breachedListMax)
	}
	list, n := []uint64{}, 0
	err := b.lines(func(line string) error {
		n++
		if !utf8.ValidString(line) || strings.ContainsRune(line, 0) {
			return fmt.Errorf("line %d is no text in UTF-8", n)
		}
		if line != "" {
			list = append(list, leakKey(line))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(list)
	return &breached{list: slices.Clip(slices.Compact(list))}, b.file.Close()
}

// lines gives each line of the file without its end.
func (b *breached) lines(each func(string) error) error {
	scanner := bufio.NewScanner(io.NewSectionReader(b.file, 0, b.bytes))
	scanner.Buffer(make([]byte, 0, breachedLineMax), breachedLineMax)
	n := 1
	for ; scanner.Scan(); n++ {
		if err := each(strings.TrimSuffix(scanner.Text(), "\r")); err != nil {
			return err
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("line %d: %w", n, err)
	}
	return nil
}

// leakKey is what is kept of a password of a plain list: that one in 2^64 is taken
// for another harms nobody.
func leakKey(password string) uint64 {
	digest := sha256.Sum256([]byte(password))
	return binary.BigEndian.Uint64(digest[:])
}
