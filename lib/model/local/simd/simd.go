// Package simd takes exponentials and maxima of many float32 at once, with
// AVX-512 or AVX2 where the CPU has them: what follows a matrix product in a
// language model. Both give the same bits; plain Go elsewhere adds in another
// order.
//
// The kernels are written by lib/gemm/asm/exp (go generate).
package simd

import "math"

//go:generate go run -C ../../../gemm/asm ./exp -out ../../model/local/simd/kernels_amd64.s -stubs ../../model/local/simd/stubs_amd64.go -pkg simd

// lanes is the length of the partial sums and maxima.
const lanes = 16

// Max returns the largest number, -Inf for none. NaN is passed over.
func Max(x []float32) float32 {
	negative := float32(math.Inf(-1))
	most := negative
	if n := len(x) &^ (lanes - 1); n > 0 && useMax != nil {
		var part [lanes]float32
		for i := range part {
			part[i] = negative
		}
		useMax(&x[0], n, &part)
		for _, v := range part {
			most = max(most, v)
		}
		x = x[n:]
	}
	for _, v := range x {
		if v > most {
			most = v
		}
	}
	return most
}

// SumExp returns Σ exp(x - shift), in float32 for 1024 numbers at a time and in
// float64 over those; relative error below 1e-6. Numbers more than 87 below
// shift count as 0; none may be more than 88 above it. NaN gives NaN.
func SumExp(x []float32, shift float32) float64 {
	var room [1024]float32
	sum := 0.0
	for len(x) > 0 {
		n := min(len(x), len(room))
		sum += float64(Exp(room[:n], x[:n], shift))
		x = x[n:]
	}
	return sum
}

// Exp writes exp(from - shift) to to, which may be from, and returns the sum,
// under the conditions of SumExp.
func Exp(to, from []float32, shift float32) (sum float32) {
	to = to[:len(from)]
	if useExp == nil {
		for i, v := range from {
			to[i] = exp(v - shift)
			sum += to[i]
		}
		return sum
	}
	var sums [lanes]float32
	n := len(from) &^ (lanes - 1)
	if n > 0 {
		useExp(&to[0], &from[0], n, shift, &sums)
	}
	if n < len(from) { // the rest, filled up
		var last [lanes]float32
		for i := copy(last[:], from[n:]); i < lanes; i++ {
			last[i] = float32(math.Inf(-1))
		}
		useExp(&last[0], &last[0], lanes, shift, &sums)
		copy(to[n:], last[:])
	}
	for step := lanes / 2; step > 0; step /= 2 {
		for i := range step {
			sums[i] += sums[i+step]
		}
	}
	return sums[0]
}

func exp(x float32) float32 {
	if x < -87 {
		return 0
	}
	return float32(math.Exp(float64(x)))
}
