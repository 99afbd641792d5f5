package gonb

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// The kernel's name in Jupyter, and what its users see.
const (
	KernelName  = "bellwether"
	DisplayName = "Go (Bellwether)"
)

//go:embed logo.svg
var logo []byte

// kernelSpec is a kernel.json:
// https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs.
type kernelSpec struct {
	Argv          []string          `json:"argv"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode"`
	Env           map[string]string `json:"env"`
	Metadata      map[string]any    `json:"metadata"`
}

// SpecDir returns the folder of the kernelspec: below prefix if one is given,
// else where Jupyter looks for the user's own, which JUPYTER_DATA_DIR moves.
func SpecDir(prefix string) (string, error) {
	data := os.Getenv("JUPYTER_DATA_DIR")
	switch {
	case prefix != "":
		data = filepath.Join(prefix, "share", "jupyter")
	case data != "":
	default:
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("where Jupyter keeps its kernels: %w; set JUPYTER_DATA_DIR", err)
		}
		data = filepath.Join(home, ".local", "share", "jupyter")
		if runtime.GOOS == "darwin" {
			data = filepath.Join(home, "Library", "Jupyter")
		} else if xdg := os.Getenv("XDG_DATA_HOME"); xdg != "" {
			data = filepath.Join(xdg, "jupyter")
		}
	}
	dir, err := filepath.Abs(filepath.Join(data, "kernels", KernelName))
	return dir, err
}

// Install makes the kernel known to Jupyter: it copies the running program
// beside the tools, so that Jupyter starts it without `go run`, and writes the
// kernelspec. Doing it again changes nothing.
func Install(repo, specDir string, t Tools) error {
	launcher, err := installSelf(t)
	if err != nil {
		return fmt.Errorf("copying this program: %w", err)
	}
	spec := kernelSpec{
		Argv:        []string{launcher, "launch", "{connection_file}"},
		DisplayName: DisplayName, Language: "go", InterruptMode: "message",
		Env:      map[string]string{RepoEnv: repo, goBinEnv: filepath.Join(t.Go.Root, "bin")},
		Metadata: map[string]any{"debugger": false},
	}
	data, err := json.MarshalIndent(spec, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(specDir, 0o755); err != nil {
		return err
	}
	if err := put(filepath.Join(specDir, "logo-svg.svg"), logo, 0o644); err != nil {
		return err
	}
	return put(filepath.Join(specDir, "kernel.json"), append(data, '\n'), 0o644)
}

// ErrNotInstalled is what [Installed] returns when there is no kernelspec.
var ErrNotInstalled = errors.New("not installed")

// Installed reads the kernelspec in a folder and says what is wrong with it,
// if anything: then running install again mends it.
func Installed(repo, specDir string) error {
	data, err := os.ReadFile(filepath.Join(specDir, "kernel.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotInstalled
	}
	if err != nil {
		return err
	}
	var spec kernelSpec
	if err := json.Unmarshal(data, &spec); err != nil {
		return fmt.Errorf("kernel.json: %w", err)
	}
	if len(spec.Argv) == 0 {
		return errors.New("kernel.json: no argv")
	}
	if _, err := os.Stat(spec.Argv[0]); err != nil {
		return fmt.Errorf("its program is gone: %w", err)
	}
	if spec.Env[RepoEnv] != repo {
		return fmt.Errorf("it serves another clone: %s", spec.Env[RepoEnv])
	}
	return nil
}

// installSelf copies the running program into the cache folder. The name does
// not change with the version, so that an installed kernelspec stays right.
func installSelf(t Tools) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(t.Dir), "bellwether")
	data, err := os.ReadFile(self)
	if err != nil {
		return "", err
	}
	return path, put(path, data, 0o755)
}

// put writes a file whole, or leaves it alone if it is so already. A program
// that runs keeps its old file.
func put(path string, data []byte, mode fs.FileMode) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
