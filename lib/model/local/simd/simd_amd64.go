package simd

import "bellwether/lib/gemm"

// Package gemm has asked the CPU.
var useExp, useMax = choose(gemm.Kernel())

type (
	expKernel func(to, from *float32, n int, shift float32, sums *[16]float32)
	maxKernel func(from *float32, n int, most *[16]float32)
)

func choose(kernel string) (expKernel, maxKernel) {
	switch kernel {
	case "avx512":
		return avx512Exp, avx512Max
	case "avx2":
		return avx2Exp, avx2Max
	}
	return nil, nil
}

// available are the kernels that this machine can run.
func available() map[string]func() {
	out := map[string]func(){"go": func() { useExp, useMax = nil, nil }}
	switch gemm.Kernel() {
	case "avx512":
		out["avx512"] = func() { useExp, useMax = avx512Exp, avx512Max }
		fallthrough
	case "avx2":
		out["avx2"] = func() { useExp, useMax = avx2Exp, avx2Max }
	}
	return out
}
