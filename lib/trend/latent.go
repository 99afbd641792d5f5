package trend

// latent returns the posterior mean and covariance (row-major) of the smooth
// curve at the points, without the scatter of models about it: the moments of
// the mixture over all cells. Both are reused by the next call.
func (a *average) latent() (mean, cov []float64) {
	n := a.n
	resize(&a.m, n)
	resize(&a.s, n*n)
	resize(&a.proj, n*n+4*n)
	clear(a.m)
	clear(a.s)
	proj := a.proj[:n*n] // [point][n]: L^-1 k of each point
	ky, k1 := a.proj[n*n:n*n+n], a.proj[n*n+n:n*n+2*n]
	mc, df := a.proj[n*n+2*n:n*n+3*n], a.proj[n*n+3*n:n*n+4*n]
	for c := range nCov {
		kappa, _ := covCell(c)
		scale := kappa * kappa * a.s2
		weight := 0.0
		for i := range a.each {
			weight += a.cell[c*a.each+i].w
		}
		if weight < 1e-15 {
			continue
		}
		for p := range n {
			_, k1[p], ky[p] = a.project(c, a.z[p], scale)
			copy(proj[p*n:(p+1)*n], a.uk)
		}
		for p := range n {
			for q := 0; q <= p; q++ {
				v := scale * wiener(a.z[q], a.z[p])
				for k := range n {
					v -= proj[p*n+k] * proj[q*n+k]
				}
				a.s[p*n+q] += weight * v
			}
		}
		for i := range a.each {
			g := &a.cell[c*a.each+i]
			if g.w < 1e-15 {
				continue
			}
			i := i / a.ridges
			uf := a.uf[(c*nAlpha+i)*n : (c*nAlpha+i+1)*n]
			f := a.f[i*n : (i+1)*n]
			for p := range n {
				kf := 0.0
				for k := range n {
					kf += proj[p*n+k] * uf[k]
				}
				df[p] = f[p] - kf
				mc[p] = g.b0*(1-k1[p]) + g.b1*df[p] + ky[p] - a.y[p]
				a.m[p] += g.w * mc[p]
			}
			for p := range n {
				for q := 0; q <= p; q++ {
					d0p, d0q := 1-k1[p], 1-k1[q]
					v := d0p*d0q*g.i00 + (d0p*df[q]+df[p]*d0q)*g.i01 + df[p]*df[q]*g.i11
					a.s[p*n+q] += g.w * (v + mc[p]*mc[q])
				}
			}
		}
	}
	for p := range n {
		for q := 0; q <= p; q++ {
			a.s[p*n+q] -= a.m[p] * a.m[q]
			a.s[q*n+p] = a.s[p*n+q]
		}
	}
	for p := range n {
		a.m[p] += a.y[p]
	}
	return a.m, a.s
}
