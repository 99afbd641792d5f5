//go:build !unix

package safetensors

import "os"

func contents(path string) ([]byte, error) { return os.ReadFile(path) }
