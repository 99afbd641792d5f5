package trend

import (
	"math"
	"math/rand/v2"
	"testing"
)

// sample returns a noisy saturating curve of n sizes.
func sample(n int) Series {
	rng := rand.New(rand.NewPCG(4, 5))
	s := Series{Name: "sample", Kind: Loss}
	for k := range n {
		x := 7.8 + 2.4*float64(k)/float64(n-1)
		s.X = append(s.X, x)
		s.Y = append(s.Y, 2+math.Pow(10, -.3*(x-7))+0.02*rng.NormFloat64())
		s.SE = append(s.SE, 0.01)
	}
	return s
}

// 100 forecasts of the reference from 7 points: NumPy takes 0.68 s for the same
// (testdata/bench_scipy.py).
func BenchmarkReferenceForecast100(b *testing.B) {
	s := sample(7)
	b.ReportAllocs()
	for b.Loop() {
		for range 100 {
			if _, err := (Settings{Reference: true}).Forecast(s, []float64{10.6}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkForecast100(b *testing.B) {
	s := sample(7)
	b.ReportAllocs()
	for b.Loop() {
		for range 100 {
			if _, err := Forecast(s, []float64{10.6}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// A verdict with its forecast, from 8 points.
func BenchmarkOf(b *testing.B) {
	s := sample(8)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Of(s); err != nil {
			b.Fatal(err)
		}
	}
}

// 1000 series of 8 points on all cores.
func BenchmarkAll1000(b *testing.B) {
	series := make([]Series, 1000)
	for i := range series {
		series[i] = sample(8)
	}
	for b.Loop() {
		for _, err := range (Settings{}).All(series) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkTrendClaim(b *testing.B) {
	s := sample(8)
	for b.Loop() {
		Settings{}.trend(s)
	}
}
