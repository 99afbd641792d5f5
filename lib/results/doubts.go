package results

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// doubtLoss reports losses that say that the model saw no difference between
// the choices: each is that of an even spread, or, where the number of choices
// is not known (even is nil), all are ln k for one whole k. even holds ln(k/g)
// for an item with k choices of which g are right; NaN losses are left out.
func (r *Result) doubtLoss(loss, even []float64) {
	n, same := 0, math.NaN()
	for i, v := range loss {
		if math.IsNaN(v) {
			continue
		}
		if n == 0 {
			same = v
		}
		want := same
		if even != nil {
			want = even[i]
		}
		if !(math.Abs(v-want) < 1e-5) || want == 0 {
			return
		}
		n++
	}
	if n < 2 {
		return
	}
	if even != nil {
		r.problem(DegenerateLoss, 0, "all %d losses are those of an even spread over the choices (the first is %.6g): every choice scored the same", n, same)
		return
	}
	if k := math.Round(math.Exp(same)); k >= 2 && math.Abs(same-math.Log(k)) < 1e-5 {
		r.problem(DegenerateLoss, 0, "all %d losses are ln %g: every class scored the same", n, k)
	}
}

// doubtZero reports log-odds that are all 0.
func (r *Result) doubtZero(name string, values []float64) {
	n := 0
	for _, v := range values {
		if v != 0 && !math.IsNaN(v) {
			return
		}
		if v == 0 {
			n++
		}
	}
	if n > 1 {
		r.problem(DegenerateLoss, 0, "all %d values of %s are 0: every choice scored the same", n, name)
	}
}

// chanceItems is how many items doubtChance needs: fewer reach chance by luck
// too often.
const chanceItems = 20

// doubtChance reports an accuracy over n items that is chance exactly, as when
// a server ignores the prompt, and how often luck does that.
func (r *Result) doubtChance(accuracy, chance float64, n int) {
	if n < chanceItems || !(chance > 0) || chance >= 1 || !(math.Abs(accuracy-chance) < 1e-12) {
		return
	}
	// The probability of the mode of a binomial distribution, by its normal limit.
	luck := 1 / math.Sqrt(2*math.Pi*float64(n)*chance*(1-chance))
	r.problem(ExactChance, 0, "accuracy is %g, chance exactly, on %d items; a guessing model is there in about %.0f of 100 runs", accuracy, n, 100*luck)
}

// doubtTotals reports total probabilities above 1. total holds their natural
// logarithms, lines where each stands (nil: the file has no lines).
func (r *Result) doubtTotals(total []float64, lines []int) {
	above, first, most := 0, 0, 0.0
	for i, v := range total {
		if v > totalSlack {
			if above++; above == 1 && lines != nil {
				first = lines[i]
			}
			most = max(most, v)
		}
	}
	if above > 0 {
		r.problem(ImpossibleTotal, first, "%d of %d items have total_logprob above 0 (up to %.4g): a probability above 1", above, len(total), most)
	}
}

// totalSlack is how far the logarithm of a total probability may be above 0, in
// nats: float32 sums of a certain answer reach some 1e-5.
const totalSlack = 1e-3

// shares are the names of metrics whose values are shares of items. Tools put a
// scorer in front of them ("choice/accuracy"), or a filter or a unit behind
// ("exact_match,strict-match", "acc (%)").
var shares = []string{"accuracy", "acc", "acc_norm", "correct", "exact_match", "em", "mc1", "mc2", "f1"}

// doubtShares reports accuracies that are no shares: most are percentages, of
// which a trend would be nonsense.
func (r *Result) doubtShares() {
	for _, name := range sortedKeys(r.Metrics) {
		base := name[strings.LastIndexByte(name, '/')+1:]
		if end := strings.IndexAny(base, ", ("); end > 0 {
			base = base[:end]
		}
		if v := r.Metrics[name].Mean; (v > 1 || v < 0) && slices.Contains(shares, strings.ToLower(base)) {
			r.problem(NotShare, 0, "%s is %g, not within 0 and 1: a percentage is to be divided by 100 before a trend is fitted", name, v)
		}
	}
}

// doubtNeighbours says of each result which others measured the same, and
// whether others of its task have more items.
func doubtNeighbours(out []Result) {
	type key struct {
		source, task, model string
		shots               int
	}
	same := map[key][]int{}
	most := map[key]int{} // of a task
	for i, r := range out {
		if r.Model == "" || r.stub {
			continue
		}
		k := key{r.Source, r.Task, r.Model, r.shots}
		same[k] = append(same[k], i)
		k.model = ""
		most[k] = max(most[k], r.N)
	}
	for _, at := range same {
		if len(at) < 2 {
			continue
		}
		slices.SortStableFunc(at, func(i, j int) int {
			return cmp.Or(cmp.Compare(out[i].date, out[j].date), cmp.Compare(out[i].File, out[j].File))
		})
		newest := at[len(at)-1]
		for _, i := range at[:len(at)-1] {
			out[i].Newer = out[newest].File
			out[i].problem(Repeated, 0, "the same task and model is measured in %d files; the newest is %s", len(at), out[newest].File)
		}
		out[newest].problem(Repeated, 0, "the same task and model is measured in %d files; this is the newest", len(at))
	}
	for i := range out {
		r := &out[i]
		if n := most[key{r.Source, r.Task, "", r.shots}]; r.N > 0 && r.N < n && r.Model != "" && !r.has(CutShort) {
			r.problem(CutShort, 0, "%d items; another model has %d", r.N, n)
		}
	}
}

func (r *Result) has(code string) bool {
	return slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Code == code })
}

// counted is "1 item", "3 items".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
