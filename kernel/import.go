package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"text/tabwriter"

	"bellwether/lib/model/facts"
	"bellwether/lib/record"
	"bellwether/lib/results"

	"github.com/spf13/cobra"
)

func init() { verbs = append(verbs, importCommand) }

// importCommand reads the results of other tools.
func importCommand() *cobra.Command {
	var asJSON bool
	var records string
	var table results.Columns
	c := &cobra.Command{
		Use:   "import PATH...",
		Short: "Read the results of other tools",
		Long: `Read the results of other tools: result folders of the Inverse Scaling Prize,
results and samples of lm-evaluation-harness (v0.3, v0.4), Inspect logs (.eval,
.json), HELM run directories, and with --model-column a plain CSV. Metrics come with standard errors (n-1, nats), and
what looks wrong is said. With --records the items become run logs, from which
"trend" and the notebooks take every metric.`,
		Example: "  go run ./kernel import results/\n  go run ./kernel import results/ --json | jq .metrics.loss",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			known, err := facts.Shipped()
			if err != nil {
				return err
			}
			var all []results.Result
			for _, path := range args {
				var found []results.Result
				if c.Flags().Changed("model-column") {
					found, err = importTable(path, table)
				} else {
					found, err = results.Import(path, known.Sizes)
				}
				if err != nil {
					return err
				}
				all = append(all, found...)
			}
			if records != "" {
				n, err := keep(records, all)
				if err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "%d run logs in %s\n", n, records)
			}
			if asJSON {
				out := json.NewEncoder(c.OutOrStdout())
				out.SetEscapeHTML(false)
				for _, r := range all {
					if err := out.Encode(r); err != nil {
						return err
					}
				}
				return nil
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "task\tmodel\tparameters\titems\tmetrics\t")
			for _, r := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t\n", r.Task, r.Model, size(r.Params), r.N, metrics(r.Metrics))
			}
			if err := w.Flush(); err != nil {
				return err
			}
			for _, r := range all {
				for _, p := range r.Problems {
					place := filepath.Base(r.File)
					if p.Line > 0 {
						place = fmt.Sprintf("%s:%d", place, p.Line)
					}
					fmt.Fprintf(c.OutOrStdout(), "%s %s: %s: %s [%s]\n", r.Task, r.Model, place, p.Message, p.Code)
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a task and model, on one line")
	c.Flags().StringVar(&table.Model, "model-column", "model", "read PATH as a plain CSV, a row a model and item, with the model's name in this column")
	c.Flags().StringVar(&table.Params, "params-column", "params", "column of a plain CSV with the number of parameters")
	c.Flags().StringVar(&table.Item, "item-column", "item", "column of a plain CSV with the item's identifier")
	c.Flags().StringVar(&table.Task, "task-column", "task", "column of a plain CSV with the task's name")
	c.Flags().StringToStringVar(&table.Metrics, "metric", nil, "columns of a plain CSV and the metrics they hold: column=metric (default: every other column)")
	c.Flags().StringVar(&records, "records", "", "write the items as run logs into this folder")
	return c
}

// importTable reads one plain CSV.
func importTable(path string, columns results.Columns) ([]results.Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return results.Table(filepath.Base(path), f, columns)
}

// keep writes the logs of results that have items. A log that is there already
// with the same rows is left as it is.
func keep(dir string, all []results.Result) (int, error) {
	n := 0
	for _, r := range all {
		if r.Log == nil || len(r.Log.Rows) == 0 {
			continue
		}
		w, err := record.Create(dir, r.Log.Header)
		if err != nil {
			return n, err
		}
		ids := make([]string, len(r.Log.Rows))
		for i, row := range r.Log.Rows {
			ids[i] = row.Item
			if !w.Has(row.Item) {
				if err := w.Append(row); err != nil {
					return n, err
				}
			}
		}
		if err := w.Finish(ids); err != nil {
			return n, err
		}
		if err := w.Close(); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func size(parameters float64) string {
	if parameters <= 0 {
		return "?"
	}
	units := []string{"", "k", "M", "B", "T"}
	i := min(len(units)-1, int(math.Log10(parameters))/3)
	return fmt.Sprintf("%.4g%s", parameters/math.Pow(1000, float64(i)), units[i])
}

// metrics is "accuracy 0.52 ± 0.02, loss ..." for the table.
func metrics(m map[string]results.Value) string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	s := ""
	for i, n := range names {
		if i == 4 {
			return fmt.Sprintf("%s, %d more", s, len(names)-i)
		}
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%s %.4g", n, m[n].Mean)
		if !math.IsNaN(m[n].SE) {
			s += fmt.Sprintf(" ± %.2g", m[n].SE)
		}
	}
	return s
}
