package fit

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The quick refit of the bootstrap must find what the full search finds.
func TestQuickRefitAgreesWithSearch(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x := []float64{0, 1, 2.1, 2.8, 3.2, 4, 4.7, 5.2}
	w := whitener{n: len(x), inv: []float64{1, 2, 3, 1, 2, 3, 1, 2}}
	for range 500 {
		y := make([]float64, len(x))
		for i := range y {
			y[i] = 1 + 2*math.Exp(-(.1+rng.Float64())*x[i]) + .05*rng.NormFloat64()
		}
		d := newDecay(x)
		c := d.curve("decay", [3]string{"E", "A", "alpha"}, 1, y, w, Loss{})
		b := c.search(Settings{}, y, y, nil)
		mult := []float64{1, 1, 1, 1, 1, 1, 1, 1}
		p := c.quick(b, y, mult)()
		o := c.objective(y, nil)
		r := make([]float64, len(x))
		o.residuals(p, r, nil)
		if v := o.value(r, 0); math.Abs(v-b.value) > 1e-7*b.value {
			t.Errorf("quick %v at %v, search %v at %v", v, p, b.value, b.p)
		}
	}
}

func BenchmarkPowerOffsetBootstrap(b *testing.B) {
	n := []float64{70e6, 160e6, 410e6, 1e9, 1.4e9, 2.8e9, 6.9e9, 12e9}
	y := make([]float64, len(n))
	rng := rand.New(rand.NewPCG(1, 2))
	for i, v := range n {
		y[i] = 1.9 + 80*math.Pow(v, -.26) + .01*rng.NormFloat64()
	}
	for b.Loop() {
		s := Settings{Rand: rand.New(rand.NewPCG(1, 2)), Replicates: 1000, Workers: 1}
		if _, err := s.PowerOffset(n, y); err != nil {
			b.Fatal(err)
		}
	}
}

// Caballero's noiseless simulation in shape: 25 points, one break, 100 starts.
func BenchmarkBroken(b *testing.B) {
	var x, y []float64
	rng := rand.New(rand.NewPCG(1, 2))
	m := Broken{.2, 3, .08, []Break{{.5, 3000, .3}}}
	for i := range 25 {
		x = append(x, math.Pow(10, float64(i)/4))
		y = append(y, m.At(x[i])*math.Exp(.01*rng.NormFloat64()))
	}
	for b.Loop() {
		if _, err := (Settings{Workers: 1, Intervals: None, Starts: 100}).Broken(x, y, 1); err != nil {
			b.Fatal(err)
		}
	}
}
