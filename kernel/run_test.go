package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A place that cannot be written is said before anything is executed.
func TestWritable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a folder that is not there", "x.ipynb")
	if err := writable(file); err != nil {
		t.Errorf("a folder that can be made: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
	if err := writable(""); err != nil {
		t.Errorf("a file that is not wanted: %v", err)
	}
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := writable(filepath.Join(plain, "x.ipynb")); err == nil || !strings.Contains(err.Error(), "-o") {
		t.Errorf("a folder that is a file: error %v, want one that says what to do", err)
	}
}
