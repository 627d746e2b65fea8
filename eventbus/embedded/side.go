package embedded

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"

	"florin/eventbus"
)

// sideName is the file of the two slots.
const sideName = "durable-head"

const (
	slotBytes = 64
	slotMagic = "florin\x00\x01"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// side writes the durable head beside the log.
type side struct {
	file vfs.File
	next int64 // the slot to write next: never the newer one
}

// readSide gives the valid slots, the newer one first. A file that is absent,
// short or torn gives fewer; that is no error.
func readSide(fs vfs.FS, dir string) ([]eventbus.Mark, error) {
	file, err := fs.Open(fs.PathJoin(dir, sideName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var data [2 * slotBytes]byte
	n, err := file.ReadAt(data[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var marks []eventbus.Mark
	for at := 0; at+slotBytes <= n; at += slotBytes {
		if mark, ok := decodeSlot(data[at : at+slotBytes]); ok {
			marks = append(marks, mark)
		}
	}
	if len(marks) == 2 && marks[1].Position > marks[0].Position {
		marks[0], marks[1] = marks[1], marks[0]
	}
	return marks, nil
}

// openSide opens the file for writing, durably creates it where it is absent,
// and writes head, so that both old slots are superseded in turn.
func openSide(fs vfs.FS, dir string, head eventbus.Mark) (*side, error) {
	file, err := fs.OpenReadWrite(fs.PathJoin(dir, sideName), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	s := &side{file: file}
	if err := s.start(fs, dir, head); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

func (s *side) start(fs vfs.FS, dir string, head eventbus.Mark) error {
	for range 2 {
		if err := s.write(head); err != nil {
			return err
		}
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	return syncDir(fs, dir)
}

func syncDir(fs vfs.FS, name string) error {
	dir, err := fs.OpenDir(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// write puts the head into the older slot.
func (s *side) write(head eventbus.Mark) error {
	var slot [slotBytes]byte
	encodeSlot(slot[:], head)
	_, err := s.file.WriteAt(slot[:], s.next*slotBytes)
	s.next = 1 - s.next
	return err
}

func (s *side) close() error { return errors.Join(s.file.Sync(), s.file.Close()) }

func encodeSlot(slot []byte, head eventbus.Mark) {
	copy(slot, slotMagic)
	binary.BigEndian.PutUint64(slot[8:], uint64(head.Position))
	copy(slot[16:], head.Hash[:])
	binary.BigEndian.PutUint32(slot[48:], crc32.Checksum(slot[:48], castagnoli))
}

func decodeSlot(slot []byte) (eventbus.Mark, bool) {
	if string(slot[:8]) != slotMagic || binary.BigEndian.Uint32(slot[48:]) != crc32.Checksum(slot[:48], castagnoli) {
		return eventbus.Mark{}, false
	}
	mark := eventbus.Mark{Position: eventbus.Position(binary.BigEndian.Uint64(slot[8:]))}
	copy(mark.Hash[:], slot[16:48])
	return mark, true
}
