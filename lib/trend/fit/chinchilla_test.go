package fit

import (
	"math"
	"math/rand/v2"
	"testing"
)

type epoch struct {
	Data     struct{ N, D, Loss []float64 }
	Expected struct {
		Huber struct {
			Params    struct{ A, B, E, Alpha, Beta float64 }
			Objective float64
		} `json:"huber_delta_1e3"`
		LAD struct {
			Params    struct{ A, B, E, Alpha, Beta float64 }
			Objective float64 `json:"objective_sum_abs_logres"`
		} `json:"lad_equals_epoch_published"`
		Hoffmann struct {
			Params struct{ A, B, E, Alpha, Beta float64 }
			Huber  float64 `json:"huber_objective"`
			Abs    float64 `json:"abs_objective"`
		} `json:"hoffmann_published_on_this_data"`
		Bootstrap struct {
			SE   map[string]float64
			CI95 map[string][]float64
		}
		Predict struct {
			Huber70  float64 `json:"huber_70B_1400B"`
			Huber280 float64 `json:"huber_280B_300B"`
			LAD70    float64 `json:"lad_70B_1400B"`
		}
	}
}

func TestChinchillaGolden(t *testing.T) {
	c := synthetic(t)["chinchilla_exact"]
	exact, err := Settings{}.Chinchilla(c.N, c.D, c.Y)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range []float64{c.Params.A, c.Params.B, c.Params.E, c.Params.Alpha, c.Params.Beta} {
		near(t, "exact "+exact.Params[i].Name, exact.Params[i].Value, v, 1e-5, 0)
	}
	t.Log(exact, exact.Starts, exact.Agree, exact.Warnings)

	var g epoch
	golden(t, "chinchilla_epoch_excl5", &g)
	for _, grid := range []bool{false, true} {
		f, err := Settings{Loss: Huber(1e-3), Intervals: None, PaperGrid: grid}.Chinchilla(g.Data.N, g.Data.D, g.Data.Loss)
		if err != nil {
			t.Fatal(err)
		}
		w := g.Expected.Huber
		t.Logf("%v %.12g agree %d/%d %v", f, f.Objective, f.Agree, f.Starts, f.Warnings)
		if f.Objective > w.Objective*(1+1e-6) {
			t.Errorf("objective %.12g, want at most %.12g", f.Objective, w.Objective)
		}
		near(t, "alpha", f.Model.Alpha, w.Params.Alpha, 0, 2e-4)
		near(t, "beta", f.Model.Beta, w.Params.Beta, 0, 2e-4)
		near(t, "E", f.Model.E, w.Params.E, 0, 5e-4)
		near(t, "A", f.Model.A, w.Params.A, 2e-3, 0)
		near(t, "B", f.Model.B, w.Params.B, 3e-3, 0)
		near(t, "70B", f.Model.At(70e9, 1400e9), g.Expected.Predict.Huber70, 0, 2e-4)
		near(t, "280B", f.Model.At(280e9, 300e9), g.Expected.Predict.Huber280, 0, 2e-4)
	}
	f, err := Settings{Loss: LAD(), Intervals: None}.Chinchilla(g.Data.N, g.Data.D, g.Data.Loss)
	if err != nil {
		t.Fatal(err)
	}
	w := g.Expected.LAD
	t.Logf("%v %.12g want %.12g, agree %d/%d %v", f, f.Objective, w.Objective, f.Agree, f.Starts, f.Warnings)
	near(t, "LAD objective", f.Objective, w.Objective, 1e-5, 0)
	for i, v := range []float64{w.Params.A, w.Params.B, w.Params.E, w.Params.Alpha, w.Params.Beta} {
		near(t, "LAD "+f.Params[i].Name, f.Params[i].Value, v, 1e-3, 0)
	}
	near(t, "LAD 70B", f.Model.At(70e9, 1400e9), g.Expected.Predict.LAD70, 0, 2e-4)

	// The objective itself, at the point Hoffmann et al. published.
	h := g.Expected.Hoffmann
	m := Chinchilla{A: h.Params.A, B: h.Params.B, E: h.Params.E, Alpha: h.Params.Alpha, Beta: h.Params.Beta}
	var r []float64
	for i, n := range g.Data.N {
		r = append(r, math.Log(g.Data.Loss[i]/m.At(n, g.Data.D[i])))
	}
	near(t, "Hoffmann, Huber", (&objective{}).value(r, 1e-3), h.Huber, 1e-9, 0)
	near(t, "Hoffmann, LAD", (&objective{}).value(r, 1e-15)/1e-15, h.Abs, 1e-9, 0)

	s := Settings{Loss: Huber(1e-3), Level: .95, Rand: rand.New(rand.NewPCG(42, 0)), Replicates: 4000}
	f, err = s.Chinchilla(g.Data.N, g.Data.D, g.Data.Loss)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range f.Params {
		rel := .1
		if p.Name == "B" {
			rel = .2
		}
		near(t, "se of "+p.Name, p.SE, g.Expected.Bootstrap.SE[p.Name], rel, 0)
		if ci := g.Expected.Bootstrap.CI95[p.Name]; p.Name == "alpha" || p.Name == "beta" {
			near(t, p.Name+" low", p.Lo, ci[0], 0, .004)
			near(t, p.Name+" high", p.Hi, ci[1], 0, .004)
		}
	}
	a := f.Of(func(m Chinchilla) float64 { return m.Beta / (m.Alpha + m.Beta) })
	near(t, "exponent of compute", a.Estimate, .5138995180714132, 0, 2e-4) // the golden's
	near(t, "its lower end", a.Lo, .48046782599081606, 0, .004)
	near(t, "its upper end", a.Hi, .5561075615388209, 0, .004)
	t.Log(f, g.Expected.Bootstrap, a, f.Warnings)
	for _, p := range f.Params {
		t.Log(p.Name, p.SE)
	}
}

// runs240 is a design like that of Besiroglu et al.: 240 runs, 5 per mille of
// noise in log loss, a little heavy in the tails.
func runs240() (n, d, y []float64) {
	rng := rand.New(rand.NewPCG(7, 7))
	m := Chinchilla{E: 1.82, A: 480, B: 2100, Alpha: .348, Beta: .366}
	for range 240 {
		ln, lc := math.Log(6e7)+rng.Float64()*math.Log(250), math.Log(6e18)+rng.Float64()*math.Log(500)
		n, d = append(n, math.Exp(ln)), append(d, math.Exp(lc-ln)/6)
		e := .004 * rng.NormFloat64()
		if rng.IntN(10) == 0 {
			e *= 5
		}
		i := len(n) - 1
		y = append(y, m.At(n[i], d[i])*math.Exp(e))
	}
	return n, d, y
}

func TestLadderGolden(t *testing.T) {
	var sum, count float64
	for _, task := range []string{"arc_easy_test", "hellaswag_val", "mmlu_avg_test", "openbookqa_test", "piqa_val", "socialiqa_val"} {
		var g struct {
			Data struct {
				Step1 struct{ N, D, Bpb []float64 }
				Step2 struct {
					X, Y  []float64
					Extra []float64 `json:"extra_point"`
				}
			}
			Expected struct {
				Best struct {
					A, B, Alpha, Beta, E, Objective float64
				} `json:"step1_best_of_288"`
				Step2   struct{ A, X0, K, B float64 }
				Targets map[string]struct {
					N, D    float64
					Bpb     float64 `json:"bpb_actual"`
					PredBpb float64 `json:"bpb_pred"`
					Acc     float64 `json:"acc_actual"`
					Step2   float64 `json:"acc_pred_step2"`
					Chained float64 `json:"acc_pred_chained"`
				}
				Published struct {
					Bpb     float64 `json:"bpb_pred"`
					Chained float64 `json:"acc_pred_chained"`
					Step2   float64 `json:"acc_pred_step2"`
				} `json:"published_13B"`
			}
		}
		golden(t, "ladder_"+task+"_5shot", &g)
		one, two := g.Data.Step1, g.Data.Step2
		f, err := Settings{Loss: Huber(1e-3), Intervals: None}.Ladder(one.N, one.D, one.Bpb, two.X, two.Y)
		if err != nil {
			t.Fatal(err)
		}
		w := g.Expected
		t.Logf("%s: %v %.6g (best of 288: %.6g) agree %d/%d; %v agree %d/%d; %v", task, f.Loss, f.Loss.Objective, w.Best.Objective,
			f.Loss.Agree, f.Loss.Starts, f.Accuracy, f.Accuracy.Agree, f.Accuracy.Starts, f.Warnings)
		if f.Loss.Objective > w.Best.Objective*(1+1e-3) {
			t.Errorf("%s: objective %.8g, want at most %.8g", task, f.Loss.Objective, w.Best.Objective)
		}
		m := f.Model.Accuracy
		near(t, task+" a", m.A, w.Step2.A, .01, 0)
		near(t, task+" x0", m.X0, w.Step2.X0, .01, 0)
		near(t, task+" k", m.K, w.Step2.K, .01, 0)
		near(t, task+" b", m.B, w.Step2.B, .01, 0)
		for name, p := range w.Targets {
			near(t, task+" bpb "+name, f.Model.Loss.At(p.N, p.D), p.PredBpb, 0, .01)
			near(t, task+" accuracy from true bpb "+name, m.At(p.Bpb), p.Step2, 0, 1e-4)
			near(t, task+" accuracy "+name, f.Model.At(p.N, p.D), p.Chained, 0, .01)
			sum, count = sum+math.Abs(f.Model.At(p.N, p.D)-p.Acc), count+1
		}
		// Published tables, to 4 decimals.
		p := w.Targets["13B-5T"]
		near(t, task+" bpb, published", f.Model.Loss.At(p.N, p.D), w.Published.Bpb, 0, 5e-5)
		near(t, task+" accuracy, published", f.Model.At(p.N, p.D), w.Published.Chained, 0, 5e-5)
		near(t, task+" step two, published", m.At(p.Bpb), w.Published.Step2, 0, 5e-5)
	}
	t.Logf("mean absolute error of the two steps: %.4f over %v targets", sum/count, count)
	if sum/count > .042 {
		t.Errorf("mean absolute error %.4f, want at most .042", sum/count)
	}
}
