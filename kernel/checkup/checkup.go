// Package checkup finds out what on a machine is missing or broken for the
// project, and says what mends it.
package checkup

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"bellwether/kernel/execute"
	"bellwether/kernel/gonb"
	"bellwether/kernel/ipynb"
)

// Status is how a piece is.
type Status string

// A note is something that most can do without; wrong is what stops notebooks.
const (
	OK    Status = "ok"
	Note  Status = "note"
	Wrong Status = "wrong"
)

// Finding is what was found out about one piece.
type Finding struct {
	Piece  string `json:"piece"`
	Status Status `json:"status"`
	Says   string `json:"says"`
	Mend   string `json:"mend,omitempty"` // the command, or what to do
}

const (
	installVerb = "go run ./kernel install"
	minGo       = "1.26"
)

// All checks every piece, in the order in which they are needed. It takes a
// second or two, for it runs a cell if the kernel is built.
func All(ctx context.Context) []Finding {
	repo, err := gonb.Repo()
	if err != nil {
		return []Finding{{"clone", Wrong, err.Error(), "cd to the clone"}}
	}
	list := []Finding{{"clone", OK, repo, ""}}
	g, goFinding := checkGo(ctx, repo)
	list = append(list, goFinding, checkGit())
	if goFinding.Status != Wrong {
		list = append(list, checkKernel(ctx, repo)...)
	}
	list = append(list, checkSpec(repo), checkJupyter(), checkModels(repo))
	return append(list, checkDisk(ctx, repo, g)...)
}

func checkGo(ctx context.Context, repo string) (gonb.Go, Finding) {
	g, err := gonb.FindGo(ctx, repo)
	if err != nil {
		return g, Finding{"Go", Wrong, err.Error(), "install Go " + minGo + " or newer from https://go.dev/dl and put its bin folder into PATH"}
	}
	var major, minor int
	if n, _ := fmt.Sscanf(g.Version, "go%d.%d", &major, &minor); n == 2 && major == 1 && minor < 26 {
		return g, Finding{"Go", Wrong, g.Version + " is older than " + minGo, "install Go " + minGo + " or newer from https://go.dev/dl"}
	}
	return g, Finding{"Go", OK, g.Version + " " + g.Target + " at " + g.Path, ""}
}

func checkGit() Finding {
	path, err := exec.LookPath("git")
	if err != nil {
		return Finding{"git", Note, "not in PATH; Go needs it only for modules that no proxy has", "install git"}
	}
	return Finding{"git", OK, path, ""}
}

// checkKernel checks GoNB and its helpers by what they do.
func checkKernel(ctx context.Context, repo string) []Finding {
	builder := gonb.Builder{Repo: repo}
	t, missing, err := builder.Find(ctx)
	switch {
	case err != nil:
		return []Finding{{"kernel", Wrong, err.Error(), ""}}
	case len(missing) == 2:
		return []Finding{{"kernel", Note, "not built yet; the first run builds it in a minute or two", installVerb}}
	case len(missing) > 0:
		return []Finding{{"kernel", Wrong, "not built: " + strings.Join(missing, ", "), installVerb}}
	}
	again := fmt.Sprintf("rm -r %s && %s", t.Dir, installVerb)
	list := []Finding{
		checkProgram(ctx, "GoNB", exec.CommandContext(ctx, t.GoNB(), "-V"), again),
		checkProgram(ctx, "goimports", exec.CommandContext(ctx, filepath.Join(t.Dir, "goimports")), again),
	}
	builder.Editor = true
	if _, missing, _ := builder.Find(ctx); len(missing) > 0 {
		list = append(list, Finding{"gopls", Note, "not built; only completion in Jupyter needs it", installVerb})
	}
	if list[0].Status == OK && list[1].Status == OK {
		list = append(list, checkCell(ctx, repo, t, again))
	}
	return list
}

func checkProgram(ctx context.Context, name string, cmd *exec.Cmd, mend string) Finding {
	cmd.Stdin = strings.NewReader("package p\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return Finding{name, Wrong, fmt.Sprintf("%s does not work: %v %s", cmd.Path, err, out), mend}
	}
	says := cmd.Path
	if info, err := buildinfo.ReadFile(cmd.Path); err == nil { // gonb -V is behind its own releases
		says = info.Main.Version + " " + says
	}
	return Finding{name, OK, says, ""}
}

// checkCell runs a cell, as a notebook does.
func checkCell(ctx context.Context, repo string, t gonb.Tools, mend string) Finding {
	begin := time.Now()
	nb := &ipynb.Notebook{Minor: 5, Cells: []ipynb.Cell{{Type: ipynb.Code, Source: "%%\nfmt.Println(6 * 7)"}}}
	out, err := execute.Notebook(ctx, nb, execute.Options{Repo: repo, Tools: t, Dir: os.TempDir(), Timeout: 2 * time.Minute})
	if err != nil {
		return Finding{"cells", Wrong, "a cell did not run: " + err.Error(), mend}
	}
	if got := execute.Verdict(out); got != "42" {
		return Finding{"cells", Wrong, fmt.Sprintf("a cell said %q, want 42", got), mend}
	}
	return Finding{"cells", OK, fmt.Sprintf("kernel started and a cell run in %.1f s", time.Since(begin).Seconds()), ""}
}

func checkSpec(repo string) Finding {
	dir, err := gonb.SpecDir("")
	if err != nil {
		return Finding{"kernelspec", Note, err.Error(), ""}
	}
	if err := gonb.Installed(repo, dir); errors.Is(err, gonb.ErrNotInstalled) {
		return Finding{"kernelspec", Note, "not installed; only Jupyter needs it", installVerb}
	} else if err != nil {
		return Finding{"kernelspec", Wrong, dir + ": " + err.Error(), installVerb}
	}
	return Finding{"kernelspec", OK, dir, ""}
}

// Jupyter returns the command that opens notebooks and its name, "" if there is none.
func Jupyter() (path, name string) {
	for _, c := range []struct{ program, name string }{{"jupyter-lab", "Jupyter Lab"}, {"jupyter-notebook", "Jupyter Notebook"}} {
		if path, err := exec.LookPath(c.program); err == nil {
			return path, c.name
		}
	}
	return "", ""
}

// GetJupyter says how to get Jupyter.
const GetJupyter = "pip install jupyterlab (or apt install jupyter-notebook)"

func checkJupyter() Finding {
	if path, name := Jupyter(); path != "" {
		return Finding{"Jupyter", OK, name + " at " + path, ""}
	}
	return Finding{"Jupyter", Note, "none found; `go run ./kernel run NOTEBOOK` does without", GetJupyter}
}

// checkModels looks for the weights that are shipped with the clone.
func checkModels(repo string) Finding {
	dir := filepath.Join(repo, "data", "models", "tiny")
	weights, _ := filepath.Glob(filepath.Join(dir, "*", "*.safetensors"))
	if len(weights) == 0 {
		return Finding{"models", Wrong, "no *.safetensors below " + dir, "git checkout -- data/models (or train them again, in an hour: go run ./kernel train)"}
	}
	for _, w := range weights {
		for _, name := range []string{"config.json", "tokenizer.json"} {
			if _, err := os.Stat(filepath.Join(filepath.Dir(w), name)); err != nil {
				return Finding{"models", Wrong, err.Error(), "git checkout -- data/models"}
			}
		}
		if info, err := os.Stat(w); err == nil && info.Size() < 1024 {
			return Finding{"models", Wrong, fmt.Sprintf("%s has only %d bytes", w, info.Size()), "git checkout -- data/models"}
		}
	}
	return Finding{"models", OK, fmt.Sprintf("%d of the tiny family in %s", len(weights), dir), ""}
}

// What a first run needs on disk, measured with GoNB v0.11.4 and Go 1.26:
// modules 0.4 GB, build cache 0.9 GB. Later runs need a hundredth.
const (
	firstRun = 1500 << 20
	anyRun   = 200 << 20
)

// checkDisk looks at every place that runs write to.
func checkDisk(ctx context.Context, repo string, g gonb.Go) []Finding {
	places := []struct{ what, dir string }{{"temporary files", os.TempDir()}}
	if cache, err := gonb.CacheDir(); err == nil {
		places = append(places, struct{ what, dir string }{"built programs", cache})
	}
	if g.Path != "" {
		if out, err := exec.CommandContext(ctx, g.Path, "env", "GOCACHE").Output(); err == nil {
			places = append(places, struct{ what, dir string }{"Go's build cache", strings.TrimSpace(string(out))})
		}
	}
	var list []Finding
	least := int64(1) << 62
	for _, p := range places {
		free, err := freeSpace(p.dir)
		if err != nil {
			list = append(list, Finding{"disk", Wrong, p.what + ": " + err.Error(), ""})
			continue
		}
		least = min(least, free)
		says := fmt.Sprintf("%.1f GB free for %s in %s", float64(free)/1e9, p.what, p.dir)
		if free < anyRun {
			list = append(list, Finding{"disk", Wrong, says, "make room, or clear Go's build cache with: go clean -cache"})
		} else if free < firstRun {
			list = append(list, Finding{"disk", Note, says + "; a first run can take 1.5 GB", "make room"})
		}
	}
	if list == nil {
		list = append(list, Finding{"disk", OK, fmt.Sprintf("%.1f GB free", float64(least)/1e9), ""})
	}
	return list
}

// freeSpace returns the bytes that the user may still write where a folder is
// or will be.
func freeSpace(dir string) (int64, error) {
	for {
		var s syscall.Statfs_t
		err := syscall.Statfs(dir, &s)
		if err == nil {
			return int64(s.Bavail) * int64(s.Bsize), nil
		}
		if !errors.Is(err, os.ErrNotExist) || dir == filepath.Dir(dir) {
			return 0, fmt.Errorf("%s: %w", dir, err)
		}
		dir = filepath.Dir(dir)
	}
}
