package fit

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// golden reads fit/golden_NAME.json of the folder BELLWETHER_GOLDENS into v.
func golden(t testing.TB, name string, v any) {
	t.Helper()
	dir := os.Getenv("BELLWETHER_GOLDENS")
	if dir == "" {
		t.Skip("BELLWETHER_GOLDENS is not set: no reference data")
	}
	b, err := os.ReadFile(filepath.Join(dir, "fit", "golden_"+name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

// near fails unless got is within rel of want, relative, or abs, absolute.
func near(t testing.TB, what string, got, want, rel, abs float64) {
	t.Helper()
	if !(math.Abs(got-want) <= rel*math.Abs(want)+abs) {
		t.Errorf("%s = %.12g, want %.12g within %g relative or %g", what, got, want, rel, abs)
	}
}

type syntheticCase struct {
	Params struct {
		E, A, B, Alpha, Beta, Nc, C0, L0, K, W0, W, H, C, N0, L float64
		Breaks                                                  []struct{ C, D, F float64 }
	}
	X, Y, N, D, Ce, Acc []float64
	NParams             []float64 `json:"n_params"`
	Eval                struct{ X, Y []float64 }
	Acc50               float64                 `json:"scale_at_acc50"`
	Acc10               float64                 `json:"scale_at_acc10"`
	Steepest            struct{ Value float64 } `json:"max_dacc_dlog10N"`
	Expected            struct {
		E, Alpha, RSS float64
		LnA           float64 `json:"lnA_at_1e9"`
		SE            []float64
		Predict       float64   `json:"predict_70B"`
		Next          []float64 `json:"pi90_t_df5"`
	}
}

func synthetic(t testing.TB) map[string]syntheticCase {
	var g struct{ Cases map[string]json.RawMessage }
	golden(t, "synthetic", &g)
	cases := map[string]syntheticCase{}
	for name, raw := range g.Cases {
		var c syntheticCase
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(name, err)
		}
		cases[name] = c
	}
	return cases
}

func TestPowerLawGolden(t *testing.T) {
	g := synthetic(t)["kaplan_power"]
	f, err := Settings{}.PowerLaw(g.X, g.Y)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "alpha", f.Model.Alpha, g.Params.Alpha, 0, 1e-9)
	near(t, "Nc", f.Model.Nc, g.Params.Nc, 1e-6, 0)
}

func TestPowerOffsetGolden(t *testing.T) {
	g := synthetic(t)
	for _, name := range []string{"pow_offset_a", "pow_offset_b"} {
		c := g[name]
		f, err := Settings{}.PowerOffset(c.X, c.Y)
		if err != nil {
			t.Fatal(err)
		}
		near(t, name+" E", f.Model.E, c.Params.E, 1e-6, 0)
		near(t, name+" A", f.Model.A, c.Params.A, 1e-6, 0)
		near(t, name+" alpha", f.Model.Alpha, c.Params.Alpha, 1e-6, 0)
		for i, x := range c.Eval.X {
			near(t, name+" extrapolated", f.Model.At(x), c.Eval.Y[i], 1e-7, 0)
		}
	}
	for _, name := range []string{"pow_offset_noisy_0", "pow_offset_noisy_1", "pow_offset_noisy_3", "pow_offset_noisy_4"} {
		c := g[name]
		f, err := Settings{}.PowerOffset(c.NParams, c.Y)
		if err != nil {
			t.Fatal(err)
		}
		w := c.Expected
		near(t, name+" rss", f.Objective, w.RSS, 1e-8, 0)
		near(t, name+" E", f.Model.E, w.E, 0, 1e-5)
		near(t, name+" alpha", f.Model.Alpha, w.Alpha, 0, 1e-5)
		near(t, name+" log A at 1e9", math.Log(f.Model.A)-f.Model.Alpha*math.Log(1e9), w.LnA, 0, 1e-4)
		near(t, name+" se of E", f.Params[0].SE, w.SE[0], 1e-3, 0)
		near(t, name+" se of alpha", f.Params[2].SE, w.SE[2], 1e-3, 0)
		at := func(m PowerOffset) float64 { return m.At(70e9) }
		next := f.Next(at, math.NaN())
		near(t, name+" at 70B", next.Estimate, w.Predict, 0, 1e-5)
		near(t, name+" next, low", next.Lo, w.Next[0], 0, 1e-4)
		near(t, name+" next, high", next.Hi, w.Next[1], 0, 1e-4)
		t.Log(f, f.Starts, f.Agree, f.Warnings, f.Of(at), next, w.Next)
	}
}

func TestGadreGolden(t *testing.T) {
	var g struct {
		Data struct {
			N, M, Loss []float64
			Err        struct{ Loss, Err []float64 } `json:"err_points"`
		}
		Expected struct {
			Loss  struct{ A, B, C, E, RSS float64 }    `json:"loss_law"`
			Error struct{ K, Gamma, Eps, RSS float64 } `json:"error_law"`
			Pred  []struct {
				Model    string
				M, N     float64
				Loss     float64 `json:"loss_pred"`
				Rel      float64 `json:"loss_relerr"`
				Chained  float64 `json:"err_pred_chained"`
				TrueLoss float64 `json:"loss_actual"`
				FromTrue float64 `json:"err_pred_from_true_loss"`
			} `json:"predictions"`
		}
	}
	golden(t, "gadre_rpj", &g)
	d := make([]float64, len(g.Data.N))
	for i := range d {
		d[i] = g.Data.N[i] * g.Data.M[i]
	}
	f, err := Settings{}.SharedExponent(g.Data.N, d, g.Data.Loss)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Settings{}.ErrorLaw(g.Data.Err.Loss, g.Data.Err.Err)
	if err != nil {
		t.Fatal(err)
	}
	w := g.Expected
	near(t, "alpha", f.Model.Alpha, -w.Loss.B, 0, 5e-4)
	near(t, "E", f.Model.E, w.Loss.E, 0, 2e-3)
	near(t, "rss", f.Objective, w.Loss.RSS, 1e-4, 0)
	near(t, "gamma", e.Model.Gamma, w.Error.Gamma, 1e-3, 0)
	near(t, "eps", e.Model.Eps, w.Error.Eps, 1e-3, 0)
	near(t, "k", e.Model.K, w.Error.K, 1e-3, 0)
	near(t, "rss of the error law", e.Objective, w.Error.RSS, 1e-4, 0)
	for _, p := range w.Pred {
		loss := f.Model.At(p.N, p.N*p.M)
		near(t, p.Model+" loss", loss, p.Loss, 5e-4, 0)
		near(t, p.Model+" error, chained", e.Model.At(loss), p.Chained, 5e-4, 0)
		near(t, p.Model+" error from the true loss", e.Model.At(p.TrueLoss), p.FromTrue, 5e-4, 0)
	}
	t.Log(f, f.Agree, f.Starts, f.Warnings)
	t.Log(e, e.Agree, e.Starts, e.Warnings)
}

func TestBrokenGolden(t *testing.T) {
	for name, c := range synthetic(t) {
		if len(c.Params.Breaks) == 0 {
			continue
		}
		m := Broken{A: c.Params.A, B: c.Params.B, C0: c.Params.C0}
		for _, b := range c.Params.Breaks {
			m.Breaks = append(m.Breaks, Break{b.C, b.D, b.F})
		}
		for i, x := range c.X {
			near(t, name, m.At(x), c.Y[i], 1e-10, 0)
		}
		if len(m.Breaks) > 1 {
			continue
		}
		f, err := Settings{Intervals: None}.Broken(c.X, c.Y, 1)
		if err != nil {
			t.Fatal(err)
		}
		if !(f.Objective < 1e-16) {
			t.Errorf("%s: objective %v, want below 1e-16", name, f.Objective)
		}
		t.Log(name, f, f.Objective, f.Agree, f.Warnings)
	}
	var g struct {
		Data struct {
			X, Y  []float64
			Train int `json:"n_train"`
		}
		Expected struct {
			A, B, C0, C1, D1, F1 float64
			Eval                 struct{ X, Y []float64 }
			Refit                struct{ A, B, C0, C1, D1, F1 float64 }
			Objective            float64   `json:"refit_msle_log1p_train"`
			Train                float64   `json:"refit_rmsle_train"`
			Extrapolate          float64   `json:"refit_rmsle_extrapolate"`
			Test                 []float64 `json:"predictions_at_test"`
		}
	}
	golden(t, "bnsl_noiseless", &g)
	w := g.Expected
	m := Broken{w.A, w.B, w.C0, []Break{{w.C1, w.D1, w.F1}}}
	for i, x := range w.Eval.X {
		near(t, "noiseless", m.At(x), w.Eval.Y[i], 1e-10, 0)
	}
	f, err := Settings{Intervals: None}.Broken(g.Data.X, g.Data.Y, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(f, f.Agree, f.Starts, f.Warnings)
	params := func(what string, got Broken, want [6]float64, rel, abs [6]float64) {
		t.Helper()
		b := got.Breaks[0]
		for i, v := range []float64{got.A, got.B, got.C0, b.C, b.D, b.F} {
			near(t, what+" "+[]string{"a", "b", "c0", "c1", "d1", "f1"}[i], v, want[i], rel[i], abs[i])
		}
	}
	r := 1e-4
	params("noiseless", f.Model, [6]float64{w.A, w.B, w.C0, w.C1, w.D1, w.F1}, [6]float64{r, r, r, r, r, r}, [6]float64{})

	golden(t, "bnsl_4digit_addition", &g)
	w, n := g.Expected, g.Data.Train
	f, err = Settings{Scale: Log1p}.Broken(g.Data.X[:n], g.Data.Y[:n], 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(f, f.Agree, f.Starts, f.Warnings)
	if v := f.Objective / float64(n); v > w.Objective*(1+1e-6) {
		t.Errorf("objective %.12g, want at most %.12g", v, w.Objective)
	}
	params("addition", f.Model, [6]float64{w.Refit.A, w.Refit.B, w.Refit.C0, w.Refit.C1, w.Refit.D1, w.Refit.F1},
		[6]float64{0, 2e-3, 0, 1e-2, 1e-3, 5e-3}, [6]float64{2e-3, 0, 5e-4, 0, 0, 0})
	var ss float64
	for i, x := range g.Data.X[n:] {
		// rmsle: the root of the mean squared difference of log y (without + 1)
		d := math.Log(f.Model.At(x) / g.Data.Y[n+i])
		ss += d * d
		near(t, "addition, extrapolated", f.Model.At(x), w.Test[i], 0, 2e-3)
	}
	near(t, "rmsle", math.Sqrt(ss/float64(len(g.Data.X)-n)), w.Extrapolate, 0, 2e-3)
}

func TestSigmoidGolden(t *testing.T) {
	c := synthetic(t)["ladder_sigmoid"]
	f, err := Settings{}.Sigmoid(c.X, c.Y)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "a", f.Model.A, c.Params.A, 1e-6, 0)
	near(t, "x0", f.Model.X0, c.Params.L0, 1e-6, 0)
	near(t, "k", f.Model.K, c.Params.K, 1e-6, 0)
	near(t, "b", f.Model.B, c.Params.B, 1e-6, 0)
	t.Log(f, f.Agree, f.Starts, f.Warnings)
}

func TestFloorSigmoidGolden(t *testing.T) {
	c := synthetic(t)["obs_sigmoid_floor"]
	var x [][]float64
	var y []float64
	// Nine exact points, each three times and a little apart on x by the form.
	m := FloorSigmoid{W0: c.Params.W0, W: []float64{c.Params.W}, H: c.Params.H}
	for i, v := range c.X {
		near(t, "at", m.At(v), c.Y[i], 1e-9, 0)
		for d := range 4 {
			v := v + .1*float64(d)
			x, y = append(x, []float64{v}), append(y, m.At(v))
		}
	}
	f, err := Settings{}.FloorSigmoid(x, y)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "w0", f.Model.W0, m.W0, 1e-6, 0)
	near(t, "w", f.Model.W[0], m.W[0], 1e-6, 0)
	near(t, "h", f.Model.H, m.H, 1e-6, 0)

	type expected struct {
		W0   float64
		W    []float64
		B    float64
		MSE  float64 `json:"train_mse"`
		Test float64 `json:"test_mse"`
	}
	var g struct {
		Data struct {
			Flops []float64             `json:"log10_flops"`
			Train []int                 `json:"is_train"`
			Bench map[string][]*float64 `json:"benchmarks"`
			Y     map[string][]*float64
		}
		Expected struct {
			PCA struct {
				Mean, Explained []float64
				Components      [][]float64
				Train           [][]float64 `json:"train_pc"`
				Test            [][]float64 `json:"test_pc"`
			}
			Fits map[string]struct {
				Flops expected `json:"log10_flops"`
				PC1   expected
				PC3   expected
			}
		}
	}
	golden(t, "obs_emergent", &g)
	value := func(v *float64) float64 {
		if v == nil {
			return math.NaN()
		}
		return *v
	}
	var all, train [][]float64
	for i := range g.Data.Flops {
		var row []float64
		for _, b := range []string{"MMLU", "ARC-C", "HellaSwag", "Winograd", "TruthfulQA", "GSM8K", "XWinograd", "HumanEval"} {
			row = append(row, value(g.Data.Bench[b][i]))
		}
		all = append(all, row)
		if g.Data.Train[i] == 1 {
			train = append(train, row)
		}
	}
	pca, err := NewComponents(train, 3)
	if err != nil {
		t.Fatal(err)
	}
	for k, axis := range pca.Loadings {
		near(t, "explained", pca.Explained[k], g.Expected.PCA.Explained[k], 0, 1e-4)
		for j, v := range axis {
			near(t, "loading", v, g.Expected.PCA.Components[k][j], 0, 1e-4)
		}
	}
	var tr, te int
	pcs := make([][]float64, len(all))
	for i, row := range all {
		pcs[i] = pca.Of(row)
		want := g.Expected.PCA.Test
		at := &te
		if g.Data.Train[i] == 1 {
			want, at = g.Expected.PCA.Train, &tr
		}
		for k, v := range pcs[i] {
			near(t, "component", v, want[*at][k], 0, 1e-4)
		}
		*at++
	}
	for name, want := range g.Expected.Fits {
		for _, tt := range []struct {
			name string
			x    func(i int) []float64
			want expected
		}{
			{"flops", func(i int) []float64 { return g.Data.Flops[i : i+1] }, want.Flops},
			{"pc1", func(i int) []float64 { return pcs[i][:1] }, want.PC1},
			{"pc3", func(i int) []float64 { return pcs[i] }, want.PC3},
		} {
			var x [][]float64
			var y []float64
			for i, v := range g.Data.Y[name] {
				if v != nil && g.Data.Train[i] == 1 {
					x, y = append(x, tt.x(i)), append(y, *v)
				}
			}
			f, err := Settings{Intervals: None}.FloorSigmoid(x, y)
			if err != nil {
				t.Fatal(err)
			}
			what := name + " " + tt.name
			if v := f.Objective / float64(len(y)); v > tt.want.MSE*(1+1e-4) {
				t.Errorf("%s: train mse %.8g, want at most %.8g", what, v, tt.want.MSE)
			}
			var test, n float64
			for i, v := range g.Data.Y[name] {
				if v != nil && g.Data.Train[i] == 0 {
					d := f.Model.At(tt.x(i)...) - *v
					test, n = test+d*d, n+1
				}
			}
			near(t, what+" test mse", test/n, tt.want.Test, .02, 0)
			near(t, what+" h", f.Model.H, tt.want.B, 0, 5e-3)
			for j, v := range f.Model.W {
				near(t, what+" w", v, tt.want.W[j], .01, 0)
			}
			t.Log(what, f, f.Agree, f.Starts, f.Objective/float64(len(y)), tt.want, f.Warnings)
		}
	}
}

func TestEmergenceGolden(t *testing.T) {
	g := synthetic(t)
	for _, name := range []string{"mirage_L1", "mirage_L4"} {
		c := g[name]
		loss, err := Settings{}.PowerLaw(c.X, c.Ce)
		if err != nil {
			t.Fatal(err)
		}
		link, err := Settings{}.AnswerLength(c.Ce, c.Acc)
		if err != nil {
			t.Fatal(err)
		}
		near(t, name+" tokens", link.Model.Tokens, c.Params.L, 1e-9, 0)
		m := Emergence{loss.Model, link.Model}
		for i, x := range c.X {
			near(t, name, m.At(x), c.Acc[i], 1e-9, 0)
		}
		near(t, name+" size at 50%", m.Size(.5), c.Acc50, 1e-9, 0)
		near(t, name+" size at 10%", m.Size(.1), c.Acc10, 1e-9, 0)
		size, slope := m.Steepest()
		near(t, name+" steepest", slope, c.Steepest.Value, 1e-9, 0)
		near(t, name+" at the steepest", m.At(size), 1/math.E, 1e-9, 0)
		// The same points as probabilities of a pass: C = tokens c 1e9^alpha.
		pass, err := Settings{}.PassUntil(c.X, c.Acc)
		if err != nil {
			t.Fatal(err)
		}
		near(t, name+" PassUntil alpha", pass.Model.Alpha, c.Params.Alpha, 1e-9, 0)
		near(t, name+" PassUntil size", pass.Model.Size(.5), c.Acc50, 1e-9, 0)
	}
}
