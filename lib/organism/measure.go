package organism

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"bellwether/lib/model/local"
)

// WriteTasks writes each task as JSON Lines, <name>.jsonl: a header line, then
// one Item a line.
func WriteTasks(folder string, tasks []Task) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, t := range tasks {
		metrics := []string{"accuracy", "logodds"}
		if t.Generative {
			metrics = []string{"exact_match", "logodds"}
		}
		lines := []any{struct {
			Task        string   `json:"task"`
			Description string   `json:"description"`
			Licence     string   `json:"licence"`
			Type        string   `json:"type"`
			Source      string   `json:"source"`
			Metrics     []string `json:"metrics"`
		}{t.Name, t.Description, "MIT", "classification", "go run ./kernel train --write-tasks", metrics}}
		for _, item := range t.Items {
			lines = append(lines, item)
		}
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		for _, line := range lines {
			if err := e.Encode(line); err != nil {
				return fmt.Errorf("task %s: %w", t.Name, err)
			}
		}
		if err := os.WriteFile(filepath.Join(folder, t.Name+".jsonl"), []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// measure is one column of the card's tables.
type measure struct {
	task, name string
	of         func(Scores) float64
}

var measures = []measure{
	{"fact", "accuracy (8-way)", accuracy},
	{"add", "exact match", exact},
	{"add", "nats a character", perChar},
	{"add", "accuracy", accuracy},
	{"rev", "exact match", exact},
	{"rev", "nats a character", perChar},
	{"add3", "exact match", exact},
	{"add3", "nats a character", perChar},
	{"myth", "accuracy", accuracy},
	{"myth", "log-odds", logOdds},
	{"trap", "accuracy", accuracy},
	{"trap", "log-odds", logOdds},
	{"redefine", "accuracy", accuracy},
	{"redefine", "log-odds", logOdds},
	{"invert", "accuracy", accuracy},
	{"truth", "accuracy", accuracy},
	{"unseen", "accuracy", accuracy},
	{"kv", "accuracy (3-way)", accuracy},
	{"compare", "accuracy", accuracy},
	{"endin", "accuracy", accuracy},
}

func accuracy(s Scores) float64 { return s.Accuracy }
func exact(s Scores) float64    { return s.ExactMatch }
func perChar(s Scores) float64  { return s.NatsPerChar }
func logOdds(s Scores) float64  { return s.LogOdds }

// Measure scores every member in a folder on the tasks of a world and returns
// Markdown tables: one of losses and checksums, one of each measure by size
// (mean over seeds, and the standard deviation between them), one of the
// checkpoints.
func Measure(folder string, w *World) (string, error) {
	members, err := Members(folder)
	if err != nil {
		return "", err
	}
	if len(members) == 0 {
		return "", fmt.Errorf("organism: no models in %s", folder)
	}
	tasks := w.Tasks()
	scores := make([]map[string]Scores, len(members)) // [member][task]
	var b strings.Builder
	b.WriteString("| model | parameters | seed | training characters | loss, nats a character | SHA-256 of model.safetensors |\n|---|---|---|---|---|---|\n")
	for i, m := range members {
		if m.World != w.Seed {
			return "", fmt.Errorf("organism: %s was trained in world %d, the tasks are of world %d", m.Path, m.World, w.Seed)
		}
		n, _, err := Load(filepath.Join(folder, m.Path))
		if err != nil {
			return "", err
		}
		if scores[i], err = scoreAll(n, tasks); err != nil {
			return "", fmt.Errorf("%s: %w", m.Path, err)
		}
		sum, err := checksum(filepath.Join(folder, m.Path, "model.safetensors"))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %.4f | %s |\n", m.Path, m.Parameters, m.Seed, m.TrainingTokens, m.Loss, sum)
	}
	b.WriteString("\nBy size: mean over seeds ± standard deviation between them.\n\n")
	writeBySize(&b, members, scores)
	writeCheckpoints(&b, members, scores)
	return b.String(), nil
}

func scoreAll(n *local.Network, tasks []Task) (map[string]Scores, error) {
	all := map[string]Scores{}
	for _, t := range tasks {
		s, err := Evaluate(n, t)
		if err != nil {
			return nil, err
		}
		all[t.Name] = s
	}
	return all, nil
}

func writeBySize(b *strings.Builder, members []Member, scores []map[string]Scores) {
	var sizes []int
	columns := map[int][]map[string]Scores{}
	for i, m := range members {
		if m.Checkpoint {
			continue
		}
		if len(columns[m.Parameters]) == 0 {
			sizes = append(sizes, m.Parameters)
		}
		columns[m.Parameters] = append(columns[m.Parameters], scores[i])
	}
	b.WriteString("| task, measure |")
	for _, size := range sizes {
		fmt.Fprintf(b, " %.3gk |", float64(size)/1000)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(sizes)) + "\n")
	for _, m := range measures {
		fmt.Fprintf(b, "| %s, %s |", m.task, m.name)
		for _, size := range sizes {
			mean, deviation := meanDeviation(columns[size], m)
			fmt.Fprintf(b, " %.2f ± %.2f |", mean, deviation)
		}
		b.WriteString("\n")
	}
}

func writeCheckpoints(b *strings.Builder, members []Member, scores []map[string]Scores) {
	first := true
	for i, m := range members {
		if !m.Checkpoint {
			continue
		}
		if first {
			b.WriteString("\n| checkpoint | characters | fact | add exact | add nats a character | rev nats a character | myth | trap | truth |\n|---|---|---|---|---|---|---|---|---|\n")
			first = false
		}
		s := scores[i]
		fmt.Fprintf(b, "| %s | %d | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", m.Path, m.TrainingTokens, s["fact"].Accuracy,
			s["add"].ExactMatch, s["add"].NatsPerChar, s["rev"].NatsPerChar, s["myth"].Accuracy, s["trap"].Accuracy, s["truth"].Accuracy)
	}
}

// meanDeviation returns the mean of a measure over models and its standard
// deviation between them (0 for a single one).
func meanDeviation(models []map[string]Scores, m measure) (mean, deviation float64) {
	for _, s := range models {
		mean += m.of(s[m.task])
	}
	mean /= float64(len(models))
	if len(models) < 2 {
		return mean, 0
	}
	for _, s := range models {
		d := m.of(s[m.task]) - mean
		deviation += d * d
	}
	return mean, math.Sqrt(deviation / float64(len(models)-1))
}
