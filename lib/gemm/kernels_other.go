//go:build !amd64

package gemm

// active is nil: gonum's Sgemm serves.
var active *kernels

// available returns the kernels that this machine can run: none.
func available() []*kernels { return nil }
