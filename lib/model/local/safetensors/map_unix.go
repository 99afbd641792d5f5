//go:build unix

package safetensors

import (
	"fmt"
	"os"
	"syscall"
)

// mapFile returns the content of a file, mapped read-only, and how to give it
// back.
func mapFile(path string) ([]byte, func() error, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	size := int(info.Size())
	if size == 0 || !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: safetensors: want a regular file that is not empty", path)
	}
	content, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: mmap: %w", path, err)
	}
	return content, func() error { return syscall.Munmap(content) }, nil
}
