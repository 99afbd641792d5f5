package card_test

import (
	"fmt"
	"strings"
	"testing"

	"bellwether/lib/card"
	"bellwether/lib/model"
	"bellwether/lib/record"
	"bellwether/lib/task"

	"github.com/google/go-cmp/cmp"
)

// negation is a task of 40 items, and logs of six models that get worse: the
// log-odds of item i under model k are 1 - k + a little of i.
func negation() (*task.Task, []*record.Log) {
	t := &task.Task{Name: "neg|ation", Type: task.Classification, Description: "Does <b>not</b> flip the answer?", Licence: "MIT"}
	for i := range 40 {
		t.Items = append(t.Items, task.Item{ID: fmt.Sprint(i), Prompt: fmt.Sprintf("Q%d", i), Choices: []string{" yes", " no"}, Gold: []int{i % 2}})
	}
	var logs []*record.Log
	for k := range 6 {
		l := &record.Log{Finished: true, Header: record.Header{
			Schema: record.Schema, Task: record.Task{Name: t.Name, Hash: t.Hash(), Type: "classification", Items: 40}, Software: []string{"test"},
			Model: model.Identity{Name: fmt.Sprintf("m%d", k), Weights: fmt.Sprint(k), Family: "f", Parameters: float64(int(1000) << (2 * k))},
		}}
		for i, it := range t.Items {
			odds := 1 - float64(k)*.5 + float64(i%7)/10
			row := record.Row{Item: it.ID, Gold: it.Gold, Choices: make([]record.Choice, 2)}
			for c := range row.Choices {
				row.Choices[c] = record.Choice{Nats: -3, Last: -3, Tokens: 1, Bytes: 3, Chars: 3}
			}
			row.Choices[it.Gold[0]].Nats += odds
			l.Rows = append(l.Rows, row)
		}
		logs = append(logs, l)
	}
	return t, logs
}

func TestMake(t *testing.T) {
	q, logs := negation()
	c, err := card.Make(q, logs)
	if err != nil {
		t.Fatal(err)
	}
	if v := c.Trends[0].Result.Verdict; v != "inverse" {
		t.Errorf("log-odds that fall with every size: verdict %s, want inverse", v)
	}
	if len(c.Rows) != 6 || c.Rows[0].Parameters != 1000 || len(c.Rows[0].Scores) != len(c.Metrics) {
		t.Errorf("rows %+v", c.Rows)
	}
	text := c.Markdown()
	for _, want := range []string{
		"# neg\\|ation", "Does &lt;b>not&lt;/b> flip", "log-odds of the right answer inverse:", "- **Importance.**", "always taking the first choice is right in 50%, the longest in 50%, the shortest in 50%", "all of it", "![", c.FigureName(c.Trends[0].Metric), "1 model family (f), 6 sizes over 3.0 decades",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the card lacks %q", want)
		}
	}
	if strings.Contains(text, "<b>") {
		t.Error("HTML of the task reaches the card")
	}
	other, _ := negation()
	other.Items[0].Prompt = "changed"
	if _, err := card.Make(other, logs); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("logs of another version: error %v", err)
	}
	if _, err := card.Make(q, nil); err == nil {
		t.Error("no logs: want an error")
	}
}

// A card shows what the logs hold: imported results have no lengths, and some
// types of task have one metric.
func TestMetrics(t *testing.T) {
	for name, tt := range map[string]struct {
		kind    task.Type
		holds   []string
		columns []string
		lead    string
	}{
		"prize classification": {task.Classification, []string{"loss", "accuracy"}, []string{"accuracy", "loss"}, "accuracy"},
		"log-odds":             {task.LogOdds, []string{"logodds_shift", "accuracy", "coverage"}, []string{"logodds_shift", "accuracy", "coverage"}, "logodds_shift"},
		"sequence":             {task.SequenceProb, []string{"loss"}, []string{"loss"}, "loss"},
		"numeric":              {task.Numeric, []string{"anchoring_loss", "estimate"}, []string{"anchoring_loss"}, "anchoring_loss"},
		"nothing":              {task.Numeric, []string{"estimate"}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			q, logs := negation()
			q.Type = tt.kind
			for k, l := range logs {
				l.Header.Task.Hash, l.Header.Task.Type = q.Hash(), string(tt.kind)
				for i := range l.Rows {
					l.Rows[i].Choices, l.Rows[i].Gold = nil, nil
					l.Rows[i].Values = map[string]float64{}
					for _, m := range tt.holds {
						l.Rows[i].Values[m] = float64((i+k)%2) / float64(k+1)
					}
				}
			}
			c, err := card.Make(q, logs)
			if tt.columns == nil {
				if err == nil || !strings.Contains(err.Error(), "hold none of the metrics anchoring_loss of a task of type numeric") {
					t.Fatalf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range c.Metrics {
				got = append(got, m.Name)
			}
			if diff := cmp.Diff(tt.columns, got); diff != "" || c.Trends[0].Metric.Name != tt.lead {
				t.Errorf("lead %s, columns (-want +got):\n%s", c.Trends[0].Metric.Name, diff)
			}
			if text := c.Markdown(); strings.Contains(text, "NaN") || !strings.Contains(text, c.Trends[0].Metric.Phrase) {
				t.Errorf("%s", text)
			}
		})
	}
}

func Example() {
	q, logs := negation()
	c, err := card.Make(q, logs)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Trends[0].Metric.Name, c.Trends[0].Result.Verdict)
	fmt.Println(strings.Contains(c.Markdown(), "## Criteria"))
	// Output:
	// logodds inverse
	// true
}
