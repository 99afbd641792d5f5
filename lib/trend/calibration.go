package trend

import "math"

// calibration is what the back-tests taught about one kind of metric.
type calibration struct {
	mix    *mixture
	keep   curve // share of the forecast change that is kept, the rest stays at the last value
	smooth curve // factor on the part of the standard deviation that models make, for smooth series
	rough  curve // the same for rough series
	items  curve // factor on the part that the items of the further model make
}

// Series with a roughness up to smoothest count as smooth, from roughest on as
// rough; between them the factors are interpolated in logarithms.
const smoothest, roughest = 0.2, 0.45

// widen is the conformal factor on a predictive standard deviation of which
// share is the variance due to the items of the further model, in [0, 1].
func (c *calibration) widen(horizon, share, roughness float64) float64 {
	m, i := c.smooth.value(horizon), c.items.value(horizon)
	if roughness > smoothest {
		t := min(1, math.Log(roughness/smoothest)/math.Log(roughest/smoothest))
		m *= math.Pow(c.rough.value(horizon)/m, t)
	}
	share = clamp(share, 0, 1)
	return math.Sqrt(m*m*(1-share) + i*i*share)
}

// roughness is how far points lie from the line between their neighbours, root
// mean square in units of the root mean squared step, beyond what the item noise
// makes: about 0.1 for the losses of language models, 1 for scatter. 0 with
// fewer than three points.
func roughness(x, y, se []float64) float64 {
	n := len(x)
	step, bend := 0.0, 0.0
	for k := 1; k < n; k++ {
		step += (y[k] - y[k-1]) * (y[k] - y[k-1]) / float64(n-1)
	}
	for k := 1; k < n-1; k++ {
		t := (x[k] - x[k-1]) / (x[k+1] - x[k-1])
		r := y[k] - (1-t)*y[k-1] - t*y[k+1]
		noise := se[k]*se[k] + (1-t)*(1-t)*se[k-1]*se[k-1] + t*t*se[k+1]*se[k+1]
		bend += (r*r - noise) / float64(n-2)
	}
	if bend <= 0 || step == 0 {
		return 0
	}
	return math.Sqrt(bend / step)
}

// curve is linear between knots of horizon (decades beyond the largest model)
// and constant outside them.
type curve [4]struct{ at, value float64 }

func (c *curve) value(at float64) float64 {
	if at <= c[0].at {
		return c[0].value
	}
	for i := 1; i < len(c); i++ {
		if at <= c[i].at {
			t := (at - c[i-1].at) / (c[i].at - c[i-1].at)
			return c[i-1].value + t*(c[i].value-c[i-1].value)
		}
	}
	return c[len(c)-1].value
}

func constant(v float64) curve { return curve{{0, v}, {1, v}, {2, v}, {3, v}} }

var (
	lossMixture = mixture{
		ridge: []float64{.2, .5, 1, 3},
		alpha: [nAlpha]float64{0, -.42, -.40, -.32, -.18, .21, .36, .39, .34, .35, .34},
		kappa: [3]float64{0, 0, -.38},
		tau:   [nTau]float64{0, .11, .41, .54},
		width: []float64{0, .17, -.10, -.10},
	}
	evenMixture     = mixture{ridge: []float64{.2, .5, 1, 3}, width: make([]float64, 4)}
	accuracyMixture = mixture{
		ridge: []float64{.2, .5, 1, 3},
		kappa: [3]float64{0, -.30, .19},
		tau:   [nTau]float64{0, .34, -.10, -.27},
		width: make([]float64, 4),
	}

	lossCalibration = calibration{
		mix:    &lossMixture,
		keep:   curve{{.4, 1}, {.8, .9}, {1.2, .75}, {2, .75}},
		smooth: curve{{.4, .24}, {.65, .33}, {1, .38}, {2, .60}},
		rough:  curve{{.2, 1.3}, {.4, 1.9}, {.65, 2.5}, {1, 3.5}},
		items:  constant(.75),
	}
	accuracyCalibration = calibration{
		mix:    &accuracyMixture,
		keep:   curve{{.4, .93}, {.8, .88}, {1.2, .75}, {2, .75}},
		smooth: curve{{.2, .55}, {.4, .62}, {.65, .92}, {1, 1.05}},
		rough:  curve{{.2, .55}, {.4, .62}, {.65, .92}, {1, 1.05}},
		items:  curve{{.2, 1.02}, {.4, 1.12}, {.65, 1.20}, {1, 1.35}},
	}
	otherCalibration = calibration{
		mix:    &evenMixture,
		keep:   constant(1),
		smooth: constant(.5),
		rough:  curve{{.2, 1.6}, {.4, 2.3}, {.65, 3.0}, {1, 4.2}},
		items:  constant(1),
	}
)

func calibrationOf(k Kind) *calibration {
	switch k {
	case Accuracy:
		return &accuracyCalibration
	case Loss:
		return &lossCalibration
	}
	return &otherCalibration
}
