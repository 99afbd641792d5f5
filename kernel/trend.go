package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"bellwether/lib/metric"
	"bellwether/lib/record"
	"bellwether/lib/study"
	"bellwether/lib/trend"
)

func init() { verbs = append(verbs, trendCommand) }

// trendCommand judges series, or the run logs of a model family.
func trendCommand() *cobra.Command {
	var (
		c       trend.Settings
		metrics []string
		asJSON  bool
	)
	command := &cobra.Command{
		Use:   "trend FILE.json|RECORDS...",
		Short: "Verdict and forecast over model size, for series or run logs",
		Long: `Verdict and forecast over model size. A FILE.json ("-": standard input) holds
series:

  {"series": [{"name": "qa", "kind": "accuracy", "better": "up", "cluster": "qa",
    "x_log10N": [7.8, 8.2, 8.6, 9.0], "y": [0.31, 0.35, 0.42, 0.44],
    "se": [0.02, 0.02, 0.02, 0.02], "forecast_at": [9.4]}]}

with optional cov, replicate_se, labels, chance, max, tokens. Anything else is a
run log or a folder of run logs, grouped by task; --metric says which metrics
(default: accuracy, exact_match, loss and loglik_per_char, where defined).
--json prints one object a series, on one line:

  {"name", "verdict", "on_these_models", "direction", "p", "slope_per_decade":
   {"estimate", "lo90", "hi90"}, "forecast": [{"x_log10N", "mean", "sd", "lo90",
   "hi90", "skill"}], "warnings": [...], "sentence"}

A series that cannot be judged is named on standard error with the reason, and with
--json has its line, inconclusive, with slope_per_decade null and the reason among
the warnings; the others go on and the exit status is 1.`,
		Example: `  go run ./kernel trend series.json
  go run ./kernel trend --json --margin 0.02 series.json
  go run ./kernel trend --metric logodds records/myth*`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, paths []string) error {
			series, skipped, err := loadSeries(paths, metrics, command.InOrStdin())
			if err != nil {
				return err
			}
			out := bufio.NewWriter(command.OutOrStdout())
			defer out.Flush()
			encoder := json.NewEncoder(out)
			encoder.SetEscapeHTML(false)
			for r, err := range c.All(series) {
				if err != nil {
					skipped = append(skipped, err)
				}
				switch {
				case asJSON: // one line a series, refused ones too
					if err := encoder.Encode(r); err != nil {
						return err
					}
				case err == nil:
					fmt.Fprintln(out, r)
				}
			}
			for _, err := range skipped {
				fmt.Fprintln(command.ErrOrStderr(), "error:", err)
			}
			if len(skipped) > 0 {
				return errReported
			}
			return nil
		},
	}
	f := command.Flags()
	f.StringSliceVar(&metrics, "metric", nil, "metrics of run logs, by name")
	f.BoolVar(&asJSON, "json", false, "one JSON object a series, on one line")
	f.Float64Var(&c.Margin, "margin", 0, "change too small to matter, in the metric's unit; needed for the verdict flat")
	f.Float64Var(&c.Threshold, "threshold", 0, "accuracy whose crossing is a breakthrough (default 0.5)")
	f.BoolVar(&c.Reference, "reference", false, "forecast with the plain reference average, uncalibrated")
	return command
}

// loadSeries reads files of series and logs of models.
func loadSeries(paths, metrics []string, stdin io.Reader) (series []trend.Series, skipped []error, err error) {
	var logs []string
	for _, path := range paths {
		if path != "-" && !strings.HasSuffix(path, ".json") {
			logs = append(logs, path)
			continue
		}
		in := stdin
		if path != "-" {
			f, err := os.Open(path)
			if err != nil {
				return nil, nil, err
			}
			defer f.Close()
			in = f
		}
		more, bad, err := trend.ReadSeries(in)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		series, skipped = append(series, more...), append(skipped, bad...)
	}
	if len(logs) == 0 {
		return series, skipped, nil
	}
	read, err := record.ReadAll(logs...)
	if err != nil {
		return nil, nil, err
	}
	asked := len(metrics) > 0
	if !asked {
		metrics = []string{"accuracy", "exact_match", "loss", "loglik_per_char"}
	}
	type key struct{ hash, prompt string }
	groups := map[key][]*record.Log{}
	var order []key
	for _, l := range read {
		k := key{l.Header.Task.Hash, fmt.Sprint(l.Header.Prompt)}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], l)
	}
	for _, k := range order {
		found := false
		var last error
		for _, name := range metrics {
			m, err := metric.ByName(name)
			if err != nil {
				return nil, nil, err
			}
			s, err := study.Series(groups[k], m)
			if err != nil {
				last = err
				if asked {
					skipped = append(skipped, err)
				}
				continue
			}
			found = true
			series = append(series, s)
		}
		if !found && !asked {
			skipped = append(skipped, last)
		}
	}
	return series, skipped, nil
}
