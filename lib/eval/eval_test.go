package eval_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"bellwether/lib/eval"
	"bellwether/lib/model"
	"bellwether/lib/record"
	"bellwether/lib/task"

	"github.com/google/go-cmp/cmp"
)

// hashing is a scorer for tests: its log-probabilities are a function of the
// text, so that every run of it says the same.
type hashing struct {
	name  string
	asked *atomic.Int64
	stop  int64             // cancel after so many requests; 0: never
	fails map[string]string // continuation → error for good
	quit  context.CancelFunc
	spare int
}

func (h hashing) Identity() model.Identity {
	return model.Identity{Name: h.name, Weights: "sha256:" + h.name, Parameters: float64(1000 * len(h.name))}
}

func (h hashing) Capabilities() model.Capabilities {
	return model.Capabilities{PromptLogProbs: true, MaxConcurrency: h.spare}
}

func (h hashing) Score(ctx context.Context, requests []model.Request) ([]model.Reply, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]model.Reply, len(requests))
	for i, q := range requests {
		if n := h.asked.Add(1); h.stop > 0 && n > h.stop {
			h.quit()
			return nil, context.Canceled
		}
		if reason, ok := h.fails[q.Continuation]; ok {
			out[i].Err = errors.New(reason)
			continue
		}
		f := fnv.New32a()
		fmt.Fprint(f, h.name, "\x00", q.Context, "\x00", q.Continuation)
		out[i].Tokens = []model.Token{{Text: q.Continuation, Nats: -float64(f.Sum32()%1000) / 100}}
	}
	return out, nil
}

func questions(n int) *task.Task {
	t := &task.Task{Name: "questions", Type: task.Classification}
	for i := range n {
		t.Items = append(t.Items, task.Item{ID: fmt.Sprintf("q%d", i), Prompt: fmt.Sprintf("Is %d even? ", i), Choices: []string{"yes", "no"}, Gold: []int{i % 2}})
	}
	return t
}

func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(f)] = string(b)
	}
	return out
}

func TestInterruptedRunGoesOnAndEndsTheSame(t *testing.T) {
	q := questions(100)
	var n atomic.Int64
	models := func(stop int64, quit context.CancelFunc) []model.Scorer {
		return []model.Scorer{hashing{name: "small", asked: &n, stop: stop, quit: quit, spare: 4}, hashing{name: "larger", asked: &n, stop: stop, quit: quit}}
	}
	straight := t.TempDir()
	if _, err := (eval.Options{Records: straight, Batch: 7, Parallel: 1}).Run(context.Background(), q, models(0, nil)); err != nil {
		t.Fatal(err)
	}
	if n.Load() != 400 {
		t.Fatalf("asked %d times, want 2 models x 100 items x 2 choices", n.Load())
	}

	broken := t.TempDir()
	n.Store(0)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := eval.Options{Records: broken, Batch: 5}.Run(ctx, q, models(130, cancel))
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want context.Canceled", err)
	}
	kept := 0
	for _, text := range read(t, broken) {
		kept += strings.Count(text, "\n") - 1
	}
	if kept == 0 || kept >= 200 {
		t.Fatalf("%d rows kept of an interrupted run, want some and not all", kept)
	}
	n.Store(0)
	var first, last [2]int
	seen := false
	logs, err := eval.Options{Records: broken, Progress: func(done, total int, _ string) {
		if !seen {
			first, seen = [2]int{done, total}, true
		}
		last = [2]int{done, total}
	}}.Run(context.Background(), q, models(0, nil))
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(2 * (200 - kept)); n.Load() != want {
		t.Errorf("asked %d times after the interruption, want %d", n.Load(), want)
	}
	if first != [2]int{kept, 200} || last != [2]int{200, 200} {
		t.Errorf("progress from %v to %v, want from [%d 200] to [200 200]", first, last, kept)
	}
	if diff := cmp.Diff(read(t, straight), read(t, broken)); diff != "" {
		t.Errorf("finished logs differ (-straight +resumed):\n%s", diff)
	}

	n.Store(0)
	again, err := eval.Options{Records: broken}.Run(context.Background(), q, models(0, nil))
	if err != nil {
		t.Fatal(err)
	}
	if n.Load() != 0 {
		t.Errorf("a finished run asked %d times", n.Load())
	}
	if diff := cmp.Diff(logs[0].Rows, again[0].Rows); diff != "" {
		t.Errorf("rows of the second run (-first +second):\n%s", diff)
	}
}

func TestFailedItemKeepsItsReason(t *testing.T) {
	q := questions(3)
	q.Items[1].Choices = []string{"perhaps", "no"}
	var n atomic.Int64
	dir := t.TempDir()
	m := hashing{name: "m", asked: &n, fails: map[string]string{" perhaps": "429 for ever"}}
	logs, err := eval.Options{Records: dir}.Run(context.Background(), q, []model.Scorer{m})
	if err != nil {
		t.Fatal(err)
	}
	want := record.Row{Item: "q1", Error: "choice 0: 429 for ever"}
	if diff := cmp.Diff(want, logs[0].Rows[1]); diff != "" || logs[0].Finished {
		t.Errorf("finished=%v, row (-want +got):\n%s", logs[0].Finished, diff)
	}
	n.Store(0)
	m.fails = nil
	logs, err = eval.Options{Records: dir}.Run(context.Background(), q, []model.Scorer{m})
	if err != nil {
		t.Fatal(err)
	}
	if n.Load() != 2 || !logs[0].Finished || logs[0].Failed() != 0 {
		t.Errorf("the second run asked %d times, finished=%v, failed=%d; want 2, true, 0", n.Load(), logs[0].Finished, logs[0].Failed())
	}
}

// White space at the end of the prompt belongs to the continuation.
func TestRequests(t *testing.T) {
	var got []model.Request
	m := spy{func(q []model.Request) { got = q }}
	q := &task.Task{Name: "t", Type: task.LogOdds, Items: []task.Item{{ID: "a", Prompt: "Q:\n ", OtherPrompt: "\n", Choices: []string{"x", " y"}, Gold: []int{0}}}}
	rows, err := eval.Shard{Task: q, Items: []int{0}}.Score(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	want := []model.Request{{Context: "Q:", Continuation: "\n x"}, {Context: "Q:", Continuation: "\n  y"}, {Context: "\n", Continuation: "x"}, {Context: "\n", Continuation: " y"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if c := rows[0].Choices[0]; c.Bytes != 1 || c.Chars != 1 {
		t.Errorf("the choice %q has %d bytes and %d characters, want 1 and 1: the prompt's white space is not part of it", "x", c.Bytes, c.Chars)
	}
}

type spy struct{ see func([]model.Request) }

func (s spy) Identity() model.Identity         { return model.Identity{Name: "spy", Parameters: 1} }
func (s spy) Capabilities() model.Capabilities { return model.Capabilities{} }
func (s spy) Score(_ context.Context, q []model.Request) ([]model.Reply, error) {
	s.see(q)
	out := make([]model.Reply, len(q))
	for i := range out {
		out[i].Tokens = []model.Token{{Nats: -1}}
	}
	return out, nil
}

func TestRefusals(t *testing.T) {
	var n atomic.Int64
	m := []model.Scorer{hashing{name: "m", asked: &n}}
	twice := questions(2)
	twice.Items[1].ID = "q0"
	bare := questions(1)
	bare.Items[0].Choices = nil
	numeric := questions(1)
	numeric.Type = task.Numeric
	for name, tt := range map[string]struct {
		t      *task.Task
		models []model.Scorer
		want   string
	}{
		"no items":   {questions(0), m, "has no items"},
		"no models":  {questions(1), nil, "no models"},
		"same id":    {twice, m, `id "q0"`},
		"no choices": {bare, m, "neither choices nor targets"},
		"numeric":    {numeric, m, "numeric"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := eval.Options{Records: t.TempDir()}.Run(context.Background(), tt.t, tt.models)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestSoftwareNamesItsSources(t *testing.T) {
	if s := eval.Software(); !strings.HasPrefix(s, "bellwether "+eval.Version+" sha256:") {
		t.Errorf("Software() = %q, want the version and a hash of the sources", s)
	}
}

func ExampleOptions_Run() {
	dir, _ := os.MkdirTemp("", "records")
	defer os.RemoveAll(dir)
	var n atomic.Int64
	models := []model.Scorer{hashing{name: "m", asked: &n}}
	for range 2 { // the second run reads the log and asks no model
		logs, err := eval.Options{Records: dir}.Run(context.Background(), questions(5), models)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(logs[0].Rows), "rows,", n.Load(), "requests so far")
	}
	// Output:
	// 5 rows, 10 requests so far
	// 5 rows, 10 requests so far
}
