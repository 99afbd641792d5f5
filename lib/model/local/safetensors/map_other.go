//go:build !unix

package safetensors

import "os"

// mapFile returns the content of a file, read into memory.
func mapFile(path string) ([]byte, func() error, error) {
	content, err := os.ReadFile(path)
	return content, func() error { return nil }, err
}
