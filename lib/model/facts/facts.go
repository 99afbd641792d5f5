// Package facts knows the public models: how many parameters, trained on how
// many tokens, and where the number comes from. The table is
// data/models/facts.csv; a family that is not in it is added there, a line a
// model with its source.
//
// Parameters count everything, embeddings included; non-embedding parameters
// are what Kaplan et al. 2020 count. Sizes that are only estimated from outside
// (the GPT-3 API) are marked.
package facts

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"bellwether/lib/data"
	"bellwether/lib/model"
)

// Fact is what is known of one model. Zero means unknown.
type Fact struct {
	Family       string
	Model        string
	Aliases      []string
	Parameters   float64
	NonEmbedding float64
	Tokens       float64 // training tokens seen
	PerStep      float64 // tokens an optimiser step, for checkpoints named "@stepN"
	Estimated    bool    // Parameters is an outside estimate
	Step         int     // of a checkpoint; 0: the final model
	Source       string
}

// FLOPs returns the training compute by the usual approximation, 6 x parameters
// x tokens (Kaplan et al. 2020, section 2.1; total parameters, as Hoffmann et
// al. 2022 count), 0 when the tokens are not known.
func (f Fact) FLOPs() float64 { return 6 * f.Parameters * f.Tokens }

// Fill puts the fact into an identity that lacks it. What the identity already
// says is kept.
func (f Fact) Fill(id *model.Identity) {
	if id.Parameters == 0 {
		id.Parameters, id.Estimated = f.Parameters, f.Estimated
	}
	if id.NonEmbeddingParameters == 0 {
		id.NonEmbeddingParameters = f.NonEmbedding
	}
	if id.TrainingTokens == 0 {
		id.TrainingTokens = f.Tokens
	}
	if id.Family == "" {
		id.Family = f.Family
	}
}

// Table is a set of facts.
type Table struct {
	Facts []Fact // in file order
	index map[string]int
}

// Shipped returns the table of the project's data folder, read once.
var Shipped = sync.OnceValues(func() (*Table, error) {
	path, err := data.Path("models", "facts.csv")
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("facts: %w", err)
	}
	defer f.Close()
	return Read(path, f)
})

var columns = []string{"family", "model", "aliases", "parameters", "non_embedding_parameters", "training_tokens", "tokens_per_step", "estimated", "source"}

// Read reads a table in the layout of data/models/facts.csv. Errors name the
// line. A name that two models share is an error, as is a line without a source.
func Read(name string, r io.Reader) (*Table, error) {
	in := csv.NewReader(r)
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("facts: %s: %w", name, err)
	}
	if !slices.Equal(head, columns) {
		return nil, fmt.Errorf("facts: %s:1: columns %q; they must be %q", name, head, columns)
	}
	t := &Table{index: map[string]int{}}
	for {
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, fmt.Errorf("facts: %s: %w", name, err)
		}
		line, _ := in.FieldPos(0)
		bad := func(format string, args ...any) error {
			return fmt.Errorf("facts: %s:%d: %s", name, line, fmt.Sprintf(format, args...))
		}
		f := Fact{Family: rec[0], Model: rec[1], Source: rec[8]}
		if f.Model == "" || f.Source == "" {
			return nil, bad("model %q, source %q: both are needed", f.Model, f.Source)
		}
		if rec[2] != "" {
			f.Aliases = strings.Split(rec[2], ";")
		}
		for _, c := range []struct {
			to *float64
			at int
		}{{&f.Parameters, 3}, {&f.NonEmbedding, 4}, {&f.Tokens, 5}, {&f.PerStep, 6}} {
			if rec[c.at] == "" {
				continue
			}
			if *c.to, err = strconv.ParseFloat(rec[c.at], 64); err != nil || !(*c.to > 0) {
				return nil, bad("%s is %q, not a number above 0", columns[c.at], rec[c.at])
			}
		}
		switch rec[7] {
		case "yes":
			f.Estimated = true
		case "":
		default:
			return nil, bad("estimated is %q; it is yes or empty", rec[7])
		}
		if f.Parameters == 0 || f.NonEmbedding > f.Parameters {
			return nil, bad("%g parameters, %g without embeddings", f.Parameters, f.NonEmbedding)
		}
		for _, n := range append([]string{f.Model}, f.Aliases...) {
			key := strings.ToLower(n)
			if other, ok := t.index[key]; ok && other != len(t.Facts) {
				return nil, bad("%q is also a name of %s", n, t.Facts[other].Model)
			}
			t.index[key] = len(t.Facts)
		}
		t.Facts = append(t.Facts, f)
	}
}

// Lookup finds a model by its name or an alias, in any case. A checkpoint
// "pythia-410m@step1000" has the tokens of its step. An unknown model is not
// guessed at: its size must be stated.
func (t *Table) Lookup(name string) (Fact, bool) {
	base, revision, checkpoint := strings.Cut(name, "@")
	i, ok := t.index[strings.ToLower(base)]
	if !ok {
		return Fact{}, false
	}
	f := t.Facts[i]
	if checkpoint {
		n, err := strconv.Atoi(strings.TrimPrefix(revision, "step"))
		if err != nil || n < 0 || f.PerStep == 0 {
			f.Tokens = 0 // another revision: the training tokens are not known
			return f, true
		}
		f.Step, f.Tokens = n, float64(n)*f.PerStep
	}
	return f, true
}

// Sizes returns the total parameters of a model by name, for package results.
func (t *Table) Sizes(name string) (float64, bool) {
	f, ok := t.Lookup(name)
	return f.Parameters, ok
}
