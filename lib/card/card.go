// Package card writes the submission card of a task: what it is, what its checks
// say, what a family of models made of it, the verdicts with their doubts, and
// the criteria by which the Inverse Scaling Prize judged submissions, filled in
// with what was measured and marked where a human must judge.
//
//	task + logs ── Make ──> Card ──> Markdown, figures
//
// Criteria: McKenzie et al. 2023, Inverse Scaling: When Bigger Isn't Better
// (TMLR), the prize's rubric.
package card

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"bellwether/lib/chart"
	"bellwether/lib/metric"
	"bellwether/lib/record"
	"bellwether/lib/show"
	"bellwether/lib/study"
	"bellwether/lib/task"
	"bellwether/lib/trend"
)

// Card is everything that a submission says.
type Card struct {
	Task     task.Summary
	About    string          // the task's description
	Metrics  []metric.Metric // the columns of Rows
	Rows     []Row           // a row a size, ascending
	Families []string
	Trends   []Trend
	Criteria []Criterion
	Software []string
}

// Row is the metrics of one size, in the order of Card.Metrics.
type Row struct {
	Models     int // replicates
	Parameters float64
	Scores     []metric.Score // over the items, of the mean of the replicates
}

// Trend is the verdict of one metric and its figure.
type Trend struct {
	Metric metric.Metric
	Result *trend.Result
	Figure *chart.Chart
}

// Criterion is one line of the rubric. Human is what only people can judge;
// Measured is empty where nothing can be measured.
type Criterion struct {
	Name, Question, Measured, Human string
}

// columns are the metrics of a card and those that get a verdict and a figure,
// the one that the task is about first, for a type of task. Logs need not hold all
// of them: imported results have no lengths.
func columns(t task.Type) (list, judged []metric.Metric) {
	switch t {
	case task.LogOdds, task.AbsoluteLogOdds:
		return []metric.Metric{metric.LogOddsShift, metric.Accuracy, metric.LogOdds, metric.Coverage}, []metric.Metric{metric.LogOddsShift}
	case task.SequenceProb:
		return []metric.Metric{sequence, metric.PerChar}, []metric.Metric{sequence}
	case task.Numeric:
		return []metric.Metric{anchoring}, []metric.Metric{anchoring}
	case task.Generation:
		return []metric.Metric{metric.ExactMatch, metric.RawLoss, metric.PerChar}, []metric.Metric{metric.RawLoss, metric.ExactMatch}
	}
	return []metric.Metric{metric.Accuracy, metric.Loss, metric.LogOdds, metric.LogOddsShift, metric.WrongLoss, metric.PerChar, metric.Coverage},
		[]metric.Metric{metric.LogOdds, metric.LogOddsShift, metric.Accuracy, metric.Loss}
}

// sequence is the loss of a whole sequence: the prize's tables call it "loss", and
// the only choice of an item has no other loss worth the name.
var sequence = metric.Metric{
	Name: "loss", Phrase: "loss on the sequence", Kind: metric.KindLoss, Unit: "nats", Better: -1,
	About: "-ln of the sequence's probability among all texts", Value: metric.RawLoss.Value,
}

// anchoring is known for imported results only: see results.Prize.
var anchoring = metric.Metric{
	Name: "anchoring_loss", Phrase: "pull of the anchor", Kind: metric.KindLoss, Unit: "squared shares of the first estimate", Better: -1,
	About: "how far a low and a high anchor move the estimate", Value: func(metric.Outcome) (float64, error) { return math.NaN(), nil },
}

// Make fills a card from a task and its logs, one a model. The logs must be of
// this task.
func Make(t *task.Task, logs []*record.Log) (*Card, error) {
	if len(logs) == 0 {
		return nil, errors.New("card: no logs")
	}
	c := &Card{Task: task.Summarize(t), About: t.Description}
	for _, l := range logs {
		if l.Header.Task.Hash != t.Hash() {
			return nil, fmt.Errorf("card: the log of %s is of another version of %s (%.8s, not %.8s)", l.Header.Model.Name, t.Name, l.Header.Task.Hash, t.Hash())
		}
		if f := l.Header.Model.Family; f != "" && !slices.Contains(c.Families, f) {
			c.Families = append(c.Families, f)
		}
		for _, s := range l.Header.Software {
			if !slices.Contains(c.Software, s) {
				c.Software = append(c.Software, s)
			}
		}
	}
	slices.Sort(c.Families)
	list, judged := columns(t.Type)
	for _, m := range list {
		x, err := study.Of(logs, m)
		if errors.Is(err, study.ErrNoItem) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("card: %w", err)
		}
		c.Metrics = append(c.Metrics, m)
		for i, p := range x.Points() {
			if len(c.Metrics) == 1 {
				c.Rows = append(c.Rows, Row{Models: len(p.Models), Parameters: p.Parameters})
			}
			s := metric.Mean(p.Values)
			if m.Kind == metric.KindAccuracy {
				s = metric.Share(p.Values)
			}
			c.Rows[i].Scores = append(c.Rows[i].Scores, s)
		}
	}
	for _, m := range judged {
		s, err := study.Series(logs, m)
		if errors.Is(err, study.ErrNoItem) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("card: %w", err)
		}
		r, err := trend.Of(s)
		if err != nil {
			return nil, fmt.Errorf("card: %w", err)
		}
		figure, err := show.TrendChart(r)
		if err != nil {
			return nil, fmt.Errorf("card: %w", err)
		}
		c.Trends = append(c.Trends, Trend{Metric: m, Result: r, Figure: figure})
	}
	if len(c.Trends) == 0 {
		return nil, fmt.Errorf("card: the logs of %s hold none of the metrics %s of a task of type %s for an item that every model answered", t.Name, names(judged), t.Type)
	}
	c.criteria(t)
	return c, nil
}

// criteria fills the rubric in.
func (c *Card) criteria(t *task.Task) {
	lead, of := c.Trends[0].Result, c.Trends[0].Metric
	first, last := c.Rows[0], c.Rows[len(c.Rows)-1]
	kinds := map[string]int{}
	for _, p := range c.Task.Problems {
		kinds[p.Code]++
	}
	checks := "the checks found nothing"
	if len(kinds) > 0 {
		names := make([]string, 0, len(kinds))
		for k := range kinds {
			names = append(names, k)
		}
		slices.Sort(names)
		checks = "the checks found"
		for i, k := range names {
			if i > 0 {
				checks += ","
			}
			checks += fmt.Sprintf(" %d %s", kinds[k], k)
		}
	}
	families := "no family is named in the logs"
	if n := len(c.Families); n > 0 {
		families = fmt.Sprintf("%d model %s (%s), %d sizes over %.1f decades", n, plural(n, "family", "families"), strings.Join(c.Families, ", "), len(c.Rows), math.Log10(last.Parameters/first.Parameters))
	}
	covered := " the models' total probability of the choices is not known"
	for k, m := range c.Metrics {
		if m.Name == metric.Coverage.Name {
			covered = fmt.Sprintf(" the largest model puts %.2g of its probability on the choices", last.Scores[k].Mean)
		}
	}
	c.Criteria = []Criterion{
		{
			"Strength", "How clear and how large is the trend?",
			fmt.Sprintf("%s %s: %.3g %s a decade, 90%% interval %.3g to %.3g, %s", of.Phrase, lead.Verdict, lead.Slope.Estimate, of.Unit, lead.Slope.Lo90, lead.Slope.Hi90, trend.PValue(lead.P)), "",
		},
		{"Generality", "Does it hold across model families and ways of training?", families, "whether families trained in other ways, such as on instructions or with human feedback, are covered"},
		{"Importance", "Would a model that fails like this do harm, and does the failure teach something general?", "", "all of it"},
		{"Novelty and surprise", "Is it known already, and would people have expected it?", "", "all of it"},
		{
			"Coverage", "Do the items represent the claim, without errors and without a short cut?",
			fmt.Sprintf("%d items, chance %s; %s;%s%s", c.Task.Items, number(c.Task.Chance), checks, shortCuts(t), covered),
			"whether the items cover what the description claims, and whether the labels are right",
		},
		{
			"Reproducibility", "Can anybody run it again and get the same?",
			fmt.Sprintf("task %.16s, %s; %s", t.Hash(), strings.Join(c.Software, ", "), "every answer is in the run logs"), "whether a rewording gives the same trend",
		},
	}
}

// shortCuts says how often answers that look at no meaning are right: the first
// choice, the longest, the shortest (bytes; ties share the point). It is empty
// for tasks that have no single right choice.
func shortCuts(t *task.Task) string {
	var n, first, longest, shortest float64
	for _, it := range t.Items {
		if len(it.Gold) != 1 || len(it.Choices) < 2 {
			continue
		}
		lengths := make([]int, len(it.Choices))
		for i, choice := range it.Choices {
			lengths[i] = len(choice)
		}
		point := func(extreme int) float64 {
			if lengths[it.Gold[0]] != extreme {
				return 0
			}
			same := 0
			for _, l := range lengths {
				if l == extreme {
					same++
				}
			}
			return 1 / float64(same)
		}
		n++
		longest += point(slices.Max(lengths))
		shortest += point(slices.Min(lengths))
		if it.Gold[0] == 0 {
			first++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" always taking the first choice is right in %.0f%%, the longest in %.0f%%, the shortest in %.0f%%;", 100*first/n, 100*longest/n, 100*shortest/n)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// names lists metrics by name.
func names(list []metric.Metric) string {
	var l []string
	for _, m := range list {
		l = append(l, m.Name)
	}
	return strings.Join(l, ", ")
}

// FigureName is the file name of the figure of a metric, as Markdown links to it.
func (c *Card) FigureName(m metric.Metric) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || r == ' ' {
			return '-'
		}
		return r
	}, c.Task.Name) + "-" + m.Name + ".svg"
}
