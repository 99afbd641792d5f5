// Package gonb builds the pinned GoNB (https://github.com/janpfeifer/gonb) and
// its helpers, starts it as this project's kernel, and installs it for Jupyter.
//
// GoNB compiles every cell into a program. Started from here its cells find
// bellwether/lib/... and all pinned modules without a network and from any
// folder, link without debug symbols, and know the common packages without an
// import (see [Prelude]).
package gonb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// RepoEnv is the environment variable that names the clone whose packages a
// kernel serves. The kernelspec sets it.
const RepoEnv = "BELLWETHER_REPO"

// CacheEnv is the environment variable that names the cache folder, instead of
// bellwether in the user's cache folder.
const CacheEnv = "BELLWETHER_CACHE"

// Repo returns the absolute path of the clone: $BELLWETHER_REPO if set, else
// the folder with the go.mod of module bellwether at or above the working
// directory, else the folder that this program was compiled from.
func Repo() (string, error) {
	if dir := os.Getenv(RepoEnv); dir != "" {
		if !isRepo(dir) {
			return "", fmt.Errorf("%s=%q: no go.mod of module bellwether there", RepoEnv, dir)
		}
		return filepath.Abs(dir)
	}
	wd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if isRepo(dir) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if _, file, _, ok := runtime.Caller(0); ok {
		if dir := filepath.Dir(filepath.Dir(filepath.Dir(file))); isRepo(dir) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no clone of bellwether at or above %s; run this there, or set %s to it", wd, RepoEnv)
}

func isRepo(dir string) bool {
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && bytes.HasPrefix(bytes.TrimSpace(mod), []byte("module bellwether\n"))
}

// CacheDir returns the folder of what is built once: $BELLWETHER_CACHE, else
// bellwether in the user's cache folder.
func CacheDir() (string, error) {
	if dir := os.Getenv(CacheEnv); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: %w; set %s to one", err, CacheEnv)
	}
	return filepath.Join(dir, "bellwether"), nil
}

// Go is the Go installation that builds cells.
type Go struct {
	Path    string // the go command
	Version string // as go1.26.0
	Root    string // GOROOT
	Target  string // GOOS/GOARCH
}

// goBinEnv names the folder of the go command for kernels that Jupyter starts
// from a desktop, where PATH may lack it. The kernelspec sets it.
const goBinEnv = "BELLWETHER_GO_BIN"

// FindGo returns the go command and what it says about itself in a clone.
func FindGo(ctx context.Context, repo string) (Go, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		if path, err = exec.LookPath(filepath.Join(os.Getenv(goBinEnv), "go")); err != nil {
			return Go{}, errors.New("no go command in PATH; install Go 1.26 or newer from https://go.dev/dl")
		}
	}
	cmd := exec.CommandContext(ctx, path, "env", "GOVERSION", "GOROOT", "GOOS", "GOARCH")
	cmd.Dir = repo
	out, err := cmd.Output()
	if err != nil {
		return Go{}, fmt.Errorf("go env in %s: %w", repo, withStderr(err))
	}
	f := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
	if len(f) != 4 {
		return Go{}, fmt.Errorf("go env: %d lines, want 4: %q", len(f), out)
	}
	return Go{Path: path, Version: f[0], Root: f[1], Target: f[2] + "/" + f[3]}, nil
}

// withStderr adds what a command wrote to its error.
func withStderr(err error) error {
	var e *exec.ExitError
	if errors.As(err, &e) && len(e.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(e.Stderr))
	}
	return err
}

// hasGo reports whether a folder holds Go files that are no tests.
func hasGo(dir string) bool {
	entries, err := fs.ReadDir(os.DirFS(dir), ".")
	if err != nil {
		return false
	}
	for _, e := range entries {
		if n := e.Name(); strings.HasSuffix(n, ".go") && !strings.HasSuffix(n, "_test.go") && n[0] != '.' && n[0] != '_' {
			return true
		}
	}
	return false
}
