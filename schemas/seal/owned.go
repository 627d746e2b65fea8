package seal

import (
	"errors"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// disk is the machine's, where the ring and its copies are their owner's alone,
// whatever the umask.
type disk struct{ vfs.FS }

func (d disk) Unwrap() vfs.FS { return d.FS }

func (d disk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := d.FS.Create(name, category)
	return narrowed(name, file, err)
}

// OpenReadWrite narrows what an older version had made.
func (d disk) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	file, err := d.FS.OpenReadWrite(name, category, opts...)
	return narrowed(name, file, err)
}

func narrowed(name string, file vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(name, 0o600); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
