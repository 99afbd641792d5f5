package card

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"bellwether/lib/chart"
	"bellwether/lib/metric"
)

// Markdown writes the card. Figures are linked by FigureName, beside the card.
// Text from the task is escaped: it is shown, never interpreted.
func (c *Card) Markdown() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("# %s\n\n", escape(c.Task.Name))
	if c.About != "" {
		p("%s\n\n", escape(c.About))
	}
	p("| | |\n| --- | --- |\n")
	for _, r := range [][2]string{
		{"file", filepath.Base(c.Task.File)},
		{"SHA-256", c.Task.SHA256},
		{"format, type", fmt.Sprintf("%s, %s", c.Task.Format, c.Task.Type)},
		{"items", fmt.Sprint(c.Task.Items)},
		{"choices", span(c.Task.Choices)},
		{"chance", number(c.Task.Chance)},
		{"licence", c.Task.Licence},
	} {
		if r[1] != "" {
			p("| %s | %s |\n", r[0], escape(r[1]))
		}
	}
	p("\n## Checks\n\n")
	if len(c.Task.Problems) == 0 {
		p("Nothing was found.\n")
	} else {
		p("| line | code | finding |\n| --- | --- | --- |\n")
		for _, f := range c.Task.Problems {
			line := ""
			if f.Line > 0 {
				line = fmt.Sprint(f.Line)
			}
			p("| %s | %s | %s |\n", line, f.Code, escape(f.Message))
		}
	}
	p("\n## Verdicts\n\n")
	for _, t := range c.Trends {
		p("**%s: %s** (on these models: %s). %s\n\n", escape(t.Metric.Name), t.Result.Verdict, t.Result.OnTheseModels, escape(t.Result.Sentence))
		p("![%s over model size: %s](%s)\n\n", escape(t.Metric.Name), t.Result.Verdict, c.FigureName(t.Metric))
		for _, w := range t.Result.Warnings {
			p("- doubt: %s\n", escape(w.Error()))
		}
		if len(t.Result.Warnings) > 0 {
			p("\n")
		}
	}
	p("## Measured\n\nMean over the items, ± the standard error over the items; models of one size are averaged.\n\n| parameters | models |")
	for _, m := range c.Metrics {
		p(" %s (%s) |", m.Name, m.Unit)
	}
	p("\n| ---: | ---: |%s\n", strings.Repeat(" ---: |", len(c.Metrics)))
	for _, r := range c.Rows {
		p("| %s | %d |", together(chart.Count(r.Parameters)), r.Models)
		for _, s := range r.Scores {
			p(" %s |", together(measured(s)))
		}
		p("\n")
	}
	p("\n## Criteria\n\nThe rubric of the Inverse Scaling Prize (McKenzie et al. 2023).\n\n")
	for _, k := range c.Criteria {
		p("- **%s.** %s\n  - Measured: %s.\n  - For a human to judge: %s.\n", k.Name, k.Question, escape(or(k.Measured, "nothing")), or(k.Human, "nothing"))
	}
	return b.String()
}

func or(s, empty string) string {
	if s == "" {
		return empty
	}
	return s
}

// span writes the smallest and largest number of choices.
func span(choices [2]int) string {
	if choices[0] == choices[1] {
		return fmt.Sprint(choices[0])
	}
	return fmt.Sprintf("%d to %d", choices[0], choices[1])
}

// measured writes a mean and its standard error with two digits of the error, and
// as many decimals of the mean.
func measured(s metric.Score) string {
	decimals := 3
	if s.SE > 0 { // not NaN
		decimals = max(0, min(6, 1-int(math.Floor(math.Log10(s.SE)))))
	}
	if math.IsNaN(s.Mean) || math.IsNaN(s.SE) || math.IsInf(s.SE, 0) {
		return number(s.Mean) + " ± " + number(s.SE)
	}
	return fmt.Sprintf("%.*f ± %.*f", decimals, s.Mean, decimals, s.SE)
}

// together keeps a text on one line.
func together(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") }

func number(v float64) string {
	if math.IsNaN(v) {
		return "undefined"
	}
	return fmt.Sprintf("%.3g", v)
}

// escape makes text harmless in Markdown and in a table.
func escape(s string) string {
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "<", "&lt;", "`", "\\`", "*", "\\*", "[", "\\[", "]", "\\]", "\r", " ", "\n", " ", "_", "\\_", "#", "\\#").Replace(s)
}
