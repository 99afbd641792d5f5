//go:build !unix

package record

import (
	"errors"
	"io/fs"
	"os"
)

// lock makes a file that must not be there. After a crash it stays and has to
// be deleted by hand; the error names it.
func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, errors.Join(ErrLocked, errors.New("if none is, delete "+path))
	}
	if err != nil {
		return nil, err
	}
	return func() error { return errors.Join(f.Close(), os.Remove(path)) }, nil
}
