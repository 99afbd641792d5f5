package trend

import "math"

// calibration is what the back-tests taught about one kind of metric.
type calibration struct {
	mix   *mixture
	keep  curve // share of the forecast change that is kept, the rest stays at the last value
	model curve // factor on the part of the standard deviation that models make
	items curve // factor on the part that the items of the further model make
}

// widen is the conformal factor on a predictive standard deviation of which
// share is the variance due to the items of the further model, in [0, 1].
func (c *calibration) widen(horizon, share float64) float64 {
	m, i := c.model.value(horizon), c.items.value(horizon)
	share = min(share, 1)
	return math.Sqrt(m*m*(1-share) + i*i*share)
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
	evenMixture = mixture{ridge: []float64{.2, .5, 1, 3}, width: make([]float64, 4)}

	lossCalibration = calibration{
		mix:   &lossMixture,
		keep:  curve{{.4, 1}, {.8, .9}, {1.2, .75}, {2, .75}},
		model: curve{{.4, .26}, {.65, .35}, {1, .40}, {2, .60}},
		items: constant(.80),
	}
	accuracyCalibration = calibration{
		mix:   &evenMixture,
		keep:  curve{{.4, .92}, {.8, .85}, {1.2, .7}, {2, .7}},
		model: curve{{.2, .55}, {.4, .62}, {.65, .92}, {1, 1.05}},
		items: curve{{.2, 1.02}, {.4, 1.12}, {.65, 1.20}, {1, 1.35}},
	}
	otherCalibration = calibration{&evenMixture, constant(1), constant(1), constant(1)}
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
