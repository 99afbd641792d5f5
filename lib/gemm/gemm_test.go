package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/gonum"
)

// each runs f with every kernel that this processor has.
func each(t *testing.T, f func(t *testing.T)) {
	was := active
	defer func() { active = was }()
	ran := map[string]bool{}
	for _, k := range kernels(was) {
		if !ran[k.name] {
			ran[k.name] = true
			active = k
			t.Run(k.name, f)
		}
	}
}

func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// gonum's Sgemm is the reference; the error bound is that of two float32 sums
// of k products of order 1 in different orders.
func TestAgainstGonum(t *testing.T) {
	each(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for range 400 {
			m, n, k := 1+r.IntN(70), 1+r.IntN(100), 1+r.IntN(90)
			switch r.IntN(20) {
			case 0:
				k = kBlock + r.IntN(40)
			case 1:
				n = nBlock + r.IntN(40)
			}
			tA, tB := blas.NoTrans, blas.NoTrans
			rowsA, colsA, rowsB, colsB := m, k, k, n
			if r.IntN(2) == 0 {
				tA, rowsA, colsA = blas.Trans, k, m
			}
			if r.IntN(2) == 0 {
				tB, rowsB, colsB = blas.Trans, n, k
			}
			lda, ldb, ldc := colsA+r.IntN(5), colsB+r.IntN(5), n+r.IntN(5)
			if r.IntN(5) == 0 {
				lda = (colsA/256 + 1) * 256
			}
			a, b := random(r, (rowsA-1)*lda+colsA), random(r, (rowsB-1)*ldb+colsB)
			c := random(r, (m-1)*ldc+n)
			alpha, beta := float32(r.NormFloat64()), float32(r.NormFloat64())
			switch r.IntN(4) {
			case 0:
				alpha, beta = 1, 0
				for i := range c {
					if i%ldc < n {
						c[i] = float32(math.NaN()) // must not be read
					}
				}
			case 1:
				beta = 1
			}
			want := append([]float32(nil), c...)
			gonum.Implementation{}.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, want, ldc)
			Implementation{}.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
			bound := 3e-6 * float64(k) * math.Max(1, math.Abs(float64(alpha)))
			for i := range c {
				if d := math.Abs(float64(c[i] - want[i])); !(d <= bound) {
					t.Fatalf("m=%d n=%d k=%d tA=%c tB=%c alpha=%g beta=%g lda=%d: C[%d] = %g, gonum has %g", m, n, k, tA, tB, alpha, beta, lda, i, c[i], want[i])
				}
			}
		}
	})
}

// NaN and infinity in A or B reach exactly the elements that they touch.
func TestNonFinite(t *testing.T) {
	each(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		m, n, k := 15, 37, 9
		a, b, c := random(r, m*k), random(r, k*n), make([]float32, m*n)
		a[4*k+2] = float32(math.NaN())
		b[3*n+33] = float32(math.Inf(1))
		Implementation{}.Sgemm(blas.NoTrans, blas.NoTrans, m, n, k, 1, a, k, b, n, 0, c, n)
		for i := range c {
			v := float64(c[i])
			bad := math.IsNaN(v) || math.IsInf(v, 0)
			if want := i/n == 4 || i%n == 33; bad != want {
				t.Errorf("C[%d,%d] = %g", i/n, i%n, v)
			}
		}
	})
}

func TestSameBitsEveryTime(t *testing.T) {
	each(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		a, b := random(r, 100*60), random(r, 60*70)
		one, two := make([]float32, 100*70), make([]float32, 100*70)
		Implementation{}.Sgemm(blas.NoTrans, blas.NoTrans, 100, 70, 60, 1, a, 60, b, 70, 0, one, 70)
		random(r, 100) // other memory in between
		Implementation{}.Sgemm(blas.NoTrans, blas.NoTrans, 100, 70, 60, 1, a, 60, b, 70, 0, two, 70)
		for i := range one {
			if one[i] != two[i] {
				t.Fatalf("C[%d] = %g, then %g", i, one[i], two[i])
			}
		}
	})
}

func TestBadSizesPanicAsGonum(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a slice that is too short: want gonum's panic")
		}
	}()
	Implementation{}.Sgemm(blas.NoTrans, blas.NoTrans, 4, 4, 4, 1, make([]float32, 15), 4, make([]float32, 16), 4, 0, make([]float32, 16), 4)
}

func BenchmarkSgemm(b *testing.B) {
	shapes := []struct{ m, k, n int }{{1024, 16, 64}, {1024, 48, 144}, {1024, 96, 384}, {64, 24, 64}, {512, 2048, 512}, {1024, 512, 2048}}
	for _, s := range shapes {
		r := rand.New(rand.NewPCG(1, 1))
		x, y, z := random(r, s.m*s.k), random(r, s.k*s.n), make([]float32, s.m*s.n)
		for _, impl := range []struct {
			name string
			f    blas32interface
		}{{Kernel(), Implementation{}}, {"gonum", gonum.Implementation{}}} {
			b.Run(fmt.Sprintf("%dx%dx%d/%s", s.m, s.k, s.n, impl.name), func(b *testing.B) {
				for b.Loop() {
					impl.f.Sgemm(blas.NoTrans, blas.NoTrans, s.m, s.n, s.k, 1, x, s.k, y, s.n, 0, z, s.n)
				}
				b.ReportMetric(2*float64(s.m*s.k*s.n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

type blas32interface interface {
	Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int)
}

func Example() {
	Use()
	a := blas32.General{Rows: 2, Cols: 2, Stride: 2, Data: []float32{1, 2, 3, 4}}
	c := blas32.General{Rows: 2, Cols: 2, Stride: 2, Data: make([]float32, 4)}
	blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, a, a, 0, c)
	fmt.Println(c.Data)
	// Output: [7 10 15 22]
}
