package embedded

import (
	"errors"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// owned is the disk of the machine, where whatever is made is its owner's alone:
// 0700 for directories and 0600 for files, whatever the umask, backups included.
type owned struct{ vfs.FS }

const (
	ownedDir  os.FileMode = 0o700
	ownedFile os.FileMode = 0o600
)

func (o owned) Unwrap() vfs.FS { return o.FS }

func (o owned) MkdirAll(dir string, _ os.FileMode) error { return o.FS.MkdirAll(dir, ownedDir) }

func (o owned) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := o.FS.Create(name, category)
	return narrowed(name, file, err)
}

func (o owned) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	file, err := o.FS.OpenReadWrite(name, category, opts...)
	return narrowed(name, file, err)
}

// Link narrows what an older version had made: both names are one file.
func (o owned) Link(from, to string) error {
	if err := o.FS.Link(from, to); err != nil {
		return err
	}
	return os.Chmod(to, ownedFile)
}

func (o owned) Lock(name string) (io.Closer, error) {
	lock, err := o.FS.Lock(name)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(name, ownedFile); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// narrowed gives the file back once nobody else can open it.
func narrowed(name string, file vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(name, ownedFile); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
