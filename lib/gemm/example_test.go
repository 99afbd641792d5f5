package gemm_test

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"bellwether/lib/gemm"
)

func ExampleUse() {
	gemm.Use() // from here on blas32 multiplies with our kernels
	a := blas32.General{Rows: 2, Cols: 2, Stride: 2, Data: []float32{1, 2, 3, 4}}
	b := blas32.General{Rows: 2, Cols: 1, Stride: 1, Data: []float32{10, 1}}
	c := blas32.General{Rows: 2, Cols: 1, Stride: 1, Data: make([]float32, 2)}
	blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, a, b, 0, c)
	fmt.Println(c.Data)
	// Output: [12 34]
}
