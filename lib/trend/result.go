package trend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// Verdict says how a quantity goes with size.
type Verdict string

// The verdicts. Standard and Inverse speak of what is desirable: Standard means
// better with size. Inconclusive means that the data say none of the others,
// which is not the same as Flat.
const (
	Standard     Verdict = "standard"
	Inverse      Verdict = "inverse"
	U            Verdict = "U"
	InvertedU    Verdict = "inverted U"
	Flat         Verdict = "flat"
	Breakthrough Verdict = "breakthrough"
	Inconclusive Verdict = "inconclusive"
)

// Interval is an estimate with its 90% interval.
type Interval struct {
	Estimate float64 `json:"estimate"`
	Lo90     float64 `json:"lo90"`
	Hi90     float64 `json:"hi90"`
}

// Prediction is what a further model of one size would measure: its mean, its
// standard deviation (with the noise of the model and of the items), and a
// calibrated 90% interval. Skill is false where nothing tried has beaten
// repeating the last value: further than 0.8 decade beyond the largest model,
// or fewer than four models.
type Prediction struct {
	X     float64 `json:"x_log10N"`
	Mean  float64 `json:"mean"`
	SD    float64 `json:"sd"`
	Lo90  float64 `json:"lo90"`
	Hi90  float64 `json:"hi90"`
	Skill bool    `json:"skill"`
}

// Result is what a series says, at two levels of claim. OnTheseModels holds for
// the very models that were measured, whatever luck their training had; its
// error is the noise of the items. Verdict is about the trend that further
// models would follow; its error has the scatter between models too, and is the
// one to quote about scale.
type Result struct {
	Series        Series
	Verdict       Verdict   // the trend
	OnTheseModels Verdict   // the same question of these models alone
	Direction     Direction // of the trend; None unless the data show one
	P             float64   // two-sided, of the trend's direction, or of its turn when the verdict is U or InvertedU; 1 where there is none to test
	Slope         Interval  // of the trend, a decade of size

	Models   Claim        // on these models, in numbers
	Trend    Claim        // the trend, in numbers
	Forecast []Prediction // at Series.ForecastAt, or one mean step beyond the largest model
	Jump     *Jump        // the forecast of accuracy behind a Breakthrough, else nil
	Sentence string       // what a paper could quote
	Warnings []error
}

// Claim is one level of claim in numbers.
type Claim struct {
	Verdict            Verdict
	Slope              Interval // least squares, a decade of size
	SE                 float64  // standard error of the slope
	P                  float64  // two-sided, of the slope or contrast that the verdict rests on
	DF                 float64  // degrees of freedom; +Inf: normal
	Turn               float64  // size in decades at which a U turns; NaN unless U or InvertedU
	PU                 float64  // of the U shape or the inverted one, whichever is nearer; 1 where refused
	PairsUp, PairsDown int      // pairs of models whose simultaneous 95% interval of the difference is above or below 0
}

// MarshalJSON writes the stable one-line form:
//
//	{"name", "verdict", "on_these_models", "direction": "up"|"down"|"none", "p",
//	 "slope_per_decade": {"estimate", "lo90", "hi90"},
//	 "forecast": [{"x_log10N", "mean", "sd", "lo90", "hi90", "skill"}],
//	 "warnings": ["..."], "sentence"}
//
// slope_per_decade is null when there is none: with one model, or a Refusal.
func (r *Result) MarshalJSON() ([]byte, error) {
	out := struct {
		Name          string       `json:"name"`
		Verdict       Verdict      `json:"verdict"`
		OnTheseModels Verdict      `json:"on_these_models"`
		Direction     Direction    `json:"direction"`
		P             float64      `json:"p"`
		Slope         *Interval    `json:"slope_per_decade"`
		Forecast      []Prediction `json:"forecast"`
		Warnings      []string     `json:"warnings"`
		Sentence      string       `json:"sentence"`
	}{r.Series.Name, r.Verdict, r.OnTheseModels, r.Direction, r.P, &r.Slope, r.Forecast, []string{}, r.Sentence}
	if math.IsNaN(r.Slope.Estimate) {
		out.Slope = nil
	}
	if out.Forecast == nil {
		out.Forecast = []Prediction{}
	}
	for _, w := range r.Warnings {
		out.Warnings = append(out.Warnings, w.Error())
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(out)
	return b.Bytes(), err
}

// String returns the verdict, the sentence, the forecasts and the warnings, on
// lines of their own.
func (r *Result) String() string {
	var b strings.Builder
	name := r.Series.Name
	if name == "" {
		name = "series"
	}
	fmt.Fprintf(&b, "%s: %s\n  %s\n", name, r.Verdict, r.Sentence)
	for _, p := range r.Forecast {
		fmt.Fprintf(&b, "  forecast at %s: %s, 90%% interval %s to %s", Size(p.X), number(p.Mean), number(p.Lo90), number(p.Hi90))
		if !p.Skill {
			b.WriteString(" (no skill beyond the last value)")
		}
		b.WriteByte('\n')
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "  warning: %v\n", w)
	}
	return b.String()
}
