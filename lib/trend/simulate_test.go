package trend

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The targets of the design: false verdicts on a flat truth in at most 5% of
// series (a Monte-Carlo error of 1.5 points is granted), a false U under a
// monotone truth in at most 1%. `kernel backtest --repeats 5000` has more digits.
func TestFalseVerdicts(t *testing.T) {
	var trials []Trial
	for _, t := range Trials() {
		if t.Truth.Name == "flat" || t.Tau != 1 && t.Effect < 6*math.Sqrt(1+t.Tau*t.Tau) {
			trials = append(trials, t)
		}
	}
	for _, n := range []int{4, 5, 6, 8} { // items that say nothing: scatter only
		trials = append(trials, Trial{Truths[0], n, 30, 0})
	}
	repeats := 500
	if raceEnabled {
		repeats = 100 // of 50 trials: the rates are judged without the detector
	}
	for _, r := range (Settings{}).SimulateAll(trials, repeats, 1) {
		if r.Wrong > 0.05+0.015 && !raceEnabled {
			t.Errorf("%s, %d models, tau %g, effect %.0f: false verdicts in %.3f", r.Trial.Truth.Name, r.Trial.Models, r.Trial.Tau, r.Trial.Effect, r.Wrong)
		}
		if r.Trial.Truth.Name != "flat" && r.Trial.Truth.Name != "dip" && r.WrongU > 0.01+2*math.Sqrt(0.01/float64(repeats)) {
			t.Errorf("%s, %d models, tau %g: false U in %.3f", r.Trial.Truth.Name, r.Trial.Models, r.Trial.Tau, r.WrongU)
		}
	}
}

// null_simulation_fpr was made in Python with 20,000 series a row; its simple
// rules are simulated here with this package's functions.
func TestNullSimulation(t *testing.T) {
	type row struct {
		K     int
		Tau   float64 `json:"tau_over_se"`
		Z     float64 `json:"slope_z_example_only"`
		T     float64 `json:"slope_t_model"`
		MK    float64 `json:"mann_kendall_exact"`
		Tukey float64 `json:"pairwise_tukey_known_se"`
		AICc  float64 `json:"aicc_picks_nonconstant"`
		AIC   float64 `json:"aic_picks_nonconstant"`
		BIC   float64 `json:"bic_picks_nonconstant"`
	}
	var file struct{ FPR []row }
	golden(t, "null_simulation_fpr", &file)
	repeats := 3000
	if raceEnabled {
		repeats = 300
	}
	for i, g := range file.FPR {
		rng := rand.New(rand.NewPCG(2, uint64(i)))
		got := row{}
		s := Series{Better: Up, X: make([]float64, g.K), Y: make([]float64, g.K), SE: make([]float64, g.K)}
		for range repeats {
			for k := range s.X {
				s.X[k], s.SE[k] = 8+float64(k), 1
				s.Y[k] = rng.NormFloat64() * math.Sqrt(1+g.Tau*g.Tau)
			}
			count := func(v *float64, hit bool) {
				if hit {
					*v += 1.0 / float64(repeats)
				}
			}
			l, err := FitLines(s)
			if err != nil {
				t.Fatal(err)
			}
			count(&got.Z, twoSided(l.OLS/l.SEPaired, math.Inf(1)) < 0.05)
			count(&got.T, l.PModel < 0.05)
			count(&got.MK, MannKendall(s.Y).PExact < 0.05)
			m := Settings{}.onTheseModels(s)
			count(&got.Tukey, m.PairsUp+m.PairsDown > 0)
			var c [3]Criteria
			for d := range c {
				if c[d], err = InformationCriteria(s.X, s.Y, d); err != nil {
					t.Fatal(err)
				}
			}
			count(&got.AIC, min(c[1].AIC, c[2].AIC) < c[0].AIC)
			count(&got.BIC, min(c[1].BIC, c[2].BIC) < c[0].BIC)
			if g.K == 4 { // AICc is not defined for the line: n - k - 1 = 0
				count(&got.AICc, false)
			} else if g.K == 5 { // nor for the parabola
				count(&got.AICc, c[1].AICc < c[0].AICc)
			} else {
				count(&got.AICc, min(c[1].AICc, c[2].AICc) < c[0].AICc)
			}
		}
		// The golden's tolerance, and three standard errors of ours.
		check := func(what string, got, want float64) {
			if math.Abs(got-want) > 0.01+3*math.Sqrt(want*(1-want)/float64(repeats)) {
				t.Errorf("K=%d tau=%g: %s %.4f, want %.4f", g.K, g.Tau, what, got, want)
			}
		}
		check("slope z", got.Z, g.Z)
		check("slope t", got.T, g.T)
		check("Mann-Kendall", got.MK, g.MK)
		check("AICc", got.AICc, g.AICc)
		check("AIC", got.AIC, g.AIC)
		check("BIC", got.BIC, g.BIC)
		// Sidak's bound is a little stricter than Tukey's range.
		if !raceEnabled && (got.Tukey > g.Tukey+0.01+0.02 || got.Tukey < g.Tukey-0.08) {
			t.Errorf("K=%d tau=%g: pairs %.4f, Tukey %.4f", g.K, g.Tau, got.Tukey, g.Tukey)
		}
	}
}

// The reference prototype's verdicts, rates to 0.08 over 150 repetitions: the
// verdicts here may be more cautious or more powerful, but not wrong more often.
func TestVerdictSimulation(t *testing.T) {
	type row struct {
		K                           int
		Truth                       string
		Amp, SE, Tau                float64
		Inconclusive, Up, Down, Dip float64
	}
	var file struct{ Rows []row }
	golden(t, "verdict_simulation", &file)
	curve := map[string]Truth{}
	for _, truth := range Truths {
		curve[truth.Name] = truth
	}
	curve["saturating_up"], curve["late_jump"] = curve["saturating"], curve["late jump"]
	runs := 300
	if raceEnabled {
		runs = 50
	}
	lost, won, rows := 0.0, 0.0, 0
	for i, g := range file.Rows {
		truth, ok := curve[g.Truth]
		if !ok {
			t.Fatalf("no truth %q", g.Truth)
		}
		r := Settings{}.Simulate(Trial{truth, g.K, g.Tau / g.SE, g.Amp / g.SE}, runs, rand.New(rand.NewPCG(3, uint64(i))))
		t.Logf("K=%d %s amp %g tau %g: %v; prototype up %.2f dip %.2f", g.K, g.Truth, g.Amp, g.Tau, r.Verdicts, g.Up, g.Dip)
		rows++
		if d := r.Verdicts[Standard] + r.Verdicts[U] - g.Up - g.Dip; d > 0 {
			won += d
		} else {
			lost -= d
		}
	}
	if lost > won+0.1*float64(rows) {
		t.Errorf("power lost against the prototype: %.2f a row", (lost-won)/float64(rows))
	}
}
