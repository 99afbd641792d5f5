package ipynb

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const sample = "testdata/sample.ipynb"

func write(t *testing.T, n *Notebook) string {
	t.Helper()
	var b bytes.Buffer
	if err := n.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReadWrite(t *testing.T) {
	n, err := ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	// The sample is written as Jupyter writes it, with fields of no format and
	// numbers that a float64 would change.
	want, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), write(t, n)); diff != "" {
		t.Error("written differently (-want +got):\n", diff)
	}
	wantOutputs := []Output{
		{Type: Stream, Name: "stdout", Text: "10%\r100%\na < b\n"},
		{Type: ExecuteResult, Count: 3, Metadata: map[string]any{}, Data: map[string]any{"text/html": "<b>bold</b>", "text/plain": "bold"}},
		{Type: DisplayData, Metadata: map[string]any{}, Data: map[string]any{"image/png": "iVBORw0KGgo=\n", "text/plain": `a "dot"`}},
		{Type: Error, ErrName: "ERROR", ErrValue: "undefined: y", Traceback: []string{"\x1b[31mundefined: y\x1b[0m"}},
	}
	isJSON := cmpopts.IgnoreMapEntries(func(mime string, _ any) bool { return mime == "application/json" })
	if diff := cmp.Diff(wantOutputs, n.Cells[2].Outputs, cmpopts.IgnoreUnexported(Output{}), isJSON); diff != "" {
		t.Error("outputs (-want +got):\n", diff)
	}
	if got := n.Title(); got != "A *title*" {
		t.Errorf("Title() = %q", got)
	}
	if diff := cmp.Diff([]int{2}, n.CodeCells()); diff != "" {
		t.Error("code cells:", diff)
	}
}

func TestStrip(t *testing.T) {
	n, err := ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	kept := n.Clone()
	n.Strip()
	got := write(t, n)
	for _, gone := range []string{"bold", "ExecuteTime", "collapsed", `"execution_count": 3`} {
		if strings.Contains(got, gone) {
			t.Errorf("still there: %s", gone)
		}
	}
	for _, there := range []string{"attachments", `"unknown": "kept"`, "future", "intro"} {
		if !strings.Contains(got, there) {
			t.Errorf("lost: %s", there)
		}
	}
	again, err := Read(strings.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	again.Strip()
	if got != write(t, again) {
		t.Error("stripping twice is not stripping once")
	}
	if len(kept.Cells[2].Outputs) != 4 {
		t.Error("Strip changed the clone")
	}
}

func TestReadErrors(t *testing.T) {
	cells := func(s string) string {
		return `{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "markdown", "source": ""},` + s + `]}`
	}
	for _, tt := range []struct{ name, in, want string }{
		{"no JSON", "{\n\"cells\": [,]\n}", "not a notebook: line 2: invalid character ',' looking for beginning of value"},
		{"other JSON", `{"a": 1}`, `not a notebook: no field "nbformat"`},
		{"version 3", `{"nbformat": 3, "cells": []}`, "nbformat is 3, want 4: convert it with `jupyter nbconvert --to notebook --nbformat 4 FILE`"},
		{"cell type", cells(`{"cell_type": "heading"}`), `cell 2: cell_type is "heading", want "code", "markdown" or "raw"`},
		{"source", cells(`{"cell_type": "code", "source": 7}`), "cell 2: (code) source is 7, want a string or a list of strings"},
		{"no source", cells(`{"cell_type": "raw"}`), `cell 2: (raw) no field "source"`},
		{"count", cells(`{"cell_type": "code", "source": "", "execution_count": 1.5}`), "cell 2: (code) execution_count is 1.5, want a whole number"},
		{"outputs", cells(`{"cell_type": "code", "source": "", "outputs": {}}`), "cell 2: (code) outputs is {}, want a list"},
		{"output type", cells(`{"cell_type": "code", "source": "", "outputs": [{"output_type": "pyout"}]}`), `cell 2: (code) output 1: output_type is "pyout", want "stream", "display_data", "execute_result" or "error"`},
		{"output data", cells(`{"cell_type": "code", "source": "", "outputs": [{"output_type": "display_data", "data": []}]}`), "cell 2: (code) output 1: data is [], want an object"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(tt.in))
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v\nwant  %s", err, tt.want)
			}
		})
	}
	if _, err := ReadFile("testdata/none.ipynb"); !os.IsNotExist(err) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestAppend(t *testing.T) {
	var got []Output
	for _, o := range []Output{
		{Type: Stream, Name: "stdout", Text: "a"},
		{Type: Stream, Name: "stdout", Text: "b"},
		{Type: Stream, Name: "stderr", Text: "c"},
		{Type: DisplayData},
		{Type: Stream, Name: "stderr", Text: "d"},
	} {
		got = Append(got, o)
	}
	want := []Output{
		{Type: Stream, Name: "stdout", Text: "ab"},
		{Type: Stream, Name: "stderr", Text: "c"},
		{Type: DisplayData},
		{Type: Stream, Name: "stderr", Text: "d"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Output{})); diff != "" {
		t.Error(diff)
	}
}

// TestWriteFile checks that a failed write leaves the old file alone.
func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "n.ipynb")
	n := &Notebook{Minor: 5, Cells: []Cell{{Type: Code, Source: "x"}}}
	if err := WriteFile(path, n); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	n.Metadata = map[string]any{"bad": func() {}}
	if err := WriteFile(path, n); err == nil {
		t.Error("a notebook that cannot be written was")
	}
	if _, err := ReadFile(path); err != nil {
		t.Error(err)
	}
	n.Metadata = nil
	if err := WriteFile(path, n); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v; want 0640 as before", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestJupyterWritesTheSame compares with nbformat, Jupyter's own library.
func TestJupyterWritesTheSame(t *testing.T) {
	const program = `import nbformat, sys
n = nbformat.read(sys.argv[1], as_version=4)
nbformat.validate(n)
sys.stdout.write(nbformat.writes(n) + "\n")`
	python := "/usr/bin/python3"
	if exec.Command(python, "-c", "import nbformat").Run() != nil {
		t.Skip("no nbformat for " + python + ": install jupyter-nbformat to compare with Jupyter's own writer")
	}
	n, err := ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	// What nbformat 4.5 does not allow, and a float that Python rewrites.
	n.extra, n.Cells[3].extra, n.Cells[2].Outputs[1].Data["application/json"] = nil, nil, "text"
	path := filepath.Join(t.TempDir(), "n.ipynb")
	if err := WriteFile(path, n); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", program, path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	if diff := cmp.Diff(string(out), write(t, n)); diff != "" {
		t.Error("written differently (-Jupyter +we):\n", diff)
	}
}

func FuzzRead(f *testing.F) {
	data, err := os.ReadFile(sample)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"nbformat":4,"cells":[{"cell_type":"code","source":["a\n","b"],"outputs":[{"output_type":"stream","name":"x","text":"\u001b[1m"}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		first := write(t, n)
		again, err := Read(strings.NewReader(first))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, first)
		}
		if second := write(t, again); second != first {
			t.Errorf("written, read and written again differs:\n%s", cmp.Diff(first, second))
		}
		if err := n.WriteHTML(&bytes.Buffer{}, Page{Name: "f.ipynb"}); err != nil {
			t.Fatal(err)
		}
	})
}
