package organism

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"sync"

	"bellwether/lib/model/local"
)

// Plan says which members of a family to train and where to put them.
type Plan struct {
	World *World
	Sizes []Size
	Seeds []uint64
	Out   string // folder of the family
	Jobs  int    // models trained at the same time, one thread each; at least 1
	Force bool   // train again what is already there
	Steps int    // 0: as the size's Settings say

	// Checkpoints[parameters] lists steps after which the first seed of that
	// size is saved as a member of its own.
	Checkpoints map[int][]int

	// Report, if set, is told how each model gets on. It is called from
	// several goroutines, one call at a time.
	Report func(name string, p Progress, steps int)
}

// ShippedCheckpoints are those of the shipped family: an eighth, a quarter and
// half of the training of two sizes.
func ShippedCheckpoints() map[int][]int {
	at := []int{steps / 8, steps / 4, steps / 2}
	return map[int][]int{Size{28, 1}.Parameters(): at, Size{48, 2}.Parameters(): at}
}

// Grow trains what is not there yet, seed by seed, large sizes first, and
// rewrites family.json. A member's folder is complete or absent; an
// interrupted Grow goes on with the models that are missing.
func Grow(ctx context.Context, p Plan) error {
	if p.Jobs < 1 || len(p.Sizes) == 0 || len(p.Seeds) == 0 {
		return fmt.Errorf("organism: %d jobs, %d sizes, %d seeds: want at least 1 of each", p.Jobs, len(p.Sizes), len(p.Seeds))
	}
	type job struct {
		size Size
		seed uint64
	}
	var jobs []job
	sizes := slices.Clone(p.Sizes)
	sort.SliceStable(sizes, func(i, j int) bool { return sizes[i].Parameters() > sizes[j].Parameters() })
	for _, seed := range p.Seeds {
		for _, size := range sizes {
			folder := filepath.Join(p.Out, size.Name(seed, 0))
			if _, err := os.Stat(filepath.Join(folder, "model.safetensors")); err == nil && !p.Force {
				continue
			}
			jobs = append(jobs, job{size, seed})
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan job)
	var wait sync.WaitGroup
	var reporting sync.Mutex
	for range min(p.Jobs, max(1, len(jobs))) {
		wait.Go(func() {
			for j := range queue {
				report := func(q Progress, steps int) {
					if p.Report != nil {
						reporting.Lock()
						defer reporting.Unlock()
						p.Report(j.size.Name(j.seed, 0), q, steps)
					}
				}
				if err := p.train(ctx, j.size, j.seed, report); err != nil {
					cancel(fmt.Errorf("%s: %w", j.size.Name(j.seed, 0), err))
				}
			}
		})
	}
	for _, j := range jobs {
		if ctx.Err() != nil {
			break
		}
		select {
		case queue <- j:
		case <-ctx.Done():
		}
	}
	close(queue)
	wait.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	_, err := WriteFamily(p.Out)
	return err
}

// train trains one member and saves it and its checkpoints.
func (p Plan) train(ctx context.Context, size Size, seed uint64, report func(Progress, int)) error {
	s := size.Settings(seed)
	if p.Steps > 0 {
		s.Steps = p.Steps
	}
	member := Member{
		Path: size.Name(seed, 0), Parameters: size.Parameters(), Seed: seed,
		NonEmbedding: size.Parameters() - 2*len(Alphabet)*size.Width, World: p.World.Seed,
	}
	var saving error
	var at []int
	if seed == p.Seeds[0] {
		at = p.Checkpoints[size.Parameters()]
	}
	var last Progress
	n, err := Train(ctx, p.World, s, at, func(q Progress, n *local.Network) {
		last = q
		report(q, s.Steps)
		if slices.Contains(at, q.Step) && q.Step < s.Steps {
			m := member
			m.Path, m.Checkpoint = size.Name(seed, q.Step), true
			m.TrainingTokens, m.Loss = q.Step*s.Batch*s.Config.Context, q.Loss
			saving = errors.Join(saving, Save(filepath.Join(p.Out, m.Path), n, m))
		}
	})
	if err := errors.Join(err, saving); err != nil {
		return err
	}
	member.TrainingTokens, member.Loss = s.Steps*s.Batch*s.Config.Context, last.Loss
	return Save(filepath.Join(p.Out, member.Path), n, member)
}

// Members reads the members in a family's folder, by parameters, seed, tokens.
func Members(folder string) ([]Member, error) {
	configs, err := filepath.Glob(filepath.Join(folder, "*", "config.json"))
	if err != nil {
		return nil, err
	}
	var members []Member
	for _, path := range configs {
		if filepath.Ext(filepath.Dir(path)) == ".tmp" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var c struct {
			Bellwether Member `json:"bellwether"`
		}
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if c.Bellwether.Path == "" {
			return nil, fmt.Errorf("%s: no \"bellwether\" entry", path)
		}
		members = append(members, c.Bellwether)
	}
	sort.Slice(members, func(i, j int) bool {
		a, b := members[i], members[j]
		if a.Parameters != b.Parameters {
			return a.Parameters < b.Parameters
		}
		if a.Seed != b.Seed {
			return a.Seed < b.Seed
		}
		return a.TrainingTokens < b.TrainingTokens
	})
	return members, nil
}

// Family is the content of family.json. Members with Checkpoint set belong to
// trends over training tokens, not over size.
type Family struct {
	Name    string   `json:"name"`
	Members []Member `json:"members"`
}

// WriteFamily writes family.json for the members in a folder.
func WriteFamily(folder string) (Family, error) {
	members, err := Members(folder)
	if err != nil {
		return Family{}, err
	}
	f := Family{Name: "tiny", Members: members}
	return f, os.WriteFile(filepath.Join(folder, "family.json"), encode(f), 0o644)
}
