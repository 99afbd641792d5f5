package organism

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"bellwether/lib/model/local"
)

// Settings of one training run. The zero value of a field is not a default:
// take them from Member.Settings.
type Settings struct {
	Config  local.Config
	Seed    uint64  // of the initial weights and of the order of the data
	Steps   int     // optimiser steps of Batch windows
	Batch   int     // windows of Context tokens a step
	Rate    float64 // peak learning rate
	Warmup  int     // steps of linear warm-up
	Floor   float64 // last rate as a share of the peak (cosine in between)
	Decay   float64 // weight decay on matrices
	Beta1   float64 // AdamW's averages
	Beta2   float64
	MaxNorm float64 // gradient norm is clipped to this
}

// Progress is what a training run tells while it works.
type Progress struct {
	Step int     // steps done
	Loss float64 // nats a token, mean over the last steps (about 50)
}

// Train trains a network from random weights. It calls report every 50 steps,
// after the steps in at, and at the end; report may be nil. The same World and Settings give the same
// bits on one machine, whatever runs beside it.
//
// AdamW is Loshchilov and Hutter 2019 (decay decoupled, times the rate).
func Train(ctx context.Context, world *World, s Settings, at []int, report func(Progress, *local.Network)) (*local.Network, error) {
	n, err := local.NewNetwork(s.Config)
	if err != nil {
		return nil, err
	}
	if s.Steps < 1 || s.Batch < 1 {
		return nil, fmt.Errorf("organism: %d steps of %d windows: want at least 1 of each", s.Steps, s.Batch)
	}
	Initialise(n, rand.New(rand.NewPCG(s.Seed, 0x696e6974))) // "init"
	data := rand.New(rand.NewPCG(s.Seed, 0x64617461))        // "data"
	gradient, err := local.NewNetwork(s.Config)
	if err != nil {
		return nil, err
	}
	decays := decayRuns(n)
	mean := make([]float32, len(n.Weights))
	square := make([]float32, len(n.Weights))

	pass := &local.Pass{Keep: true}
	window := make([]int, s.Config.Context+1)
	inputs := make([][]int, s.Batch)
	for i := range inputs {
		inputs[i] = make([]int, s.Config.Context)
	}
	targets := make([]int, s.Batch*s.Config.Context)
	var recent float64
	var count int
	for step := 1; step <= s.Steps; step++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i := range inputs {
			world.Window(data, window)
			copy(inputs[i], window)
			copy(targets[i*s.Config.Context:], window[1:])
		}
		logits, err := n.Forward(pass, inputs, nil)
		if err != nil {
			return nil, err
		}
		loss := local.CrossEntropy(logits, targets, s.Config.Vocabulary)
		clear(gradient.Weights)
		n.Backward(pass, logits, gradient)
		if math.IsNaN(loss) {
			return nil, fmt.Errorf("organism: loss is not a number at step %d of %d (rate %g)", step, s.Steps, s.Rate)
		}
		update(n.Weights, gradient.Weights, mean, square, decays, step, s)
		recent += loss
		count++
		if step%50 == 0 || step == s.Steps || slices.Contains(at, step) {
			if report != nil {
				report(Progress{step, recent / float64(count)}, n)
			}
			recent, count = 0, 0
		}
	}
	return n, nil
}

// Initialise draws weights: matrices normal with deviation 0.6/sqrt(inputs),
// those that write to the residual stream smaller by sqrt(2 layers), the
// embedding 0.3; gains 1, biases 0.
func Initialise(n *local.Network, rng *rand.Rand) {
	for _, t := range n.Tensors() {
		if len(t.Shape) == 1 {
			fill := float32(0)
			if strings.HasSuffix(t.Name, "norm.weight") {
				fill = 1
			}
			for i := range t.Data {
				t.Data[i] = fill
			}
			continue
		}
		deviation := .6 / math.Sqrt(float64(t.Shape[1]))
		switch {
		case t.Name == "gpt_neox.embed_in.weight":
			deviation = .3
		case strings.HasSuffix(t.Name, "attention.dense.weight"), strings.HasSuffix(t.Name, "dense_4h_to_h.weight"):
			deviation /= math.Sqrt(2 * float64(n.Config.Layers))
		}
		for i := range t.Data {
			t.Data[i] = float32(rng.NormFloat64() * deviation)
		}
	}
}

// run is a stretch of weights: one tensor's.
type run struct {
	length int
	decays bool // matrices do; gains and biases do not
}

// decayRuns lists the tensors in the order of the weights.
func decayRuns(n *local.Network) []run {
	var runs []run
	for _, t := range n.Tensors() {
		runs = append(runs, run{len(t.Data), len(t.Shape) > 1})
	}
	return runs
}

// rateAt returns the learning rate of a step, counted from 1.
func (s Settings) rateAt(step int) float64 {
	if step <= s.Warmup {
		return s.Rate * float64(step) / float64(s.Warmup)
	}
	t := float64(step-s.Warmup) / float64(max(1, s.Steps-s.Warmup))
	return s.Rate * (s.Floor + (1-s.Floor)*(1+math.Cos(math.Pi*t))/2)
}

// update is one step of AdamW with the gradient's norm clipped.
func update(weights, gradient, mean, square []float32, runs []run, step int, s Settings) {
	var norm float64
	for _, g := range gradient {
		norm += float64(g) * float64(g)
	}
	norm = math.Sqrt(norm)
	clip := float32(1)
	if norm > s.MaxNorm {
		clip = float32(s.MaxNorm / norm)
	}
	rate := s.rateAt(step)
	correction1 := 1 - math.Pow(s.Beta1, float64(step))
	correction2 := 1 - math.Pow(s.Beta2, float64(step))
	b1, b2 := float32(s.Beta1), float32(s.Beta2)
	size := float32(rate / correction1)
	root := float32(1 / math.Sqrt(correction2))
	at := 0
	for _, r := range runs {
		keep := float32(1)
		if r.decays {
			keep = float32(1 - rate*s.Decay)
		}
		w := weights[at : at+r.length]
		g := gradient[at : at+r.length][:len(w)]
		m := mean[at : at+r.length][:len(w)]
		v := square[at : at+r.length][:len(w)]
		for i := range w {
			gi := g[i] * clip
			m[i] = b1*m[i] + (1-b1)*gi
			v[i] = b2*v[i] + (1-b2)*gi*gi
			w[i] = w[i]*keep - size*m[i]/(sqrt32(v[i])*root+1e-8)
		}
		at += r.length
	}
}

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }
