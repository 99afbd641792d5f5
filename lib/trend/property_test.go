package trend

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// random returns a series of n models with an arbitrary shape.
func random(n int, rng *rand.Rand) Series {
	s := Series{Name: "random", Better: Up}
	x, slope := 7.0, rng.NormFloat64()
	for range n {
		x += 0.1 + 0.6*rng.Float64()
		s.X = append(s.X, x)
		s.Y = append(s.Y, slope*(x-8)+rng.NormFloat64())
		s.SE = append(s.SE, 0.05+0.5*rng.Float64())
	}
	s.ForecastAt = []float64{x + 0.3, x + 1.2, s.X[0] + 0.05}
	return s
}

func judgeOrFail(t *testing.T, s Series) *Result {
	t.Helper()
	r, err := Of(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestShiftAndScale(t *testing.T) {
	rng := rand.New(rand.NewPCG(20, 1))
	for range 40 {
		s := random(4+rng.IntN(7), rng)
		r := judgeOrFail(t, s)
		shift, factor, along := 100*rng.NormFloat64(), math.Exp(3*rng.NormFloat64()), rng.NormFloat64()

		moved := s
		moved.X, moved.Y, moved.SE, moved.ForecastAt = nil, nil, nil, nil
		for k := range s.X {
			moved.X = append(moved.X, s.X[k]+along)
			moved.Y = append(moved.Y, shift+factor*s.Y[k])
			moved.SE = append(moved.SE, factor*s.SE[k])
		}
		for _, x := range s.ForecastAt {
			moved.ForecastAt = append(moved.ForecastAt, x+along)
		}
		m := judgeOrFail(t, moved)
		if m.Verdict != r.Verdict || m.OnTheseModels != r.OnTheseModels || !near(m.P, r.P, 1e-6) {
			t.Errorf("moved: %s %s p %v, want %s %s p %v", m.Verdict, m.OnTheseModels, m.P, r.Verdict, r.OnTheseModels, r.P)
		}
		if !near(m.Slope.Estimate, factor*r.Slope.Estimate, 1e-5) {
			t.Errorf("slope %v, want %v times %v", m.Slope.Estimate, factor, r.Slope.Estimate)
		}
		for i, p := range r.Forecast {
			q := m.Forecast[i]
			unit := factor * p.SD
			if math.Abs(q.Mean-shift-factor*p.Mean) > 1e-5*unit || math.Abs(q.SD-factor*p.SD) > 1e-5*unit || q.Skill != p.Skill {
				t.Errorf("forecast %+v, want %+v times %v plus %v", q, p, factor, shift)
			}
		}

		// Upside down, what was up is down.
		flipped := s
		flipped.Better, flipped.Y = Down, nil
		for _, y := range s.Y {
			flipped.Y = append(flipped.Y, -y)
		}
		f := judgeOrFail(t, flipped)
		want := r.Verdict
		switch want {
		case U:
			want = InvertedU
		case InvertedU:
			want = U
		}
		if f.Verdict != want || f.Direction != -r.Direction || !near(f.P, r.P, 1e-6) {
			t.Errorf("upside down: %s %s, was %s %s", f.Verdict, f.Direction, r.Verdict, r.Direction)
		}
	}
}

func TestReorder(t *testing.T) {
	rng := rand.New(rand.NewPCG(20, 2))
	for range 20 {
		s := random(4+rng.IntN(7), rng)
		n := s.Len()
		s.Cov = make([][]float64, n)
		for j := range n {
			s.Cov[j] = make([]float64, n)
			for k := range n {
				s.Cov[j][k] = 0.6 * s.SE[j] * s.SE[k]
			}
			s.Cov[j][j] = s.SE[j] * s.SE[j]
			s.Labels = append(s.Labels, strings.Repeat("m", j+1))
			s.ReplicateSE = append(s.ReplicateSE, 0.1*rng.Float64())
		}
		mixed := s
		mixed.X, mixed.Y, mixed.SE, mixed.Cov, mixed.Labels, mixed.ReplicateSE = nil, nil, nil, nil, nil, nil
		order := rng.Perm(n)
		for _, o := range order {
			mixed.X, mixed.Y, mixed.SE = append(mixed.X, s.X[o]), append(mixed.Y, s.Y[o]), append(mixed.SE, s.SE[o])
			mixed.Labels, mixed.ReplicateSE = append(mixed.Labels, s.Labels[o]), append(mixed.ReplicateSE, s.ReplicateSE[o])
			var row []float64
			for _, p := range order {
				row = append(row, s.Cov[o][p])
			}
			mixed.Cov = append(mixed.Cov, row)
		}
		a, b := judgeOrFail(t, s), judgeOrFail(t, mixed)
		if d := cmp.Diff(a, b, cmpopts.EquateNaNs(), cmp.Comparer(func(a, b error) bool { return a.Error() == b.Error() })); d != "" {
			t.Fatal(d)
		}
	}
}

func TestConstant(t *testing.T) {
	rng := rand.New(rand.NewPCG(20, 3))
	for n := 1; n <= 12; n++ {
		for _, se := range []float64{0, 1e-9, 0.1, 10} {
			for _, kind := range []Kind{Accuracy, Loss, LogOdds, "other"} {
				for _, margin := range []float64{0, 1e-3, 0.5} {
					v := rng.Float64()
					s := Series{Kind: kind}
					for k := range n {
						s.X, s.Y, s.SE = append(s.X, 7+0.3*float64(k)), append(s.Y, v), append(s.SE, se)
					}
					r, err := Settings{Margin: margin}.Of(s)
					if err != nil {
						t.Fatal(err)
					}
					for _, got := range []Verdict{r.Verdict, r.OnTheseModels} {
						if got != Inconclusive && got != Flat {
							t.Errorf("%d models, se %g, %s: %s", n, se, kind, got)
						}
					}
					if r.Direction != None {
						t.Errorf("%d models, se %g, %s: %s", n, se, kind, r.Direction)
					}
					if se == 0 && margin > 0 && n >= minTrend && r.Verdict != Flat {
						t.Errorf("%d exact equal models within %g: %s", n, margin, r.Verdict)
					}
				}
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	ok := Series{Name: "ok", Kind: Accuracy, X: []float64{7, 8, 9, 10}, Y: []float64{.1, .2, .3, .4}, SE: []float64{.01, .01, .01, .01}}
	change := func(f func(s *Series)) Series {
		s := ok
		s.X, s.Y, s.SE = append([]float64(nil), ok.X...), append([]float64(nil), ok.Y...), append([]float64(nil), ok.SE...)
		f(&s)
		return s
	}
	for _, tt := range []struct {
		name string
		s    Series
		want string // in the error
	}{
		{"NaN value", change(func(s *Series) { s.Y[2] = math.NaN() }), "point 3 (size 10^9): y is NaN"},
		{"infinite size", change(func(s *Series) { s.X[3] = math.Inf(1) }), "point 4: size 10^+Inf"},
		{"equal sizes", change(func(s *Series) { s.X[2] = 8 }), "points 2 and 3 have the same size"},
		{"negative error", change(func(s *Series) { s.SE[0] = -1 }), "point 1 (size 10^7): standard error -1"},
		{"NaN error", change(func(s *Series) { s.SE[1] = math.NaN() }), "point 2 (size 10^8): standard error NaN"},
		{"accuracy above 1", change(func(s *Series) { s.Y[0] = 40 }), "accuracy 40 is outside [0, 1]"},
		{"no points", Series{Name: "none"}, "no points"},
		{"lengths", change(func(s *Series) { s.Y = s.Y[:3] }), "3 values of y for 4 sizes"},
		{"no errors", change(func(s *Series) { s.SE = nil }), "se or cov is needed"},
		{"sizes not logarithms", change(func(s *Series) { s.X[3] = 7e9 }), "logarithm of the size"},
		{"bad covariance", change(func(s *Series) { s.Cov = [][]float64{{1}} }), "1 rows of covariance"},
	} {
		_, err := Of(tt.s)
		if err == nil || !strings.Contains(err.Error(), tt.want) || tt.s.Name != "" && !strings.Contains(err.Error(), tt.s.Name) {
			t.Errorf("%s: error %v, want one with %q and the series", tt.name, err, tt.want)
		}
	}
	for n := 1; n <= 3; n++ {
		r := judgeOrFail(t, ok.Head(n))
		if r.Verdict != Inconclusive || r.Direction != None || r.P != 1 || len(r.Warnings) == 0 {
			t.Errorf("%d models: %s %s p %v, warnings %v", n, r.Verdict, r.Direction, r.P, r.Warnings)
		}
		for _, p := range r.Forecast {
			if p.Skill || !(p.Hi90 > p.Lo90) {
				t.Errorf("%d models: forecast %+v", n, p)
			}
		}
	}
	if _, err := Forecast(ok.Head(1), []float64{9}); err == nil {
		t.Error("a forecast from one model")
	}
	if r := judgeOrFail(t, ok.Head(4)); r.Verdict != Standard {
		t.Errorf("a clear line of four: %s", r.Verdict)
	}
}

// Far from the data there is no skill, and the interval says more the nearer.
func TestForecastIsNeverBare(t *testing.T) {
	rng := rand.New(rand.NewPCG(20, 4))
	for range 50 {
		s := random(2+rng.IntN(9), rng)
		last := s.X[s.Len()-1]
		p, err := Forecast(s, []float64{last + 0.1, last + 0.8, last + 0.9, last + 2})
		if err != nil {
			t.Fatal(err)
		}
		for i, q := range p {
			if !(q.SD > 0 && q.Lo90 < q.Mean && q.Mean < q.Hi90) {
				t.Errorf("bare: %+v", q)
			}
			if want := s.Len() >= minTrend && i < 2; q.Skill != want {
				t.Errorf("%d models, %.1f decades: skill %v", s.Len(), q.X-last, q.Skill)
			}
		}
	}
}

func TestAllEqualsOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(20, 5))
	var series []Series
	for range 600 {
		series = append(series, random(1+rng.IntN(9), rng))
	}
	i := 0
	for r, err := range (Settings{}).All(series) {
		if err != nil {
			t.Fatal(err)
		}
		if i%50 == 0 {
			a, _ := json.Marshal(r)
			b, _ := json.Marshal(judgeOrFail(t, series[i]))
			if string(a) != string(b) {
				t.Errorf("series %d differs:\n%s\n%s", i, a, b)
			}
		}
		i++
	}
	if i != len(series) {
		t.Errorf("%d results for %d series", i, len(series))
	}
}

func TestReadSeries(t *testing.T) {
	const file = `{"series": [
		{"name": "ok", "kind": "acc", "x_log10N": [9, 8, 7], "y": [0.3, 0.2, 0.1], "se": [0.01, 0.02, 0.03], "src": "ignored"},
		{"name": "NaN \"quoted\" NaN", "kind": "loss", "x_log10N": [7, 8], "y": [1, NaN], "se": [0.1, 0.1]},
		{"name": "null", "kind": "loss", "x_log10N": [7, 8], "y": [1, null], "se": [0.1, 0.1]},
		{"name": "word", "kind": "loss", "x_log10N": "no"}]}`
	series, skipped, err := ReadSeries(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := Series{Name: "ok", Kind: Accuracy, X: []float64{7, 8, 9}, Y: []float64{.1, .2, .3}, SE: []float64{.03, .02, .01}}
	if len(series) != 3 {
		t.Fatalf("%d series", len(series))
	}
	if d := cmp.Diff(want, series[0]); d != "" {
		t.Error(d)
	}
	var lines []string
	for _, e := range append(skipped, series[1].Validate(), series[2].Validate()) {
		lines = append(lines, e.Error())
	}
	got := strings.Join(lines, "\n")
	for _, w := range []string{`series "NaN \"quoted\" NaN": point 2 (size 10^8): y is NaN`, `series "null": point 2 (size 10^8): y is NaN`, "series 4: "} {
		if !strings.Contains(got, w) {
			t.Errorf("errors %q lack %q", got, w)
		}
	}
	for _, bad := range []string{"", "{}", "[1", `{"series": 3}`} {
		if _, _, err := ReadSeries(strings.NewReader(bad)); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

func FuzzReadSeries(f *testing.F) {
	f.Add(`{"series":[{"name":"a","kind":"acc","x_log10N":[7,8,9,10],"y":[0.1,NaN,0.2,0.3],"se":[0.1,0.1,0.1,0.1]}]}`)
	f.Add(`[{"name":"a","x_log10N":[7,8],"y":[1,-Infinity],"cov":[[1,0],[0,1]]}]`)
	f.Add(`{"name":"b","kind":"loss","x_log10N":[7,8,9,9.5],"y":[3,2,2,1],"se":[0,0,0,0],"forecast_at":[10,12],"tokens":3}`)
	f.Fuzz(func(t *testing.T, text string) {
		series, _, err := ReadSeries(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, s := range series {
			if s.Validate() != nil || s.Len() > 30 || len(s.ForecastAt) > 30 {
				continue
			}
			if _, err := Of(s); err != nil {
				t.Errorf("read, but not judged: %v", err)
			}
			b, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			var again Series
			if err := json.Unmarshal(b, &again); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(s, again, cmpopts.EquateEmpty()); d != "" {
				t.Error(d)
			}
		}
	})
}
