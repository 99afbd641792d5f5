package results_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bellwether/lib/model"
	"bellwether/lib/record"
	"bellwether/lib/results"
	"bellwether/lib/task"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	const text = "model,params,item,loss,note\nsmall,1e6,a,1,\nsmall,1e6,b,3,\nlarge,1e7,a,oops,\nlarge,2e7,a,2,\n"
	got, err := results.Table("mine.csv", strings.NewReader(text), results.Columns{Metrics: map[string]string{"loss": "loss"}})
	if err != nil {
		t.Fatal(err)
	}
	small, large := got[0], got[1]
	if small.Task != "mine" || small.Params != 1e6 || small.Metrics["loss"] != (results.Value{Mean: 2, SE: 1}) || len(small.Log.Rows) != 2 {
		t.Errorf("small: %+v", small)
	}
	var codes []string
	for _, p := range large.Problems {
		codes = append(codes, p.Code)
	}
	if diff := cmp.Diff([]string{"bad-value", "bad-value", "duplicate-item", "cut-short"}, codes); diff != "" || large.Problems[0].Line != 4 || large.Metrics["loss"].Mean != 2 || !math.IsNaN(large.Metrics["loss"].SE) {
		t.Errorf("large: %+v", large) // oops, another size, the item twice
	}
	for name, tt := range map[string]struct {
		text, want string
		cols       results.Columns
	}{
		"no model column": {"a,b\n1,2\n", `no column "model"`, results.Columns{}},
		"twice":           {"model,model\n", "there twice", results.Columns{}},
		"no metric":       {"model\nx\n", `no column "loss"`, results.Columns{Metrics: map[string]string{"loss": "loss"}}},
		"no rows":         {"model,loss\n", "no rows", results.Columns{}},
	} {
		if _, err := results.Table("x.csv", strings.NewReader(tt.text), tt.cols); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, tt.want)
		}
	}
}

// asked is a task and a log of it.
func asked() (*task.Task, *record.Log) {
	q := &task.Task{Name: "q", Type: task.Classification, Items: []task.Item{
		{ID: "one", Prompt: "Is \"ü\" a letter?", Choices: []string{" yes", " no"}, Gold: []int{0}},
		{ID: "two", Prompt: "Is 2?", Choices: []string{" yes", " no"}, Gold: []int{1}},
	}}
	l := &record.Log{Finished: true, Header: record.Header{
		Schema: record.Schema, Task: record.Task{Name: "q", Hash: q.Hash(), Type: "classification", Items: 2}, Model: model.Identity{Name: "a/b", Parameters: 10},
	}}
	l.Rows = []record.Row{
		{Item: "one", Gold: []int{0}, Choices: []record.Choice{{Nats: -1.0 / 3, Last: -.1, Tokens: 1, Bytes: 3, Chars: 3, Greedy: true}, {Nats: -2.5, Last: -.2, Tokens: 1, Bytes: 2, Chars: 2}}},
		{Item: "two", Gold: []int{1}, Choices: []record.Choice{{Nats: -1, Last: -1, Tokens: 1, Bytes: 3, Chars: 3}, {Nats: -2, Last: -2, Tokens: 1, Bytes: 2, Chars: 2}}},
	}
	return q, l
}

func TestCSVRoundTrip(t *testing.T) {
	_, l := asked()
	l.Rows = append(l.Rows, record.Row{Item: "three,\"\n", Error: "429"})
	cells := results.Cells([]*record.Log{l})
	var b bytes.Buffer
	if err := results.WriteCSV(&b, cells); err != nil {
		t.Fatal(err)
	}
	got, err := results.ReadCSV("x.csv", &b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cells, got); diff != "" || len(got) != 5 {
		t.Errorf("%d cells; write, read (-want +got):\n%s", len(got), diff)
	}
}

func TestSamplesRoundTrip(t *testing.T) {
	q, l := asked()
	dir := filepath.Join(t.TempDir(), "a__b")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "samples_q_2026-11-21T00-00-00.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	failed, err := results.WriteSamples(f, q, l)
	if err != nil || failed != 0 {
		t.Fatalf("%d failed, %v", failed, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := results.Import(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := got[0]
	if r.Task != "q" || r.Model != "a/b" || r.Metrics["acc"].Mean != .5 {
		t.Errorf("%+v", r)
	}
	for i, row := range r.Log.Rows {
		want := l.Rows[i]
		for c := range row.Choices {
			if row.Choices[c].Nats != want.Choices[c].Nats || row.Choices[c].Greedy != want.Choices[c].Greedy || row.Choices[c].Chars != want.Choices[c].Chars {
				t.Errorf("row %d choice %d: %+v, want %+v", i, c, row.Choices[c], want.Choices[c])
			}
		}
		if diff := cmp.Diff(want.Gold, row.Gold); diff != "" {
			t.Errorf("row %d gold (-want +got):\n%s", i, diff)
		}
	}
	q.Items[0].Prompt = "another"
	if _, err := results.WriteSamples(f, q, l); err == nil {
		t.Error("a log of another task: want an error")
	}
}

// What we export comes back by import: the same rows and their means.
func TestImportOwn(t *testing.T) {
	_, l := asked()
	var b bytes.Buffer
	if err := results.WriteCSV(&b, results.Cells([]*record.Log{l})); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "export.csv")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := results.Import(path, nil)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	r := got[0]
	if diff := cmp.Diff(l.Rows, r.Log.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	want, right := 0, 0
	for _, row := range l.Rows {
		if row.Error == "" {
			want++
			best := 0
			for i, c := range row.Choices {
				if c.Nats > row.Choices[best].Nats {
					best = i
				}
			}
			if best == row.Gold[0] {
				right++
			}
		}
	}
	if r.Source != "bellwether" || r.Task != "q" || r.Model != "a/b" || r.Params != 10 || r.N != want || r.Metrics["accuracy"].Mean != float64(right)/float64(want) {
		t.Errorf("%+v", r)
	}
}
