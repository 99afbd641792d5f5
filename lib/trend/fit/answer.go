package fit

import (
	"math"
)

// AnswerLength links the loss per token to exact match of an answer of several
// tokens, each of which must be right: acc = exp(-Tokens loss) (Schaeffer et al.
// 2023, arXiv 2304.15004, section 2). It makes a smooth loss look like a jump.
type AnswerLength struct {
	Tokens float64 // length of the answer; need not be whole if it is an average
}

// At returns the accuracy at a loss in nats per token.
func (m AnswerLength) At(loss float64) float64 { return math.Exp(-m.Tokens * loss) }

// Loss returns the loss per token, in nats, at which the accuracy is acc.
func (m AnswerLength) Loss(acc float64) float64 { return -math.Log(acc) / m.Tokens }

// AnswerLength fits the length of the answer to two or more pairs of loss (nats
// per token, positive) and accuracy in [0, 1], by least squares in accuracy (or
// the Loss of the settings). A length far from that of the answers says that the
// link does not hold: tokens of an answer are not equally hard, or the metric is
// not exact match.
func (s Settings) AnswerLength(loss, acc []float64) (*Fit[AnswerLength], error) {
	const form = "answer length"
	if err := s.check(form, column{"loss", loss, true}, column{"accuracy", acc, false}); err != nil {
		return nil, err
	}
	if err := need(form, "losses", loss, 2, 2); err != nil {
		return nil, err
	}
	if err := shares(form, acc); err != nil {
		return nil, err
	}
	if err := varies(form, "accuracy", acc); err != nil {
		return nil, err
	}
	white, err := s.whitener(form, len(loss))
	if err != nil {
		return nil, err
	}
	c := &curve{
		form: form, n: len(loss), y: acc, white: white, loss: s.Loss,
		coords: []coord{logWithin("tokens", 1e-6, 1e6)}, lin: 0, non: 1,
		lo: []float64{math.Log(1e-6)}, hi: []float64{math.Log(1e6)},
		join: func(_, theta []float64) ([]float64, bool) { return []float64{theta[0]}, true },
		eval: func(p, fitted, jac []float64) {
			k := math.Exp(p[0])
			for i, l := range loss {
				fitted[i] = math.Exp(-k * l)
				if jac != nil {
					jac[i] = -k * l * fitted[i]
				}
			}
		},
	}
	c.basis = func(theta, phi, dphi []float64) { c.eval(theta, phi, dphi) }
	// Where the accuracy is 1/e at the lowest, middle or highest loss, and about.
	for _, l := range loss {
		c.starts = append(c.starts, []float64{math.Log(1 / l)})
	}
	c.starts = append(c.starts, []float64{math.Log(.1 / mean(loss))}, []float64{math.Log(10 / mean(loss))})
	return finish(c, s, c.search(s, acc, acc, nil), func(p []float64) AnswerLength { return AnswerLength{math.Exp(p[0])} })
}

// Emergence is exact match against size when the loss per token is a power law:
// a smooth curve that looks like a jump on an axis of sizes.
type Emergence struct {
	Loss PowerLaw     // nats per token against size
	Link AnswerLength // accuracy against loss
}

// At returns the accuracy at size n.
func (m Emergence) At(n float64) float64 { return m.Link.At(m.Loss.At(n)) }

// Size returns the size at which the accuracy is acc. It grows as
// Tokens^(1/Alpha): twice the answer at Alpha = 0.35 moves it 7-fold.
func (m Emergence) Size(acc float64) float64 { return m.Loss.Size(m.Link.Loss(acc)) }

// Steepest returns the size at which accuracy rises fastest, where it is 1/e,
// and its rise there in a decade of size, Alpha ln(10)/e, which does not depend
// on the length of the answer.
func (m Emergence) Steepest() (size, perDecade float64) {
	return m.Loss.Size(1 / m.Link.Tokens), m.Loss.Alpha * math.Ln10 / math.E
}
