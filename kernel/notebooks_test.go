package main

import (
	"os"
	"os/exec"
	"path/filepath"
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
	"%%\nshow.Setup()\nshow.Markdown(\"**bold**\")\nfmt.Println(must(data.Path(\"models\")))",
	`%%
line := chart.Points{Name: "models"}
for i := range 5 {
	line.Points = append(line.Points, chart.Point{X: math.Pow(10, float64(3+i)), Y: .2 * float64(i), Label: fmt.Sprint("m", i)})
}
show.Chart(&chart.Chart{
	Title: "Accuracy rises", Sentence: "Accuracy rises from 0 to 80% over five sizes.",
	X:      chart.Axis{Name: "model size", Unit: "parameters", Log: true},
	Panels: []chart.Panel{{Y: chart.Axis{Name: "accuracy", Percent: true}, Points: []chart.Points{line}}},
})`,
}

// notebooks returns those of the clone, and one that shows every kind of output.
func notebooks(t *testing.T) []string {
	path := filepath.Join(scratch, "interop.ipynb")
	nb := &ipynb.Notebook{Minor: 4}
	for _, s := range interop {
		nb.Cells = append(nb.Cells, ipynb.Cell{Type: ipynb.Code, Source: s})
	}
	if err := ipynb.WriteFile(path, nb); err != nil {
		t.Fatal(err)
	}
	return append([]string{path}, committedNotebooks(t)...)
}

// records makes a runner ask the models itself, and not find another's answers.
func records(runner string) string {
	return "BELLWETHER_RECORDS=" + filepath.Join(scratch, "records", runner)
}

// own returns a notebook as our own runner executes it, and its page; each is run once.
func own(t *testing.T, file, cache string) (executed, page string) {
	t.Helper()
	base := filepath.Join(scratch, strings.TrimSuffix(filepath.Base(file), ".ipynb"))
	executed, page = base+".executed.ipynb", base+".executed.html"
	if _, err := os.Stat(page); err == nil {
		return executed, page
	}
	cmd := program(t, "run", "-o", executed, file)
	cmd.Env = append(cmd.Env, gonb.CacheEnv+"="+cache, records("own"))
	if status, said := output(t, cmd); status != 0 {
		os.Remove(page) // what was kept of it is for people
		t.Fatalf("run %s: exit status %d:\n%s", file, status, said)
	}
	return executed, page
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
		cmd.Env = append(cmd.Env, gonb.CacheEnv+"="+cache, "JUPYTER_DATA_DIR="+data, records("jupyter"))
		return cmd
	}
	if status, said := output(t, with(program(t, "install", "--gopls=false"))); status != 0 {
		t.Fatalf("install: %s", said)
	}
	for _, file := range notebooks(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			ours, _ := own(t, file, cache)
			theirs := filepath.Join(t.TempDir(), "jupyter.ipynb")
			if status, said := output(t, with(exec.CommandContext(t.Context(), py, "-c", nbclientProgram, file, theirs))); status != 0 {
				t.Fatalf("nbclient: exit status %d:\n%s", status, said)
			}
			if diff := cmp.Diff(said(t, ours), said(t, theirs)); diff != "" {
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

// said returns what every code cell of an executed notebook says in text.
func said(t *testing.T, path string) []string {
	t.Helper()
	nb, err := ipynb.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, i := range nb.CodeCells() {
		list = append(list, execute.Said(nb.Cells[i]))
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
