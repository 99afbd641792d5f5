//go:build unix

package safetensors

import (
	"os"
	"syscall"
)

// contents maps a file into memory. The mapping lasts as long as the process:
// weights are opened once and kept, and the pages are the file's own.
func contents(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < 1<<20 || int64(int(info.Size())) != info.Size() {
		return os.ReadFile(path) // small: a copy is cheaper than a mapping
	}
	return syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
}
