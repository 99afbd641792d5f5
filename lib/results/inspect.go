package results

import (
	"archive/zip"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"
	"strings"

	"bellwether/lib/metric"
	"bellwether/lib/model"
	"bellwether/lib/record"

	"github.com/klauspost/compress/zstd"
)

// zstdMethod is the zip compression method of newer Inspect logs (APPNOTE 6.3.8).
const zstdMethod = 93

// memberLimit bounds one unpacked member of a log, so that a hostile archive
// cannot fill the memory.
const memberLimit = 1 << 30

type inspectHeader struct {
	Status string `json:"status"`
	Eval   struct {
		Task    string            `json:"task"`
		Model   string            `json:"model"`
		Package map[string]string `json:"packages"`
		Dataset struct {
			Samples int `json:"samples"`
		} `json:"dataset"`
	} `json:"eval"`
	Results *struct {
		Total     int `json:"total_samples"`
		Completed int `json:"completed_samples"`
		Scores    []struct {
			Name    string `json:"name"`
			Metrics map[string]struct {
				Value json.RawMessage `json:"value"`
			} `json:"metrics"`
		} `json:"scores"`
	} `json:"results"`
	Samples []inspectSample `json:"samples"`
}

type inspectSample struct {
	ID     json.RawMessage `json:"id"`
	Epoch  int             `json:"epoch"`
	Scores map[string]struct {
		Value json.RawMessage `json:"value"`
	} `json:"scores"`
	Output struct {
		Completion *string `json:"completion"`
	} `json:"output"`
	Error json.RawMessage `json:"error"`
}

// InspectEval reads an Inspect log in its zip form (.eval): header.json and one
// member a sample, deflate or zstd.
func InspectEval(path string) ([]Result, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer z.Close()
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	z.RegisterDecompressor(zstdMethod, func(r io.Reader) io.ReadCloser {
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(memberLimit))
		if err != nil {
			return io.NopCloser(failing{err})
		}
		return d.IOReadCloser()
	})
	var h inspectHeader
	found := false
	for _, f := range z.File {
		switch {
		case f.Name == "header.json":
			if err := member(f, &h); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			found = true
		case strings.HasPrefix(f.Name, "samples/") && strings.HasSuffix(f.Name, ".json"):
			var s inspectSample
			if err := member(f, &s); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			h.Samples = append(h.Samples, s)
		}
	}
	if !found { // a log that was cut off has only its journal
		for _, f := range z.File {
			if f.Name == "_journal/start.json" {
				if err := member(f, &h); err != nil {
					return nil, fmt.Errorf("%s: %w", path, err)
				}
				h.Status, found = "started", true
			}
		}
	}
	if !found {
		return nil, fmt.Errorf("%s: neither header.json nor _journal/start.json: not an Inspect log", path)
	}
	return h.results(path), nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func member(f *zip.File, v any) (err error) {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	b, err := io.ReadAll(io.LimitReader(r, memberLimit+1))
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	if len(b) > memberLimit {
		return fmt.Errorf("%s: more than %d bytes", f.Name, memberLimit)
	}
	if err := json.Unmarshal(nonFinite(b), v); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	return nil
}

// InspectJSON reads an Inspect log in its JSON form.
func InspectJSON(path string, b []byte) ([]Result, error) {
	var h inspectHeader
	if err := json.Unmarshal(nonFinite(b), &h); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return h.results(path), nil
}

// results makes one Result. Scores of samples become rows: C, I, P and N count
// 1, 0, 0.5 and 0 as Inspect's accuracy counts them; with several epochs a row
// is "id#epoch" and the metric averages the epochs of a sample first, as
// Inspect's mean reducer does.
func (h inspectHeader) results(path string) []Result {
	r := Result{Source: "inspect", File: path, Task: h.Eval.Task, Model: h.Eval.Model, Metrics: map[string]Value{}}
	if h.Status != "success" {
		r.problem(CutShort, 0, "the log's status is %q", h.Status)
	}
	if h.Results != nil {
		r.N = h.Results.Completed
		if h.Results.Completed < h.Results.Total {
			r.problem(CutShort, 0, "%d of %d samples completed", h.Results.Completed, h.Results.Total)
		}
		for _, s := range h.Results.Scores {
			se := math.NaN()
			if raw, ok := s.Metrics["stderr"]; ok {
				if v, ok := number(raw.Value); ok {
					se = v
				}
			}
			for _, m := range sortedKeys(s.Metrics) {
				if m == "stderr" {
					continue
				}
				name := m
				if len(h.Results.Scores) > 1 {
					name = s.Name + "/" + m
				}
				v, ok := number(s.Metrics[m].Value)
				if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
					r.problem(ScoreSkipped, 0, "%s is %s, not a finite number", name, s.Metrics[m].Value)
					continue
				}
				val := Value{v, math.NaN()}
				if m == "accuracy" || m == "mean" {
					val.SE = se
				}
				r.Metrics[name] = val
			}
		}
	}
	if len(h.Samples) > 0 {
		r.Log = h.records(&r)
	}
	return []Result{r}
}

func (h inspectHeader) records(r *Result) *record.Log {
	sort.SliceStable(h.Samples, func(i, j int) bool {
		a, b := h.Samples[i], h.Samples[j]
		if string(a.ID) != string(b.ID) {
			x, xerr := strconv.Atoi(string(a.ID))
			y, yerr := strconv.Atoi(string(b.ID))
			if xerr == nil && yerr == nil {
				return x < y
			}
			return string(a.ID) < string(b.ID)
		}
		return a.Epoch < b.Epoch
	})
	epochs := 1
	for _, s := range h.Samples {
		epochs = max(epochs, s.Epoch)
	}
	software := "inspect_ai " + h.Eval.Package["inspect_ai"]
	l := &record.Log{Path: r.File, Finished: h.Status == "success", Header: record.Header{
		Schema:   record.Schema,
		Task:     record.Task{Name: r.Task, Hash: "inspect:" + r.Task, Type: "generation", Format: "inspect", Items: len(h.Samples)},
		Model:    model.Identity{Name: r.Model, Server: "inspect", Method: "generated"},
		Software: []string{software}, Source: r.File,
	}}
	first := map[string][]float64{} // scorer → one value a sample, the mean of its epochs
	type key struct{ id, scorer string }
	sums, counts := map[key]float64{}, map[key]int{}
	var order []key
	for _, s := range h.Samples {
		id := strings.Trim(string(s.ID), `"`)
		row := record.Row{Item: id, Generated: s.Output.Completion}
		if epochs > 1 {
			row.Item = fmt.Sprintf("%s#%d", id, s.Epoch)
		}
		if len(s.Error) > 0 && string(s.Error) != "null" {
			row = record.Row{Item: row.Item, Error: "the sample failed in Inspect"}
		}
		for _, scorer := range sortedKeys(s.Scores) {
			v, ok := grade(s.Scores[scorer].Value)
			if !ok || row.Error != "" {
				if row.Error == "" {
					r.problem(ScoreSkipped, 0, "sample %s: %s is %s, not a grade or a number", row.Item, scorer, s.Scores[scorer].Value)
				}
				continue
			}
			if row.Values == nil {
				row.Values = map[string]float64{}
			}
			name := scorer
			if len(s.Scores) == 1 {
				name = "accuracy"
			}
			row.Values[name] = v
			k := key{id, scorer}
			if counts[k] == 0 {
				order = append(order, k)
			}
			sums[k] += v
			counts[k]++
		}
		l.Rows = append(l.Rows, row)
	}
	for _, k := range order {
		first[k.scorer] = append(first[k.scorer], sums[k]/float64(counts[k]))
	}
	for _, scorer := range sortedKeys(first) {
		name := "accuracy"
		if len(first) > 1 {
			name = scorer + "/accuracy"
		}
		s := metric.Mean(first[scorer])
		if have, ok := r.Metrics[name]; ok {
			if math.Abs(have.Mean-s.Mean) > 1e-9 {
				r.problem(Disagrees, 0, "%s is %g in the results and %g over the samples", name, have.Mean, s.Mean)
			}
		} else {
			r.Metrics[name] = Value{s.Mean, s.SE}
		}
	}
	return l
}

// grade turns a score into a number as Inspect's value_to_float does.
func grade(raw json.RawMessage) (float64, bool) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		switch strings.ToLower(s) {
		case "c", "true", "yes":
			return 1, true
		case "p":
			return 0.5, true
		case "i", "n", "false", "no":
			return 0, true
		}
	}
	var b bool
	if json.Unmarshal(raw, &b) == nil {
		if b {
			return 1, true
		}
		return 0, true
	}
	v, ok := number(raw)
	return v, ok && !math.IsNaN(v) && !math.IsInf(v, 0)
}
