package trend

import (
	"fmt"
	"math"
	"strings"
)

// what names the quantity in a sentence.
func (s Series) what() string {
	if s.Quantity != "" {
		on := s.Cluster
		if on == "" {
			on = s.Name
		}
		return strings.TrimSuffix(s.Quantity+" on "+on, " on ")
	}
	kind := string(s.Kind)
	switch s.Kind {
	case "":
		kind = "the quantity"
	case LogOdds:
		kind = "log-odds"
	case LogLikelihood:
		kind = "log-likelihood"
	}
	if s.Name == "" {
		return kind
	}
	return fmt.Sprintf("%s (%s)", s.Name, kind)
}

// number formats a value to three significant digits without an exponent where
// it is readable.
func number(v float64) string {
	a := math.Abs(v)
	switch {
	case v == 0:
		return "0"
	case a >= 0.001 && a < 1e5:
		digits := max(0, 2-int(math.Floor(math.Log10(a))))
		return fmt.Sprintf("%.*f", digits, v)
	}
	return fmt.Sprintf("%.2g", v)
}

func signed(v float64) string {
	if v > 0 {
		return "+" + number(v)
	}
	return number(v)
}

// Size writes decades as a number of parameters: "89 thousand", "1.4 billion".
func Size(decades float64) string {
	v := math.Pow(10, decades)
	for _, u := range []struct {
		unit float64
		name string
	}{{1e12, " trillion"}, {1e9, " billion"}, {1e6, " million"}, {1e3, " thousand"}} {
		if v >= 0.9995*u.unit {
			return trim(v/u.unit) + u.name
		}
	}
	return trim(v)
}

func trim(v float64) string {
	switch {
	case v >= 1e4:
		return fmt.Sprintf("%.2g", v)
	case v >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case v >= 9.995:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	}
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}

// PValue writes a p-value as the verdicts do: two digits, "p < 0.001" below that.
func PValue(p float64) string {
	if p < 0.001 {
		return "p < 0.001"
	}
	return fmt.Sprintf("p = %.2g", p)
}

// sentence writes what a paper could quote.
func (c Settings) sentence(r *Result) string {
	s := r.Series
	n := s.Len()
	var b strings.Builder
	over := fmt.Sprintf("over %d models from %s to %s %s", n, Size(s.X[0]), Size(s.X[n-1]), s.axis())
	slope := fmt.Sprintf("%s a decade, 90%% interval %s to %s", signed(r.Slope.Estimate), signed(r.Slope.Lo90), signed(r.Slope.Hi90))
	switch r.Verdict {
	case Standard:
		fmt.Fprintf(&b, "%s gets better with size %s (%s, %s, scatter between models included).", s.what(), over, slope, PValue(r.P))
	case Inverse:
		fmt.Fprintf(&b, "%s gets worse with size (inverse scaling) %s (%s, %s, scatter between models included).", s.what(), over, slope, PValue(r.P))
	case U, InvertedU:
		first, then := "falls", "rises"
		if r.Verdict == InvertedU {
			first, then = then, first
		}
		fmt.Fprintf(&b, "%s first %s and then %s with size (%s), turning near %s, %s (%s for both arms, scatter between models included).",
			s.what(), first, then, r.Verdict, Size(r.Trend.Turn), over, PValue(r.Trend.PU))
	case Flat:
		fmt.Fprintf(&b, "%s does not change with size by as much as %s %s (two one-sided tests at 5%%, scatter between models included).", s.what(), number(c.Margin), over)
	case Breakthrough:
		fmt.Fprintf(&b, "%s gets better smoothly with size %s (%s, %s), and with answers of %.3g tokens accuracy breaks through: %s",
			s.what(), over, slope, PValue(r.P), s.Tokens, r.Jump.Sentence)
	default:
		switch {
		case n == 1:
			fmt.Fprintf(&b, "%s is known of one model: there is no trend to judge.", s.what())
		case n < minTrend:
			fmt.Fprintf(&b, "%s is known of %d models: too few to judge a trend.", s.what(), n)
		case r.P < level:
			fmt.Fprintf(&b, "%s goes %s with size %s (%s, %s); which direction is better is not known.", s.what(), r.Direction, over, slope, PValue(r.P))
		default:
			fmt.Fprintf(&b, "%s shows no trend that scatter between models could not explain, %s (%s, %s); this does not mean that it is flat.", s.what(), over, slope, PValue(r.P))
		}
	}
	if n > 1 {
		fmt.Fprintf(&b, " Of these %d models alone the items say: %s", n, r.OnTheseModels)
		switch r.OnTheseModels {
		case U, InvertedU:
			fmt.Fprintf(&b, " (%s).", PValue(r.Models.PU))
		default:
			fmt.Fprintf(&b, " (%s a decade, %s).", signed(r.Models.Slope.Estimate), PValue(r.Models.P))
		}
	}
	return b.String()
}

// doubts lists what makes the verdict doubtful.
func (c Settings) doubts(s Series, r *Result) []error {
	var out []error
	add := func(format string, args ...any) { out = append(out, fmt.Errorf(format, args...)) }
	n := s.Len()
	if n >= minTrend && r.OnTheseModels != r.Verdict && r.OnTheseModels != Inconclusive && r.Verdict == Inconclusive {
		add("true of these models only: %s by the noise of the items, but models of these sizes scatter enough to make it by chance", r.OnTheseModels)
	}
	if m := r.OnTheseModels; (r.Verdict == Standard || r.Verdict == Inverse) && (m == U || m == InvertedU) && n >= minTurn && r.Trend.PU < 0.5 {
		add("the curve may turn: these models make %s around %s, which as a trend is not shown (%s)", map[Verdict]string{U: "a U", InvertedU: "an inverted U"}[m], Size(r.Models.Turn), PValue(r.Trend.PU))
	}
	if n >= 3 && s.X[n-1]-s.X[0] < 0.5 {
		add("the sizes span %.2f decades: too little to speak of scale", s.X[n-1]-s.X[0])
	}
	if s.Chance > 0 && s.Kind == Accuracy {
		se, atChance := s.se(), 0
		for k, y := range s.Y {
			if math.Abs(y-s.Chance) < 2*se[k] {
				atChance++
			}
		}
		if atChance == n {
			add("every accuracy is within two standard errors of chance (%s): a smoother metric may show the trend earlier", number(s.Chance))
		}
	}
	if s.Cov == nil && n > 1 {
		add("no covariance between models is given: what is said of these models takes their errors as independent, though the items are shared")
	}
	return out
}
