package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"bellwether/kernel/ipynb"
	"bellwether/lib/card"
	"bellwether/lib/eval"
	"bellwether/lib/model/local"
	"bellwether/lib/task"

	"github.com/spf13/cobra"
)

func init() { verbs = append(verbs, cardCommand) }

// cardCommand writes a task's submission card.
func cardCommand() *cobra.Command {
	var out, family string
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
			models, err := local.Family(family)
			if err != nil {
				return err
			}
			logs, err := o.Run(c.Context(), t, models)
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
	c.Flags().StringVar(&family, "family", "tiny", "family of models: a folder with family.json, or a name under data/models")
	c.Flags().StringVar(&o.Records, "records", "", "folder of run logs (default $BELLWETHER_RECORDS, else records)")
	return c
}
