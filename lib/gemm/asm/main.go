// Command asm generates the micro-kernels of package gemm.
//
//	go run . -out ../kernel_amd64.s -stubs ../kernel_amd64.go -pkg gemm
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	// AVX-512 has 32 registers: 12 x 2 accumulators, 2 for B, the rest for alpha
	// and beta. AVX2 has 16: 6 x 2 accumulators, 2 for B, 1 broadcast.
	for _, rows := range []int{12, 4, 1} {
		kernel("avx512", rows, 64)
	}
	for _, rows := range []int{6, 2, 1} {
		kernel("avx2", rows, 32)
	}
	Generate()
}

// kernel computes a tile of rows x two vectors:
//
//	C = alpha*A*B + beta*C      (beta 0 does not read C)
//
// A is rows x k with stride lda, B a packed panel of k x two vectors, C has
// stride ldc; strides are in floats.
func kernel(isa string, rows, width int) {
	name := fmt.Sprintf("%sRows%d", isa, rows)
	TEXT(name, NOSPLIT, "func(k int, alpha float32, a *float32, lda int, b *float32, beta float32, c *float32, ldc int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes a tile of %d rows and %d columns.", name, rows, width/2))
	wide := isa == "avx512"
	vec := func() reg.VecVirtual {
		if wide {
			return ZMM()
		}
		return YMM()
	}
	k := Load(Param("k"), GP64())
	lda := Load(Param("lda"), GP64())
	b := Load(Param("b"), GP64())
	SHLQ(Imm(2), lda)
	// One pointer for each three rows: its own, one and two strides on.
	var ptr []reg.GPVirtual
	first := GP64()
	Load(Param("a"), first)
	ptr = append(ptr, first)
	for r := 3; r < rows; r += 3 {
		p := GP64()
		LEAQ(Mem{Base: ptr[len(ptr)-1], Index: lda, Scale: 2}, p)
		ADDQ(lda, p)
		ptr = append(ptr, p)
	}
	aRow := func(r int) Mem {
		switch r % 3 {
		case 0:
			return Mem{Base: ptr[r/3]}
		case 1:
			return Mem{Base: ptr[r/3], Index: lda, Scale: 1}
		}
		return Mem{Base: ptr[r/3], Index: lda, Scale: 2}
	}
	acc := make([][2]reg.VecVirtual, rows)
	for r := range acc {
		for h := range 2 {
			acc[r][h] = vec()
			if wide {
				VPXORD(acc[r][h], acc[r][h], acc[r][h])
			} else {
				VXORPS(acc[r][h], acc[r][h], acc[r][h])
			}
		}
	}
	b0, b1 := vec(), vec()
	var spread reg.VecVirtual
	if !wide {
		spread = vec()
	}
	TESTQ(k, k)
	JZ(LabelRef(name + "Store"))
	Label(name + "Loop")
	VMOVUPS(Mem{Base: b}, b0)
	VMOVUPS(Mem{Base: b, Disp: width}, b1)
	for r := range rows {
		if wide {
			VFMADD231PS_BCST(aRow(r), b0, acc[r][0])
			VFMADD231PS_BCST(aRow(r), b1, acc[r][1])
		} else {
			VBROADCASTSS(aRow(r), spread)
			VFMADD231PS(spread, b0, acc[r][0])
			VFMADD231PS(spread, b1, acc[r][1])
		}
	}
	for _, p := range ptr {
		ADDQ(Imm(4), p)
	}
	ADDQ(Imm(uint64(2*width)), b)
	DECQ(k)
	JNZ(LabelRef(name + "Loop"))

	Label(name + "Store")
	alpha, beta := b0, b1
	alphaAddr, err := Param("alpha").Resolve()
	if err != nil {
		panic(err)
	}
	betaAddr, err := Param("beta").Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(alphaAddr.Addr, alpha)
	VBROADCASTSS(betaAddr.Addr, beta)
	c := GP64()
	Load(Param("c"), c)
	ldc := Load(Param("ldc"), GP64())
	SHLQ(Imm(2), ldc)
	for r := range rows {
		for h := range 2 {
			VMULPS(alpha, acc[r][h], acc[r][h])
		}
	}
	bits := GP32()
	MOVL(betaAddr.Addr, bits)
	ADDL(bits, bits) // drops the sign: zero for 0 and -0
	JZ(LabelRef(name + "Write"))
	old := c
	p := GP64()
	MOVQ(old, p)
	for r := range rows {
		for h := range 2 {
			VFMADD231PS(Mem{Base: p, Disp: h * width}, beta, acc[r][h])
		}
		if r+1 < rows {
			ADDQ(ldc, p)
		}
	}
	Label(name + "Write")
	for r := range rows {
		for h := range 2 {
			VMOVUPS(acc[r][h], Mem{Base: c, Disp: h * width})
		}
		if r+1 < rows {
			ADDQ(ldc, c)
		}
	}
	VZEROUPPER()
	RET()
}
