package study_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"bellwether/lib/metric"
	"bellwether/lib/model"
	"bellwether/lib/record"
	"bellwether/lib/study"
	"bellwether/lib/trend"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var approx = cmp.Options{cmpopts.EquateApprox(0, 1e-12), cmpopts.EquateNaNs()}

// answers makes the log of a model: item i has log-odds odds[i] for choice 0,
// which is right, and a right answer of 2 tokens, 5 characters.
func answers(name string, parameters float64, seed int, odds ...float64) *record.Log {
	l := &record.Log{Finished: true, Header: record.Header{
		Task:  record.Task{Name: "t", Hash: "h", Type: "classification", Items: len(odds)},
		Model: model.Identity{Name: name, Weights: name, Parameters: parameters, Seed: seed},
	}}
	for i, o := range odds {
		l.Rows = append(l.Rows, record.Row{Item: fmt.Sprint(i), Gold: []int{0}, Choices: []record.Choice{
			{Nats: -3 + o, Tokens: 2, Bytes: 6, Chars: 5}, {Nats: -3, Tokens: 1, Bytes: 1, Chars: 1},
		}})
	}
	return l
}

func TestSeriesOfReplicatedSizes(t *testing.T) {
	logs := []*record.Log{
		answers("large-s2", 1e4, 2, 2, 3), answers("small-s1", 1e3, 1, 0, 1), answers("large-s1", 1e4, 1, 1, 3), answers("small-s2", 1e3, 2, 1, 1),
	}
	got, err := study.Series(logs, metric.LogOdds)
	if err != nil {
		t.Fatal(err)
	}
	// Small: items (.5, 1), mean .75; large: (1.5, 3), mean 2.25. Deviations
	// -.25 .25 and -.75 .75: covariances .125/2, .375/2, 1.125/2. Seeds: small
	// .5 and 1, large 2 and 2.5: standard error of two values .5/2 each.
	want := trend.Series{
		Name: "t logodds", Quantity: "log-odds of the right answer", Kind: trend.LogOdds, Better: trend.Up, Cluster: "t",
		X: []float64{3, 4}, Y: []float64{.75, 2.25}, SE: []float64{.25, .75},
		Cov:         [][]float64{{.0625, .1875}, {.1875, .5625}},
		ReplicateSE: []float64{.25, .25},
		Labels:      []string{"small-s1 and 1 more", "large-s1 and 1 more"}, Tokens: 2,
	}
	if diff := cmp.Diff(want, got, approx); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	acc, err := study.Series(logs, metric.Accuracy)
	if err != nil {
		t.Fatal(err)
	}
	if acc.Chance != .5 {
		t.Errorf("chance %g of two choices, want 0.5", acc.Chance)
	}
	per, err := study.Series(logs, metric.PerChar)
	if err != nil {
		t.Fatal(err)
	}
	if per.Tokens != 5 {
		t.Errorf("answers of %g characters, want 5", per.Tokens)
	}
}

func TestItemsLeftOutAreCounted(t *testing.T) {
	a, b := answers("a", 1e3, 0, 0, 1, 2), answers("b", 1e4, 0, 0, 1, 2)
	b.Rows = b.Rows[:2]
	b.Finished = false
	a.Rows[0] = record.Row{Item: "0", Error: "out of time"}
	x, err := study.Of([]*record.Log{a, b}, metric.LogOdds)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1"}, x.Items); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	warned := fmt.Sprint(x.Warnings)
	for _, want := range []string{"2 items are not answered", "a failed on 1 of 3", "b is not finished: 2 of 3"} {
		if !strings.Contains(warned, want) {
			t.Errorf("warnings %s, want one with %q", warned, want)
		}
	}
	if _, err := x.Series(); err == nil {
		t.Error("one item has no standard error: want an error")
	}
}

func TestServerThatIgnoresThePrompt(t *testing.T) {
	x, err := study.Of([]*record.Log{answers("a", 1e3, 0, 0, 0), answers("b", 1e4, 0, 0, 1)}, metric.Accuracy)
	if err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprint(x.Warnings); !strings.Contains(s, "a gave every choice the same log-probability") {
		t.Errorf("warnings %s, want one about equal scores", s)
	}
	if x.Scores()[0].Mean != .5 {
		t.Errorf("accuracy %g when all choices tie, want chance 0.5", x.Scores()[0].Mean)
	}
}

func TestRefusals(t *testing.T) {
	other := answers("b", 1e4, 0, 1, 2)
	other.Header.Task.Hash = "another"
	for name, tt := range map[string]struct {
		logs []*record.Log
		want string
	}{
		"nothing":        {nil, "no logs"},
		"two tasks":      {[]*record.Log{answers("a", 1e3, 0, 1, 2), other}, "one task at a time"},
		"a model twice":  {[]*record.Log{answers("a", 1e3, 0, 1, 2), answers("a", 1e3, 0, 1, 2)}, "there twice"},
		"no size":        {[]*record.Log{answers("a", 0, 0, 1, 2)}, "number of parameters is 0"},
		"nothing common": {[]*record.Log{answers("a", 1e3, 0), answers("b", 1e4, 0, 1)}, "no item has a finite"},
	} {
		if _, err := study.Of(tt.logs, metric.LogOdds); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, tt.want)
		}
	}
}

func TestImportedValuesAreUsed(t *testing.T) {
	l := answers("a", 1e3, 0, 1, 2)
	for i := range l.Rows {
		l.Rows[i] = record.Row{Item: fmt.Sprint(i), Values: map[string]float64{"loss": float64(i)}}
	}
	x, err := study.Of([]*record.Log{l}, metric.Loss)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]float64{{0, 1}}, x.Values); diff != "" || !math.IsNaN(x.Lengths[0]) {
		t.Errorf("length %g, values (-want +got):\n%s", x.Lengths[0], diff)
	}
}

func Example() {
	logs := []*record.Log{answers("small", 1e3, 0, 0, 1), answers("large", 1e6, 0, 2, 3)}
	s, err := study.Series(logs, metric.LogOdds)
	fmt.Println(s.X, s.Y, err)
	// Output: [3 6] [0.5 2.5] <nil>
}
