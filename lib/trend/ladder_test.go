package trend

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"bellwether/lib/trend/fit"
)

// ladderScore sums up one way of forecasting accuracy on the ladder.
type ladderScore struct {
	name         string
	cases, hits  int
	error, width float64
	brier        float64
	briers       int
}

// add counts a forecast of accuracy. lo and hi are NaN, above is nil where a
// method has none; thresholds are those of above.
func (s *ladderScore) add(got, lo, hi, truth float64, thresholds []float64, above func(float64) float64) {
	s.cases++
	s.error += math.Abs(got - truth)
	s.width += (hi - lo) / 2
	if lo <= truth && truth <= hi {
		s.hits++
	}
	for _, t := range thresholds {
		p, hit := 0.0, 0.0
		if above != nil {
			p = above(t)
		} else if got > t {
			p = 1
		}
		if truth > t {
			hit = 1
		}
		s.brier += (p - hit) * (p - hit)
		s.briers++
	}
}

func (s *ladderScore) String() string {
	n := float64(s.cases)
	line := fmt.Sprintf("%-28s %d cases, error %.3f, Brier %.3f", s.name, s.cases, s.error/n, s.brier/float64(s.briers))
	if !math.IsNaN(s.width) {
		line += fmt.Sprintf(", coverage %.2f, half width %.3f", float64(s.hits)/n, s.width/n)
	}
	return line
}

type ladderScores []*ladderScore

// of finds or makes the score of a method.
func (l *ladderScores) of(name string) *ladderScore {
	for _, s := range *l {
		if s.name == name {
			return s
		}
	}
	s := &ladderScore{name: name}
	*l = append(*l, s)
	return s
}

// check logs the scores and holds errors at most as large as bounds, and 90%
// intervals that hold 85% of the truths. Bounds are what was measured, rounded up.
func (l *ladderScores) check(t *testing.T, cases int, bounds map[string]float64) {
	t.Helper()
	for _, s := range *l {
		t.Log(s)
		if s.cases != cases {
			t.Errorf("%s: %d cases, want %d", s.name, s.cases, cases)
		}
		if bound, ok := bounds[s.name]; ok && s.error/float64(s.cases) > bound {
			t.Errorf("%s: error %.4f, want at most %v", s.name, s.error/float64(s.cases), bound)
		}
		if !math.IsNaN(s.width) && float64(s.hits) < 0.85*float64(s.cases) {
			t.Errorf("%s: %d of %d in the 90%% interval", s.name, s.hits, s.cases)
		}
	}
}

// methods forecasts one accuracy by everything that needs the two series alone.
// Thresholds lie 0.05, 0.1 and 0.2 above the last value.
func (l *ladderScores) methods(t *testing.T, acc, loss Series, at, truth float64) (thresholds []float64) {
	t.Helper()
	n := acc.Len()
	last := acc.Y[n-1]
	thresholds = []float64{last + 0.05, last + 0.1, last + 0.2}
	l.of("last value").add(last, math.NaN(), math.NaN(), truth, thresholds, nil)
	intercept, slope := straight(acc.X, acc.Y)
	l.of("line").add(intercept+slope*at, math.NaN(), math.NaN(), truth, thresholds, nil)
	p, err := Forecast(acc, []float64{at})
	if err != nil {
		t.Fatal(err)
	}
	f := p[0]
	l.of("accuracy itself").add(f.Mean, f.Lo90, f.Hi90, truth, thresholds, func(v float64) float64 {
		return normalCDF((f.Mean - v) / math.Max(f.SD, 1e-9))
	})
	j, err := JumpSettings{Accuracy: &acc}.Forecast(loss, []float64{at})
	if err != nil {
		t.Fatal(err)
	}
	q := j.Curve[0]
	l.of("loss, fitted link").add(q.Accuracy, q.Lo90, q.Hi90, truth, thresholds, func(v float64) float64 {
		g := newForecaster(j.logs)
		defer g.done()
		d := g.mixtureAt(at, false)
		return d.above(j.links, v)
	})
	return thresholds
}

// straight is the least-squares line of y on x.
func straight(x, y []float64) (intercept, slope float64) {
	mx, my, xx, xy := mean(x), mean(y), 0.0, 0.0
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		xy += (x[i] - mx) * (y[i] - my)
	}
	return my - xy/xx*mx, xy / xx
}

// The OLMo ladder's targets, 7B-4T and 13B-5T, from its 16 runs of 190M to 1.3B
// (1.9 and 2.3 decades of compute, far beyond where anything is said to have
// skill): the loss goes through the link, on the axis of compute, beside the two
// steps of Bhagia et al. 2024, which know parameters and tokens apart and fit the
// link to 1400 checkpoints.
func TestLadderJump(t *testing.T) {
	// Chance, and the number of questions as the benchmarks' authors give it.
	tasks := []struct {
		name          string
		chance, items float64
	}{
		{"arc_easy_test", 1. / 4, 2376},
		{"hellaswag_val", 1. / 4, 10042},
		{"mmlu_avg_test", 1. / 4, 14042},
		{"openbookqa_test", 1. / 4, 500},
		{"piqa_val", 1. / 2, 1838},
		{"socialiqa_val", 1. / 3, 1954},
	}
	var scores ladderScores
	for _, task := range tasks {
		var g struct {
			Data struct {
				Step1 struct{ N, D, Bpb []float64 }
				Step2 struct{ X, Y []float64 }
			}
			Expected struct {
				Targets map[string]struct {
					N, D float64
					Acc  float64 `json:"acc_actual"`
				}
			}
		}
		golden(t, "ladder_"+task.name+"_5shot", &g)
		one, two := g.Data.Step1, g.Data.Step2
		loss := Series{Name: task.name, Kind: Loss, Axis: "compute", X: Compute(logs10(one.N), logs10(one.D))}
		acc := Series{Name: task.name, Kind: Accuracy, Axis: "compute", X: loss.X, Chance: task.chance}
		for _, bpb := range one.Bpb {
			// A run's last checkpoint is the one with the run's final loss.
			found := -1
			for i, x := range two.X {
				if found < 0 || math.Abs(x-bpb) < math.Abs(two.X[found]-bpb) {
					found = i
				}
			}
			if math.Abs(two.X[found]-bpb) > 1e-6 {
				t.Fatalf("%s: no checkpoint has the final loss %v", task.name, bpb)
			}
			y := two.Y[found]
			acc.Y, acc.SE = append(acc.Y, y), append(acc.SE, math.Sqrt(y*(1-y)/task.items))
			loss.Y, loss.SE = append(loss.Y, bpb), append(loss.SE, 0.005*bpb) // about the spread of the last five checkpoints
		}
		acc, loss = acc.Sorted(), loss.Sorted()
		ladder, err := fit.Settings{Loss: fit.Huber(1e-3), Intervals: fit.None}.Ladder(one.N, one.D, one.Bpb, two.X, two.Y)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range g.Expected.Targets {
			at := math.Log10(6 * target.N * target.D)
			thresholds := scores.methods(t, acc, loss, at, target.Acc)
			scores.of("fit.Ladder, two steps").add(ladder.Model.At(target.N, target.D), math.NaN(), math.NaN(), target.Acc, thresholds, nil)
		}
	}
	scores.check(t, 12, map[string]float64{
		"accuracy itself": 0.035, "loss, fitted link": 0.085, "fit.Ladder, two steps": 0.031,
	})
}

// Within reach: the ladder's largest model of each training length (1, 5 and
// 10 times Chinchilla's tokens) from the four smaller ones, 0.4 decade ahead,
// without the tokens apart.
func TestLadderJumpNextModel(t *testing.T) {
	var file struct{ Series []Series }
	golden(t, "backtest_series", &file)
	losses := map[string]Series{}
	for _, s := range file.Series {
		if strings.HasPrefix(s.Name, "ladder|") && strings.HasSuffix(s.Name, "_bpb") {
			losses[strings.TrimSuffix(strings.Replace(s.Name, "downstream_bpb", "downstream", 1), "_bpb")] = s
		}
	}
	var scores ladderScores
	for _, acc := range file.Series {
		loss, ok := losses[strings.TrimSuffix(strings.TrimSuffix(acc.Name, "_len_norm"), "_acc")]
		if !ok || acc.Kind != Accuracy || acc.Len() < 5 {
			continue
		}
		acc.Chance = 0.25
		switch {
		case strings.Contains(acc.Name, "piqa"), strings.Contains(acc.Name, "boolq"):
			acc.Chance = 0.5
		case strings.Contains(acc.Name, "socialiqa"):
			acc.Chance = 1. / 3
		}
		n := acc.Len() - 1
		scores.methods(t, acc.Head(n), loss.Head(n), acc.X[n], acc.Y[n])
	}
	scores.check(t, 48, map[string]float64{"accuracy itself": 0.015, "loss, fitted link": 0.047})
}
