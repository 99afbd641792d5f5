package trend

import (
	"math"
	"testing"
)

func TestStatTests(t *testing.T) {
	type ic struct{ RSS, AIC, AICc, BIC float64 }
	type testCase struct {
		X, Y, W     []float64
		MannKendall struct {
			S   int
			Var float64
			Z   float64  `json:"z_continuity"`
			P   float64  `json:"p_normal"`
			PEx *float64 `json:"p_exact"`
		} `json:"mann_kendall"`
		TheilSen struct {
			Slope     float64
			Intercept float64 `json:"intercept_median_rule"`
			CI90      [2]float64
		} `json:"theil_sen"`
		Up       []float64 `json:"isotonic_increasing"`
		Down     []float64 `json:"isotonic_decreasing"`
		BigBench struct {
			I, Linearity     float64
			Breakthroughness *float64
			Zero             bool `json:"breakthroughness_denominator_zero"`
		}
		IC       map[string]ic
		Spearman float64
		Segments *struct {
			RSS, Breakpoint, Intercept float64
			Left                       float64 `json:"slope_left"`
			Right                      float64 `json:"slope_right"`
		} `json:"segmented"`
		TwoLines *struct {
			XC     float64
			Low    float64 `json:"slope_low"`
			High   float64 `json:"slope_high"`
			SELow  float64 `json:"se_low"`
			SEHigh float64 `json:"se_high"`
			PLow   float64 `json:"p_low"`
			PHigh  float64 `json:"p_high"`
			HLow   float64 `json:"hc3_se_low"`
			HHigh  float64 `json:"hc3_se_high"`
		} `json:"two_lines"`
	}
	var file struct{ Cases map[string]testCase }
	golden(t, "stat_tests", &file)
	for name, g := range file.Cases {
		check := func(what string, got, want float64) {
			t.Helper()
			if !(math.Abs(got-want) <= 1e-9*math.Abs(want)+1e-13) {
				t.Errorf("%s: %s %v, want %v", name, what, got, want)
			}
		}
		mk := MannKendall(g.Y)
		check("S", float64(mk.S), float64(g.MannKendall.S))
		check("Var", mk.Var, g.MannKendall.Var)
		check("Z", mk.Z, g.MannKendall.Z)
		check("P", mk.P, g.MannKendall.P)
		if g.MannKendall.PEx != nil {
			check("PExact", mk.PExact, *g.MannKendall.PEx)
		} else if !math.IsNaN(mk.PExact) {
			t.Errorf("%s: exact p %v with ties", name, mk.PExact)
		}
		slope, intercept := TheilSen(g.X, g.Y)
		check("Theil-Sen", slope.Estimate, g.TheilSen.Slope)
		check("Theil-Sen intercept", intercept, g.TheilSen.Intercept)
		check("Theil-Sen lo", slope.Lo90, g.TheilSen.CI90[0])
		check("Theil-Sen hi", slope.Hi90, g.TheilSen.CI90[1])
		up, down := Isotonic(g.Y, g.W, true), Isotonic(g.Y, g.W, false)
		for i := range up {
			check("rising", up[i], g.Up[i])
			check("falling", down[i], g.Down[i])
		}
		e := Describe(g.Y)
		check("I", e.I, g.BigBench.I)
		check("linearity", e.Linearity, g.BigBench.Linearity)
		if !g.BigBench.Zero {
			check("breakthroughness", e.Breakthroughness, *g.BigBench.Breakthroughness)
		} else if !math.IsInf(e.Breakthroughness, 0) && !math.IsNaN(e.Breakthroughness) {
			t.Errorf("%s: breakthroughness %v with a denominator of 0", name, e.Breakthroughness)
		}
		check("Spearman", Spearman(g.X, g.Y), g.Spearman)
		for degree, want := range map[int]ic{0: g.IC["const"], 1: g.IC["linear"], 2: g.IC["quad"]} {
			got, err := InformationCriteria(g.X, g.Y, degree)
			if err != nil {
				t.Fatal(err)
			}
			check("RSS", got.RSS, want.RSS)
			check("AIC", got.AIC, want.AIC)
			check("AICc", got.AICc, want.AICc)
			check("BIC", got.BIC, want.BIC)
		}
		if w := g.Segments; w != nil {
			got, err := Segmented(g.X, g.Y)
			if err != nil {
				t.Fatal(err)
			}
			// The golden's break is a bounded search: a lower RSS is no error.
			if got.RSS > w.RSS*(1+1e-7) || got.RSS > w.RSS*(1-1e-7) && math.Abs(got.Break-w.Breakpoint) > 1e-5 {
				t.Errorf("%s: segmented %+v, want %+v", name, got, *w)
			}
		}
		if w := g.TwoLines; w != nil {
			got, err := TwoLines(g.X, g.Y, w.XC)
			if err != nil {
				t.Fatal(err)
			}
			check("low", got.Low, w.Low)
			check("high", got.High, w.High)
			check("se low", got.SELow, w.SELow)
			check("se high", got.SEHigh, w.SEHigh)
			check("p low", got.PLow, w.PLow)
			check("p high", got.PHigh, w.PHigh)
			check("hc3 low", got.HC3Low, w.HLow)
			check("hc3 high", got.HC3High, w.HHigh)
		}
	}
	t.Logf("%d cases", len(file.Cases))
}

func TestMannKendallExact(t *testing.T) {
	var file struct {
		Exact map[string]map[string]float64 `json:"mk_exact_two_sided"`
	}
	golden(t, "null_simulation_fpr", &file)
	for n, tails := range file.Exact {
		for s, want := range tails {
			if got := kendallTail(atoi(n), atoi(s)); !near(got, want, 1e-12) {
				t.Errorf("P(|S| >= %s) of %s values: %v, want %v", s, n, got, want)
			}
		}
	}
}

func atoi(s string) int {
	v := 0
	for _, r := range s {
		v = 10*v + int(r-'0')
	}
	return v
}
