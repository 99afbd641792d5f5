package gonb

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// clone makes a folder that looks like a clone to this package.
func clone(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module bellwether\n\ngo 1.26.0\n", "go.sum": "",
		"kernel/gonb/tools/go.mod": "module tools\n", "kernel/gonb/tools/go.sum": "",
		"lib/task/task.go": "package task\n", "lib/trend/only_test.go": "package trend\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRepo(t *testing.T) {
	dir := clone(t)
	t.Setenv(RepoEnv, "")
	t.Chdir(filepath.Join(dir, "lib", "task"))
	got, err := Repo()
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := filepath.EvalSymlinks(dir); got != want && got != dir {
		t.Errorf("Repo() = %s, want %s", got, dir)
	}
	t.Chdir(t.TempDir())
	if got, err = Repo(); err != nil || !isRepo(got) {
		t.Errorf("from any folder: %s, %v; want the clone that this was compiled from", got, err)
	}
	t.Setenv(RepoEnv, t.TempDir())
	if _, err := Repo(); err == nil || !strings.Contains(err.Error(), RepoEnv) {
		t.Errorf("a wrong %s: %v", RepoEnv, err)
	}
}

func TestPackages(t *testing.T) {
	dir := clone(t)
	if diff := cmp.Diff([]string{"bellwether/lib/task"}, Packages(dir)); diff != "" {
		t.Error("only folders with Go code count:", diff)
	}
	p := Prelude(dir)
	if !strings.HasPrefix(p, "%noautoget\n") || !strings.Contains(p, "\t\"bellwether/lib/task\"\n") {
		t.Errorf("prelude:\n%s", p)
	}
}

func TestVersionKey(t *testing.T) {
	dir := clone(t)
	g := Go{Version: "go1.26.0", Target: "linux/amd64"}
	keys := map[string]string{}
	add := func(what string) {
		key, err := versionKey(dir, g)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := keys[key]; ok {
			t.Errorf("%q has the key of %q", what, other)
		}
		keys[key] = what
	}
	add("the first")
	g.Version = "go1.26.1"
	add("another Go")
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	add("another go.sum")
}

func TestSpecDir(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("JUPYTER_DATA_DIR", "")
	for _, tt := range []struct{ prefix, data, want string }{
		{"/usr/local", "/ignored", "/usr/local/share/jupyter/kernels/bellwether"},
		{"", "/data", "/data/kernels/bellwether"},
	} {
		t.Setenv("JUPYTER_DATA_DIR", tt.data)
		if got, err := SpecDir(tt.prefix); err != nil || got != tt.want {
			t.Errorf("SpecDir(%q) with %q = %q, %v; want %q", tt.prefix, tt.data, got, err, tt.want)
		}
	}
	t.Setenv("JUPYTER_DATA_DIR", "")
	if got, err := SpecDir(""); err != nil || !strings.HasPrefix(got, home) {
		t.Errorf("the user's own: %q, %v; want it below %q", got, err, home)
	}
}

func TestInstall(t *testing.T) {
	repo, cache := clone(t), t.TempDir()
	tools := Tools{Dir: filepath.Join(cache, "key"), Go: Go{Root: "/goroot"}}
	if err := os.Mkdir(tools.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "kernels", KernelName)
	if err := Installed(repo, dir); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("before: %v", err)
	}
	if err := Install(repo, dir, tools); err != nil {
		t.Fatal(err)
	}
	if err := Installed(repo, dir); err != nil {
		t.Error("after:", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got kernelSpec
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	want := kernelSpec{
		Argv:        []string{filepath.Join(cache, "bellwether"), "launch", "{connection_file}"},
		DisplayName: DisplayName, Language: "go", InterruptMode: "message",
		Env:      map[string]string{RepoEnv: repo, goBinEnv: "/goroot/bin"},
		Metadata: map[string]any{"debugger": false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	before, _ := os.Stat(got.Argv[0])
	if err := Install(repo, dir, tools); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(got.Argv[0]); before == nil || after == nil || !os.SameFile(before, after) {
		t.Error("installing again replaced the same program")
	}
	if err := Installed("/other", dir); err == nil {
		t.Error("a kernelspec of another clone counts as this one's")
	}
	if err := os.Remove(got.Argv[0]); err != nil {
		t.Fatal(err)
	}
	if err := Installed(repo, dir); err == nil {
		t.Error("a kernelspec without its program counts as installed")
	}
}

func TestEnviron(t *testing.T) {
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOWORK", "off")
	t.Setenv("CGO_ENABLED", "")
	env := environ(Tools{Dir: "/tools", Go: Go{Version: "go1.26.1", Root: "/goroot"}})
	got := map[string]string{}
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		if _, twice := got[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		got[name] = value
	}
	for name, want := range map[string]string{"GOFLAGS": "-ldflags=-s", "GOWORK": "", "CGO_ENABLED": "0", "GOTOOLCHAIN": "go1.26.1"} {
		if got[name] != want {
			t.Errorf("%s=%q, want %q", name, got[name], want)
		}
	}
	if !strings.HasPrefix(got["PATH"], "/tools:/goroot/bin:") {
		t.Errorf("PATH=%q", got["PATH"])
	}
}

// TestBuildAgain checks that a kernel that is built costs next to nothing, and
// that waiting for a build can be broken off.
func TestBuildAgain(t *testing.T) {
	t.Setenv(CacheEnv, t.TempDir())
	b := Builder{Repo: clone(t), Progress: func(line string) { t.Log(line) }}
	tools, missing, err := b.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"goimports", "gonb"}, missing); diff != "" {
		t.Error("missing:", diff)
	}
	if err := os.MkdirAll(tools.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Build(ctx); err == nil {
		t.Error("a build that was broken off says nothing")
	}
	for _, name := range missing {
		if err := os.WriteFile(filepath.Join(tools.Dir, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.Progress = func(line string) { t.Error("built again:", line) }
	if again, err := b.Build(t.Context()); err != nil || again.Dir != tools.Dir {
		t.Errorf("%+v, %v", again, err)
	}
}
