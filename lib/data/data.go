// Package data finds the project's data folder from anywhere: a cell, a test,
// the command.
package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Env is the environment variable that names the data folder. The launched
// kernel sets it, so that a notebook finds the data from any folder.
const Env = "BELLWETHER_DATA"

// Dir returns the absolute path of the project's data folder: $BELLWETHER_DATA
// if set, else the folder "data" beside the go.mod of module bellwether at or
// above the working directory. The error names what was tried.
func Dir() (string, error) {
	if dir := os.Getenv(Env); dir != "" {
		info, err := os.Stat(dir)
		if err != nil {
			return "", fmt.Errorf("data: %s=%q: %w", Env, dir, err)
		}
		if !info.IsDir() {
			return "", fmt.Errorf("data: %s=%q is not a folder", Env, dir)
		}
		return filepath.Abs(dir)
	}
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("data: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && isBellwether(mod) {
			return filepath.Join(dir, "data"), nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("data: %w", err)
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("data: no go.mod of module bellwether at or above %s; set %s to the data folder of a clone", start, Env)
		}
	}
}

func isBellwether(mod []byte) bool {
	for line := range strings.Lines(string(mod)) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "module" {
			return f[1] == "bellwether"
		}
	}
	return false
}

// Path returns the path of an entry of the data folder, elem by elem.
func Path(elem ...string) (string, error) {
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	return filepath.Join(append([]string{dir}, elem...)...), nil
}
