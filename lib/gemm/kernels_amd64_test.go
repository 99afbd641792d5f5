package gemm

// kernels lists what can run here: the fastest and the ones below it.
func kernels(best kernel) []kernel {
	list := []kernel{best}
	if best.name == "avx512" {
		list = append(list, choose(false, true))
	}
	return append(list, choose(false, false))
}
