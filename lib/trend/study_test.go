package trend

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// line returns n models on a line with a given noise; the standard error is known.
func noisyLine(n int, slope, noise float64, rng *rand.Rand) Series {
	s := Series{Name: "line", Better: Up}
	for k := range n {
		x := 7 + 0.4*float64(k)
		s.X, s.Y, s.SE = append(s.X, x), append(s.Y, slope*(x-7)+noise*rng.NormFloat64()), append(s.SE, noise)
	}
	return s
}

func TestPool(t *testing.T) {
	// With equal variances v the Paule-Mandel estimate is var(y) - v, the mean is
	// plain, and the Hartung-Knapp error is sqrt(var(y)/n).
	y, v := []float64{1, 3, 5, 7}, []float64{.5, .5, .5, .5}
	p := pool(y, v)
	variance := 20.0 / 3
	if !near(p.tau*p.tau, variance-.5, 1e-6) || p.slope.Estimate != 4 {
		t.Errorf("tau^2 %v, mean %v; want %v, 4", p.tau*p.tau, p.slope.Estimate, variance-.5)
	}
	// t(3, 0.95) = 2.353363
	if want := 4 - 2.3533634348*math.Sqrt(variance/4); !near(p.slope.Lo90, want, 1e-6) {
		t.Errorf("lower end %v, want %v", p.slope.Lo90, want)
	}
	if p := pool([]float64{1, 1.1, .9}, []float64{1, 1, 1}); p.tau != 0 || p.slope.Estimate != 1 {
		t.Errorf("homogeneous: %+v", p)
	}
}

func TestAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(30, 1))
	var families []Series
	for _, slope := range []float64{1, 1.1, .9, 1.05} {
		s := noisyLine(7, slope, .1, rng)
		s.Name = "family " + number(slope)
		families = append(families, s)
	}
	a, err := Settings{}.Agree(families)
	if err != nil {
		t.Fatal(err)
	}
	if a.Verdict != Standard || a.Fragile != "" || a.Slope.Lo90 > 1 || a.Slope.Hi90 < 1 || len(a.Families) != 4 {
		t.Errorf("%+v\n%s", a, a.Sentence)
	}
	families[3] = noisyLine(7, -2, .1, rng)
	families[3].Name = "odd one"
	if a, err = (Settings{}).Agree(families); err != nil {
		t.Fatal(err)
	}
	if a.QP > 0.001 || a.I2 < 0.5 || a.Verdict != Inconclusive || a.Tau < 0.5 {
		t.Errorf("heterogeneous: %+v\n%s", a, a.Sentence)
	}
	families[1].Better = Down
	if _, err := (Settings{}).Agree(families); err == nil {
		t.Error("families that disagree about what is better are pooled")
	}
}

func TestMinimumScale(t *testing.T) {
	rng := rand.New(rand.NewPCG(30, 2))
	early, late := noisyLine(8, 1, .05, rng), noisyLine(8, 0, .05, rng)
	early.Name, late.Name = "early", "late"
	late.Y[6] += 1
	late.Y[7] += 1.6
	none := noisyLine(8, 0, .05, rng)
	none.Name = "none"
	ordered, words, err := Settings{}.WhichMetric([]Series{none, late, early})
	if err != nil {
		t.Fatal(err)
	}
	if ordered[0].Series.Name != "early" || ordered[0].Models > 5 || ordered[0].Verdict != Standard || !strings.Contains(words, "early") {
		t.Errorf("%+v\n%s", ordered[0].Scale, words)
	}
	if m := ordered[2]; m.Series.Name != "none" || m.Models != 0 || !math.IsNaN(m.Size) {
		t.Errorf("the silent one: %+v", m.Scale)
	}
	if _, _, err := (Settings{}).WhichMetric(nil); err == nil {
		t.Error("which of none")
	}
}

func TestPlan(t *testing.T) {
	rng := rand.New(rand.NewPCG(30, 3))
	pilot := noisyLine(5, .2, .15, rng)
	p, err := Settings{}.PlanFrom(pilot, 100, rng)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Items {
		for j := range p.Models {
			if j > 0 && p.Power[i][j] < p.Power[i][j-1]-0.15 {
				t.Errorf("power falls with models: %v", p.Power[i])
			}
		}
	}
	if first, last := p.Power[0][3], p.Power[5][3]; last < first {
		t.Errorf("power falls with items: %v to %v", first, last)
	}
	if !strings.Contains(p.Words, "80%") {
		t.Error(p.Words)
	}
	if got := (Settings{}).Power(Design{Models: 8, Decades: 2, Slope: 0, SE: 1, Scatter: 1}, 400, rng); got > 0.05 {
		t.Errorf("power without a slope: %v", got)
	}
}

func TestDifference(t *testing.T) {
	rng := rand.New(rand.NewPCG(30, 4))
	const items = 200
	x := []float64{7, 7.5, 8, 8.5, 9, 9.5}
	difficulty := make([]float64, items)
	for i := range difficulty {
		difficulty[i] = 2 * rng.NormFloat64()
	}
	var base, changed [][]float64
	for k := range x {
		a, b := make([]float64, items), make([]float64, items)
		for i := range a {
			a[i] = difficulty[i] + x[k] + 0.2*rng.NormFloat64()
			b[i] = difficulty[i] + x[k] + 0.2*(x[k]-7) + 0.2*rng.NormFloat64()
		}
		base, changed = append(base, a), append(changed, b)
	}
	paired, err := Settings{}.CompareItems("help", Up, x, base, changed)
	if err != nil {
		t.Fatal(err)
	}
	if paired.Gap.Verdict != Standard || math.Abs(paired.Gap.Slope.Estimate-.2) > .05 {
		t.Errorf("%s %+v", paired.Gap.Verdict, paired.Gap.Slope)
	}
	a, _ := FromItems("base", "score", x, base)
	b, _ := FromItems("changed", "score", x, changed)
	b.Better = Up
	loose, err := Settings{}.Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if w, p := loose.Mean.Hi90-loose.Mean.Lo90, paired.Mean.Hi90-paired.Mean.Lo90; w < 2*p {
		t.Errorf("pairing does not help: width %v against %v", p, w)
	}
	if _, err := (Settings{}).Compare(a, b.Head(3)); err == nil {
		t.Error("series of different sizes are compared")
	}
}

func TestFlatNeedsAMargin(t *testing.T) {
	s := Series{Kind: Accuracy, X: []float64{7, 7.5, 8, 8.5, 9, 9.5}, Y: []float64{.5, .502, .499, .501, .5, .5}, SE: []float64{.004, .004, .004, .004, .004, .004}}
	if r := judgeOrFail(t, s); r.Verdict != Inconclusive {
		t.Errorf("without a margin: %s", r.Verdict)
	}
	r, err := Settings{Margin: .05}.Of(s)
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != Flat || r.OnTheseModels != Flat {
		t.Errorf("within 0.05: %s, %s on these models", r.Verdict, r.OnTheseModels)
	}
	if _, err := (Settings{Margin: math.NaN()}).Of(s); err == nil {
		t.Error("a margin of NaN")
	}
}

func TestBreakthrough(t *testing.T) {
	// Loss per token falls tenfold a decade: 5 tokens pass one half within reach.
	s := Series{Name: "sums", Kind: LogLikelihood, Tokens: 5}
	for k := range 7 {
		x := 7 + 0.3*float64(k)
		y := -1.6 * math.Pow(10, -.6*(x-7))
		s.X, s.Y, s.SE = append(s.X, x), append(s.Y, y), append(s.SE, .01*-y)
	}
	s.ForecastAt = []float64{9.4, 9.55}
	r := judgeOrFail(t, s)
	if r.Verdict != Breakthrough || r.Jump == nil || !strings.Contains(r.Sentence, "breaks through") {
		t.Errorf("%s: %s", r.Verdict, r.Sentence)
	}
	s.Tokens = 0 // the length is not known: no link
	if r := judgeOrFail(t, s); r.Verdict != Standard {
		t.Errorf("without a length: %s", r.Verdict)
	}
}

func TestPairs(t *testing.T) {
	s := Series{X: []float64{7, 8, 9}, Y: []float64{0, 1, 5}, SE: []float64{1, 1, 1}}
	got, err := Pairs(s)
	if err != nil {
		t.Fatal(err)
	}
	// Sidak over three pairs: z(0.5 + 0.95^(1/3)/2) = 2.387738 (scipy.stats.norm.ppf)
	half := 2.3877379 * math.Sqrt2
	if len(got) != 3 || !near(got[1].Hi95, 5+half, 1e-6) || got[1].Lo95 < 0 || got[0].Lo95 > 0 {
		t.Errorf("%+v", got)
	}
	// 1 - (1 - p)^3 with p = erfc(5/2)
	if want := 1 - math.Pow(1-math.Erfc(2.5), 3); !near(got[1].P, want, 1e-9) {
		t.Errorf("p %v, want %v", got[1].P, want)
	}
	s.Cov = [][]float64{{1, .9, .9}, {.9, 1, .9}, {.9, .9, 1}}
	if paired, _ := Pairs(s); paired[0].Lo95 <= 0 && paired[0].Hi95-paired[0].Lo95 > 0.5*(got[0].Hi95-got[0].Lo95) {
		t.Errorf("the covariance does not sharpen: %+v", paired[0])
	}
}
