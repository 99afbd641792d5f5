package fit

import (
	"fmt"
	"math"
	"slices"
)

// Ladder predicts accuracy in two steps (Bhagia et al. 2024, arXiv 2412.04403):
// loss from parameters and tokens, accuracy from loss. A jump in accuracy is
// then the sigmoid's, and its place is the loss's, which is smooth.
type Ladder struct {
	Loss     Chinchilla // task loss, bits per byte, from runs of small models
	Accuracy Sigmoid    // from all their checkpoints
}

// At returns the accuracy of n parameters trained on d tokens.
func (m Ladder) At(n, d float64) float64 { return m.Accuracy.At(m.Loss.At(n, d)) }

// LadderFit is both steps.
type LadderFit struct {
	Model    Ladder
	Loss     *Fit[Chinchilla]
	Accuracy *Fit[Sigmoid]
	Warnings []error // of both
}

// Of returns a quantity of the ladder with the interval of the curve, from the
// draws of both steps, whose errors count as independent; the ends are NaN
// without a bootstrap (Settings.Rand).
func (f *LadderFit) Of(quantity func(Ladder) float64) Interval {
	r := Interval{Estimate: quantity(f.Model), Lo: math.NaN(), Hi: math.NaN()}
	n := min(len(f.Loss.Draws), len(f.Accuracy.Draws))
	if n == 0 {
		return r
	}
	v := make([]float64, n)
	for i := range v {
		v[i] = quantity(Ladder{f.Loss.Draws[i], f.Accuracy.Draws[i]})
	}
	slices.Sort(v)
	level := expanded(f.Loss.Level, f.Loss.Points-f.Loss.Free, f.Loss.known)
	r.Lo, r.Hi = percentile(v, (1-level)/2), percentile(v, (1+level)/2)
	return r
}

// Ladder fits step one to the final losses of 10 or more runs of n parameters and
// d tokens under the Loss of the settings (Bhagia et al.: Huber(1e-3) of log
// loss), and step two by least squares to pairs of loss and accuracy of
// checkpoints, see [Checkpoints], and to the ideal model of loss 0 and accuracy
// 1. SE and Cov of the settings are those of step one. Checkpoints of a run
// resemble each other, so that the bootstrap of step two is too narrow; the error
// of a ladder is mostly step one's.
func (s Settings) Ladder(n, d, loss, checkpoints, accuracy []float64) (*LadderFit, error) {
	one, err := s.chinchilla("ladder, step one", n, d, loss, 10)
	if err != nil {
		return nil, err
	}
	s.Loss, s.SE, s.Cov = Loss{}, nil, nil
	if s.Resample == Parametric {
		s.Resample = Residuals
	}
	two, err := s.Sigmoid(append(slices.Clone(checkpoints), 0), append(slices.Clone(accuracy), 1))
	if err != nil {
		return nil, fmt.Errorf("fit: ladder, step two: %w", err)
	}
	return &LadderFit{
		Model: Ladder{one.Model, two.Model}, Loss: one, Accuracy: two,
		Warnings: append(slices.Clone(one.Warnings), two.Warnings...),
	}, nil
}

// Checkpoints makes of a quantity along a run what the ladder fits: without the
// first share skip of the checkpoints (0.1), the mean of each with the window-1
// (4) before it, fewer at the beginning. NaN values stay out of the means; the
// result is empty for an empty run.
func Checkpoints(v []float64, skip float64, window int) []float64 {
	v = v[min(len(v), int(math.Ceil(skip*float64(len(v))))):]
	out := make([]float64, len(v))
	for i := range v {
		var sum, count float64
		for _, x := range v[max(0, i-window+1) : i+1] {
			if !math.IsNaN(x) {
				sum, count = sum+x, count+1
			}
		}
		out[i] = sum / count
	}
	return out
}
