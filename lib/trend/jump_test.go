package trend

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestLink(t *testing.T) {
	l := AnswerLength(4)
	if got := l.Accuracy(0.25); math.Abs(got-math.Exp(-1)) > 1e-15 {
		t.Errorf("4 tokens at 0.25 nats: %v, want e^-1", got)
	}
	for _, l := range []Link{AnswerLength(7), {Scale: .45, Power: 1.6}, {Scale: .45, Power: 1.6, Chance: .25, Max: .9}} {
		for _, loss := range []float64{.01, .1, .5, 1, 2} {
			if got := l.Loss(l.Accuracy(loss)); math.Abs(got-loss) > 1e-9 {
				t.Errorf("%+v: Loss(Accuracy(%v)) = %v", l, loss, got)
			}
		}
		if !math.IsInf(l.Loss(l.Chance), 1) || l.Loss(1) != 0 {
			t.Errorf("%+v: ends %v %v", l, l.Loss(l.Chance), l.Loss(1))
		}
	}
}

// falling returns a log-likelihood that follows -scale 10^(-alpha (x-7)).
func falling(n int, scale, alpha, noise float64, rng *rand.Rand) Series {
	s := Series{Name: "power law", Kind: LogLikelihood, Tokens: 5}
	for k := range n {
		x := 7 + 0.4*float64(k)
		y := -scale * math.Pow(10, -alpha*(x-7)) * math.Exp(noise*rng.NormFloat64())
		s.X, s.Y, s.SE = append(s.X, x), append(s.Y, y), append(s.SE, 0.01*-y)
	}
	return s
}

// On exact power laws the crossing of one half is known: 5 tokens cross at
// ln 2 / 5 nats.
func TestJumpCrossing(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 7))
	inside, total := 0, 0
	for range 20 {
		alpha := 0.3 + 0.4*rng.Float64()
		s := falling(6, 1.2*math.Ln2/5*math.Pow(10, alpha*2.3), alpha, 0.05, rng)
		truth := 7 + math.Log10(-falling(1, 1.2*math.Ln2/5*math.Pow(10, alpha*2.3), alpha, 0, rng).Y[0]/(math.Ln2/5))/alpha
		j, err := ForecastJump(s, []float64{9, 9.4, 9.8})
		if err != nil {
			t.Fatal(err)
		}
		total++
		if j.Crossing.Lo90 <= truth && truth <= j.Crossing.Hi90 {
			inside++
		}
		if !(j.Crossing.Lo90 <= j.Crossing.Estimate && j.Crossing.Estimate <= j.Crossing.Hi90) {
			t.Errorf("crossing %+v is out of order", j.Crossing)
		}
		const doubt = "jumps of small models came before the 90% band in 212 of 276 back-tests: doubt the date"
		warned := slices.ContainsFunc(j.Warnings, func(w error) bool { return w.Error() == doubt })
		if want := j.Crossing.Estimate > s.X[5]; warned != want {
			t.Errorf("crossing %+v, largest model 10^%.1f: warned %v", j.Crossing, s.X[5], warned)
		}
		for i, p := range j.Curve {
			if !(p.Lo90 <= p.Accuracy && p.Accuracy <= p.Hi90 && p.P >= 0 && p.P <= 1) {
				t.Errorf("point %+v is out of order", p)
			}
			if want := p.X-9 <= 0.8+1e-9; p.Skill != want {
				t.Errorf("point %d: skill %v at 10^%.1f", i, p.Skill, p.X)
			}
		}
	}
	if inside < total*8/10 {
		t.Errorf("%d of %d crossings in the 90%% interval", inside, total)
	}
}

// Items of different difficulty: the mean of e^-loss is far above e^-(mean loss),
// which only the forecast item by item knows.
func TestJumpFromItems(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	const items = 300
	offset := make([]float64, items)
	for i := range offset {
		offset[i] = 1.5 * rng.NormFloat64()
	}
	var x, accuracy []float64
	var nats [][]float64
	for k := range 8 {
		x = append(x, 7+0.3*float64(k))
		row := make([]float64, items)
		a := 0.0
		for i := range row {
			row[i] = -math.Exp(1.5 - 1.2*(x[k]-7) + offset[i] + 0.3*rng.NormFloat64())
			a += math.Exp(row[i]) / items
		}
		nats, accuracy = append(nats, row), append(accuracy, a)
	}
	byItem, err := JumpFromItems("items", x[:6], nats[:6], x[6:])
	if err != nil {
		t.Fatal(err)
	}
	s, err := FromItems("mean", LogLikelihood, x[:6], nats[:6])
	if err != nil {
		t.Fatal(err)
	}
	s.Tokens = 1
	byMean, err := ForecastJump(s, x[6:])
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range byItem.Curve {
		truth := accuracy[6+i]
		if truth < p.Lo90 || truth > p.Hi90 {
			t.Errorf("accuracy %.3f is outside %.3f to %.3f", truth, p.Lo90, p.Hi90)
		}
		if d, m := math.Abs(p.Accuracy-truth), math.Abs(byMean.Curve[i].Accuracy-truth); d > m {
			t.Errorf("by item %.3f from the truth, by mean %.3f", d, m)
		}
	}
}

func TestMargins(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 11))
	const items = 400
	var x, accuracy []float64
	var margins [][]float64
	offset := make([]float64, items)
	for i := range offset {
		offset[i] = rng.NormFloat64()
	}
	for k := range 8 {
		x = append(x, 7+0.3*float64(k))
		row := make([]float64, items)
		right := 0.0
		for i := range row {
			row[i] = -3 + 2*(x[k]-7) + offset[i] + 0.2*rng.NormFloat64()
			if row[i] > 0 {
				right += 1.0 / items
			}
		}
		margins, accuracy = append(margins, row), append(accuracy, right)
	}
	got, err := Settings{}.AccuracyFromMargins("margins", x[:6], margins[:6], x[6:])
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range got {
		if truth := accuracy[6+i]; truth < p.Lo90 || truth > p.Hi90 || p.Mean-p.Lo90 > 0.5 {
			t.Errorf("accuracy %.3f: forecast %+v", truth, p)
		}
	}
}

func BenchmarkJump(b *testing.B) {
	s := falling(6, 2, .4, .05, rand.New(rand.NewPCG(6, 7)))
	at := make([]float64, 50)
	for i := range at {
		at[i] = 7 + 0.07*float64(i)
	}
	acc := Series{Kind: Accuracy, X: s.X, Y: []float64{.01, .02, .03, .06, .1, .2}, SE: []float64{.01, .01, .01, .01, .02, .02}}
	for b.Loop() {
		if _, err := (JumpSettings{Accuracy: &acc}).Forecast(s, at); err != nil {
			b.Fatal(err)
		}
	}
}

// LAMBADA over Pythia's training tokens: before accuracy moves, the loss through
// a fitted link must not be worse than extrapolating accuracy, and its intervals
// must hold.
func TestPythiaTokens(t *testing.T) {
	var file struct {
		Series map[string]map[string]struct{ Tokens, Y, SE []float64 }
	}
	golden(t, "pythia_tokens", &file)
	var last, accuracy, linked float64
	hits, cases := 0, 0
	for _, model := range []string{"160m", "1b", "12b"} {
		right, loss := file.Series["lambada_openai|acc"][model], file.Series["lambada_openai|log_ppl"][model]
		s := Series{Kind: Loss, Tokens: 1, Axis: "tokens", X: logs10(right.Tokens), Y: loss.Y, SE: loss.SE}
		a := Series{Kind: Accuracy, Axis: "tokens", X: s.X, Y: right.Y, SE: right.SE}
		for n := 10; n <= 13; n++ { // accuracy leaves 0 at the 11th checkpoint
			window := func(s Series) Series {
				s = s.Head(n)
				s.X, s.Y, s.SE = s.X[n-8:], s.Y[n-8:], s.SE[n-8:]
				return s
			}
			known, _ := window(a).floored()
			for target := n; a.X[target]-a.X[n-1] <= maxHorizon; target++ {
				truth := a.Y[target]
				direct, err := Forecast(known, a.X[target:target+1])
				if err != nil {
					t.Fatal(err)
				}
				j, err := JumpSettings{Accuracy: &known}.Forecast(window(s), a.X[target:target+1])
				if err != nil {
					t.Fatal(err)
				}
				p := j.Curve[0]
				cases++
				last += math.Abs(a.Y[n-1] - truth)
				accuracy += math.Abs(direct[0].Mean - truth)
				linked += math.Abs(p.Accuracy - truth)
				if p.Lo90 <= truth && truth <= p.Hi90 {
					hits++
				}
			}
		}
	}
	n := float64(cases)
	t.Logf("%d cases: error of the last value %.3f, of accuracy itself %.3f, through the link %.3f; coverage %.2f", cases, last/n, accuracy/n, linked/n, float64(hits)/n)
	if linked > accuracy || linked > last {
		t.Error("the loss foretells less than accuracy itself")
	}
	if float64(hits) < 0.6*n {
		t.Errorf("coverage %.2f", float64(hits)/n)
	}
}
