// Package gemm is a fast single-precision matrix product for gonum's blas32.
//
// Use puts it in place: from then on blas32.Gemm runs on micro-kernels in Go
// assembly for AVX-512 or AVX2 with FMA, chosen at start by what the processor
// has, and on gonum's own code everywhere else. A call runs on one thread: its
// callers parallelise over sequences or rows. The result of a call depends on
// its arguments and the kernel alone, so it is the same bits on every run.
//
// The kernels are generated with github.com/mmcloughlin/avo by the module in
// folder asm: go generate.
//
// Design: B is packed into panels of two vectors' width, padded with zeros; a
// block of rows of A stays in the first-level cache while it meets every panel
// (Goto and van de Geijn 2008, ACM TOMS 34:12, without their packing of A,
// which only pays for strides that collide in the cache).
package gemm

//go:generate sh -c "cd asm && go run . -out ../kernel_amd64.s -stubs ../kernel_amd64.go -pkg gemm"

import (
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/gonum"
)

// Use makes blas32 use this package. It is meant for the start of a program and
// may be called more than once.
func Use() { blas32.Use(Implementation{}) }

// Kernel names the micro-kernel in use: "avx512", "avx2" or "gonum".
func Kernel() string { return active.name }

// Implementation is gonum's implementation with a Sgemm of its own.
type Implementation struct{ gonum.Implementation }

// tile is one micro-kernel: C = alpha*A*B + beta*C for a fixed number of rows.
// A is rows x k with stride lda, b a packed panel of k x width, strides in
// floats; beta 0 does not read C.
type tile struct {
	rows int
	run  func(k int, alpha float32, a *float32, lda int, b *float32, beta float32, c *float32, ldc int)
}

type kernel struct {
	name  string
	width int    // columns of a panel
	tiles []tile // most rows first; the last has one
}

// Block sizes, in floats: a panel block of kBlock x nBlock (1 MiB) stays in the
// second-level cache.
const (
	kBlock = 512
	nBlock = 512
)

type buffers struct{ a, b, c []float32 }

var pool = sync.Pool{New: func() any { return new(buffers) }}

func grow(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}

// Sgemm computes C = alpha*op(A)*op(B) + beta*C, where op(X) is X or its
// transpose, op(A) is m x k, op(B) k x n and C m x n, row-major with strides
// lda, ldb, ldc. As in BLAS, beta 0 does not read C and alpha 0 reads neither A
// nor B. It panics as gonum does where a size or stride does not fit.
func (impl Implementation) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if active.tiles == nil || m < 1 || n < 1 || k < 1 || alpha == 0 || !fits(tA, m, k, a, lda) || !fits(tB, k, n, b, ldb) || !fits(blas.NoTrans, m, n, c, ldc) {
		impl.Implementation.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		return
	}
	buf := pool.Get().(*buffers)
	defer pool.Put(buf)
	width := active.width
	for k0 := 0; k0 < k; k0 += kBlock {
		kk := min(kBlock, k-k0)
		for n0 := 0; n0 < n; n0 += nBlock {
			nn := min(nBlock, n-n0)
			panels := (nn + width - 1) / width
			buf.b = grow(buf.b, panels*width*kk)
			pack(buf.b, tB != blas.NoTrans, b, ldb, k0, kk, n0, nn, width)
			block(buf, tA != blas.NoTrans, m, nn, kk, alpha, a, lda, k0, beta, c[n0:], ldc)
		}
		beta = 1 // the first block of k has scaled C
	}
}

func fits(t blas.Transpose, rows, cols int, x []float32, ld int) bool {
	if t != blas.NoTrans {
		if t != blas.Trans && t != blas.ConjTrans {
			return false
		}
		rows, cols = cols, rows
	}
	return ld >= cols && len(x) >= (rows-1)*ld+cols
}

// pack copies rows k0.. and columns n0.. of op(B) into panels of k x width.
func pack(dst []float32, trans bool, b []float32, ldb, k0, k, n0, n, width int) {
	for j := 0; j < n; j += width {
		w := min(width, n-j)
		panel := dst[j*k : j*k+width*k]
		if trans {
			if w < width {
				clear(panel)
			}
			for c := range w {
				src := b[(n0+j+c)*ldb+k0:][:k]
				for i, v := range src {
					panel[i*width+c] = v
				}
			}
			continue
		}
		for i := range k {
			to := panel[i*width:][:width]
			copy(to, b[(k0+i)*ldb+n0+j:][:w])
			clear(to[w:])
		}
	}
}

// block multiplies all rows of op(A), columns k0..k0+k, with the packed panels.
func block(buf *buffers, trans bool, m, n, k int, alpha float32, a []float32, lda, k0 int, beta float32, c []float32, ldc int) {
	width := active.width
	most := active.tiles[0].rows
	buf.c = grow(buf.c, most*width)
	// A row stride of a multiple of 1 KiB puts the rows of a tile into few cache
	// sets; such rows, and transposed ones, are copied close together.
	copied := trans || lda%256 == 0
	if copied {
		buf.a = grow(buf.a, most*k)
	}
	for i := 0; i < m; {
		t := active.tiles[0]
		for _, t = range active.tiles {
			if t.rows <= m-i {
				break
			}
		}
		var from *float32
		stride := lda
		switch {
		case trans:
			for p := range k {
				for r, v := range a[(k0+p)*lda+i:][:t.rows] {
					buf.a[r*k+p] = v
				}
			}
			from, stride = &buf.a[0], k
		case copied:
			for r := range t.rows {
				copy(buf.a[r*k:][:k], a[(i+r)*lda+k0:])
			}
			from, stride = &buf.a[0], k
		default:
			from = &a[i*lda+k0]
		}
		for j := 0; j < n; j += width {
			if j+width <= n {
				t.run(k, alpha, from, stride, &buf.b[j*k], beta, &c[i*ldc+j], ldc)
				continue
			}
			t.run(k, alpha, from, stride, &buf.b[j*k], 0, &buf.c[0], width)
			for r := range t.rows {
				to := c[(i+r)*ldc+j:][:n-j]
				got := buf.c[r*width:]
				if beta == 0 {
					copy(to, got)
					continue
				}
				for q := range to {
					to[q] = got[q] + beta*to[q]
				}
			}
		}
		i += t.rows
	}
}
