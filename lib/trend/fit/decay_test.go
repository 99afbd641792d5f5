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
