package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"bellwether/lib/data"
	"bellwether/lib/model"
)

// Family opens every final model of a family, by size and then training seed: a
// folder with family.json, or the name of one under data/models ("tiny").
func Family(nameOrDir string) ([]model.Scorer, error) { return open(nameOrDir, false) }

// Checkpoints opens the models of a family that were saved before the end of
// training together with the final models of the same size and seed, for trends
// over training tokens.
func Checkpoints(nameOrDir string) ([]model.Scorer, error) { return open(nameOrDir, true) }

type member struct {
	Path           string  `json:"path"`
	Parameters     float64 `json:"parameters"`
	NonEmbedding   float64 `json:"non_embedding_parameters"`
	Seed           int     `json:"seed"`
	TrainingTokens float64 `json:"training_tokens"`
	Checkpoint     bool    `json:"checkpoint"`
}

func open(nameOrDir string, checkpoints bool) ([]model.Scorer, error) {
	dir := nameOrDir
	if _, err := os.Stat(filepath.Join(dir, "family.json")); errors.Is(err, fs.ErrNotExist) {
		shipped, err := data.Path("models", nameOrDir)
		if err != nil {
			return nil, fmt.Errorf("local: %w", err)
		}
		dir = shipped
	}
	path := filepath.Join(dir, "family.json")
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("local: family %q: neither a folder with family.json nor the name of one in data/models: %w", nameOrDir, err)
	}
	var f struct {
		Name    string   `json:"name"`
		Members []member `json:"members"`
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("local: %s: %w", path, err)
	}
	type run struct {
		parameters float64
		seed       int
	}
	early := map[run]bool{}
	for _, m := range f.Members {
		if m.Checkpoint {
			early[run{m.Parameters, m.Seed}] = true
		}
	}
	var out []model.Scorer
	for _, m := range f.Members {
		if m.Checkpoint && !checkpoints || checkpoints && !early[run{m.Parameters, m.Seed}] {
			continue
		}
		if !filepath.IsLocal(m.Path) {
			return nil, fmt.Errorf("local: %s: path %q leaves the folder", path, m.Path)
		}
		o, err := Open(filepath.Join(dir, filepath.FromSlash(m.Path)))
		if err != nil {
			return nil, err
		}
		o.identity.Family = f.Name
		o.identity.Parameters, o.identity.NonEmbeddingParameters = m.Parameters, m.NonEmbedding
		o.identity.Seed, o.identity.TrainingTokens = m.Seed, m.TrainingTokens
		out = append(out, o)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("local: %s names no model that is wanted", path)
	}
	model.BySize(out)
	return out, nil
}
