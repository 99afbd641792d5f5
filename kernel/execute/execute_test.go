package execute

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bellwether/kernel/gonb"
	"bellwether/kernel/ipynb"
	"bellwether/kernel/jupyter"
)

// kernel builds the kernel, if this machine has not yet.
func kernel(t *testing.T) Options {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a Go kernel, which takes a minute to build")
	}
	repo, err := gonb.Repo()
	if err != nil {
		t.Fatal(err)
	}
	tools, err := gonb.Builder{Repo: repo, Progress: func(line string) { t.Log(line) }}.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return Options{Repo: repo, Tools: tools, Dir: t.TempDir(), Timeout: 2 * time.Minute}
}

func notebook(sources ...string) *ipynb.Notebook {
	nb := &ipynb.Notebook{Minor: 5, Metadata: map[string]any{"kept": true}}
	for _, s := range sources {
		c := ipynb.Cell{Type: ipynb.Code, Source: s, Count: 99, Outputs: []ipynb.Output{{Type: ipynb.Stream, Name: "stdout", Text: "old"}}}
		if after, ok := strings.CutPrefix(s, "# "); ok {
			c = ipynb.Cell{Type: ipynb.Markdown, Source: after}
		}
		if tag, ok := strings.CutPrefix(s, "tag:"); ok {
			tag, c.Source, _ = strings.Cut(tag, "\n")
			c.Metadata = map[string]any{"tags": []any{tag}}
		}
		nb.Cells = append(nb.Cells, c)
	}
	return nb
}

// texts returns what the cells say: one text a cell.
func texts(nb *ipynb.Notebook) []string {
	var list []string
	for _, c := range nb.Cells {
		s := ""
		for _, o := range c.Outputs {
			s += Text(o)
		}
		list = append(list, s)
	}
	return list
}

func TestNotebook(t *testing.T) {
	opts := kernel(t)
	nb := notebook(
		"# text",
		"%%\nfmt.Println(math.Sqrt(2), os.Getenv(\"BELLWETHER_DATA\") != \"\")",
		"var x = 20\n\nfunc twice(n int) int { return 2 * n }",
		"tag:skip-execution\n%%\nfmt.Println(\"not run\")",
		"tag:raises-exception\n%%\nos.Exit(3)",
		"",
		"%%\nwd, err := os.Getwd()\nfmt.Println(twice(x)+2, filepath.Base(must(wd, err)))",
	)
	out, err := Notebook(t.Context(), nb, opts)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"", "1.4142135623730951 true", "", "", "exit status 3", "", "42 " + filepath.Base(opts.Dir)}
	if diff := cmp.Diff(want, texts(out)); diff != "" {
		t.Error("outputs (-want +got):\n", diff)
	}
	if nb.Cells[1].Outputs[0].Text != "old" || nb.Cells[1].Count != 99 {
		t.Error("the notebook that was given has changed")
	}
	if counts := []int{out.Cells[1].Count, out.Cells[2].Count, out.Cells[3].Count, out.Cells[4].Count, out.Cells[6].Count}; !cmp.Equal(counts, []int{1, 2, 0, 3, 4}) {
		t.Errorf("execution counts %v: the prelude must not count", counts)
	}
	spec, _ := out.Metadata["kernelspec"].(map[string]any)
	if spec["name"] != gonb.KernelName || out.Metadata["kept"] != true {
		t.Errorf("metadata %v", out.Metadata)
	}
	if got := Verdict(out); got != "42 "+filepath.Base(opts.Dir) {
		t.Errorf("verdict %q", got)
	}
}

// TestFailures runs cells that fail in every way there is, and checks what is
// said about them and that the outputs so far are kept.
func TestFailures(t *testing.T) {
	opts := kernel(t)
	opts.AllowErrors = true
	w := &failures{}
	opts.Watch = w
	_, err := Notebook(t.Context(), notebook(
		"%%\nx := 1\nfmt.Println(y, x)",
		"func broken() int {\n\treturn \"one\"\n}",
		"%%\nfmt.Println( 1 +",
		"%%\nfmt.Println(\"shown\")\nfmt.Println(must(os.ReadFile(\"/nowhere/at/all\")))",
		"%%\ncheck(errors.Join(errors.New(\"one\"), errors.New(\"two\")))",
		"%%\nvar list []int\nfmt.Println(list[3:][0])",
		"%%\nfmt.Fprintln(os.Stderr, \"the last word\")\nos.Exit(2)",
		"%%\nos.Exit(2)",
	), opts)
	var first *CellError
	if !errors.As(err, &first) || first.Cell != 1 {
		t.Fatalf("error %v, want that of cell 1", err)
	}
	want := []CellError{
		{Cell: 1, Line: 3, Code: "fmt.Println(y, x)", Message: "undefined: y"},
		{Cell: 2, Line: 2, Code: `return "one"`, Message: `cannot use "one" (untyped string constant) as int value in return statement`},
		{Cell: 3, Line: 2, Code: "fmt.Println( 1 +"},
		{Cell: 4, Line: 3, Code: `fmt.Println(must(os.ReadFile("/nowhere/at/all")))`, Message: "open /nowhere/at/all: no such file or directory"},
		{Cell: 5, Line: 2, Code: `check(errors.Join(errors.New("one"), errors.New("two")))`, Message: "one; two"},
		{Cell: 6, Line: 3, Code: "fmt.Println(list[3:][0])", Message: "panic: runtime error: slice bounds out of range [3:0]"},
		{Cell: 7, Message: "the last word"},
		{Cell: 8, Message: "exit status 2"},
	}
	// What the parser says of an unfinished call has changed between versions.
	if len(w.list) == len(want) {
		w.list[2].Message = ""
	}
	if diff := cmp.Diff(want, w.list, cmpopts.IgnoreFields(CellError{}, "Cells")); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
	if got := first.Error(); got != "cell 1 of 8, line 3: fmt.Println(y, x): undefined: y" {
		t.Errorf("it says %q", got)
	}
	if w.outputs != "shown" {
		t.Errorf("shown were %q", w.outputs)
	}
}

type failures struct {
	list    []CellError
	outputs string
}

func (*failures) Start(int, int) {}
func (w *failures) Output(o ipynb.Output) {
	if o.Name == "stdout" {
		w.outputs += Text(o)
	}
}

func (w *failures) End(_, _ int, _ time.Duration, _ []ipynb.Output, e *CellError) {
	if e != nil {
		w.list = append(w.list, *e)
	}
}

// TestStops checks that a run that is stopped, by a time limit or by its user,
// keeps what was shown and leaves no process and no file behind.
func TestStops(t *testing.T) {
	opts := kernel(t)
	tmp := t.TempDir()
	if len(tmp) > 60 { // the path of a socket is short
		dir, err := os.MkdirTemp("/tmp", "bwt")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		tmp = dir
	}
	t.Setenv("TMPDIR", tmp)
	mark := "bellwether" + filepath.Base(tmp)
	sleep := "%%\nfmt.Println(\"begun\")\n// a child that must go, too\ncheck(exec.Command(\"sh\", \"-c\", \"sleep 600; : " + mark + "\").Run())"
	for _, tt := range []struct {
		name  string
		stop  func(ctx context.Context, o *Options) (context.Context, context.CancelFunc)
		cause error
		said  string
	}{
		{"time limit", func(ctx context.Context, o *Options) (context.Context, context.CancelFunc) {
			o.Timeout = 4 * time.Second
			return ctx, func() {}
		}, nil, "took longer than 4s (--timeout)"},
		{"user", func(ctx context.Context, o *Options) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			o.Watch = &canceller{cancel: cancel}
			return ctx, cancel
		}, context.Canceled, "context canceled"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := opts
			ctx, cancel := tt.stop(t.Context(), &o)
			defer cancel()
			out, err := Notebook(ctx, notebook("%%\nfmt.Println(1)", sleep, "%%\nfmt.Println(3)"), o)
			var e *CellError
			if !errors.As(err, &e) || e.Cell != 2 || !strings.Contains(e.Message, tt.said) || tt.cause != nil && !errors.Is(err, tt.cause) {
				t.Errorf("error %v", err)
			}
			got := texts(out)
			if got[0] != "1" || !strings.HasPrefix(got[1], "begun") || got[2] != "" {
				t.Errorf("outputs %q", got)
			}
			if left := processes(t, mark); len(left) > 0 {
				t.Errorf("processes left behind: %q", left)
			}
			if left, _ := filepath.Glob(filepath.Join(tmp, "bellwether-*")); len(left) > 0 {
				t.Errorf("files left behind: %q", left)
			}
		})
	}
}

// canceller is a user who presses Ctrl-C when a cell has begun to speak.
type canceller struct {
	failures
	cancel func()
}

func (c *canceller) Output(o ipynb.Output) {
	if Text(o) == "begun" {
		c.cancel()
	}
}

// processes returns the command lines that contain a mark.
func processes(t *testing.T, mark string) []string {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(files) == 0 {
		t.Log("no /proc here: processes are not looked for")
		return nil
	}
	var list []string
	for _, f := range files {
		if line, err := os.ReadFile(f); err == nil && strings.Contains(string(line), mark) {
			list = append(list, string(line))
		}
	}
	return list
}

func TestKernelKilled(t *testing.T) {
	opts := kernel(t)
	_, err := Notebook(t.Context(), notebook("%%\nmust(0, syscall.Kill(os.Getppid(), syscall.SIGKILL))\ntime.Sleep(time.Minute)"), opts)
	if !errors.Is(err, jupyter.ErrDead) || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("error %v", err)
	}
}

func TestVerdict(t *testing.T) {
	display := func(s string) ipynb.Output {
		return ipynb.Output{Type: ipynb.DisplayData, Data: map[string]any{"text/plain": s}}
	}
	print := func(s string) ipynb.Output { return ipynb.Output{Type: ipynb.Stream, Name: "stdout", Text: s} }
	for _, tt := range []struct {
		name    string
		outputs []ipynb.Output
		want    string
	}{
		{"nothing", nil, ""},
		{"last line", []ipynb.Output{display("chart"), print("a\nb\n")}, "b"},
		{"last display", []ipynb.Output{print("a\nb\n"), display("two\nlines")}, "two\nlines"},
		{"a verdict before others", []ipynb.Output{display("Verdict: falls"), display("chart"), print("end")}, "Verdict: falls"},
		{"a verdict in bold", []ipynb.Output{display("**Verdict:** rises"), print("end")}, "Verdict: rises"},
		{"not what went wrong", []ipynb.Output{print("a"), {Type: ipynb.Stream, Name: "stderr", Text: "b"}}, "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nb := &ipynb.Notebook{}
			for _, o := range tt.outputs {
				nb.Cells = append(nb.Cells, ipynb.Cell{Type: ipynb.Code, Outputs: []ipynb.Output{o}})
			}
			if got := Verdict(nb); got != tt.want {
				t.Errorf("Verdict() = %q, want %q", got, tt.want)
			}
		})
	}
	both := &ipynb.Notebook{Cells: []ipynb.Cell{{Outputs: []ipynb.Output{display("verdict 1")}}, {Outputs: []ipynb.Output{display("verdict 2"), print("x"), display("verdict 3")}}}}
	if got := Verdict(both); got != "verdict 2\n\nverdict 3" {
		t.Errorf("Verdict() of two in the last cell = %q", got)
	}
	doubted := &ipynb.Notebook{Cells: []ipynb.Cell{{Outputs: []ipynb.Output{print("asked\n"), display("it falls"), display("doubt: four models")}}}}
	if got := Verdict(doubted); got != "it falls\ndoubt: four models" {
		t.Errorf("Verdict() of a chart with a doubt = %q", got)
	}
}

// A stack trace whose pieces GoNB could not mark still names its line.
func TestTraceWithoutMarks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gonb_1a2b")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "main.go")
	if err := os.WriteFile(path, []byte("package main\n\nfunc main() {\n\tpanic(1)\n}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got := explain("%%\n// a comment\npanic(1)", jupyter.Result{Failed: true, Count: 3, Err: "exit status 2", Outputs: []ipynb.Output{
		{Type: ipynb.Stream, Name: "stderr", Text: "panic: 1\n\ngoroutine 1 [running]:\nmain.main()\n\t" + path + ":4 +0x1d\nexit status 2\n"},
	}})
	want := &CellError{Line: 3, Code: "panic(1)", Message: "panic: 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
}
