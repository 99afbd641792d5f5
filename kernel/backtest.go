package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

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
	)
	command := &cobra.Command{
		Use:   "backtest SERIES.json...",
		Short: "How far the forecasts and verdicts can be trusted: tables from real series and from simulation",
		Long: `Forecasts the larger models of every series from its smaller ones (four or more)
and prints, by kind of metric and horizon, the error against repeating the last
value and against a line, the coverage of the 90% interval (mean over clusters,
with its standard error over clusters), and the width of the interval in units of
the step between models. A second table has the rates of false verdicts on
simulated series. Without a file only the simulation is run.`,
		Example: `  go run ./kernel backtest series.json
  go run ./kernel backtest --reference series.json   # the plain average of the design
  go run ./kernel backtest --calibrate --part dev series.json`,
		RunE: func(command *cobra.Command, files []string) error {
			out := command.OutOrStdout()
			var series []trend.Series
			failed := false
			for _, file := range files {
				f, err := os.Open(file)
				if err != nil {
					return err
				}
				more, skipped, err := trend.ReadSeries(f)
				f.Close()
				if err != nil {
					return fmt.Errorf("%s: %w", file, err)
				}
				for _, err := range skipped {
					failed = true
					fmt.Fprintln(command.ErrOrStderr(), "error:", err)
				}
				series = append(series, more...)
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
	f.IntVar(&repeats, "repeats", 1000, "simulated series a row; 0: no simulation")
	f.Uint64Var(&seed, "seed", 1, "seed of the simulation")
	f.StringVar(&part, "part", "all", "clusters to use: all, dev (what the forecaster was tuned on) or held (the rest), by sha1(cluster) mod 3")
	return command
}
