//go:build unix

package fit

import (
	"math"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"
)

// The same work on the same data as testdata/bench_scipy.py, which prints its
// processor time: compare with cpu-ms/op here, which does not mind other
// programs on the machine as ns/op does.
//
//	go test -run '^$' -bench . ./lib/trend/fit && /usr/bin/python3 lib/trend/fit/testdata/bench_scipy.py

// cpu reports the processor time of the process an operation.
func cpu(b *testing.B, op func()) {
	var before, after syscall.Rusage
	for first := true; b.Loop(); first = false {
		if first {
			_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
		}
		op()
	}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	used := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	b.ReportMetric(float64(used.Microseconds())/1e3/float64(b.N), "cpu-ms/op")
}

// wave is the noise both programs share, of standard deviation 1.
func wave(i int) float64 { return math.Sqrt2 * math.Sin(78.233*float64(i+1)) }

func eightSizes() []float64 {
	y := make([]float64, len(sizes))
	for i, n := range sizes {
		y[i] = PowerOffset{1.9, 80, .26}.At(n) + .01*wave(i)
	}
	return y
}

// 1000 refits of power law + offset to 8 points, one core.
func BenchmarkPowerOffset1000Refits(b *testing.B) {
	y := eightSizes()
	cpu(b, func() {
		s := Settings{Rand: rand.New(rand.NewPCG(1, 2)), Replicates: 1000, Workers: 1}
		if f, err := s.PowerOffset(sizes, y); err != nil || len(f.Draws) != 1000 {
			b.Fatal(f, err)
		}
	})
}

// A fit of power law + offset with its profile intervals.
func BenchmarkPowerOffsetProfile(b *testing.B) {
	y := eightSizes()
	cpu(b, func() {
		if _, err := (Settings{Workers: 1}).PowerOffset(sizes, y); err != nil {
			b.Fatal(err)
		}
	})
}

func grid240() (n, d, y []float64) {
	m := Chinchilla{E: 1.82, A: 480, B: 2100, Alpha: .348, Beta: .366}
	for i := range 240 {
		_, u := math.Modf(.6180339887498949 * float64(i+1))
		_, v := math.Modf(.7548776662466927 * float64(i+1))
		ln, lc := math.Log(6e7)+u*math.Log(250), math.Log(6e18)+v*math.Log(500)
		n, d = append(n, math.Exp(ln)), append(d, math.Exp(lc-ln)/6)
		y = append(y, m.At(n[i], d[i])*math.Exp(.006*wave(i)))
	}
	return n, d, y
}

// The 4500 starts of Hoffmann et al. on 240 points, one core.
func BenchmarkChinchilla4500Starts(b *testing.B) {
	n, d, y := grid240()
	cpu(b, func() {
		f, err := Settings{Loss: Huber(1e-3), Intervals: None, PaperGrid: true, Workers: 1}.Chinchilla(n, d, y)
		if err != nil || f.Starts != 4500 {
			b.Fatal(err, f)
		}
	})
}

// The same minimum from 49 projected starts, one core.
func BenchmarkChinchillaProjected(b *testing.B) {
	n, d, y := grid240()
	cpu(b, func() {
		if _, err := (Settings{Loss: Huber(1e-3), Intervals: None, Workers: 1}).Chinchilla(n, d, y); err != nil {
			b.Fatal(err)
		}
	})
}

// 1000 bootstrap refits of Chinchilla on 240 points, one core.
func BenchmarkChinchilla1000Refits(b *testing.B) {
	n, d, y := grid240()
	cpu(b, func() {
		s := Settings{Loss: Huber(1e-3), Rand: rand.New(rand.NewPCG(1, 2)), Replicates: 1000, Workers: 1}
		if _, err := s.Chinchilla(n, d, y); err != nil {
			b.Fatal(err)
		}
	})
}

// 100 starts of a broken power law with one break on 25 points, one core.
func BenchmarkBroken100Starts(b *testing.B) {
	y := make([]float64, len(tokens))
	for i, x := range tokens {
		y[i] = Broken{.2, 3, .08, []Break{{.5, 3000, .3}}}.At(x) * math.Exp(.003*wave(i))
	}
	cpu(b, func() {
		if _, err := (Settings{Workers: 1, Intervals: None, Starts: 100}).Broken(tokens, y, 1); err != nil {
			b.Fatal(err)
		}
	})
}
