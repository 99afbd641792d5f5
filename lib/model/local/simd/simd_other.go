//go:build !amd64

package simd

var (
	useExp func(to, from *float32, n int, shift float32, sums *[16]float32)
	useMax func(from *float32, n int, most *[16]float32)
)

// available are the kernels that this machine can run: plain Go.
func available() map[string]func() { return map[string]func(){"go": func() {}} }
