package trend

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// Truth is a curve that simulated models follow: its value at u, the share of
// the range of sizes, runs over about [0, 1].
type Truth struct {
	Name  string
	Curve func(u float64) float64
	Right map[Verdict]bool // verdicts that are true of it, when up is better; Inconclusive is never wrong
}

// Truths are the shapes that the verdicts are tried on.
var Truths = []Truth{
	{"flat", func(u float64) float64 { return 0 }, map[Verdict]bool{Flat: true}},
	{"up", func(u float64) float64 { return u }, map[Verdict]bool{Standard: true}},
	{"saturating", func(u float64) float64 { return -math.Expm1(-4*u) / -math.Expm1(-4) }, map[Verdict]bool{Standard: true}},
	{"late jump", func(u float64) float64 { return 1 / (1 + math.Exp(-20*(u-.75))) }, map[Verdict]bool{Standard: true}},
	{"down", func(u float64) float64 { return -u }, map[Verdict]bool{Inverse: true}},
	{"dip", func(u float64) float64 { return 4 * (u - .5) * (u - .5) }, map[Verdict]bool{U: true}},
}

// Trial is a simulation: series of so many models, evenly spaced over 2.4
// decades, that follow Effect times a truth with item noise 1 and scatter
// between models Tau, both normal. Effect and Tau are in units of the item
// noise; the item noise is known to the judge, the scatter is not.
type Trial struct {
	Truth  Truth
	Models int
	Tau    float64
	Effect float64
}

// Rates are the shares of verdicts over the repetitions of a trial.
type Rates struct {
	Trial    Trial
	Repeats  int
	Verdicts map[Verdict]float64
	Wrong    float64 // verdicts that the truth does not bear out
	WrongU   float64 // of them U and InvertedU
	Models   float64 // wrong directions or turns "on these models", where only item noise counts
}

// Simulate judges simulated series. The results depend on the seed of rng only.
func (c Settings) Simulate(t Trial, repeats int, rng *rand.Rand) Rates {
	r := Rates{Trial: t, Repeats: repeats, Verdicts: map[Verdict]float64{}}
	s := Series{Better: Up, X: make([]float64, t.Models), Y: make([]float64, t.Models), SE: make([]float64, t.Models)}
	one := 1 / float64(repeats)
	for range repeats {
		for k := range s.X {
			u := float64(k) / float64(t.Models-1)
			s.X[k], s.SE[k] = 8+2.4*u, 1
			s.Y[k] = t.Effect*t.Truth.Curve(u) + rng.NormFloat64() + t.Tau*rng.NormFloat64()
		}
		v := c.trend(s).Verdict
		r.Verdicts[v] += one
		if v != Inconclusive && !t.Truth.Right[v] {
			r.Wrong += one
			if v == U || v == InvertedU {
				r.WrongU += one
			}
		}
		if m := c.onTheseModels(s).Verdict; m != Inconclusive && !t.Truth.Right[m] {
			r.Models += one
		}
	}
	return r
}

// SimulateAll runs the trials on all cores, each with its own generator seeded
// from seed and its index.
func (c Settings) SimulateAll(trials []Trial, repeats int, seed uint64) []Rates {
	out := make([]Rates, len(trials))
	parallel(len(trials), func(i int) {
		out[i] = c.Simulate(trials[i], repeats, rand.New(rand.NewPCG(seed, uint64(i))))
	})
	return out
}

// Trials lists the trials of the table of false verdicts: every truth at 4, 5, 6
// and 8 models, scatter 0, 1 and 3 times the item noise, effects of 5 and 10
// standard deviations of a point (flat has none).
func Trials() []Trial {
	var out []Trial
	for _, truth := range Truths {
		for _, n := range []int{4, 5, 6, 8} {
			for _, tau := range []float64{0, 1, 3} {
				sd := math.Sqrt(1 + tau*tau)
				for _, effect := range []float64{5, 10} {
					if truth.Name == "flat" {
						effect = 0
					}
					out = append(out, Trial{truth, n, tau, effect * sd})
					if truth.Name == "flat" {
						break
					}
				}
			}
		}
	}
	return out
}

// RateTable formats rates as a Markdown table.
func RateTable(rates []Rates) string {
	var b strings.Builder
	b.WriteString("| truth | models | scatter / item noise | effect, sd of a point | false verdict | false U | right | inconclusive | false on item noise alone |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rates {
		right := 0.0
		for v, share := range r.Verdicts {
			if r.Trial.Truth.Right[v] {
				right += share
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %g | %.0f | %.3f | %.3f | %.3f | %.3f | %.3f |\n", r.Trial.Truth.Name, r.Trial.Models, r.Trial.Tau,
			r.Trial.Effect/math.Sqrt(1+r.Trial.Tau*r.Trial.Tau), r.Wrong, r.WrongU, right, r.Verdicts[Inconclusive], r.Models)
	}
	return b.String()
}
