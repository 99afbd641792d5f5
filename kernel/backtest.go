package main

import (
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"bellwether/lib/metric"
	"bellwether/lib/record"
	"bellwether/lib/study"
	"bellwether/lib/trend"
)

func init() { verbs = append(verbs, backtestCommand) }

// backtestCommand forecasts the larger models of series from the smaller ones.
func backtestCommand() *cobra.Command {
	var (
		c         trend.Settings
		calibrate bool
		repeats   int
		seed      uint64
		part      string
		jumps     []string
	)
	command := &cobra.Command{
		Use:   "backtest FILE...",
		Short: "How far the forecasts and verdicts can be trusted: tables from real series and from simulation",
		Long: `Forecasts the larger models of every series (a JSON file of them, or run logs or
a folder of these) from its smaller ones (four or more)
and prints, by kind of metric and horizon, the error against repeating the last
value and against a line, the coverage of the 90% interval (mean over clusters,
with its standard error over clusters), and the width of the interval in units of
the step between models. A second table has the rates of false verdicts on
simulated series. Without a file only the simulation is run.`,
		Example: `  go run ./kernel backtest series.json
  go run ./kernel backtest --reference series.json   # the plain average of the design
  go run ./kernel backtest --calibrate --part dev series.json
  go run ./kernel backtest --jumps records --repeats 0`,
		RunE: func(command *cobra.Command, files []string) error {
			out := command.OutOrStdout()
			var series []trend.Series
			failed := false
			read, skipped, err := loadSeries(files, nil, command.InOrStdin())
			if err != nil {
				return err
			}
			for _, s := range read {
				if err := s.Validate(); err != nil {
					skipped = append(skipped, err)
					continue
				}
				series = append(series, s)
			}
			for _, err := range skipped {
				failed = true
				fmt.Fprintln(command.ErrOrStderr(), "error:", err)
			}
			if len(files) > 0 {
				dev, held := trend.Split(series)
				switch part {
				case "all":
				case "dev":
					series = dev
				case "held":
					series = held
				default:
					return fmt.Errorf("--part %q; it is all, dev or held", part)
				}
				cases, err := c.BackTest(series)
				if err != nil {
					return err
				}
				if len(cases) == 0 {
					return fmt.Errorf("no series of %d has five models or more", len(series))
				}
				fmt.Fprintln(out, "Forecasts: errors and widths in units of the step between models.")
				fmt.Fprintln(out)
				fmt.Fprintln(out, trend.ScoreTable(trend.Scores(cases)))
				if calibrate {
					fmt.Fprintln(out, "Factors on the standard deviation for 90% coverage, every cluster weighing the same.")
					fmt.Fprintln(out)
					fmt.Fprintln(out, trend.FactorTable(trend.Calibrate(cases, 0.9)))
				}
			}
			if len(jumps) > 0 {
				data, err := jumpData(jumps)
				if err != nil {
					return err
				}
				scores, err := trend.JumpBackTest(data, []float64{0.25, 0.5, 0.75})
				if err != nil {
					return err
				}
				fmt.Fprintf(out, "Exact-match accuracy of larger models, up to 0.8 decade ahead, %d tasks and seeds; thresholds 0.25, 0.5, 0.75.\n\n", len(data))
				fmt.Fprintln(out, trend.JumpTable(scores))
			}
			if repeats > 0 {
				fmt.Fprintf(out, "Verdicts on simulated series, %d a row, seed %d.\n\n", repeats, seed)
				fmt.Fprintln(out, trend.RateTable(c.SimulateAll(trend.Trials(), repeats, seed)))
			}
			if failed {
				return errReported
			}
			return nil
		},
	}
	f := command.Flags()
	f.BoolVar(&c.Reference, "reference", false, "the plain reference average, uncalibrated")
	f.BoolVar(&calibrate, "calibrate", false, "also print the conformal factors that would be needed")
	f.StringSliceVar(&jumps, "jumps", nil, "run logs (files or folders) for the back-test of jump forecasts")
	f.IntVar(&repeats, "repeats", 1000, "simulated series a row; 0: no simulation")
	f.Uint64Var(&seed, "seed", 1, "seed of the simulation")
	f.StringVar(&part, "part", "all", "clusters to use: all, dev (what the forecaster was tuned on) or held (the rest), by sha1(cluster) mod 3")
	return command
}

// jumpData joins run logs into one record a task, prompt and training seed with
// six models or more.
func jumpData(paths []string) ([]trend.JumpData, error) {
	logs, err := record.ReadAll(paths...)
	if err != nil {
		return nil, err
	}
	type key struct {
		hash, prompt string
		seed         int
	}
	groups := map[key][]*record.Log{}
	var order []key
	for _, l := range logs {
		k := key{l.Header.Task.Hash, fmt.Sprint(l.Header.Prompt), l.Header.Model.Seed}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], l)
	}
	var out []trend.JumpData
	for _, k := range order {
		if len(groups[k]) < 6 {
			continue
		}
		loss, err := study.Of(groups[k], metric.RawLoss)
		if err != nil {
			continue // no right answer to be surprised by
		}
		right, err := study.Of(groups[k], metric.ExactMatch)
		if err != nil || len(right.Items) != len(loss.Items) {
			continue
		}
		d := trend.JumpData{Name: loss.Task, Correct: right.Values, Length: loss.Lengths[0]}
		ascending := !math.IsNaN(d.Length)
		for i, id := range loss.Models {
			d.X = append(d.X, math.Log10(id.Parameters))
			ascending = ascending && (i == 0 || d.X[i] > d.X[i-1])
			nats := make([]float64, len(loss.Values[i]))
			for q, v := range loss.Values[i] {
				nats[q] = -v
			}
			d.Nats = append(d.Nats, nats)
		}
		if ascending {
			out = append(out, d)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no task in %v has exact matches of six sizes or more", paths)
	}
	return out, nil
}
