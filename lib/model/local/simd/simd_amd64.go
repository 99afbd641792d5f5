package simd

import "golang.org/x/sys/cpu"

var useExp, useMax = choose(cpu.X86.HasAVX2 && cpu.X86.HasFMA, cpu.X86.HasAVX512F)

type (
	expKernel func(to, from *float32, n int, shift float32, sums *[16]float32)
	maxKernel func(from *float32, n int, most *[16]float32)
)

func choose(hasAVX2, hasAVX512 bool) (expKernel, maxKernel) {
	switch {
	case hasAVX512:
		return avx512Exp, avx512Max
	case hasAVX2:
		return avx2Exp, avx2Max
	}
	return nil, nil
}

// available are the kernels that this machine can run.
func available() map[string]func() {
	out := map[string]func(){"go": func() { useExp, useMax = nil, nil }}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		out["avx2"] = func() { useExp, useMax = avx2Exp, avx2Max }
	}
	if cpu.X86.HasAVX512F {
		out["avx512"] = func() { useExp, useMax = avx512Exp, avx512Max }
	}
	return out
}
