package trend

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type ispSeries struct {
	Metric string
	Params []float64   `json:"models_n_params"`
	Mean   []float64   `json:"mean"`
	SEM    []float64   `json:"sem"`
	Cov    [][]float64 `json:"cov_of_means"`
	Slope  struct {
		OLS      float64
		Paired   float64    `json:"se_example_paired"`
		Indep    float64    `json:"se_example_independent"`
		Z        float64    `json:"z_paired"`
		Interval [2]float64 `json:"ci95_example_paired"`
		Model    float64    `json:"se_model_residual"`
		CIModel  [2]float64 `json:"ci95_model_t"`
		WLS      float64    `json:"wls_diag"`
		SEWLS    float64    `json:"wls_se"`
		GLS      float64
	} `json:"slope_per_decade"`
	Fit struct {
		Chi2 float64 `json:"chi2_gls"`
		P    float64
	} `json:"lack_of_fit_to_line"`
	S        int     `json:"kendall_S"`
	TheilSen float64 `json:"theil_sen"`
}

func (g ispSeries) series(name string) Series {
	kind := map[string]Kind{"loss": Loss, "correct": Accuracy, "logodds": LogOdds}[g.Metric]
	return Series{Name: name, Kind: kind, X: logs10(g.Params), Y: g.Mean, SE: g.SEM, Cov: g.Cov}
}

func logs10(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, n := range v {
		out[i] = math.Log10(n)
	}
	return out
}

// checkISP compares the lines; loosen multiplies the tolerances, because the
// items are stored rounded to 1e-7.
func checkISP(t *testing.T, name string, g ispSeries, s Series, loosen float64) {
	t.Helper()
	check := func(what string, got, want, rel float64) {
		t.Helper()
		if !(math.Abs(got-want) <= loosen*(rel*math.Abs(want)+1e-14)) {
			t.Errorf("%s: %s %v, want %v", name, what, got, want)
		}
	}
	l, err := FitLines(s)
	if err != nil { // two models that agree on every item
		if !strings.Contains(err.Error(), "singular") {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	check("slope", l.OLS, g.Slope.OLS, 1e-8)
	check("paired SE", l.SEPaired, g.Slope.Paired, 1e-8)
	check("independent SE", l.SEIndependent, g.Slope.Indep, 1e-8)
	check("model SE", l.SEModel, g.Slope.Model, 1e-8)
	check("z", l.OLS/l.SEPaired, g.Slope.Z, 1e-8)
	q := quantile(0.975, float64(l.DF))
	check("model interval", l.OLS+q*l.SEModel, g.Slope.CIModel[1], 1e-7)
	check("paired interval", l.OLS-quantile(0.975, math.Inf(1))*l.SEPaired, g.Slope.Interval[0], 1e-7)
	check("WLS", l.WLS, g.Slope.WLS, 1e-8)
	check("WLS SE", l.SEWLS, g.Slope.SEWLS, 1e-8)
	check("GLS", l.GLS, g.Slope.GLS, 1e-6)
	check("chi2", l.Chi2, g.Fit.Chi2, 1e-6)
	if math.Abs(l.Chi2P-g.Fit.P) > 1e-6 {
		t.Errorf("%s: lack of fit p %v, want %v", name, l.Chi2P, g.Fit.P)
	}
	check("S", float64(MannKendall(s.Y).S), float64(g.S), 0)
	ts, _ := TheilSen(s.X, s.Y)
	check("Theil-Sen", ts.Estimate, g.TheilSen, 1e-8)
}

func TestPrizeSeries(t *testing.T) {
	var file struct{ Series map[string]ispSeries }
	golden(t, "isp_series", &file)
	for name, g := range file.Series {
		checkISP(t, name, g, g.series(name), 1)
	}
	t.Logf("%d series", len(file.Series))
}

func TestPrizeItems(t *testing.T) {
	dir := os.Getenv("BELLWETHER_GOLDENS")
	names, _ := filepath.Glob(filepath.Join(dir, "fit", "golden_isp_raw_*.json"))
	if dir == "" || len(names) == 0 {
		t.Skip("BELLWETHER_GOLDENS is not set: the prize's items are not compared")
	}
	for _, path := range names {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "golden_"), ".json")
		var g struct {
			Items    [][]float64 `json:"per_example"` // [item][model]
			Expected ispSeries
		}
		golden(t, name, &g)
		values := make([][]float64, len(g.Items[0]))
		for k := range values {
			for _, row := range g.Items {
				values[k] = append(values[k], row[k])
			}
		}
		want := g.Expected.series(name)
		s, err := FromItems(name, want.Kind, want.X, values)
		if err != nil {
			t.Fatal(err)
		}
		for j := range s.Y {
			for k := range s.Y {
				if !near(s.Cov[j][k], want.Cov[j][k], 1e-6) {
					t.Errorf("%s: covariance %v, want %v", name, s.Cov[j][k], want.Cov[j][k])
				}
			}
			if math.Abs(s.Y[j]-want.Y[j]) > 1e-7 || !near(s.SE[j], want.SE[j], 1e-6) {
				t.Errorf("%s: mean %v ± %v, want %v ± %v", name, s.Y[j], s.SE[j], want.Y[j], want.SE[j])
			}
		}
		checkISP(t, name, g.Expected, s, 100)
	}
}

func TestPythiaLines(t *testing.T) {
	var file struct {
		Series map[string]struct {
			Params []float64 `json:"n_params"`
			Y, SE  []float64
			Stats  struct {
				OLS   float64    `json:"ols_slope"`
				SE    float64    `json:"ols_se"`
				P     float64    `json:"ols_p"`
				WLS   float64    `json:"wls_slope"`
				SEWLS float64    `json:"wls_se"`
				Chi2  float64    `json:"chi2"`
				ChiP  float64    `json:"chi2_p"`
				S     int        `json:"kendall_S"`
				TS    float64    `json:"theil_sen"`
				TSI   float64    `json:"theil_sen_intercept"`
				TSCI  [2]float64 `json:"theil_sen_ci90"`
			}
		}
	}
	golden(t, "pythia_scale", &file)
	for name, g := range file.Series {
		s := Series{Name: name, X: logs10(g.Params), Y: g.Y, SE: g.SE}
		check := func(what string, got, want float64) {
			t.Helper()
			if !(math.Abs(got-want) <= 1e-8*math.Abs(want)+1e-13) {
				t.Errorf("%s: %s %v, want %v", name, what, got, want)
			}
		}
		ts, intercept := TheilSen(s.X, s.Y)
		check("Theil-Sen", ts.Estimate, g.Stats.TS)
		check("Theil-Sen intercept", intercept, g.Stats.TSI)
		check("Theil-Sen lo", ts.Lo90, g.Stats.TSCI[0])
		check("Theil-Sen hi", ts.Hi90, g.Stats.TSCI[1])
		check("S", float64(MannKendall(s.Y).S), float64(g.Stats.S))
		l, err := FitLines(s)
		if err != nil {
			t.Log(err)
			continue
		}
		check("OLS", l.OLS, g.Stats.OLS)
		check("OLS SE", l.SEModel, g.Stats.SE)
		check("OLS p", l.PModel, g.Stats.P)
		check("WLS", l.WLS, g.Stats.WLS)
		check("WLS SE", l.SEWLS, g.Stats.SEWLS)
		check("chi2", l.Chi2, g.Stats.Chi2)
		if math.Abs(l.Chi2P-g.Stats.ChiP) > 1e-6 {
			t.Errorf("%s: chi2 p %v, want %v", name, l.Chi2P, g.Stats.ChiP)
		}
	}
	t.Logf("%d series", len(file.Series))
}
