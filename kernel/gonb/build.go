package gonb

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Tools is what a kernel needs, built.
type Tools struct {
	Dir string // folder of the programs, first in the PATH of a kernel
	Go  Go
}

// GoNB returns the path of the GoNB program.
func (t Tools) GoNB() string { return filepath.Join(t.Dir, "gonb") }

// A program is built from a package of a module of the clone.
type program struct {
	name, what, pkg string
	module          string // folder of the module, below the clone
	dir             string // folder of the program, below Tools.Dir
}

// path returns where the program is put.
func (p program) path(t Tools) string { return filepath.Join(t.Dir, p.dir, p.name) }

// editorDir is apart from the other programs, for GoNB starts the gopls that
// it finds: in Jupyter it should, in a run it need not.
const editorDir = "editor"

var (
	theGoNB      = program{"gonb", "GoNB, the Go kernel for Jupyter", "github.com/janpfeifer/gonb", ".", ""}
	theGoImports = program{"goimports", "goimports, which GoNB needs", "golang.org/x/tools/cmd/goimports", "kernel/gonb/tools", ""}
	theGopls     = program{"gopls", "gopls, which completes code in editors", "golang.org/x/tools/gopls", "kernel/gonb/tools", editorDir}
)

// Builder builds a kernel's programs into the cache folder.
type Builder struct {
	Repo string
	// Editor builds gopls, too: 42 MB, for completion in Jupyter.
	Editor bool
	// Progress, if set, is told what is built, in one line.
	Progress func(string)
}

// versionKey names everything that a build depends on: the pinned modules and Go.
func versionKey(repo string, g Go) (string, error) {
	h := sha256.New()
	for _, name := range []string{"go.mod", "go.sum", "kernel/gonb/tools/go.mod", "kernel/gonb/tools/go.sum"} {
		data, err := os.ReadFile(filepath.Join(repo, filepath.FromSlash(name)))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", name, len(data), data)
	}
	fmt.Fprint(h, g.Version, g.Target)
	return fmt.Sprintf("%x", h.Sum(nil)[:8]), nil
}

// Find returns the tools and those programs that are still to be built.
func (b Builder) Find(ctx context.Context) (Tools, []string, error) {
	t, missing, err := b.find(ctx)
	names := make([]string, len(missing))
	for i, p := range missing {
		names[i] = p.name
	}
	return t, names, err
}

func (b Builder) find(ctx context.Context) (Tools, []program, error) {
	g, err := FindGo(ctx, b.Repo)
	if err != nil {
		return Tools{}, nil, err
	}
	key, err := versionKey(b.Repo, g)
	if err != nil {
		return Tools{}, nil, err
	}
	cache, err := CacheDir()
	if err != nil {
		return Tools{}, nil, err
	}
	t := Tools{Dir: filepath.Join(cache, key), Go: g}
	return t, b.missing(t), nil
}

// missing returns what is not built yet. Programs are put in place whole, so
// one that is there is complete.
func (b Builder) missing(t Tools) []program {
	all := []program{theGoImports, theGoNB}
	if b.Editor {
		all = append(all, theGopls)
	}
	var list []program
	for _, p := range all {
		if _, err := os.Stat(p.path(t)); err != nil {
			list = append(list, p)
		}
	}
	return list
}

// Build builds what is missing and compiles the packages of the prelude, so
// that the first cell need not. When everything is there it takes
// milliseconds. Several may build at once: the others wait for the first.
func (b Builder) Build(ctx context.Context) (Tools, error) {
	t, missing, err := b.find(ctx)
	if err != nil || len(missing) == 0 {
		if err == nil {
			now := time.Now()
			_ = os.Chtimes(t.Dir, now, now) // for removeOld
		}
		return t, err
	}
	if err := os.MkdirAll(t.Dir, 0o755); err != nil {
		return t, err
	}
	lock := flock.New(filepath.Join(t.Dir, ".lock"))
	if ok, err := lock.TryLock(); err != nil {
		return t, fmt.Errorf("locking %s: %w", t.Dir, err)
	} else if !ok {
		b.progress("waiting for another build of the kernel")
		if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
			return t, fmt.Errorf("waiting for another build of the kernel: %w", err)
		}
	}
	defer lock.Unlock()
	missing = b.missing(t) // another may have built them meanwhile
	steps := len(missing) + 1
	step := func(i int, what string) {
		b.progress(fmt.Sprintf("building the kernel, once: %d of %d: %s", i, steps, what))
	}
	for i, p := range missing {
		step(i+1, p.what)
		if err := b.build(ctx, t, p); err != nil {
			return t, err
		}
	}
	if len(missing) > 0 {
		step(steps, "the packages that notebooks use")
		if err := b.Warm(ctx, t); err != nil {
			if ctx.Err() != nil {
				return t, err
			}
			b.progress("warning: " + err.Error()) // only cells that use a broken package need it
		}
		removeOld(t.Dir)
	}
	return t, nil
}

func (b Builder) progress(line string) {
	if b.Progress != nil {
		b.Progress(line)
	}
}

// build builds one program beside its place and then moves it there.
func (b Builder) build(ctx context.Context, t Tools, p program) error {
	if err := os.MkdirAll(filepath.Dir(p.path(t)), 0o755); err != nil {
		return err
	}
	tmp := fmt.Sprintf("%s.%d.tmp", p.path(t), os.Getpid())
	defer os.Remove(tmp)
	cmd := exec.CommandContext(ctx, t.Go.Path, "build", "-buildvcs=false", "-o", tmp, p.pkg)
	cmd.Dir = filepath.Join(b.Repo, filepath.FromSlash(p.module))
	if err := run(cmd, environ(t)); err != nil {
		return fmt.Errorf("building %s: %w", p.name, err)
	}
	return os.Rename(tmp, p.path(t))
}

// Warm compiles the packages of the prelude into Go's build cache. It takes
// half a second when they are there.
func (b Builder) Warm(ctx context.Context, t Tools) error {
	pkgs := Packages(b.Repo)
	cmd := exec.CommandContext(ctx, t.Go.Path, append([]string{"build", "-buildvcs=false", "flag"}, pkgs...)...)
	cmd.Dir = b.Repo
	if err := run(cmd, environ(t)); err != nil {
		return fmt.Errorf("compiling the packages that notebooks use: %w", err)
	}
	return nil
}

// run runs a command of the go tool and puts what it said into the error.
func run(cmd *exec.Cmd, env []string) error {
	cmd.Env = env
	runtime.LockOSThread() // see endWithParent
	defer runtime.UnlockOSThread()
	endGroup(cmd)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	text := strings.TrimSpace(string(out))
	if strings.Contains(text, "dial tcp") || strings.Contains(text, "no such host") {
		text += "\nthe modules are not on this machine yet: this needs a network once"
	}
	return errors.Join(err, errors.New(text))
}

// removeOld removes what was built for other versions and not used for a month.
func removeOld(dir string) {
	cache := filepath.Dir(dir)
	entries, err := os.ReadDir(cache)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		path := filepath.Join(cache, e.Name())
		if err != nil || !e.IsDir() || path == dir || time.Since(info.ModTime()) < 30*24*time.Hour {
			continue
		}
		if _, err := os.Stat(filepath.Join(path, theGoNB.name)); !errors.Is(err, fs.ErrNotExist) {
			_ = os.RemoveAll(path)
		}
	}
}

// Download downloads every pinned module, also those that only some cells use,
// so that later none of them needs a network.
func (b Builder) Download(ctx context.Context, t Tools) error {
	cmd := exec.CommandContext(ctx, t.Go.Path, "mod", "download")
	cmd.Dir = b.Repo
	if err := run(cmd, environ(t)); err != nil {
		return fmt.Errorf("downloading the pinned modules: %w", err)
	}
	return nil
}
