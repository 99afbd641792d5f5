package results_test

import (
	"archive/zip"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bellwether/lib/results"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"
)

func write(t testing.TB, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const table = ",prompt,classes,answer_index\r\n0,Is it?,\"[' yes', ' no']\",0\r\n1,\"Was\r\nit?\",\"[' yes', ' no']\",1\r\n"

// A folder with every oddity that the prize's real folders have.
func TestPrizeOddities(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{
		"data.csv":     table,
		"args.log":     `{"models": ["ada", "davinci"], "task_type": "classification"}` + "\n" + `{"models": ["ada", "babbage"], "task_type": "classification"}`,
		"ada.csv":      "index,loss,correct,total_logprob\r\n0,0.5,1,\"(-0.5,)\"\r\n1,1.5,0,8\r\n,,,\r\n,,,", // tuple, impossible, blank, no last line end
		"babbage.csv":  "index,loss,correct,total_logprob\r\n0,0.6931471805599453,1,-1\r\n1,0.6931471805599453,1,-1\r\n",
		"curie.csv":    "index,loss,correct,total_logprob\r\n",
		"gpt2.csv":     "index,loss,correct,total_logprob\r\n0,oops,1,-1\r\n",
		"unknown.csv":  "index,loss\r\n0,1\r\n1,3\r\n",
		"opt-125m.csv": "a,b\r\n1,2\r\n",
	})
	got, err := results.Import(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string][]string{}
	for _, r := range got {
		for _, p := range r.Problems {
			codes[r.Model] = append(codes[r.Model], p.Code)
		}
	}
	want := map[string][]string{
		"ada":      {"blank-rows", "impossible-total", "model-missing"},
		"babbage":  {"degenerate-loss", "model-missing"},
		"curie":    {"no-rows", "model-unlogged", "model-missing"},
		"gpt2":     {"bad-value", "blank-rows", "cut-short", "model-unlogged", "model-missing"},
		"unknown":  {"model-unlogged", "model-missing", "size-unknown"},
		"opt-125m": {"bad-file", "model-unlogged", "model-missing"},
	}
	if diff := cmp.Diff(want, codes, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("problem codes (-want +got):\n%s", diff)
	}
	ada := got[0]
	// Mean of .5 and 1.5; SE sqrt(.5/2).
	if m := ada.Metrics["loss"]; ada.N != 2 || m.Mean != 1 || math.Abs(m.SE-.5) > 1e-12 {
		t.Errorf("ada: n=%d loss %+v, want 2, 1 +- 0.5", ada.N, m)
	}
	if rows := ada.Log.Rows; len(rows) != 2 || math.Abs(rows[0].Values["logodds"]-math.Log(math.Exp(-.5)/(1-math.Exp(-.5)))) > 1e-12 {
		t.Errorf("ada's rows %+v: log-odds of probability exp(-0.5) expected", rows)
	}
}

func TestHarnessFiles(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{
		"results_1.json": `{"results":{"t":{"alias":"t","acc,none":0.5,"acc_stderr,none":"N/A","f1,strict":NaN}},
"configs":{},"n-samples":{"t":{"original":9,"effective":2}},"config":{"model_args":"pretrained=a/b","model_num_parameters":7},"model_name":"a/b"}`,
		"EleutherAI__pythia-70m/samples_t_2026-01-21T03-44-18.458309.jsonl": `{"doc_id":0,"target":"1","arguments":{"gen_args_0":{"arg_0":"Q","arg_1":" naïve"},"gen_args_1":{"arg_0":"Q","arg_1":" b"}},"resps":[[["-1.0","False"]],[["-2.0","True"]]],"filtered_resps":[["-1.0","False"],["-2.0","True"]],"filter":"none","metrics":["acc"],"acc":0.0}
{"doc_id":1,"target":"0","arguments":{"gen_args_0":{"arg_0":"Q","arg_1":" a"},"gen_args_1":{"arg_0":"Q","arg_1":" b"}},"resps":[],"filtered_resps":[["-1.0","False"],["-2.0","True"]],"filter":"none","metrics":["acc"],"acc":1.0}
{"doc_id":2,"target":"5","arguments":{"gen_args_0":{"arg_0":"Q","arg_1":" a"},"gen_args_1":{"arg_0":"Q","arg_1":" b"}},"resps":[],"filtered_resps":[["-1.0","False"],["-2.0","True"]],"filter":"none","metrics":["acc"],"acc":1.0}
`,
	})
	got, err := results.Import(dir, func(m string) (float64, bool) { return 7e7, m == "EleutherAI/pythia-70m" })
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 {
		t.Fatalf("%d results, want 2: %+v", len(got), got)
	}
	s, r := got[0], got[1]
	if s.Model != "EleutherAI/pythia-70m" || s.Task != "t" || s.Params != 7e7 || s.N != 2 || s.Metrics["acc"].Mean != .5 {
		t.Errorf("samples: %+v", s)
	}
	if c := s.Log.Rows[0].Choices[0]; c.Chars != 5 || c.Bytes != 6 {
		t.Errorf("%q: %d characters, %d bytes; want 5 and 6, the delimiter not counted", "naïve", c.Chars, c.Bytes)
	}
	if !has(s, results.BadValue) || s.Problems[0].Line != 3 {
		t.Errorf("a target that is not a choice: %v, want a problem at line 3", s.Problems)
	}
	if r.N != 2 || r.Params != 7 || !math.IsNaN(r.Metrics["acc"].SE) || !has(r, results.ErrorUnavailable) {
		t.Errorf("results: %+v", r)
	}
}

// Newer Inspect logs compress their members with zstd, and Python writes bare NaN.
func TestInspectZstdAndNaN(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.eval")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	z.RegisterCompressor(93, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })
	for name, text := range map[string]string{
		"header.json":            `{"status":"success","eval":{"task":"t","model":"m"},"results":{"total_samples":2,"completed_samples":2,"scores":[{"name":"s","metrics":{"accuracy":{"value":0.5},"odd":{"value":NaN}}}]}}`,
		"samples/1_epoch_1.json": `{"id":1,"epoch":1,"scores":{"s":{"value":"C"}},"note":"NaN, -Infinity \" and NaN"}`,
		"samples/2_epoch_1.json": `{"id":2,"epoch":1,"scores":{"s":{"value":-Infinity}}}`,
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: 93})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := results.Import(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := got[0]
	if len(r.Log.Rows) != 2 || r.Log.Rows[0].Values["accuracy"] != 1 {
		t.Errorf("rows %+v", r.Log.Rows)
	}
	if !has(r, results.ScoreSkipped) || !has(r, results.Disagrees) {
		t.Errorf("problems %v: NaN and -Infinity must be said, and that 0.5 is not the mean of one sample", r.Problems)
	}
}

func TestNothingThere(t *testing.T) {
	if _, err := results.Import(t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "nothing at") {
		t.Errorf("error %v, want one that lists what is read", err)
	}
	dir := write(t, t.TempDir(), map[string]string{"results_broken.json": "{\n\"results\": {,}}"})
	got, err := results.Import(dir, nil)
	if err != nil || len(got) != 1 || !has(got[0], results.BadFile) || !strings.Contains(got[0].Problems[0].Message, "results_broken.json:2") {
		t.Errorf("a broken file: %+v, %v; want a bad-file problem that names line 2", got, err)
	}
}

func FuzzImport(f *testing.F) {
	f.Add("results_1.json", []byte(`{"results":{"t":{"acc,none":0.5}},"configs":{},"samples":{"t":[{"doc_id":0,"arguments":[["a","b"]],"filtered_resps":[[-1,false]],"target":0}]}}`))
	f.Add("m/samples_t_2026.jsonl", []byte(`{"doc_id":0,"target":"x","arguments":{"gen_args_0":{"arg_0":"a"}},"filtered_resps":["text"],"exact_match":1}`))
	f.Add("ada.csv", []byte("index,loss\n0,1\n,\n\"(1,)\""))
	f.Add("x.json", []byte(`{"status":"error","eval":{},"samples":[{"id":"a","scores":{"s":{"value":NaN}}}]}`))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		base := filepath.Base(name)
		if len(base) > 60 || strings.ContainsAny(base, "/\x00") || base == "." || base == ".." {
			return
		}
		dir := t.TempDir()
		if os.WriteFile(filepath.Join(dir, base), b, 0o666) != nil {
			return
		}
		if strings.HasSuffix(base, ".csv") {
			write(t, dir, map[string]string{"args.log": "{}"})
		}
		got, err := results.Import(dir, nil)
		if err != nil {
			return
		}
		for _, r := range got {
			if _, err := r.Metrics["loss"].MarshalJSON(); err != nil {
				t.Error(err)
			}
		}
	})
}

func Example() {
	dir := must(os.MkdirTemp("", "run"))
	defer os.RemoveAll(dir)
	check(os.WriteFile(filepath.Join(dir, "data.csv"), []byte(",prompt,classes,answer_index\n0,Is it?,\"[' yes', ' no']\",0\n1,Was it?,\"[' yes', ' no']\",1\n"), 0o600))
	check(os.WriteFile(filepath.Join(dir, "ada.csv"), []byte("index,loss\n0,0.5\n1,1.5\n"), 0o600))
	got := must(results.Import(dir, nil))
	fmt.Println(got[0].Model, got[0].Params, got[0].N, got[0].Metrics["loss"])
	// Output: ada 3.5e+08 2 {1 0.5}
}
