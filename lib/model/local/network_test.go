package local

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

func smallConfig() Config {
	return Config{
		ModelType: "gpt_neox", Vocabulary: 11, Width: 12, Layers: 2, Heads: 2, Inner: 20, Context: 16, Activation: "gelu",
		RotaryFraction: 1, RotaryBase: 10000, Epsilon: 1e-5, ParallelResidual: true,
	}
}

// formulaWeights repeats weights() of testdata/neox_reference.py.
func formulaWeights(n *Network) {
	k := uint32(0)
	for _, t := range n.Tensors() {
		for i := range t.Data {
			t.Data[i] = float32((k*2654435761)>>20)/4096 - .5
			k++
			if strings.HasSuffix(t.Name, "norm.weight") {
				t.Data[i]++
			}
		}
	}
}

// split returns inputs and the targets after each of their positions.
func split(sequences [][]int) (inputs [][]int, targets []int) {
	for _, s := range sequences {
		inputs = append(inputs, s[:len(s)-1])
		targets = append(targets, s[1:]...)
	}
	return inputs, targets
}

// Loss, logits and gradients equal those of PyTorch 1.13 in float64
// (testdata/neox_reference.py) to float32 precision.
func TestPyTorch(t *testing.T) {
	var reference struct {
		Cases []struct {
			Fraction   float64   `json:"rotary_pct"`
			Sequences  [][]int   `json:"sequences"`
			Loss       float64   `json:"loss"`
			LastLogits []float64 `json:"last_logits"`
			Gradients  []struct {
				Name              string
				Norm, First, Last float64
			} `json:"gradients"`
		} `json:"cases"`
	}
	b, err := os.ReadFile("testdata/neox_reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &reference); err != nil {
		t.Fatal(err)
	}
	for _, c := range reference.Cases {
		config := smallConfig()
		config.RotaryFraction = c.Fraction
		n, err := NewNetwork(config)
		if err != nil {
			t.Fatal(err)
		}
		formulaWeights(n)
		gradient, _ := NewNetwork(config)
		inputs, targets := split(c.Sequences)
		pass := &Pass{Keep: true}
		logits, err := n.Forward(pass, inputs, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.LastLogits {
			got := float64(logits[len(logits)-len(c.LastLogits)+i])
			if math.Abs(got-want) > 2e-5 {
				t.Errorf("rotary_pct %v, last row, logit %d: %v, want %v", c.Fraction, i, got, want)
			}
		}
		loss := CrossEntropy(logits, targets, config.Vocabulary)
		if math.Abs(loss-c.Loss) > 1e-5 {
			t.Errorf("rotary_pct %v: loss %v, want %v", c.Fraction, loss, c.Loss)
		}
		n.Backward(pass, logits, gradient)
		for i, want := range c.Gradients {
			g := gradient.Tensors()[i]
			var squares float64
			for _, v := range g.Data {
				squares += float64(v) * float64(v)
			}
			norm := math.Sqrt(squares)
			first, last := float64(g.Data[0]), float64(g.Data[len(g.Data)-1])
			tolerance := 2e-5 * (1 + want.Norm)
			if g.Name != want.Name || math.Abs(norm-want.Norm) > tolerance || math.Abs(first-want.First) > tolerance || math.Abs(last-want.Last) > tolerance {
				t.Errorf("rotary_pct %v, gradient of %s: norm %v, first %v, last %v; want %s: %v, %v, %v",
					c.Fraction, g.Name, norm, first, last, want.Name, want.Norm, want.First, want.Last)
			}
		}
	}
}

// The derivative along a random direction equals the central difference.
func TestFiniteDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	n, err := NewNetwork(smallConfig())
	if err != nil {
		t.Fatal(err)
	}
	formulaWeights(n)
	gradient, _ := NewNetwork(n.Config)
	inputs, targets := split([][]int{{1, 5, 3, 3, 9, 10, 0}, {2, 7}, {4, 4, 4, 8, 1}})
	pass := &Pass{Keep: true}
	loss := func() float64 {
		logits, err := n.Forward(pass, inputs, nil)
		if err != nil {
			t.Fatal(err)
		}
		return CrossEntropy(logits, targets, n.Config.Vocabulary)
	}
	loss()
	n.Backward(pass, pass.logits, gradient)
	for i, tensor := range n.Tensors() {
		saved := slices.Clone(tensor.Data)
		direction := make([]float64, len(saved))
		var norm, want float64
		for j := range direction {
			direction[j] = rng.NormFloat64()
			norm += direction[j] * direction[j]
		}
		norm = math.Sqrt(norm)
		for j := range direction {
			direction[j] /= norm
			want += direction[j] * float64(gradient.Tensors()[i].Data[j])
		}
		// A step of 0.02 leaves 2e-4 of truncation and 1e-5 of float32 rounding.
		const h = .02
		var at [2]float64
		for k, sign := range []float64{-1, 1} {
			for j := range saved {
				tensor.Data[j] = float32(float64(saved[j]) + sign*h*direction[j])
			}
			at[k] = loss()
		}
		copy(tensor.Data, saved)
		if got := (at[1] - at[0]) / (2 * h); math.Abs(got-want) > 5e-4*(1+math.Abs(want)) {
			t.Errorf("%s: difference quotient %v, gradient %v", tensor.Name, got, want)
		}
	}
}

// A sequence's logits do not depend on what is beside it, nor on asking for a
// part of them.
func TestWanted(t *testing.T) {
	n, _ := NewNetwork(smallConfig())
	formulaWeights(n)
	sequences := [][]int{{1, 5, 3}, {9, 10, 0, 2, 2}, {7}}
	var whole [][]float32
	for _, s := range sequences {
		logits, err := n.Forward(&Pass{}, [][]int{s}, nil)
		if err != nil {
			t.Fatal(err)
		}
		whole = append(whole, slices.Clone(logits))
	}
	pass := &Pass{}
	for range 2 { // the second time in used memory
		logits, err := n.Forward(pass, sequences, [][]int{{2, 0}, {}, {0}})
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Concat(whole[0][22:], whole[0][:11], whole[2])
		if len(logits) != len(want) {
			t.Fatalf("%d logits, want %d", len(logits), len(want))
		}
		for i := range want {
			if math.Abs(float64(logits[i]-want[i])) > 1e-5 {
				t.Errorf("logit %d: %v, want %v", i, logits[i], want[i])
			}
		}
	}
}

func TestForwardErrors(t *testing.T) {
	n, _ := NewNetwork(smallConfig())
	for _, tt := range []struct {
		sequences, wanted [][]int
		want              string
	}{
		{[][]int{{}}, nil, "local: sequence 0 has 0 tokens: want 1 to 16"},
		{[][]int{{1}, make([]int, 17)}, nil, "local: sequence 1 has 17 tokens: want 1 to 16"},
		{[][]int{{1, 11}}, nil, "local: sequence 0, token 1 is 11: want 0 to 10"},
		{[][]int{{1, 2}}, [][]int{{2}}, "local: sequence 0, wanted position 2: want 0 to 1"},
		{[][]int{{1, 2}}, [][]int{}, "local: wanted positions for 0 sequences, want 1"},
	} {
		if _, err := n.Forward(&Pass{}, tt.sequences, tt.wanted); err == nil || err.Error() != tt.want {
			t.Errorf("Forward(%v, %v): %v, want %s", tt.sequences, tt.wanted, err, tt.want)
		}
	}
}

func TestExp(t *testing.T) {
	worst := 0.0
	for x := -86.9; x < 88; x += .00137 {
		want := math.Exp(float64(float32(x)))
		worst = max(worst, math.Abs(float64(exp32(float32(x)))/want-1))
	}
	if worst > 3e-7 {
		t.Errorf("relative error %g, want below 3e-7", worst)
	}
	if exp32(-1e30) != 0 || exp32(float32(math.Inf(-1))) != 0 || exp32(0) != 1 {
		t.Error("exp of -1e30, -Inf, 0:", exp32(-1e30), exp32(float32(math.Inf(-1))), exp32(0))
	}
	if x := exp32(float32(math.NaN())); x == x {
		t.Error("exp of NaN is", x)
	}
}

func TestGELU(t *testing.T) {
	var worst, worstSlope float64
	for x := -9.0; x < 9; x += .000713 {
		u := float64(float32(x))
		cumulative := .5 * math.Erfc(-u/math.Sqrt2)
		y, slope := gelu(float32(x))
		worst = max(worst, math.Abs(float64(y)-u*cumulative))
		worstSlope = max(worstSlope, math.Abs(float64(slope)-cumulative-u*math.Exp(-u*u/2)/math.Sqrt(2*math.Pi)))
	}
	if worst > 1e-6 || worstSlope > 1e-6 {
		t.Errorf("absolute error %g, of the derivative %g, want below 1e-6", worst, worstSlope)
	}
	if y, _ := gelu(float32(math.NaN())); y == y {
		t.Error("gelu of NaN is", y)
	}
}
