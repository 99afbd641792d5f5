package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bellwether/lib/data"
	"bellwether/lib/gemm"
	"bellwether/lib/organism"
)

func init() { verbs = append(verbs, trainCommand) }

// trainCommand trains, or measures, the tiny family of language models.
func trainCommand() *cobra.Command {
	var (
		out, tasks, sizes, seeds string
		world                    uint64
		jobs, steps              int
		force, evaluate, write   bool
	)
	command := &cobra.Command{
		Use:   "train",
		Short: "Train the tiny family of language models, or measure it (--evaluate)",
		Long: `Train the tiny family: small transformers on a generated mini-language, with
scaling behaviour that is known (see data/models/tiny/README.md). The same
seeds give the same bits on one machine. Finished models are kept; an
interrupted run goes on where it stopped.`,
		Example: `  go run ./kernel train                          # the shipped family, what is missing of it
  go run ./kernel train --out /tmp/tiny --force  # all of it, elsewhere
  go run ./kernel train --out /tmp/w2 --world 2 --sizes 14k,51k --seed 1
  go run ./kernel train --evaluate               # the tables of the model card
  go run ./kernel train --write-tasks            # data/tasks/tiny`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			gemm.Use()
			w := organism.NewWorld(world, organism.DefaultMixture)
			if write {
				if err := inData(&tasks, "tasks", "tiny"); err != nil {
					return err
				}
				return organism.WriteTasks(tasks, w.Tasks())
			}
			if err := inData(&out, "models", "tiny"); err != nil {
				return err
			}
			if evaluate {
				table, err := organism.Measure(out, w)
				if err != nil {
					return err
				}
				_, err = io.WriteString(command.OutOrStdout(), table)
				return err
			}
			chosen, err := chooseSizes(sizes)
			if err != nil {
				return err
			}
			plan := organism.Plan{
				World: w, Sizes: chosen, Out: out, Jobs: jobs, Force: force, Steps: steps,
				Report: reporter(command.ErrOrStderr(), time.Now()),
			}
			if steps == 0 {
				plan.Checkpoints = organism.ShippedCheckpoints()
			}
			for field := range strings.SplitSeq(seeds, ",") {
				seed, err := strconv.ParseUint(field, 10, 64)
				if err != nil {
					return fmt.Errorf("--seed %q: want numbers such as 1,2,3", seeds)
				}
				plan.Seeds = append(plan.Seeds, seed)
			}
			if err := organism.Grow(command.Context(), plan); err != nil {
				return err
			}
			fmt.Fprintln(command.OutOrStdout(), filepath.Join(out, "family.json"))
			return nil
		},
	}
	f := command.Flags()
	f.StringVar(&out, "out", "", "folder of the family (default data/models/tiny)")
	f.StringVar(&tasks, "tasks", "", "folder that --write-tasks writes to (default data/tasks/tiny)")
	f.StringVar(&sizes, "sizes", "", "sizes to train, such as 14k,51k (default all)")
	f.StringVar(&seeds, "seed", "1,2,3", "training seeds")
	f.Uint64Var(&world, "world", 1, "seed of the world: its names, facts, myths and sayings")
	f.IntVar(&jobs, "jobs", 2, "models trained at the same time, one thread each")
	f.IntVar(&steps, "steps", 0, "training steps (default 4882: 5 million characters)")
	f.BoolVar(&force, "force", false, "train again what is already there")
	f.BoolVar(&evaluate, "evaluate", false, "measure the models in the folder and print tables in Markdown")
	f.BoolVar(&write, "write-tasks", false, "write the tasks of the world instead of training")
	return command
}

// inData sets an empty path to a folder of the project's data.
func inData(path *string, elements ...string) error {
	if *path != "" {
		return nil
	}
	root, err := data.Dir()
	if err != nil {
		return err
	}
	*path = filepath.Join(append([]string{root}, elements...)...)
	return nil
}

// chooseSizes finds sizes by their labels.
func chooseSizes(labels string) ([]organism.Size, error) {
	if labels == "" {
		return organism.Sizes, nil
	}
	var all []string
	for _, s := range organism.Sizes {
		all = append(all, s.Label())
	}
	var chosen []organism.Size
	for label := range strings.SplitSeq(labels, ",") {
		i := slices.Index(all, label)
		if i < 0 {
			return nil, fmt.Errorf("--sizes: no size %q: want some of %s", label, strings.Join(all, ","))
		}
		chosen = append(chosen, organism.Sizes[i])
	}
	return chosen, nil
}

// reporter prints one line for every 500 steps of a model.
func reporter(to io.Writer, start time.Time) func(string, organism.Progress, int) {
	return func(name string, p organism.Progress, steps int) {
		if p.Step%500 != 0 && p.Step != steps {
			return
		}
		fmt.Fprintf(to, "%6s  %-18s step %4d of %d  loss %.4f nats a character\n",
			time.Since(start).Round(time.Second), name, p.Step, steps, p.Loss)
	}
}
