package data_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bellwether/lib/data"
)

func TestDir(t *testing.T) {
	t.Run("from the source tree", func(t *testing.T) {
		t.Setenv(data.Env, "")
		got, err := data.Dir()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(got), "go.mod")); err != nil || filepath.Base(got) != "data" {
			t.Errorf("Dir() = %s, want the folder data beside go.mod (%v)", got, err)
		}
	})
	t.Run("from the environment", func(t *testing.T) {
		dir := t.TempDir()
		t.Setenv(data.Env, dir)
		if got, err := data.Path("tasks", "x"); err != nil || got != filepath.Join(dir, "tasks", "x") {
			t.Errorf("Path = %s, %v, want %s", got, err, filepath.Join(dir, "tasks", "x"))
		}
	})
	t.Run("a folder that is not there", func(t *testing.T) {
		t.Setenv(data.Env, filepath.Join(t.TempDir(), "gone"))
		if _, err := data.Dir(); err == nil || !strings.Contains(err.Error(), "gone") {
			t.Errorf("error %v, want one that names the folder", err)
		}
	})
	t.Run("outside any clone", func(t *testing.T) {
		t.Setenv(data.Env, "")
		t.Chdir(t.TempDir())
		if _, err := data.Dir(); err == nil || !strings.Contains(err.Error(), data.Env) {
			t.Errorf("error %v, want one that names %s", err, data.Env)
		}
	})
}

func Example() {
	path, err := data.Path("tasks", "tiny")
	fmt.Println(filepath.Base(path), err)
	// Output: tiny <nil>
}
