package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"bellwether/lib/model/local/tokenizer"
	"bellwether/lib/task"
	"bellwether/lib/task/author"
	"bellwether/lib/task/harness"
)

func init() { verbs = append(verbs, tasksCommand) }

// tasksCommand checks task files.
func tasksCommand() *cobra.Command {
	var (
		o          task.Options
		format     string
		kind       string
		asJSON     bool
		other      bool
		table      bool
		item, docs string
		write      string
		checks     task.Checks
		tokens     string
		shots      int
		seed       uint64
		formatList = fmt.Sprint(task.Formats)
	)
	command := &cobra.Command{
		Use:   "tasks FILE...",
		Short: "Check task files: items, choices, chance, gold balance and problems",
		Long: `Check task files. A FILE is a path, or the name of a task under data/tasks
("tiny/add"). The format is detected from the content. Every finding has a code,
a line and a sentence. --json prints one object a file, on one line; of a file
that is no task, only the reason is there ("problems") and what is not known is
null. The exit status is 1 if a file is no task or has no items. With --tokenizer, prompts and choices are measured
in tokens of a model: what is longer than its context (--context), what tokenizes
to nothing, what it has no tokens for.`,
		Example: `  go run ./kernel tasks my-task.csv
  go run ./kernel tasks --json tiny/add
  go run ./kernel tasks --tokenizer models/pythia-70m --context 2048 my-task.csv
  go run ./kernel tasks --prompt 17 --shots 3 --seed 1 my-task.csv  # exactly what a model sees`,
		Args: func(_ *cobra.Command, files []string) error {
			if len(files) == 0 && write == "" {
				return errors.New("name one or more task files, or tasks under data/tasks")
			}
			return nil
		},
		RunE: func(command *cobra.Command, files []string) error {
			if shots < 0 {
				return fmt.Errorf("--shots %d: want 0 or more solved examples", shots)
			}
			for _, name := range []string{"shots", "seed", "other"} {
				if item == "" && command.Flags().Changed(name) {
					return fmt.Errorf("--%s goes with --prompt, which prints the prompt of one item", name)
				}
			}
			if write != "" {
				return author.Write(write, author.All(author.Seed))
			}
			o.Format, o.Type = task.Format(format), task.Type(kind)
			if tokens != "" {
				count, err := tokenCounter(tokens)
				if err != nil {
					return err
				}
				checks.Tokens = count
			}
			out := command.OutOrStdout()
			failed := false
			same := map[string]string{} // hash to the first file with these bytes
			var all []task.Summary
			for _, file := range files {
				t, err := loadTask(o, file, docs)
				if item != "" {
					if err != nil {
						return err
					}
					it, ok := t.Item(item)
					if !ok {
						return fmt.Errorf("%s has no item %q among its %d", file, item, len(t.Items))
					}
					if n := len(t.Examples(it, shots, seed)); n < shots {
						fmt.Fprintf(command.ErrOrStderr(), "note: %d examples instead of %d: the task has no more for this item\n", n, shots)
					}
					if !other {
						fmt.Fprint(out, t.Prompt(it, shots, seed))
					} else if it.OtherPrompt == "" {
						return fmt.Errorf("%s: item %q has no second context: only log-odds tasks have", file, item)
					} else {
						fmt.Fprint(out, t.OtherPrompt(it, shots, seed))
					}
					continue
				}
				var s task.Summary
				if err != nil {
					failed = true
					s = task.Failed(file, formatOf(o, file), err)
					if !asJSON && !table {
						fmt.Fprintln(command.ErrOrStderr(), "error:", err)
						continue
					}
				} else {
					s = checks.Summarize(t)
					failed = failed || s.Items == 0
				}
				if first, twice := same[s.SHA256]; twice && s.SHA256 != "" {
					fmt.Fprintf(command.ErrOrStderr(), "note: %s has the same bytes as %s\n", file, first)
				} else {
					same[s.SHA256] = file
				}
				switch {
				case asJSON:
					s.File = file
					enc := json.NewEncoder(out)
					enc.SetEscapeHTML(false)
					if err := enc.Encode(s); err != nil {
						return err
					}
				case table:
					all = append(all, s)
				default:
					fmt.Fprint(out, s)
				}
			}
			if table {
				fmt.Fprint(out, task.Markdown(all...))
			}
			if failed {
				return errReported
			}
			return nil
		},
	}
	f := command.Flags()
	f.BoolVar(&asJSON, "json", false, "print one JSON object a file, on one line")
	f.BoolVar(&table, "table", false, "print one table of all files, in Markdown")
	f.StringVar(&format, "format", "", "how the files are written, one of "+formatList+" (default: detected)")
	f.StringVar(&kind, "type", "", "what the tasks measure, such as logodds (default: the file's word, or what its columns say)")
	f.StringVar(&o.Variant, "variant", "", "which task of a file: mc1 or mc2 of TruthfulQA")
	f.StringVar(&write, "write", "", "write Bellwether's own tasks and their cards into this folder, and check nothing")
	f.StringVar(&tokens, "tokenizer", "", "a tokenizer.json, or the folder of a model that has one: count its tokens (default: four bytes are taken for one)")
	f.IntVar(&checks.MaxTokens, "context", 0, "tokens that a prompt and a choice may have together (default 2048)")
	f.StringVar(&docs, "docs", "", "for a task description of lm-evaluation-harness (YAML): its documents, in JSON Lines, JSON or CSV")
	f.StringVar(&item, "prompt", "", "print the exact prompt of the item with this identifier and nothing else")
	f.BoolVar(&other, "other", false, "with --prompt: the second context of a log-odds item instead")
	f.IntVar(&shots, "shots", 0, "with --prompt: solved examples in front of it")
	f.Uint64Var(&seed, "seed", 1, "with --shots: the seed that draws them (that of lm-evaluation-harness is 1234)")
	return command
}

// loadTask reads a task of any format; docs are the documents of a task
// description of lm-evaluation-harness.
func loadTask(o task.Options, file, docs string) (*task.Task, error) {
	if formatOf(o, file) != task.HarnessYAML {
		t, err := o.Load(file)
		if !errors.Is(err, task.ErrHarness) {
			return t, err
		}
	}
	t, err := harness.Load(file, docs)
	if err == nil && o.Type != "" {
		t.Type = o.Type
	}
	return t, err
}

// tokenCounter counts the tokens of a model's tokenizer.json; path is the file
// or the folder it is in.
func tokenCounter(path string) (func(string) (int, error), error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "tokenizer.json")
	}
	t, err := tokenizer.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--tokenizer: %w", err)
	}
	return func(s string) (int, error) {
		pieces, err := t.Encode(s)
		return len(pieces), err
	}, nil
}

// formatOf tells a YAML file by its name; the other formats are detected from
// the content.
func formatOf(o task.Options, file string) task.Format {
	if ext := filepath.Ext(file); o.Format == "" && (ext == ".yaml" || ext == ".yml") {
		return task.HarnessYAML
	}
	return o.Format
}
