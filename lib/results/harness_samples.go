package results

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bellwether/lib/metric"
	"bellwether/lib/model"
	"bellwether/lib/record"
)

// sample is one logged document of lm-evaluation-harness.
type sample struct {
	id      string
	filter  string
	gold    []int
	choices []record.Choice
	metrics map[string]float64
	text    *string
}

// HarnessSamples reads samples_<task>_<date>.jsonl of lm-evaluation-harness
// v0.4: one line a document and filter. The model is not named in the file; it
// is the name of its folder ("EleutherAI__pythia-70m"), as the harness lays its
// output out.
func HarnessSamples(path string) ([]Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	base := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "samples_"), ".jsonl")
	r := Result{Source: "lm-eval-0.4", File: path, Task: dated.ReplaceAllString(base, ""), Metrics: map[string]Value{}}
	r.Model = strings.Replace(filepath.Base(filepath.Dir(path)), "__", "/", 1)
	in := bufio.NewReaderSize(f, 1<<16)
	var rows []sample
	for line := 1; ; line++ {
		text, err := in.ReadBytes('\n')
		if len(strings.TrimSpace(string(text))) > 0 {
			s, perr := parseSample(nonFinite(text))
			if perr != nil {
				r.problem(BadValue, line, "%v", perr)
			} else {
				rows = append(rows, s)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
	}
	r.fromSamples(rows, "lm-eval 0.4", "", "")
	return []Result{r}, nil
}

var dated = regexp.MustCompile(`_\d{4}-\d{2}-\d{2}T[\d.:-]+$`)

// fromSamples makes the log and the metrics of a task's samples. Where there
// are several filters, one record a document is kept, that of the first filter;
// the metrics of the others carry the filter's name.
func (r *Result) fromSamples(rows []sample, software, revision, dtype string) {
	if len(rows) == 0 {
		r.problem(NoRows, 0, "no samples")
		return
	}
	first := rows[0].filter
	h := record.Header{
		Schema:   record.Schema,
		Task:     record.Task{Name: r.Task, Hash: "lm-eval:" + r.Task, Type: "classification", Format: "lm-eval"},
		Model:    model.Identity{Name: r.Model, Revision: revision, Precision: strings.TrimPrefix(dtype, "torch."), Server: "lm-eval", Method: "exact"},
		Software: []string{software}, Source: r.File,
	}
	l := &record.Log{Path: r.File, Header: h}
	logged := map[string][]float64{}
	var outcomes []metric.Outcome
	for _, s := range rows {
		for name, v := range s.metrics {
			if s.filter != first && s.filter != "none" {
				name += "," + s.filter
			}
			logged[name] = append(logged[name], v)
		}
		if s.filter != first {
			continue
		}
		row := record.Row{Item: s.id, Gold: s.gold, Choices: s.choices, Generated: s.text}
		if len(s.choices) == 0 {
			row.Values = s.metrics
			row.Gold = nil
		} else {
			o := metric.Outcome{Gold: s.gold}
			for _, c := range s.choices {
				o.Nats = append(o.Nats, c.Nats)
				o.Chars = append(o.Chars, c.Chars)
				o.Bytes = append(o.Bytes, c.Bytes)
				o.Greedy = append(o.Greedy, c.Greedy)
			}
			outcomes = append(outcomes, o)
		}
		l.Rows = append(l.Rows, row)
	}
	l.Header.Task.Items = len(l.Rows)
	l.Finished = true
	r.Log = l
	r.N = len(l.Rows)
	for _, name := range sortedKeys(logged) {
		s := metric.Mean(logged[name])
		if have, ok := r.Metrics[name]; ok && math.Abs(have.Mean-s.Mean) > 1e-9 {
			r.problem(Disagrees, 0, "%s is %g in the results and %g over the samples", name, have.Mean, s.Mean)
		} else if !ok {
			r.Metrics[name] = Value{s.Mean, s.SE}
		}
	}
	if len(outcomes) == 0 {
		return
	}
	for _, m := range []metric.Metric{metric.Loss, metric.LogOdds, metric.RawLoss, metric.Accuracy, metric.Coverage} {
		s, values, err := metric.Of(m, outcomes)
		if err != nil {
			r.problem(BadValue, 0, "%v", err)
			continue
		}
		if m.Name == metric.Coverage.Name {
			total := make([]float64, len(outcomes))
			for i, o := range outcomes {
				total[i] = metric.LogSumExp(o.Nats...)
			}
			r.fill("total_logprob", total)
		}
		if m.Name == metric.Loss.Name {
			r.doubtLoss(values)
		}
		if s.N > 0 {
			r.Metrics[m.Name] = Value{s.Mean, s.SE}
		}
	}
}

// parseSample reads one sample. Arguments come as {"gen_args_0":{"arg_0":...}}
// in files and as arrays inline; responses as [[["-25.6","False"]]] in files and
// [[[-25.6,false]]] inline.
func parseSample(raw []byte) (sample, error) {
	var d struct {
		DocID     json.RawMessage   `json:"doc_id"`
		Doc       json.RawMessage   `json:"doc"`
		Target    json.RawMessage   `json:"target"`
		Arguments json.RawMessage   `json:"arguments"`
		Resps     []json.RawMessage `json:"resps"`
		Filtered  []json.RawMessage `json:"filtered_resps"`
		Filter    string            `json:"filter"`
		Metrics   []string          `json:"metrics"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return sample{}, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return sample{}, err
	}
	if d.DocID == nil {
		return sample{}, errors.New("no doc_id")
	}
	s := sample{id: strings.Trim(string(d.DocID), `"`), filter: d.Filter, metrics: map[string]float64{}}
	if s.filter == "" {
		s.filter = "none"
	}
	for _, m := range metricsOf(d.Metrics, all) {
		if v, ok := number(all[m]); ok {
			s.metrics[m] = v
		} else if string(all[m]) == "true" {
			s.metrics[m] = 1
		} else if string(all[m]) == "false" {
			s.metrics[m] = 0
		}
	}
	args, err := arguments(d.Arguments)
	if err != nil {
		return sample{}, err
	}
	for i, resp := range d.Filtered {
		nats, greedy, ok := pairOf(resp)
		if !ok {
			if text, isText := textOf(resp); isText && s.text == nil {
				s.text = &text
			}
			continue
		}
		if math.IsNaN(nats) || math.IsInf(nats, 0) {
			return sample{}, fmt.Errorf("doc %s: response %d has log-probability %g", s.id, i, nats)
		}
		c := record.Choice{Nats: nats, Greedy: greedy}
		if i < len(args) && len(args[i]) > 1 {
			text := strings.TrimPrefix(args[i][1], " ") // acc_norm counts the choice without target_delimiter
			c.Bytes, c.Chars = len(text), len([]rune(text))
		}
		s.choices = append(s.choices, c)
	}
	if len(s.choices) > 0 {
		gold, ok := goldOf(d.Target, args)
		switch {
		case !ok || gold < 0:
			return sample{}, fmt.Errorf("doc %s: target %s is not one of the %d choices", s.id, d.Target, len(s.choices))
		case len(s.choices) == 1: // a log-likelihood task: the one continuation is the answer
			gold = 0
		case gold >= len(s.choices):
			return sample{}, fmt.Errorf("doc %s: target %d is not one of the %d choices", s.id, gold, len(s.choices))
		}
		s.gold = []int{gold}
	}
	return s, nil
}

// metricsOf lists the names of the metrics of a sample: "metrics" in newer
// files, else every number that is not part of the record.
func metricsOf(names []string, all map[string]json.RawMessage) []string {
	if len(names) > 0 {
		return names
	}
	for _, k := range sortedKeys(all) {
		switch k {
		case "doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics", "doc_hash", "prompt_hash", "target_hash":
			continue
		}
		names = append(names, k)
	}
	return names
}

// arguments returns [request][argument] texts.
func arguments(raw json.RawMessage) ([][]string, error) {
	text := func(list []json.RawMessage) []string {
		out := make([]string, len(list))
		for i, a := range list {
			if json.Unmarshal(a, &out[i]) != nil {
				out[i] = string(a) // generation settings: an object
			}
		}
		return out
	}
	var lists [][]json.RawMessage
	if json.Unmarshal(raw, &lists) == nil {
		out := make([][]string, len(lists))
		for i, l := range lists {
			out[i] = text(l)
		}
		return out, nil
	}
	var objects map[string]map[string]json.RawMessage
	if err := json.Unmarshal(raw, &objects); err != nil {
		return nil, fmt.Errorf("arguments are neither an array nor gen_args objects: %w", err)
	}
	out := make([][]string, len(objects))
	for key, args := range objects {
		i, err := strconv.Atoi(strings.TrimPrefix(key, "gen_args_"))
		if err != nil || i < 0 || i >= len(out) {
			return nil, fmt.Errorf("arguments have the key %q among %d", key, len(objects))
		}
		list := make([]json.RawMessage, 0, len(args))
		for k := range len(args) {
			list = append(list, args["arg_"+strconv.Itoa(k)])
		}
		out[i] = text(list)
	}
	return out, nil
}

// pairOf reads [-25.6, false], ["-25.6", "False"] or either one level deeper.
func pairOf(raw json.RawMessage) (nats float64, greedy, ok bool) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return 0, false, false
	}
	if len(list) == 1 {
		return pairOf(list[0])
	}
	v, isNumber := number(list[0])
	flag := strings.ToLower(strings.Trim(string(list[1]), `"`))
	if !isNumber || (flag != "true" && flag != "false") {
		return 0, false, false
	}
	return v, flag == "true", true
}

func textOf(raw json.RawMessage) (string, bool) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s, true
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
		return textOf(list[0])
	}
	return "", false
}

// goldOf finds the index of the right choice: target is an index, or the text
// of one choice, each possibly as a string.
func goldOf(raw json.RawMessage, args [][]string) (int, bool) {
	var n int
	if json.Unmarshal(raw, &n) == nil {
		return n, true
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return 0, false
	}
	i := slices.IndexFunc(args, func(a []string) bool { return len(a) > 1 && strings.TrimSpace(a[1]) == strings.TrimSpace(s) })
	if i >= 0 {
		return i, true
	}
	if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
		return n, true
	}
	if len(args) == 1 {
		return 0, true
	}
	return 0, false
}
