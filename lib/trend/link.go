package trend

import "math"

// Link turns the loss per token of the right answer (nats, >= 0) into the
// accuracy of answering it:
//
//	accuracy = Chance + (Max - Chance) exp(-(loss/Scale)^Power)
//
// Power 1 and Scale 1/tokens is the answer-length link of Schaeffer et al. 2023
// (every token sampled independently): accuracy = e^(-tokens loss). Greedy
// decoding gets an answer right when each token is merely the likeliest, so its
// link is steeper. The zero Max is 1.
type Link struct {
	Scale, Power, Chance, Max float64
}

// AnswerLength returns the link of answers of a mean number of tokens (in the
// unit that the loss is per), sampled token by token.
func AnswerLength(tokens float64) Link { return Link{Scale: 1 / tokens, Power: 1} }

func (l Link) max() float64 {
	if l.Max == 0 {
		return 1
	}
	return l.Max
}

// Accuracy returns the accuracy at a loss per token; negative losses count as 0.
func (l Link) Accuracy(loss float64) float64 {
	return l.Chance + (l.max()-l.Chance)*math.Exp(-math.Pow(max(loss, 0)/l.Scale, l.Power))
}

// Loss returns the loss per token at which an accuracy is reached: 0 from Max
// up, +Inf from Chance down.
func (l Link) Loss(accuracy float64) float64 {
	share := (accuracy - l.Chance) / (l.max() - l.Chance)
	if share >= 1 {
		return 0
	}
	if share <= 0 {
		return math.Inf(1)
	}
	return l.Scale * math.Pow(-math.Log(share), 1/l.Power)
}

// weightedLink is one link of a fit with its posterior probability.
type weightedLink struct {
	Link
	w     float64
	table []float64 // the average over items, nil: at the mean loss
}

// The prior of a fitted link, with the scale in nats of the whole answer: the
// accuracies of greedy decoding lie near 1.8, 2.2 and 3.6 nats and powers of 1.4
// to 1.9 on three tasks of the tiny family (answers of 4, 5 and 8 characters), near
// 3.3 nats and power 1.2 on LAMBADA over Pythia's checkpoints, by regression of
// log(-log accuracy) on log loss.
const (
	linkScale, linkScaleSD = 2.6, 0.6 // of log Scale
	linkPower, linkPowerSD = 1.5, 0.35
	linkReach              = 0.4  // decades over which a link is taken to hold
	linkScatter            = 0.15 // of a further model about its link, in log loss
)

// fitLink weighs a grid of links by how they explain accuracies measured on the
// same models, with a prior; tokens is the length of the answers in the unit that
// the loss is per. Each accuracy counts as a share of about
// y(1-y)/se^2 items. With a spread the links are averaged over items.
func fitLink(loss []float64, tokens float64, acc Series, spread []float64) []weightedLink {
	highest := acc.Max
	if highest == 0 {
		highest = 1
	}
	if tokens == 0 {
		tokens = 1
	}
	se := acc.se()
	items := make([]float64, len(loss))
	last := acc.X[len(acc.X)-1]
	for k, y := range acc.Y {
		p := clamp(y, 0.02, 0.98)
		// One model's scatter about the link is no smaller than that of 400 items, and
		// the link wanted is that of the largest models.
		items[k] = clamp(p*(1-p)/max(se[k]*se[k], 1e-9), 2, 400) * math.Exp(-(last-acc.X[k])/linkReach)
	}
	var grid []weightedLink
	best := math.Inf(-1)
	for i := -10; i <= 10; i++ {
		for j := -6; j <= 7; j++ {
			u, v := float64(i)*0.25, float64(j)*0.4
			l := weightedLink{Link: Link{Scale: linkScale / tokens * math.Exp(u*linkScaleSD), Power: linkPower + v*linkPowerSD, Chance: acc.Chance, Max: highest}}
			if spread != nil {
				l = tabulate(l.Link, spread)
			}
			lp := -0.5 * (u*u + v*v)
			for k, y := range acc.Y {
				p := clamp(l.accuracy(loss[k]), 1e-4, 1-1e-4)
				lp += items[k] * (y*math.Log(p) + (1-y)*math.Log1p(-p))
			}
			l.w = lp
			best = max(best, lp)
			grid = append(grid, l)
		}
	}
	sum := 0.0
	keep := grid[:0]
	for _, l := range grid {
		if l.w = math.Exp(l.w - best); l.w > 1e-4 {
			sum += l.w
			keep = append(keep, l)
		}
	}
	for i := range keep {
		keep[i].w /= sum
	}
	return keep
}
