package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellwether/kernel/execute"
	"bellwether/kernel/gonb"
	"bellwether/kernel/ipynb"
	"bellwether/kernel/jupyter"
)

func writeConnection(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(dir, "connection.json")
	if err := jupyter.NewConnection(dir).Write(file); err != nil {
		t.Fatal(err)
	}
	return file
}

// committedNotebooks returns the notebooks of the clone, without what runs wrote beside them.
func committedNotebooks(t *testing.T) []string {
	t.Helper()
	repo, err := gonb.Repo()
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob(filepath.Join(repo, "notebooks", "*.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, f := range all {
		if !strings.HasSuffix(f, ".executed.ipynb") {
			files = append(files, f)
		}
	}
	return files
}

// python is the interpreter of Debian's Jupyter, "" if it has none.
func python(t *testing.T) string {
	for _, p := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(p, "-c", "import nbclient, nbformat, jupyter_client").Run() == nil {
			return p
		}
	}
	t.Skip("no Jupyter here (python3 with nbclient): apt-get install jupyter-nbclient")
	return ""
}

// A notebook that shows every kind of output there is.
var interop = []string{
	"%%\nfmt.Println(math.Pi)",
	"type pair struct{ a, b int }\n\nfunc (p pair) sum() int { return p.a + p.b }",
	"import \"gonum.org/v1/gonum/stat\"\n\n%%\nfmt.Println(pair{1, 2}.sum(), stat.Mean([]float64{1, 2, 6}, nil))\nfmt.Fprintln(os.Stderr, \"an aside\")",
	"%%\nshow.Markdown(\"**bold**\")\nfmt.Println(must(data.Path(\"models\")))",
}

// TestJupyter installs the kernel for a real Jupyter and compares what it gets
// with what our own runner gets: first from a notebook of every kind of output,
// then from the notebooks of the clone.
func TestJupyter(t *testing.T) {
	py := python(t)
	cache, data := buildKernel(t), t.TempDir()
	with := func(cmd *exec.Cmd) *exec.Cmd {
		if cmd.Env == nil {
			cmd.Env = append(os.Environ(), "BELLWETHER_TEST_AS_PROGRAM=1")
		}
		cmd.Env = append(cmd.Env, gonb.CacheEnv+"="+cache, "JUPYTER_DATA_DIR="+data)
		return cmd
	}
	if status, said := output(t, with(program(t, "install", "--gopls=false"))); status != 0 {
		t.Fatalf("install: %s", said)
	}
	files := append([]string{writeNotebook(t, interop...)}, committedNotebooks(t)...)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			dir := t.TempDir()
			own, theirs := filepath.Join(dir, "own.ipynb"), filepath.Join(dir, "jupyter.ipynb")
			if status, said := output(t, with(program(t, "run", "-o", own, file))); status != 0 {
				t.Fatalf("run: exit status %d:\n%s", status, said)
			}
			if status, said := output(t, with(exec.CommandContext(t.Context(), py, "-c", nbclientProgram, file, theirs))); status != 0 {
				t.Fatalf("nbclient: exit status %d:\n%s", status, said)
			}
			if diff := cmp.Diff(said(t, own), said(t, theirs)); diff != "" {
				t.Error("our runner and Jupyter differ (-ours +Jupyter's):\n", diff)
			}
		})
	}
	if left := running(t, cache); left != "" {
		t.Errorf("left behind:\n%s", left)
	}
}

const nbclientProgram = `import os, sys, nbformat, nbclient
nb = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(nb, kernel_name="bellwether", timeout=600,
    resources={"metadata": {"path": os.path.dirname(os.path.abspath(sys.argv[1]))}}).execute()
nbformat.write(nb, sys.argv[2])`

// Times differ between runs, and a second run finds the answers of the first.
var (
	durations = regexp.MustCompile(`\d+(\.\d+)? (s|ms|min|h)\b`)
	progress  = regexp.MustCompile(`(: \d+ of \d+)(, all there already| in T.*)$`)
)

// said returns what every cell of an executed notebook says in text.
func said(t *testing.T, path string) [][]string {
	t.Helper()
	nb, err := ipynb.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list [][]string
	for _, c := range nb.Cells {
		var lines []string
		streams := map[string]string{}
		for _, o := range c.Outputs {
			text := durations.ReplaceAllString(execute.Text(o), "T")
			if o.Type == ipynb.Stream { // their order is the scheduler's
				streams[o.Name] += text
			} else {
				lines = append(lines, progress.ReplaceAllString(text, "$1"))
			}
		}
		list = append(list, append(lines, streams["stdout"], streams["stderr"]))
	}
	return list
}

// running returns the processes whose command line holds a text.
func running(t *testing.T, text string) string {
	t.Helper()
	out, err := exec.Command("ps", "-eo", "pid,args").Output()
	if err != nil {
		t.Log("no ps here: processes are not looked for")
		return ""
	}
	var left []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, text) {
			left = append(left, line)
		}
	}
	return strings.Join(left, "")
}
