//go:build !amd64

package gemm

var active = kernel{name: "gonum"}
