package replay_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"bellwether/lib/eval"
	"bellwether/lib/model"
	"bellwether/lib/model/replay"
	"bellwether/lib/record"
	"bellwether/lib/task"

	"github.com/google/go-cmp/cmp"
)

// lengths scores by the text's lengths, and remembers what it was asked.
type lengths struct{ asked []model.Request }

func (l *lengths) Identity() model.Identity { return model.Identity{Name: "lengths", Parameters: 5} }

func (l *lengths) Capabilities() model.Capabilities { return model.Capabilities{} }

func (l *lengths) Score(_ context.Context, requests []model.Request) ([]model.Reply, error) {
	l.asked = append(l.asked, requests...)
	out := make([]model.Reply, len(requests))
	for i, q := range requests {
		for k, w := range strings.SplitAfter(q.Continuation, "e") {
			out[i].Tokens = append(out[i].Tokens, model.Token{Text: w, Nats: -float64(len(w)+len(q.Context)+k) / 8, Greedy: k == 0})
		}
	}
	return out, nil
}

// requests of items, as eval asks them.
func requests(t testing.TB, q *task.Task) func(string) (a, b []model.Request) {
	t.Helper()
	return func(item string) (a, b []model.Request) {
		for i := range q.Items {
			if q.Items[i].ID != item {
				continue
			}
			var l lengths
			if _, err := (eval.Shard{Task: q, Items: []int{i}}).Score(t.Context(), &l); err != nil {
				t.Fatal(err)
			}
			n := len(q.Items[i].Choices)
			return l.asked[:n], l.asked[n:]
		}
		return nil, nil
	}
}

func TestReplay(t *testing.T) {
	q := &task.Task{Name: "odds", Type: task.LogOdds, Items: []task.Item{
		{ID: "a", Prompt: "one two three: ", OtherPrompt: "three:", Choices: []string{" yes", " no"}, Gold: []int{0}},
		{ID: "b", Prompt: "four:", OtherPrompt: "five six:", Choices: []string{" never ever", ""}, Gold: []int{1}},
	}}
	q.Items[1].Choices[1] = " o"
	logs, err := eval.Options{Records: t.TempDir()}.Run(t.Context(), q, []model.Scorer{&lengths{}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := replay.New(logs[0], requests(t, q))
	if err != nil {
		t.Fatal(err)
	}
	again, err := eval.Options{Records: t.TempDir()}.Run(t.Context(), q, []model.Scorer{s})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(logs[0].Rows, again[0].Rows); diff != "" {
		t.Errorf("rows (-asked +replayed):\n%s", diff)
	}
	if diff := cmp.Diff(logs[0].Header, again[0].Header); diff != "" {
		t.Errorf("header (-asked +replayed):\n%s", diff)
	}
	got, err := s.Score(t.Context(), []model.Request{{Context: "new", Continuation: " x"}})
	if err != nil || got[0].Err == nil {
		t.Errorf("a request that is not in the log: %v, %v", got, err)
	}
}

func TestReplayErrors(t *testing.T) {
	q := []model.Request{{Context: "a", Continuation: " b"}}
	log := &record.Log{Rows: []record.Row{{Item: "1", Choices: []record.Choice{{Nats: -1, Last: -1, Tokens: 1}}}}}
	if _, err := replay.New(log, func(string) (a, b []model.Request) { return nil, nil }); err == nil || !strings.Contains(err.Error(), `item "1" makes 0 requests`) {
		t.Errorf("error %v, want that the requests do not fit", err)
	}
	log.Rows = append(log.Rows, record.Row{Item: "2", Choices: []record.Choice{{Nats: -2, Last: -2, Tokens: 1}}})
	if _, err := replay.New(log, func(string) (a, b []model.Request) { return q, nil }); err == nil || !strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("error %v, want that the log contradicts itself", err)
	}
	log.Rows = []record.Row{{Item: "3", Error: "out of luck"}}
	s, err := replay.New(log, func(string) (a, b []model.Request) { return q, nil })
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Score(t.Context(), q)
	if err != nil || got[0].Err == nil || !strings.Contains(got[0].Err.Error(), "out of luck") {
		t.Errorf("a failed item: %v, %v", got, err)
	}
}

func Example() {
	log := &record.Log{
		Header: record.Header{Model: model.Identity{Name: "pythia-70m"}},
		Rows:   []record.Row{{Item: "1", Choices: []record.Choice{{Nats: -2.5, Last: -1, Tokens: 3}}}},
	}
	s, err := replay.New(log, func(string) (choices, other []model.Request) {
		return []model.Request{{Context: "Is water wet?", Continuation: " yes, it is"}}, nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	replies, err := s.Score(context.Background(), []model.Request{{Context: "Is water wet?", Continuation: " yes, it is"}})
	fmt.Println(s.Identity().Name, replies[0].Nats(), len(replies[0].Tokens), err)
	// Output: pythia-70m -2.5 3 <nil>
}
