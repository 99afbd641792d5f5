// Package metric turns per-item outcomes into scores with standard errors.
//
// Log-probabilities are natural logarithms (nats), at most 0. Lengths are
// counted in tokens, UTF-8 bytes and characters (Unicode code points). Slices
// are indexed by choice inside an Outcome and by item elsewhere, in task order.
//
// Two steps: a Metric gives the value of one item, and Mean, Accuracy or a
// paired comparison makes a score of the values of many. The per-item values
// are kept apart from the score because comparisons between models are paired
// over items (package study keeps the whole matrix).
package metric

import (
	"fmt"
	"math"
)

// Outcome is what one model said about one item.
type Outcome struct {
	Nats   []float64 // log-probability of each choice after the prompt
	Gold   []int     // indices of the right choices; nil when the item has none
	Tokens []int     // length of each choice in the model's tokens
	Bytes  []int     // length in UTF-8 bytes
	Chars  []int     // length in code points
	Greedy []bool    // greedy decoding would have written the choice

	// For the log-odds tasks of the Inverse Scaling Prize: the log-probability
	// of the last token of each choice, after the prompt and after the other
	// prompt. Absolute asks for the absolute difference.
	Last, OtherLast []float64
	Absolute        bool
}

// Kind groups metrics that behave alike over size, so that forecasts are
// calibrated per kind.
type Kind string

// The kinds of metric.
const (
	KindAccuracy      Kind = "accuracy"      // in [0, 1]
	KindLoss          Kind = "loss"          // nats, >= 0
	KindLogOdds       Kind = "logodds"       // nats, any sign
	KindLogLikelihood Kind = "loglikelihood" // nats a unit of length, <= 0
)

// Metric gives the value of one item.
type Metric struct {
	Name   string // "accuracy", "loglik_per_char"
	Phrase string // the same in words: "log-likelihood per character"
	Kind   Kind
	Unit   string // "share of items", "nats", "nats per character"
	Better int    // +1: higher is desirable; -1: lower is
	About  string // one sentence

	// Value returns the item's value, NaN when the item does not define it (no
	// gold, an empty choice), and an error when the outcome's slices disagree.
	Value func(Outcome) (float64, error)

	lengths func(Outcome) []int // of the choices, in the unit that the value is per; nil: tokens
}

// Length returns the length of a choice in the unit that the metric is per
// (characters, bytes or tokens; tokens for metrics that are not per length),
// 0 when the outcome does not say.
func (m Metric) Length(o Outcome, choice int) int {
	if m.lengths != nil {
		return at(m.lengths(o), choice)
	}
	return at(o.Tokens, choice)
}

// The metrics. All but the raw ones are defined over the choices of the item;
// "right" means the gold choices together.
var (
	// Accuracy is 1 when the most probable choice is a gold one. A tie between
	// k choices of which g are gold counts g/k, so that a tie broken by
	// position gives no free accuracy.
	Accuracy = Metric{Name: "accuracy", Phrase: "accuracy", Kind: KindAccuracy, Unit: "share of items", Better: +1, About: "the most probable choice is right", Value: accuracy(nil)}

	// AccuracyPerChar is Accuracy after dividing by the choice's length in code
	// points (acc_norm of lm-evaluation-harness).
	AccuracyPerChar = Metric{Name: "accuracy_per_char", Phrase: "accuracy normalised per character", Kind: KindAccuracy, Unit: "share of items", Better: +1, About: "the choice most probable per character is right", Value: accuracy(chars)}

	// AccuracyPerByte is Accuracy after dividing by the length in bytes
	// (acc_bytes of lm-evaluation-harness).
	AccuracyPerByte = Metric{Name: "accuracy_per_byte", Phrase: "accuracy normalised per byte", Kind: KindAccuracy, Unit: "share of items", Better: +1, About: "the choice most probable per byte is right", Value: accuracy(bytes)}

	// ExactMatch is 1 when greedy decoding would write a gold choice in full.
	ExactMatch = Metric{Name: "exact_match", Phrase: "exact match", Kind: KindAccuracy, Unit: "share of items", Better: +1, About: "greedy decoding writes the right answer in full", Value: exactMatch}

	// Loss is -ln of the probability of the right answer, normalised over the
	// choices (the loss of the Inverse Scaling Prize), nats, >= 0.
	Loss = Metric{Name: "loss", Phrase: "loss on the right answer", Kind: KindLoss, Unit: "nats", Better: -1, About: "-ln of the right answer's share of the choices' probability", Value: loss}

	// WrongLoss is -ln of the probability left to the wrong answers, normalised
	// over the choices: -ln(1 - exp(-Loss)), +Inf when nothing is left.
	WrongLoss = Metric{Name: "wrong_loss", Phrase: "loss on the wrong answers", Kind: KindLoss, Unit: "nats", Better: +1, About: "-ln of the wrong answers' share of the choices' probability", Value: wrongLoss}

	// RawLoss is -ln of the probability of the right answer among all texts,
	// nats; with several gold choices, of their sum.
	RawLoss = Metric{Name: "raw_loss", Phrase: "raw loss on the right answer", Kind: KindLoss, Unit: "nats", Better: -1, About: "-ln of the right answer's probability among all texts", Value: rawLoss}

	// LogOdds is ln of the odds of the right answer against the wrong ones
	// together, nats; with two choices the difference of their
	// log-probabilities.
	LogOdds = Metric{Name: "logodds", Phrase: "log-odds of the right answer", Kind: KindLogOdds, Unit: "nats", Better: +1, About: "ln of the odds of the right answer against the wrong ones", Value: logOdds}

	// LogOddsShift is the log-odds metric of the Inverse Scaling Prize: how far
	// the prompt moves the log-odds of the first choice against the second
	// compared with the other prompt, counted towards the gold; last tokens only.
	LogOddsShift = Metric{Name: "logodds_shift", Phrase: "shift of the log-odds", Kind: KindLogOdds, Unit: "nats", Better: +1, About: "how far the prompt moves the log-odds compared with the other prompt", Value: logOddsShift}

	// PerChar, PerByte and PerToken are the log-probability of the right answer
	// per unit of its length, nats, <= 0; of the most probable gold when there
	// are several.
	PerChar  = Metric{Name: "loglik_per_char", Phrase: "log-likelihood per character", Kind: KindLogLikelihood, Unit: "nats per character", Better: +1, About: "log-likelihood of the right answer per character", Value: per(chars), lengths: chars}
	PerByte  = Metric{Name: "loglik_per_byte", Phrase: "log-likelihood per byte", Kind: KindLogLikelihood, Unit: "nats per byte", Better: +1, About: "log-likelihood of the right answer per byte", Value: per(bytes), lengths: bytes}
	PerToken = Metric{Name: "loglik_per_token", Phrase: "log-likelihood per token", Kind: KindLogLikelihood, Unit: "nats per token", Better: +1, About: "log-likelihood of the right answer per token", Value: per(tokens), lengths: tokens}

	// Coverage is the probability of all choices together, in [0, 1]: how much
	// the model means to answer with one of them. Low coverage makes normalised
	// metrics doubtful.
	Coverage = Metric{Name: "coverage", Phrase: "probability of the choices", Kind: KindAccuracy, Unit: "probability", Better: +1, About: "the choices' probability among all texts", Value: coverage}
)

// All lists every metric, in the order of tables.
func All() []Metric {
	return []Metric{
		Accuracy, ExactMatch, Loss, WrongLoss, RawLoss, LogOdds, PerChar, PerByte, PerToken,
		AccuracyPerChar, AccuracyPerByte, Coverage, LogOddsShift,
	}
}

// ByName returns the metric of that name. The error lists the names there are.
func ByName(name string) (Metric, error) {
	names := make([]string, 0, len(All()))
	for _, m := range All() {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return Metric{}, fmt.Errorf("metric: %q is not one of %q", name, names)
}

func chars(o Outcome) []int  { return o.Chars }
func bytes(o Outcome) []int  { return o.Bytes }
func tokens(o Outcome) []int { return o.Tokens }

func at(s []int, i int) int {
	if i < len(s) {
		return s[i]
	}
	return 0
}

// check reports slices that disagree about the number of choices and golds out
// of range, and whether the item has a gold and a choice at all.
func check(o Outcome) (defined bool, err error) {
	n := len(o.Nats)
	for _, f := range []struct {
		name string
		n    int
	}{{"Tokens", len(o.Tokens)}, {"Bytes", len(o.Bytes)}, {"Chars", len(o.Chars)}, {"Greedy", len(o.Greedy)}} {
		if f.n != 0 && f.n != n {
			return false, fmt.Errorf("metric: %s has %d entries for %d choices", f.name, f.n, n)
		}
	}
	for _, g := range o.Gold {
		if g < 0 || g >= n {
			return false, fmt.Errorf("metric: gold %d is not one of %d choices", g, n)
		}
	}
	for c, v := range o.Nats {
		if v > 1e-6 { // rounding of float32 sums reaches some 1e-7 above 0
			return false, fmt.Errorf("metric: log-probability %g of choice %d is above 0", v, c)
		}
	}
	return n > 0 && len(o.Gold) > 0, nil
}

func isGold(o Outcome, c int) bool {
	for _, g := range o.Gold {
		if g == c {
			return true
		}
	}
	return false
}

// LogSumExp returns ln of the sum of exp(x), -Inf for no terms.
func LogSumExp(x ...float64) float64 {
	top := math.Inf(-1)
	for _, v := range x {
		top = math.Max(top, v)
	}
	if math.IsInf(top, 0) || math.IsNaN(top) {
		return top
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	return top + math.Log(sum)
}

// split returns ln of the summed probability of the gold and the other choices.
func split(o Outcome) (right, wrong float64) {
	var r, w []float64
	for c, v := range o.Nats {
		if isGold(o, c) {
			r = append(r, v)
		} else {
			w = append(w, v)
		}
	}
	return LogSumExp(r...), LogSumExp(w...)
}

func accuracy(length func(Outcome) []int) func(Outcome) (float64, error) {
	return func(o Outcome) (float64, error) {
		if ok, err := check(o); !ok || err != nil {
			return math.NaN(), err
		}
		best, ties, gold := math.Inf(-1), 0, 0
		for c, v := range o.Nats {
			if length != nil {
				v /= float64(at(length(o), c))
			}
			if math.IsNaN(v) || (length != nil && at(length(o), c) == 0) {
				return math.NaN(), nil
			}
			if v > best {
				best, ties, gold = v, 0, 0
			}
			if v == best {
				ties++
				if isGold(o, c) {
					gold++
				}
			}
		}
		if ties == 0 {
			return math.NaN(), nil
		}
		return float64(gold) / float64(ties), nil
	}
}

func exactMatch(o Outcome) (float64, error) {
	if ok, err := check(o); !ok || err != nil || len(o.Greedy) == 0 {
		return math.NaN(), err
	}
	for _, g := range o.Gold {
		if o.Greedy[g] {
			return 1, nil
		}
	}
	return 0, nil
}

func loss(o Outcome) (float64, error) {
	if ok, err := check(o); !ok || err != nil {
		return math.NaN(), err
	}
	right, wrong := split(o)
	return softplus(wrong - right), nil
}

func wrongLoss(o Outcome) (float64, error) {
	if ok, err := check(o); !ok || err != nil {
		return math.NaN(), err
	}
	right, wrong := split(o)
	return softplus(right - wrong), nil
}

func rawLoss(o Outcome) (float64, error) {
	if ok, err := check(o); !ok || err != nil {
		return math.NaN(), err
	}
	right, _ := split(o)
	return -right, nil
}

func logOdds(o Outcome) (float64, error) {
	if ok, err := check(o); !ok || err != nil {
		return math.NaN(), err
	}
	right, wrong := split(o)
	return right - wrong, nil
}

// softplus is ln(1 + exp(x)), without overflow.
func softplus(x float64) float64 {
	if x > 0 {
		return x + math.Log1p(math.Exp(-x))
	}
	return math.Log1p(math.Exp(x))
}

func logOddsShift(o Outcome) (float64, error) {
	if ok, err := check(o); !ok || err != nil || len(o.OtherLast) == 0 {
		return math.NaN(), err
	}
	if len(o.Last) != 2 || len(o.OtherLast) != 2 {
		return math.NaN(), fmt.Errorf("metric: log-odds are defined for 2 choices, not %d and %d", len(o.Last), len(o.OtherLast))
	}
	d := (o.Last[0] - o.Last[1]) - (o.OtherLast[0] - o.OtherLast[1])
	if o.Gold[0] == 1 {
		d = -d
	}
	if o.Absolute {
		d = math.Abs(d)
	}
	return d, nil
}

func per(length func(Outcome) []int) func(Outcome) (float64, error) {
	return func(o Outcome) (float64, error) {
		if ok, err := check(o); !ok || err != nil {
			return math.NaN(), err
		}
		best := o.Gold[0]
		for _, g := range o.Gold {
			if o.Nats[g] > o.Nats[best] {
				best = g
			}
		}
		n := at(length(o), best)
		if n == 0 {
			return math.NaN(), nil
		}
		return o.Nats[best] / float64(n), nil
	}
}

func coverage(o Outcome) (float64, error) {
	if ok, err := check(o); err != nil || (!ok && len(o.Nats) == 0) {
		return math.NaN(), err
	}
	return math.Min(1, math.Exp(LogSumExp(o.Nats...))), nil
}
