package fit

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var sizes = []float64{70e6, 160e6, 410e6, 1e9, 1.4e9, 2.8e9, 6.9e9, 12e9}

// noisy is truth(x) with a normal error of sd at each x.
func noisy(seed uint64, x []float64, sd float64, truth func(float64) float64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = truth(v) + sd*rng.NormFloat64()
	}
	return y
}

func mapped(v []float64, f func(float64) float64) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = f(x)
	}
	return w
}

// Each row is a form on one axis with data it accepts.
var oneAxis = []struct {
	name string
	x, y []float64
	fit  func(s Settings, x, y []float64) ([]Param, float64, error)
}{
	{"power law", sizes, noisy(1, sizes, .01, PowerLaw{8.8e13, .076}.At), func(s Settings, x, y []float64) ([]Param, float64, error) {
		return params(s.PowerLaw(x, y))
	}},
	{"power law + offset", sizes, noisy(2, sizes, .01, PowerOffset{1.9, 80, .26}.At), func(s Settings, x, y []float64) ([]Param, float64, error) {
		return params(s.PowerOffset(x, y))
	}},
	{"error law", losses, noisy(3, losses, .003, ErrorLaw{.86, 2.2, .71}.At), func(s Settings, x, y []float64) ([]Param, float64, error) {
		return params(s.ErrorLaw(x, y))
	}},
	{"sigmoid in loss", losses, noisy(4, losses, .01, Sigmoid{-.6, 3.5, 2, .9}.At), func(s Settings, x, y []float64) ([]Param, float64, error) {
		return params(s.Sigmoid(x, y))
	}},
	{"broken power law with 1 break", tokens, noisy(5, tokens, .003, Broken{.2, 3, .08, []Break{{.5, 3000, .3}}}.At), func(s Settings, x, y []float64) ([]Param, float64, error) {
		return params(s.Broken(x, y, 1))
	}},
	{"answer length", losses, noisy(6, losses, .001, AnswerLength{.7}.At), func(s Settings, x, y []float64) ([]Param, float64, error) {
		return params(s.AnswerLength(x, y))
	}},
	{"PassUntil", sizes, mapped(sizes, PassUntil{3e4, .5}.At), func(s Settings, x, y []float64) ([]Param, float64, error) {
		return params(s.PassUntil(x, y))
	}},
	{"loss to loss", losses, noisy(7, losses, .002, LossToLoss{1.5, .8, 1.1, 1.2}.At), func(s Settings, x, y []float64) ([]Param, float64, error) {
		return params(s.LossToLoss(x, y))
	}},
}

var losses = []float64{5.4, 4.6, 4.2, 3.9, 3.5, 3.1, 2.8, 2.5, 2.3}

var tokens = func() []float64 {
	var x []float64
	for i := range 25 {
		x = append(x, math.Pow(10, float64(i)/4))
	}
	return x
}()

func params[M any](f *Fit[M], err error) ([]Param, float64, error) {
	if err != nil {
		return nil, 0, err
	}
	return f.Params, f.Objective, nil
}

func TestRefusals(t *testing.T) {
	for _, form := range oneAxis {
		ok := slices.Clone(form.y)
		with := func(v []float64, i int, x float64) []float64 {
			v = slices.Clone(v)
			v[i] = x
			return v
		}
		n := len(form.x)
		equal := make([][]float64, n)
		for i := range equal {
			equal[i] = make([]float64, n)
			for j := range equal[i] {
				equal[i][j] = 1
			}
		}
		for _, tt := range []struct {
			name string
			s    Settings
			x, y []float64
			want error
			says string
		}{
			{"NaN in y", Settings{}, form.x, with(ok, 2, math.NaN()), ErrInput, "point 3"},
			{"infinite x", Settings{}, with(form.x, 1, math.Inf(1)), ok, ErrInput, "point 2"},
			{"lengths", Settings{}, form.x[1:], ok, ErrInput, "values"},
			{"no point", Settings{}, nil, nil, ErrTooFew, "0 points"},
			{"one point", Settings{}, form.x[:1], ok[:1], ErrTooFew, "1 "},
			{"two equal x", Settings{}, []float64{form.x[0], form.x[0]}, ok[:2], ErrTooFew, "1 different"},
			{"constant", Settings{}, form.x, mapped(ok, func(float64) float64 { return .5 }), ErrConstant, "0.5"},
			{"zero variance", Settings{SE: make([]float64, n)}, form.x, ok, ErrInput, "standard error is 0"},
			{"SE of another length", Settings{SE: []float64{1}}, form.x, ok, ErrInput, "1 standard error"},
			{"singular covariance", Settings{Cov: equal}, form.x, ok, ErrInput, "singular at point 2"},
			{"no seed", Settings{Intervals: Bootstrap}, form.x, ok, ErrInput, "Rand"},
			{"level", Settings{Level: 1.5}, form.x, ok, ErrInput, "1.5"},
		} {
			_, _, err := form.fit(tt.s, tt.x, tt.y)
			if form.name == "power law" && tt.name == "singular covariance" || form.name == "PassUntil" && tt.name == "singular covariance" {
				// Taken over to the logarithm it is singular all the same.
				tt.says = "singular"
			}
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%s, %s: error %q, want %q with %q", form.name, tt.name, err, tt.want, tt.says)
			}
		}
	}
	_, err := Settings{}.PowerOffset(sizes[:4], []float64{4, 3, 2.5, 2.2})
	if want := "fit: power law + offset: too few points: 4 points at 4 different sizes, want 5 or more sizes"; err == nil || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if _, err := (Settings{}).Broken(sizes, sizes, 1); !errors.Is(err, ErrTooFew) {
		t.Errorf("8 sizes for a break: %v", err)
	}
	n, d, y := runs240()
	if _, err := (Settings{}).Chinchilla(n[:19], d[:19], y[:19]); !errors.Is(err, ErrTooFew) {
		t.Errorf("19 runs: %v", err)
	}
	if _, err := (Settings{}).Chinchilla(n, mapped(n, func(v float64) float64 { return 20 * v }), y); !errors.Is(err, ErrTooFew) {
		t.Errorf("20 tokens a parameter throughout: %v", err)
	}
	if _, err := (Settings{}).FloorSigmoid([][]float64{{1}, {2}}, []float64{.1, .9}); !errors.Is(err, ErrTooFew) {
		t.Errorf("2 models: %v", err)
	}
}

// The order of the points says nothing, nor does the number of workers.
func TestOrderAndWorkers(t *testing.T) {
	near := cmpopts.EquateApprox(1e-5, 1e-9)
	for _, form := range oneAxis {
		want, _, err := form.fit(Settings{Workers: 1}, form.x, form.y)
		if err != nil {
			t.Fatal(form.name, err)
		}
		back := func(v []float64) []float64 { v = slices.Clone(v); slices.Reverse(v); return v }
		got, _, err := form.fit(Settings{Workers: 3}, back(form.x), back(form.y))
		if err != nil {
			t.Fatal(form.name, err)
		}
		if d := cmp.Diff(want, got, near); d != "" {
			t.Errorf("%s, reversed (-want +got):\n%s", form.name, d)
		}
		boot := func(workers int) []Param {
			p, _, err := form.fit(Settings{Workers: workers, Rand: rand.New(rand.NewPCG(3, 4)), Replicates: 120}, form.x, form.y)
			if err != nil {
				t.Fatal(form.name, err)
			}
			return p
		}
		if d := cmp.Diff(boot(1), boot(4)); d != "" {
			t.Errorf("%s, bootstrap of 4 workers (-1 worker +4 workers):\n%s", form.name, d)
		}
		se, cov := make([]float64, len(form.x)), make([][]float64, len(form.x))
		for i := range se {
			se[i] = .01 * float64(1+i%3)
			cov[i] = make([]float64, len(se))
			cov[i][i] = se[i] * se[i]
		}
		a, va, err := form.fit(Settings{SE: se}, form.x, form.y)
		if err != nil {
			t.Fatal(form.name, err)
		}
		b, vb, err := form.fit(Settings{Cov: cov}, form.x, form.y)
		if err != nil {
			t.Fatal(form.name, err)
		}
		if d := cmp.Diff(a, b, cmpopts.EquateApprox(1e-4, 1e-9)); d != "" || math.Abs(va-vb) > 1e-9*va {
			t.Errorf("%s, SE and diagonal Cov (objectives %v, %v):\n%s", form.name, va, vb, d)
		}
	}
}

// Changes of unit change the parameters as theory says, and the fit not at all.
func TestUnits(t *testing.T) {
	x, y := sizes, noisy(2, sizes, .01, PowerOffset{1.9, 80, .26}.At)
	f, err := Settings{}.PowerOffset(x, y)
	if err != nil {
		t.Fatal(err)
	}
	// y to 7y - 3, N to billions.
	g, err := Settings{}.PowerOffset(mapped(x, func(v float64) float64 { return v / 1e9 }), mapped(y, func(v float64) float64 { return 7*v - 3 }))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "E", g.Model.E, 7*f.Model.E-3, 1e-6, 0)
	near(t, "alpha", g.Model.Alpha, f.Model.Alpha, 1e-6, 0)
	near(t, "A", g.Model.A, 7*f.Model.A*math.Pow(1e9, -f.Model.Alpha), 1e-6, 0)
	near(t, "alpha, low", g.Params[2].Lo, f.Params[2].Lo, 1e-3, 0)
	near(t, "alpha, high", g.Params[2].Hi, f.Params[2].Hi, 1e-3, 0)
	near(t, "E, low", g.Params[0].Lo, 7*f.Params[0].Lo-3, 1e-3, 0)
	// The mirror image has the sign of A reversed.
	h, err := Settings{}.PowerOffset(x, mapped(y, func(v float64) float64 { return -v }))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mirrored A", h.Model.A, -f.Model.A, 1e-6, 0)
	near(t, "mirrored A, low", h.Params[1].Lo, -f.Params[1].Hi, 1e-3, 0)

	n, d, l := runs240()
	c, err := Settings{Loss: Huber(1e-3), Intervals: None}.Chinchilla(n, d, l)
	if err != nil {
		t.Fatal(err)
	}
	// Nats to bits: the relative residuals stay, A, B and E scale.
	bits, err := Settings{Loss: Huber(1e-3), Intervals: None}.Chinchilla(n, d, mapped(l, func(v float64) float64 { return v / math.Ln2 }))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "objective", bits.Objective, c.Objective, 1e-9, 0)
	near(t, "E in bits", bits.Model.E, c.Model.E/math.Ln2, 1e-6, 0)
	near(t, "alpha", bits.Model.Alpha, c.Model.Alpha, 1e-6, 0)
	n1, d1 := c.Model.Optimal(1e21)
	near(t, "compute", 6*n1*d1, 1e21, 1e-12, 0)
	for _, k := range []float64{.5, 2} {
		if c.Model.At(n1*k, d1/k) <= c.Model.AtCompute(1e21) {
			t.Errorf("%v times the optimal size is better at the same compute", k)
		}
	}
}

// LAD of a straight line passes through two of the points: try all pairs.
func TestLADIsAVertex(t *testing.T) {
	y := noisy(9, sizes, .05, PowerLaw{8.8e13, .076}.At)
	f, err := Settings{Loss: LAD(), Intervals: None}.PowerLaw(sizes, y)
	if err != nil {
		t.Fatal(err)
	}
	lx, ly := logs(sizes), logs(y)
	best := math.Inf(1)
	for i := range lx {
		for j := range i {
			b := (ly[i] - ly[j]) / (lx[i] - lx[j])
			var s float64
			for k := range lx {
				s += math.Abs(ly[k] - ly[i] - b*(lx[k]-lx[i]))
			}
			best = min(best, s)
		}
	}
	near(t, "LAD objective", f.Objective, best, 1e-9, 0)
	// An outlier of 30 standard deviations moves least squares, not LAD.
	y = noisy(10, sizes, .002, PowerOffset{1.9, 80, .26}.At)
	clean, err := Settings{Intervals: None}.PowerOffset(sizes, y)
	if err != nil {
		t.Fatal(err)
	}
	y[3] += .06
	for _, tt := range []struct {
		loss Loss
		far  float64
	}{{LAD(), .01}, {Huber(.002), .015}} {
		f, err := Settings{Loss: tt.loss, Intervals: None}.PowerOffset(sizes, y)
		if err != nil {
			t.Fatal(err)
		}
		near(t, tt.loss.String()+" at 70B", f.Model.At(70e9), clean.Model.At(70e9), 0, tt.far)
	}
}

// 90% intervals of the parameters and of the curve hold the truth in about 90%
// of 400 simulated series (Monte-Carlo error 1.5 points).
func TestCoverage(t *testing.T) {
	truth := PowerOffset{1.9, 80, .26}
	want := []float64{truth.E, truth.A, truth.Alpha}
	for _, tt := range []struct {
		name  string
		known bool
		boot  bool
		low   float64
	}{{"profile", false, false, .86}, {"profile, known errors", true, false, .86}, {"parametric bootstrap", true, true, .80}, {"residual bootstrap", false, true, .84}} {
		var hit [3]float64
		const runs = 400
		for r := range runs {
			s := Settings{}
			if tt.known {
				s.SE = slices.Repeat([]float64{.01}, len(sizes))
			}
			if tt.boot {
				s.Rand, s.Replicates = rand.New(rand.NewPCG(uint64(r), 5)), 300
			}
			f, err := s.PowerOffset(sizes, noisy(uint64(100+r), sizes, .01, truth.At))
			if err != nil {
				t.Fatal(err)
			}
			for j, p := range f.Params {
				if p.Lo <= want[j] && want[j] <= p.Hi {
					hit[j] += 1. / runs
				}
			}
		}
		t.Logf("%s: coverage of E, A, alpha: %.3f", tt.name, hit)
		for j, h := range hit {
			if h < tt.low || h > .95 {
				t.Errorf("%s: parameter %d is covered in %.3f of series, want about .90", tt.name, j, h)
			}
		}
	}
}

// What cannot be known is said so.
func TestDoubts(t *testing.T) {
	has := func(warn []error, want error) bool {
		return slices.ContainsFunc(warn, func(e error) bool { return errors.Is(e, want) })
	}
	// A straight line in log N has no offset.
	f, err := Settings{}.PowerOffset(sizes, mapped(sizes, func(n float64) float64 { return 5 - .1*math.Log(n) }))
	if err != nil {
		t.Fatal(err)
	}
	if !has(f.Warnings, ErrUnidentified) {
		t.Errorf("straight line: %v, want a doubt about alpha; %v", f.Warnings, f)
	}
	// Noise alone: the intervals are open.
	f, err = Settings{}.PowerOffset(sizes, noisy(11, sizes, .1, func(float64) float64 { return 2 }))
	if err != nil {
		t.Fatal(err)
	}
	if !has(f.Warnings, ErrUnidentified) {
		t.Errorf("noise: %v, want a doubt; %v", f.Warnings, f)
	}
	// A robust loss without a seed has no interval, and says so.
	g, err := Settings{Loss: Huber(.01)}.PowerOffset(sizes, noisy(12, sizes, .01, PowerOffset{1.9, 80, .26}.At))
	if err != nil {
		t.Fatal(err)
	}
	if !has(g.Warnings, ErrNoInterval) || !math.IsNaN(g.Params[0].Lo) {
		t.Errorf("Huber: %v, want no interval; %v", g.Warnings, g)
	}
}

func TestPassUntilItems(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	truth := ItemPass{Alpha: .4}
	for range 60 {
		truth.C = append(truth.C, 3000*math.Exp(.8*rng.NormFloat64()))
	}
	pass := make([][]float64, len(sizes))
	for k, n := range sizes {
		for _, c := range truth.C {
			z := math.Log(-math.Log(PassUntil{c, truth.Alpha}.At(n))) + .05*rng.NormFloat64()
			pass[k] = append(pass[k], math.Exp(-math.Exp(z)))
		}
	}
	f, err := Settings{}.PassUntilItems(sizes, pass)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "alpha", f.Model.Alpha, truth.Alpha, 0, .01)
	near(t, "pass rate at 70B", f.Model.At(70e9), truth.At(70e9), .05, 0)
	if p := f.Params[0]; !(p.Lo < truth.Alpha && truth.Alpha < p.Hi && p.SE < .01) {
		t.Errorf("alpha %v, want an interval about %v", p, truth.Alpha)
	}
}

// Whatever finite numbers come in, there is an error or finite parameters.
func TestStrangeNumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 21))
	for range 300 {
		scale, spread := math.Pow(10, 60*rng.Float64()-30), math.Pow(10, 6*rng.Float64()-5)
		offset := scale * math.Pow(10, 4*rng.Float64()-2) * float64(rng.IntN(3)-1)
		n := 3 + rng.IntN(12)
		x, y := make([]float64, n), make([]float64, n)
		for i := range x {
			x[i] = scale * math.Exp(spread*rng.NormFloat64())
			y[i] = offset + scale*rng.NormFloat64()
			if rng.IntN(5) == 0 && i > 0 {
				x[i] = x[i-1]
			}
		}
		for _, form := range oneAxis {
			xs, ys := x, y
			if strings.Contains(form.name, "broken") && rng.IntN(10) > 0 {
				continue // the dearest, and like the others
			}
			if form.name == "sigmoid in loss" || form.name == "answer length" || form.name == "PassUntil" {
				ys = mapped(y, func(v float64) float64 { return logistic(v / scale) })
			}
			p, v, err := form.fit(Settings{}, xs, ys)
			if err != nil {
				continue
			}
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s: objective %v for x %v, y %v", form.name, v, xs, ys)
			}
			for _, q := range p {
				if math.IsNaN(q.Value) || q.Lo > q.Value*(1+1e-9) && q.Lo-q.Value > 1e-9*math.Abs(q.Value) || q.Value-q.Hi > 1e-9*math.Abs(q.Value) {
					t.Errorf("%s: %+v for x %v, y %v", form.name, q, xs, ys)
				}
			}
		}
	}
}

// The measures of a sigmoid may be in any unit.
func TestFloorSigmoidUnits(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	truth := FloorSigmoid{W0: -40, W: []float64{1.8, .5}, H: .08}
	var x, moved [][]float64
	var acc []float64
	for range 60 {
		v := []float64{21 + 3*rng.Float64(), rng.NormFloat64()}
		x, moved = append(x, v), append(moved, []float64{1000 * (v[0] - 20), v[1]/7 + 3})
		acc = append(acc, truth.At(v...)+.02*rng.NormFloat64())
	}
	s := Settings{Level: .999}
	f, err := s.FloorSigmoid(x, acc)
	if err != nil {
		t.Fatal(err)
	}
	g, err := s.FloorSigmoid(moved, acc)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "objective", g.Objective, f.Objective, 1e-9, 0)
	near(t, "w1", 1000*g.Model.W[0], f.Model.W[0], 1e-5, 0)
	near(t, "w2", g.Model.W[1]/7, f.Model.W[1], 1e-5, 0)
	near(t, "h", g.Model.H, f.Model.H, 1e-5, 1e-9)
	near(t, "w1, low", 1000*g.Params[1].Lo, f.Params[1].Lo, 1e-2, 0)
	for i, want := range []float64{truth.W0, truth.W[0], truth.W[1], truth.H} {
		if p := f.Params[i]; !(p.Lo < want && want < p.Hi) {
			t.Errorf("%v, want an interval about %v", p, want)
		}
	}
}

// Chinchilla by its own Newton search and by the general one agree, and its
// profile intervals hold the truth.
func TestChinchillaSearches(t *testing.T) {
	n, d, y := runs240()
	n, d, y = n[:60], d[:60], y[:60]
	se, cov := make([]float64, len(n)), make([][]float64, len(n))
	for i := range n {
		se[i] = .01 + .01*float64(i%4)
		cov[i] = make([]float64, len(n))
		cov[i][i] = se[i] * se[i]
	}
	for _, loss := range []Loss{{}, Huber(.5), LAD()} {
		how := None
		if loss.squares() {
			how = Profile
		}
		a, err := Settings{SE: se, Loss: loss, Intervals: how}.Chinchilla(n, d, y)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Settings{Cov: cov, Loss: loss, Intervals: how}.Chinchilla(n, d, y)
		if err != nil {
			t.Fatal(err)
		}
		near(t, loss.String()+": objective", a.Objective, b.Objective, 1e-8, 0)
		if d := cmp.Diff(a.Params, b.Params, cmpopts.EquateApprox(1e-3, 1e-6), cmpopts.EquateNaNs()); d != "" {
			t.Errorf("%v (-Newton +general):\n%s", loss, d)
		}
		if loss.squares() {
			for i, want := range []float64{480, 2100, 1.82, .348, .366} { // of runs240
				if p := a.Params[i]; !(p.Lo < want && want < p.Hi) {
					t.Errorf("%v, want an interval about %v", p, want)
				}
			}
		}
	}
}
