package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bellwether/kernel/ipynb"
	"bellwether/lib/card"
	"bellwether/lib/eval"
	"bellwether/lib/model/family"
	"bellwether/lib/record"
	"bellwether/lib/task"

	"github.com/spf13/cobra"
)

func init() { verbs = append(verbs, cardCommand) }

// cardCommand writes a task's submission card.
func cardCommand() *cobra.Command {
	var out, models, from string
	var o eval.Options
	c := &cobra.Command{
		Use:   "card TASK",
		Short: "Write a task's submission card: checks, metrics over models, verdicts, figures, the prize's criteria",
		Long: `Write a task's submission card as Markdown and as one HTML page, with its figures
as SVG beside it. The models of the family are asked what their run logs do not
answer yet.`,
		Example: "  go run ./kernel card tiny/myth -o /tmp/card",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			t, err := task.Load(args[0])
			if err != nil {
				return err
			}
			logs, err := cardLogs(c.Context(), t, o, models, from)
			if err != nil {
				return err
			}
			k, err := card.Make(t, logs)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(out, 0o777); err != nil {
				return err
			}
			base := filepath.Join(out, strings.ReplaceAll(t.Name, "/", "-"))
			if err := os.WriteFile(base+".md", []byte(k.Markdown()), 0o666); err != nil {
				return err
			}
			page := k.Markdown()
			for _, f := range k.Trends {
				svg, err := f.Figure.SVG()
				if err != nil {
					return err
				}
				name := k.FigureName(f.Metric)
				if err := os.WriteFile(filepath.Join(out, name), svg, 0o666); err != nil {
					return err
				}
				page = strings.ReplaceAll(page, "]("+name+")", "](data:image/svg+xml;base64,"+base64.StdEncoding.EncodeToString(svg)+")")
			}
			cell := ipynb.Cell{Type: ipynb.Markdown, Source: page}
			if err := ipynb.WriteHTMLFile(base+".html", &ipynb.Notebook{Cells: []ipynb.Cell{cell}}, ipynb.Page{Name: t.Name}); err != nil {
				return err
			}
			for _, f := range k.Trends {
				fmt.Fprintf(c.OutOrStdout(), "%s: %s. %s\n", f.Metric.Name, f.Result.Verdict, f.Result.Sentence)
			}
			fmt.Fprintf(c.OutOrStdout(), "card  %s.md\npage  %s.html\n", base, base)
			return nil
		},
	}
	c.Flags().StringVarP(&out, "output", "o", ".", "folder for the card, its page and its figures")
	c.Flags().StringVar(&models, "family", "tiny", "family of models: a family file, a folder with family.json, or a name")
	c.Flags().StringVar(&from, "from", "", "take the answers from the run logs in this file or folder, and ask no model")
	c.Flags().StringVar(&o.Records, "records", "", "folder of run logs (default $BELLWETHER_RECORDS, else records)")
	return c
}

// cardLogs returns the logs of a task: those that are there, or those of asking
// a family.
func cardLogs(ctx context.Context, t *task.Task, o eval.Options, models, from string) ([]*record.Log, error) {
	if from == "" {
		scorers, err := family.Of(models)
		if err != nil {
			return nil, err
		}
		return o.Run(ctx, t, scorers)
	}
	all, err := record.ReadAll(from)
	if err != nil {
		return nil, err
	}
	hash := t.Hash()
	logs := slices.DeleteFunc(all, func(l *record.Log) bool { return l.Header.Task.Hash != hash })
	if len(logs) == 0 {
		return nil, fmt.Errorf("no run log in %s is of task %s (%.8s)", from, t.Name, hash)
	}
	return logs, nil
}
