package metric_test

import (
	"fmt"
	"math"
	"testing"

	"bellwether/lib/metric"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var approx = cmp.Options{cmpopts.EquateApprox(0, 1e-12), cmpopts.EquateNaNs()}

// two is an item with P(right) = 0.2 and P(wrong) = 0.6 among all texts, so
// 1/4 and 3/4 among the choices.
var two = metric.Outcome{
	Nats: []float64{math.Log(.6), math.Log(.2)}, Gold: []int{1},
	Tokens: []int{1, 2}, Bytes: []int{3, 8}, Chars: []int{3, 4}, Greedy: []bool{true, false},
}

// three has two golds, .1 and .3, against .2.
var three = metric.Outcome{
	Nats: []float64{math.Log(.1), math.Log(.2), math.Log(.3)}, Gold: []int{0, 2},
	Tokens: []int{1, 1, 1}, Bytes: []int{1, 1, 1}, Chars: []int{1, 1, 1}, Greedy: []bool{false, false, true},
}

func TestValues(t *testing.T) {
	tie := metric.Outcome{Nats: []float64{-1, -1, -3}, Gold: []int{0}}
	none := metric.Outcome{Nats: []float64{-1, -2}}
	for _, tt := range []struct {
		name string
		m    metric.Metric
		o    metric.Outcome
		want float64
	}{
		{"accuracy, wrong", metric.Accuracy, two, 0},
		{"accuracy, two golds", metric.Accuracy, three, 1},
		{"accuracy, tie of two", metric.Accuracy, tie, .5},
		{"accuracy, no gold", metric.Accuracy, none, math.NaN()},
		{"accuracy per char", metric.AccuracyPerChar, two, 0}, // ln .6/3 = -.17 > ln .2/4 = -.40
		{"accuracy per byte", metric.AccuracyPerByte, metric.Outcome{Nats: []float64{-1, -1.5}, Gold: []int{1}, Bytes: []int{2, 4}}, 1},
		{"exact match", metric.ExactMatch, three, 1},
		{"exact match, wrong", metric.ExactMatch, two, 0},
		{"loss", metric.Loss, two, math.Log(4)},                 // -ln(.2/.8)
		{"loss, two golds", metric.Loss, three, math.Log(1.5)},  // -ln(.4/.6)
		{"wrong loss", metric.WrongLoss, two, math.Log(4. / 3)}, // -ln(.6/.8)
		{"wrong loss, nothing left", metric.WrongLoss, metric.Outcome{Nats: []float64{-1}, Gold: []int{0}}, math.Inf(1)},
		{"raw loss", metric.RawLoss, two, math.Log(5)},      // -ln .2
		{"log-odds", metric.LogOdds, two, math.Log(1. / 3)}, // ln(.2/.6)
		{"per character", metric.PerChar, two, math.Log(.2) / 4},
		{"per byte", metric.PerByte, two, math.Log(.2) / 8},
		{"per token", metric.PerToken, two, math.Log(.2) / 2},
		{"per token, best gold", metric.PerToken, three, math.Log(.3)},
		{"coverage", metric.Coverage, two, .8},
		{"coverage, no gold", metric.Coverage, none, math.Exp(-1) + math.Exp(-2)},
		{"shift, gold 0", metric.LogOddsShift, metric.Outcome{Nats: []float64{-1, -2}, Gold: []int{0}, Last: []float64{-1, -2}, OtherLast: []float64{-3, -1}}, 3}, // (1) - (-2)
		{"shift, gold 1", metric.LogOddsShift, metric.Outcome{Nats: []float64{-1, -2}, Gold: []int{1}, Last: []float64{-1, -2}, OtherLast: []float64{-3, -1}}, -3},
		{"shift, absolute", metric.LogOddsShift, metric.Outcome{Nats: []float64{-1, -2}, Gold: []int{1}, Absolute: true, Last: []float64{-1, -2}, OtherLast: []float64{-3, -1}}, 3},
		{"loss far beyond exp's range", metric.Loss, metric.Outcome{Nats: []float64{-2000, -1}, Gold: []int{0}}, 1999},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.m.Value(tt.o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, approx); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.m.Name, diff)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for name, o := range map[string]metric.Outcome{
		"gold out of range":        {Nats: []float64{-1}, Gold: []int{1}},
		"lengths disagree":         {Nats: []float64{-1, -2}, Gold: []int{1}, Chars: []int{1}},
		"positive log-probability": {Nats: []float64{1, -2}, Gold: []int{1}},
	} {
		for _, m := range metric.All() {
			if _, err := m.Value(o); err == nil {
				t.Errorf("%s: %s: want an error", name, m.Name)
			}
		}
	}
	if _, err := metric.ByName("acuracy"); err == nil {
		t.Error("ByName of a name that is not there: want an error")
	}
	for _, m := range metric.All() {
		if got, err := metric.ByName(m.Name); err != nil || got.Name != m.Name {
			t.Errorf("ByName(%q) = %q, %v", m.Name, got.Name, err)
		}
	}
}

func TestScores(t *testing.T) {
	// Mean of 1, 2, 6 is 3, variance (4+1+9)/2 = 7, SE sqrt(7/3).
	se := math.Sqrt(7. / 3)
	want := metric.Score{Mean: 3, SE: se, N: 3, Lo: 3 - 1.959963984540054*se, Hi: 3 + 1.959963984540054*se, Left: 1}
	if diff := cmp.Diff(want, metric.Mean([]float64{1, 2, math.NaN(), 6}), approx); diff != "" {
		t.Errorf("Mean (-want +got):\n%s", diff)
	}
	nan := math.NaN()
	if diff := cmp.Diff(metric.Score{Mean: nan, SE: nan, Lo: nan, Hi: nan}, metric.Mean(nil), approx); diff != "" {
		t.Errorf("Mean of nothing (-want +got):\n%s", diff)
	}
	// Wilson interval of 3 of 4: R's prop.test(3, 4, correct=FALSE) gives
	// 0.3006418 0.9544127.
	got := metric.Share([]float64{1, 1, 0, 1})
	if math.Abs(got.Lo-.3006418) > 1e-7 || math.Abs(got.Hi-.9544127) > 1e-7 {
		t.Errorf("Share interval [%.7f, %.7f], want [0.3006418, 0.9544127]", got.Lo, got.Hi)
	}
}

func TestCovariance(t *testing.T) {
	// Row 0: deviations -1 0 1; row 1: -2 0 2 (mean 4). Cov = sum/(3-1)/3.
	got := metric.Covariance([][]float64{{1, 2, 3}, {2, 4, 6}})
	want := [][]float64{{1. / 3, 2. / 3}, {2. / 3, 4. / 3}}
	if diff := cmp.Diff(want, got, approx); diff != "" {
		t.Errorf("Covariance (-want +got):\n%s", diff)
	}
	for i := range got {
		if se := metric.Mean([][]float64{{1, 2, 3}, {2, 4, 6}}[i]).SE; math.Abs(se*se-got[i][i]) > 1e-12 {
			t.Errorf("diagonal %d: %g, want the squared standard error %g", i, got[i][i], se*se)
		}
	}
}

// The loss of the wrong answer follows from the loss of the right one when
// there are two choices.
func TestWrongLossIdentity(t *testing.T) {
	for _, d := range []float64{-30, -1, 0, 1e-3, 5, 30} {
		o := metric.Outcome{Nats: []float64{-1, -1 + d*.01 - 2}, Gold: []int{0}}
		l, _ := metric.Loss.Value(o)
		w, _ := metric.WrongLoss.Value(o)
		if want := -math.Log(-math.Expm1(-l)); math.Abs(w-want) > 1e-9 {
			t.Errorf("d=%g: wrong loss %g, want -ln(1-exp(-loss)) = %g", d, w, want)
		}
	}
}

// An item with a certain answer among two: all probability on the right one.
func Example() {
	item := metric.Outcome{Nats: []float64{math.Log(.2), math.Log(.6)}, Gold: []int{0}}
	loss, _ := metric.Loss.Value(item)
	odds, _ := metric.LogOdds.Value(item)
	fmt.Printf("loss %.3f nats, log-odds %.3f nats\n", loss, odds)
	fmt.Println(metric.Share([]float64{1, 1, 0, 1}))
	// Output:
	// loss 1.386 nats, log-odds -1.099 nats
	// 0.75 [0.3006, 0.9544] n=4
}
