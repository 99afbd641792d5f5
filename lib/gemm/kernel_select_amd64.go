package gemm

import "golang.org/x/sys/cpu"

var active = choose(cpu.X86.HasAVX512F && cpu.X86.HasFMA, cpu.X86.HasAVX2 && cpu.X86.HasFMA)

func choose(avx512, avx2 bool) kernel {
	switch {
	case avx512:
		return kernel{"avx512", 32, []tile{{12, avx512Rows12}, {4, avx512Rows4}, {1, avx512Rows1}}}
	case avx2:
		return kernel{"avx2", 16, []tile{{6, avx2Rows6}, {2, avx2Rows2}, {1, avx2Rows1}}}
	}
	return kernel{name: "gonum"}
}
