package embedded

import (
	"io"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// nowhere is a file on a disk that was cut off: empty, and patient.
type nowhere struct{}

func (nowhere) Close() error                              { return nil }
func (nowhere) Read([]byte) (int, error)                  { return 0, io.EOF }
func (nowhere) ReadAt([]byte, int64) (int, error)         { return 0, io.EOF }
func (nowhere) Write(data []byte) (int, error)            { return len(data), nil }
func (nowhere) WriteAt(data []byte, _ int64) (int, error) { return len(data), nil }
func (nowhere) Preallocate(int64, int64) error            { return nil }
func (nowhere) Stat() (vfs.FileInfo, error)               { return nothing{}, nil }
func (nowhere) Sync() error                               { return nil }
func (nowhere) SyncTo(int64) (bool, error)                { return false, nil }
func (nowhere) SyncData() error                           { return nil }
func (nowhere) Prefetch(int64, int64) error               { return nil }
func (nowhere) Fd() uintptr                               { return vfs.InvalidFd }

// nothing describes it.
type nothing struct{}

func (nothing) Name() string           { return "nowhere" }
func (nothing) Size() int64            { return 0 }
func (nothing) Mode() os.FileMode      { return 0o600 }
func (nothing) ModTime() time.Time     { return time.Time{} }
func (nothing) IsDir() bool            { return false }
func (nothing) Sys() any               { return nil }
func (nothing) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }
