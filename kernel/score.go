package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bellwether/lib/eval"
	"bellwether/lib/metric"
	"bellwether/lib/model"
	"bellwether/lib/model/family"
	"bellwether/lib/model/openai"
	"bellwether/lib/record"
	"bellwether/lib/study"
	"bellwether/lib/task"
)

func init() { verbs = append(verbs, scoreCommand) }

// scoring is what the score verb was asked for.
type scoring struct {
	tasks, models       []string
	family              string
	server              string
	checkpoints         bool
	records             string
	shots               int
	seed                uint64
	asJSON, dryRun, yes bool
	budget              float64
	format, docs, kind  string
}

func scoreCommand() *cobra.Command {
	var s scoring
	c := &cobra.Command{
		Use:   "score --task TASK --family FAMILY",
		Short: "Ask the models of a family the items of a task, into the run log",
		Long: `Ask the models of a family the items of a task. A TASK is a file of any format,
or a name under data/tasks; a FAMILY is a family file (YAML; see
data/models/families/pythia.yaml), a folder with family.json, or a name ("tiny",
"pythia"). Answers go to the run log item by item: what was interrupted goes on
where it stopped, and what is answered is not asked again. Servers are probed
before the first item.

Where a price is stated the cost is printed first, and the run starts with
--budget or --yes only. --json prints one object a task and model, on one line:

  {"task", "model", "parameters", "training_tokens", "items", "failed", "warnings", "scores": {...}, "log"}`,
		Example: `  go run ./kernel score --task tiny/trap --family tiny
  go run ./kernel score --task my-task.jsonl --family my-family.yaml --dry-run
  go run ./kernel score --task my-task.jsonl --server http://127.0.0.1:8000 --model NAME`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return s.run(c) },
	}
	f := c.Flags()
	f.StringArrayVar(&s.tasks, "task", nil, "task to score (again for more)")
	f.StringVar(&s.family, "family", "", "family of models")
	f.StringArrayVar(&s.models, "model", nil, "only this model of the family (again for more)")
	f.StringVar(&s.server, "server", "", "score the --model on this server, without a family file")
	f.BoolVar(&s.checkpoints, "checkpoints", false, "the checkpoints of the family instead of its final models")
	f.StringVar(&s.records, "records", "", "folder of run logs (default $"+eval.Env+", else records)")
	f.IntVar(&s.shots, "shots", 0, "solved examples before each item")
	f.Uint64Var(&s.seed, "seed", 1, "with --shots: the seed that draws them (that of lm-evaluation-harness is 1234)")
	f.StringVar(&s.format, "format", "", "format of the task (default: detected)")
	f.StringVar(&s.kind, "type", "", "type of the task, where the file does not say")
	f.StringVar(&s.docs, "docs", "", "documents of a task description of lm-evaluation-harness")
	f.BoolVar(&s.asJSON, "json", false, "print one JSON object a task and model")
	f.BoolVar(&s.dryRun, "dry-run", false, "print what the run would ask and cost, and ask nobody")
	f.Float64Var(&s.budget, "budget", 0, "most that the run may cost, in the currency of the prices")
	f.BoolVar(&s.yes, "yes", false, "start without --budget where a price is stated")
	return c
}

func (s *scoring) run(c *cobra.Command) error {
	if len(s.tasks) == 0 || (s.family == "") == (s.server == "") {
		return errors.New("say which --task, and either a --family or a --server")
	}
	var tasks []*task.Task
	for _, name := range s.tasks {
		t, err := loadTask(task.Options{Format: task.Format(s.format), Type: task.Type(s.kind)}, name, s.docs)
		if err != nil {
			return err
		}
		tasks = append(tasks, t)
	}
	members, meter, err := s.members()
	if err != nil {
		return err
	}
	cost, priced, err := s.estimate(c, tasks, members)
	if err != nil || s.dryRun {
		return err
	}
	if priced && s.budget == 0 && !s.yes {
		return fmt.Errorf("this costs money, about %.2f: start it with --budget %.2f (the most that it may cost) or with --yes", cost, math.Ceil(cost*1.2*100)/100)
	}
	if s.budget > 0 {
		meter = openai.NewMeter(openai.Budget{Money: s.budget})
	}

	var table *tabwriter.Writer
	if !s.asJSON {
		table = tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
		tokens := ""
		if s.checkpoints {
			tokens = "training tokens\t"
		}
		fmt.Fprintln(table, "task\tmodel\tparameters\t"+tokens+"items\tfailed\tscores\t")
		defer table.Flush()
	}
	// One model after another: only one has its weights in memory, and every one
	// of them is asked with all that a machine or server has.
	failed := 0
	for _, m := range members {
		if err := s.one(c, m, meter, tasks, table); err != nil {
			if c.Context().Err() != nil || errors.Is(err, openai.ErrBudget) {
				return err
			}
			failed++
			fmt.Fprintf(c.ErrOrStderr(), "error: %s: %v\n", m.Full(), err)
		}
	}
	if failed > 0 {
		if table != nil {
			table.Flush()
		}
		return fmt.Errorf("%d of %d models could not be scored; run it again to go on where it stopped", failed, len(members))
	}
	return nil
}

// members are the models that are meant, and what counts their cost.
func (s *scoring) members() ([]*family.Model, *openai.Meter, error) {
	if s.server != "" {
		if len(s.models) != 1 {
			return nil, nil, errors.New("with --server, say which --model (one)")
		}
		m := &family.Model{Name: s.models[0], Place: family.Place{Server: s.server}}
		return []*family.Model{m}, openai.NewMeter(openai.Budget{}), nil
	}
	f, err := family.Load(s.family)
	if err != nil {
		return nil, nil, err
	}
	all := f.Final()
	if s.checkpoints {
		all = f.Checkpoints()
	}
	var out []*family.Model
	var names []string
	left := slices.Clone(s.models)
	for _, m := range all {
		names = append(names, m.Full())
		at := slices.Index(left, m.Full())
		if at < 0 {
			at = slices.Index(left, m.Name)
		}
		if len(s.models) == 0 || at >= 0 || slices.Contains(s.models, m.Full()) || slices.Contains(s.models, m.Name) {
			out = append(out, m)
		}
		if at >= 0 {
			left = slices.Delete(left, at, at+1)
		}
	}
	if len(left) > 0 {
		return nil, nil, fmt.Errorf("%s is not a model of %s: %s", strings.Join(left, ", "), f.Name, strings.Join(names, ", "))
	}
	if len(out) == 0 {
		return nil, nil, fmt.Errorf("family %s has no checkpoints", f.Name)
	}
	slices.SortStableFunc(out, func(a, b *family.Model) int {
		return cmp.Or(cmp.Compare(a.Parameters, b.Parameters), cmp.Compare(a.Seed, b.Seed), cmp.Compare(a.TrainingTokens, b.TrainingTokens))
	})
	return out, f.Meter(), nil
}

// estimate prints what the servers would be asked, if any has a price or this
// is a dry run. What the log already answers is counted as well.
func (s *scoring) estimate(c *cobra.Command, tasks []*task.Task, members []*family.Model) (cost float64, priced bool, err error) {
	var lines []string
	for _, m := range members {
		if !m.Remote() {
			lines = append(lines, m.Full()+"\ton this machine\t\t\t")
			continue
		}
		o, err := m.Options(nil)
		if err != nil {
			return 0, false, err
		}
		var u openai.Usage
		for _, t := range tasks {
			requests, err := asked(c.Context(), t, s.shots, s.seed)
			if err != nil {
				return 0, false, err
			}
			one := o.Estimate(requests)
			u.Requests, u.Input, u.Output, u.Money = u.Requests+one.Requests, u.Input+one.Input, u.Output+one.Output, u.Money+one.Money
		}
		price := "no price"
		if o.Price != (openai.Price{}) {
			priced = true
			cost += u.Money
			price = fmt.Sprintf("%.4f %s", u.Money, o.Price.Currency)
		}
		lines = append(lines, fmt.Sprintf("%s\t%d requests\t%d tokens read\t%d written\t%s", m.Full(), u.Requests, u.Input, u.Output, price))
	}
	if s.dryRun || priced {
		w := tabwriter.NewWriter(c.ErrOrStderr(), 0, 0, 2, ' ', 0)
		for _, l := range lines {
			fmt.Fprintln(w, l)
		}
		if err := w.Flush(); err != nil {
			return 0, false, err
		}
	}
	return cost, priced, nil
}

// asked returns the requests that a task makes: a scorer that only listens.
func asked(ctx context.Context, t *task.Task, shots int, seed uint64) ([]model.Request, error) {
	items := make([]int, len(t.Items))
	for i := range items {
		items[i] = i
	}
	var l listener
	_, err := eval.Shard{Task: t, Items: items, Shots: shots, Seed: seed}.Score(ctx, &l)
	return l.heard, err
}

type listener struct{ heard []model.Request }

func (l *listener) Identity() model.Identity         { return model.Identity{Name: "nobody"} }
func (l *listener) Capabilities() model.Capabilities { return model.Capabilities{} }
func (l *listener) Score(_ context.Context, requests []model.Request) ([]model.Reply, error) {
	l.heard = append(l.heard, requests...)
	return make([]model.Reply, len(requests)), nil
}

// one scores a model on every task and prints its rows.
func (s *scoring) one(c *cobra.Command, m *family.Model, meter *openai.Meter, tasks []*task.Task, table *tabwriter.Writer) error {
	scorer, err := m.Open(c.Context(), meter)
	if err != nil {
		return err
	}
	if client, ok := scorer.(*openai.Client); ok {
		defer client.Close()
		for _, w := range client.Warnings() {
			fmt.Fprintf(c.ErrOrStderr(), "%s: %s\n", m.Full(), w)
		}
	}
	batch := 0
	if m.Remote() { // what is stopped in the middle of a batch was asked, and paid, for nothing
		batch = 16
	}
	for _, t := range tasks {
		o := eval.Options{Records: s.records, Shots: s.shots, Seed: s.seed, Batch: batch, Progress: progressLine(c.ErrOrStderr())}
		logs, err := o.Run(c.Context(), t, []model.Scorer{scorer})
		if err != nil {
			return err
		}
		if err := s.print(c.OutOrStdout(), table, logs[0]); err != nil {
			return err
		}
	}
	return nil
}

// print writes a log's line.
func (s *scoring) print(w io.Writer, table *tabwriter.Writer, l *record.Log) error {
	type score struct {
		Mean float64  `json:"mean"`
		SE   *float64 `json:"se,omitempty"` // absent when one item says nothing about it
		N    int      `json:"n"`
	}
	scores := map[string]score{}
	var text []string
	for _, name := range []string{"accuracy", "exact_match", "loss", "loglik_per_char"} {
		m, err := metric.ByName(name)
		if err != nil {
			return err
		}
		var outcomes []metric.Outcome
		for _, r := range l.Rows {
			if r.Error == "" {
				outcomes = append(outcomes, study.Outcome(r, l.Header.Task.Type))
			}
		}
		v, _, err := metric.Of(m, outcomes)
		if err != nil || math.IsNaN(v.Mean) || math.IsInf(v.Mean, 0) {
			continue // not defined for this type of task
		}
		x := score{Mean: v.Mean, N: v.N}
		if !math.IsNaN(v.SE) && !math.IsInf(v.SE, 0) {
			x.SE = &v.SE
		}
		scores[name] = x
		text = append(text, fmt.Sprintf("%s %.4g ± %.2g", name, v.Mean, v.SE))
	}
	warnings := map[string]int{}
	for _, r := range l.Rows {
		for _, x := range r.Warnings {
			kind, _, _ := strings.Cut(x, ":")
			warnings[kind]++
		}
	}
	h := l.Header
	if s.asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(struct {
			Task       string           `json:"task"`
			Model      string           `json:"model"`
			Parameters float64          `json:"parameters"`
			Tokens     float64          `json:"training_tokens,omitempty"`
			Items      int              `json:"items"`
			Failed     int              `json:"failed"`
			Warnings   map[string]int   `json:"warnings"`
			Scores     map[string]score `json:"scores"`
			Log        string           `json:"log"`
		}{h.Task.Name, h.Model.Name, h.Model.Parameters, h.Model.TrainingTokens, len(l.Rows), l.Failed(), warnings, scores, l.Path})
	}
	tokens := ""
	if s.checkpoints {
		tokens = size(h.Model.TrainingTokens) + "\t"
	}
	_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s%d\t%d\t%s\t\n", h.Task.Name, h.Model.Name, size(h.Model.Parameters), tokens, len(l.Rows), l.Failed(), strings.Join(text, ", "))
	return err
}

// progressLine returns a callback that keeps one line on a screen up to date,
// and on anything else prints a line every ten seconds.
func progressLine(w io.Writer) eval.Progress {
	f, ok := w.(*os.File)
	screen := ok && newTerminal(f).screen
	start, last, first := time.Now(), time.Now(), -1
	return func(done, total int, label string) {
		if first < 0 {
			first = done
		}
		if done == first && done == total {
			return // the log answers: nothing to watch
		}
		line := fmt.Sprintf("%s: %d of %d", label, done, total)
		if n := done - first; n > 0 && done < total {
			left := time.Since(start) / time.Duration(n) * time.Duration(total-done)
			line += fmt.Sprintf(", %s left", left.Round(time.Second))
		}
		switch {
		case screen && (time.Since(last) > 150*time.Millisecond || done == total):
			last = time.Now()
			fmt.Fprintf(w, "\r\x1b[K%s", line)
			if done == total {
				fmt.Fprint(w, "\r\x1b[K")
			}
		case !screen && time.Since(last) > 10*time.Second:
			last = time.Now()
			fmt.Fprintln(w, line)
		}
	}
}
