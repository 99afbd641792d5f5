package fit

import (
	"math"
	"testing"
)

// The forms along training: checkpoints of eight Pythia sizes on LAMBADA.
func TestPythiaTokens(t *testing.T) {
	var g struct {
		Series map[string]map[string]struct{ Tokens, Y []float64 }
	}
	golden(t, "pythia_tokens", &g)
	// Total parameters, Biderman et al. 2023 (arXiv 2304.01373), table 1.
	models := []struct {
		name string
		n    float64
	}{
		{"70m", 70426624},
		{"160m", 162322944},
		{"410m", 405334016},
		{"1b", 1011781632},
		{"1.4b", 1414647808},
		{"2.8b", 2775208960},
		{"6.9b", 6857302016},
		{"12b", 11846072320},
	}
	loss, acc := g.Series["lambada_openai|log_ppl"], g.Series["lambada_openai|acc"]
	var n, d, y, checkpoints, accuracy []float64
	for i, m := range models {
		l, a := loss[m.name], acc[m.name]
		few, err := Settings{Intervals: None}.Broken(l.Tokens, l.Y, 1)
		if err != nil {
			t.Fatal(err)
		}
		many, err := Settings{Intervals: None, Starts: 400}.Broken(l.Tokens, l.Y, 1)
		if err != nil {
			t.Fatal(err)
		}
		near(t, m.name+": objective of 100 starts against 400", few.Objective, many.Objective, 1e-6, 0)
		link, err := Settings{Intervals: None}.Sigmoid(l.Y, a.Y)
		if err != nil {
			t.Fatal(err)
		}
		if link.Sigma > .011 || link.Agree < link.Starts {
			t.Errorf("%s: sigmoid leaves %.4f, %d of %d starts agree", m.name, link.Sigma, link.Agree, link.Starts)
		}
		if i >= 6 {
			continue
		}
		checkpoints, accuracy = append(checkpoints, l.Y...), append(accuracy, a.Y...)
		// The law holds after the first two billion tokens, below which loss
		// stays on a plateau.
		for k, tok := range l.Tokens {
			if tok > 2e9 {
				n, d, y = append(n, m.n), append(d, tok), append(y, l.Y[k])
			}
		}
	}
	// Sizes up to 2.8b forecast the ends of 6.9b and 12b: .035 away on average,
	// where the last value, that of 2.8b, is .042 away.
	f, err := Settings{Loss: Huber(1e-3), Intervals: None}.Ladder(n, d, y, checkpoints, accuracy)
	if err != nil {
		t.Fatal(err)
	}
	var ladder, last float64
	for _, m := range models[6:] {
		a := acc[m.name]
		end := len(a.Y) - 1
		ladder += math.Abs(f.Model.At(m.n, a.Tokens[end])-a.Y[end]) / 2
		last += math.Abs(acc["2.8b"].Y[end]-a.Y[end]) / 2
	}
	t.Logf("mean error: two steps %.4f, last value %.4f; %v", ladder, last, f.Loss)
	if ladder > .036 || ladder > last {
		t.Errorf("two steps are %.4f away, want at most .036; the last value is %.4f away", ladder, last)
	}
}

func TestTwoBreaks(t *testing.T) {
	truth := Broken{A: .1, B: 3, C0: .05, Breaks: []Break{{C: .4, D: 300, F: .3}, {C: -.35, D: 1e5, F: .4}}}
	var x, y []float64
	for i := range 40 {
		x = append(x, math.Pow(10, float64(i)/6))
		y = append(y, truth.At(x[i]))
	}
	f, err := Settings{Intervals: None}.Broken(x, y, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range truth.Breaks {
		near(t, "d", f.Model.Breaks[i].D, b.D, 1e-3, 0)
		near(t, "c", f.Model.Breaks[i].C, b.C, 1e-3, 0)
	}
	near(t, "objective", f.Objective, 0, 0, 1e-16)
}

func TestLossToLoss(t *testing.T) {
	truth := LossToLoss{E0: 1.5, E1: .8, K: 1.1, Kappa: 1.2}
	f, err := Settings{}.LossToLoss(losses, mapped(losses, truth.At))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{truth.E0, truth.E1, truth.K, truth.Kappa} {
		near(t, f.Params[i].Name, f.Params[i].Value, want, 1e-5, 0)
	}
	f, err = Settings{}.LossToLoss(losses, noisy(7, losses, .002, truth.At))
	if err != nil {
		t.Fatal(err)
	}
	if p := f.Params[0]; p.Name != "E0" || !(p.Lo < 1.5 && 1.5 < p.Hi) {
		t.Errorf("%v, want E0 about 1.5", f)
	}
	near(t, "at 2", f.Model.At(2), truth.At(2), .03, 0)
}
