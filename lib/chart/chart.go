// Package chart draws values over model size, once as a live chart and once as a picture.
//
// A [Chart] is plain values: panels one above another that share a horizontal axis, each with points
// and their error bars, forecast bands, curves and reference levels. The same value becomes an option
// of Apache ECharts ([Chart.Option], through go-echarts), a picture ([Chart.PNG], [Chart.SVG],
// [Chart.PDF], through gonum/plot) and what a notebook cell shows ([Chart.HTML]: the picture, with the
// option beside it for the script of lib/chart/echarts to bring to life).
//
// Values are given in the axis' own unit: a logarithmic axis takes 7e7 parameters, not 7.85, and an
// axis with Percent takes the share 0.35 and shows 35. Every number must be finite; [Chart.Check] names
// the series and the point that are not. Text may hold anything: it is escaped wherever it is shown.
//
// Colours are those of Okabe and Ito (Color Universal Design, 2008), told apart by shape and dash as well.
package chart

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
)

// A Chart is one or more panels over a shared horizontal axis.
type Chart struct {
	Title    string // what was found, in one sentence; wrapped at the width of the chart
	Subtitle string // what was measured, and what bars and bands mean; wrapped
	Sentence string // what the chart shows, for text terminals and screen readers; required
	X        Axis
	Panels   []Panel
	Spans    []Span // intervals on X, drawn through every panel
}

// An Axis says what is measured, and in which unit.
type Axis struct {
	Name    string  // "accuracy"; required
	Unit    string  // "parameters", "nats per character"; required, "%" when Percent
	Log     bool    // a decimal logarithmic scale; values must be above 0
	Percent bool    // values are shares, shown times 100
	Min     float64 // ends of the axis, in the unit of the values; both 0 leaves them to the data
	Max     float64
}

// A Panel is one vertical axis and what is drawn over it, from back to front in the order of the fields.
type Panel struct {
	Y      Axis
	Levels []Level
	Bands  []Band
	Curves []Curve
	Points []Points
}

// Points are measured values of one kind, drawn as marks with error bars. Points of the same Name in
// several panels share an entry of the legend.
type Points struct {
	Name   string // in the legend; required
	Points []Point
	Style  Style
}

// A Point is one measurement.
type Point struct {
	X, Y     float64
	Down, Up float64 // lengths of the error bar below and above Y, 0 or more; both 0 draws none
	Label    string  // the model's name, shown on hovering
}

// A Band is the area between two curves, such as a forecast's interval.
type Band struct {
	Name      string // in the legend; required
	X         []float64
	Low, High []float64 // as long as X
	Style     Style
}

// A Curve is a line, such as a forecast's mean.
type Curve struct {
	Name  string // in the legend; required
	X, Y  []float64
	Style Style
}

// A Level is a horizontal line for reference, such as guessing.
type Level struct {
	Text string // written at the right end of the line
	Y    float64
}

// A Span is an interval on the horizontal axis with the value in it, such as the predicted size of a jump.
// Low <= At <= High; an interval of no width draws the line alone.
type Span struct {
	Name          string // in the legend; required
	Text          string // written above the line
	At, Low, High float64
	Style         Style
}

// Style tells series apart: Tone picks colour, shape and dash together, Hollow draws marks
// unfilled, Dashed breaks a curve that its tone would draw solid.
type Style struct {
	Tone   Tone
	Hollow bool
	Dashed bool
}

// A Tone is a colour with its shape and dash. Tones beyond the last wrap round.
type Tone int

// The tones, named by their colours on white.
const (
	Blue       Tone = iota // circle, solid
	Vermillion             // diamond, dashed
	Green                  // triangle, dotted
	Purple                 // square, dash and dot
	Orange                 // triangle pointing down
	Sky                    // circle
	Gray                   // diamond
)

// Check returns what keeps the chart from being drawn, joined: a number that is not finite, a length
// that differs, a name or unit that is missing. Each error says which series and which point.
func (c *Chart) Check() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("chart: "+format, args...))
	}
	finite := func(where string, i int, label, axis string, a Axis, values ...float64) {
		if label != "" {
			label = fmt.Sprintf(" (%s)", label)
		}
		for _, v := range values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				bad("%s, point %d%s: %s is %v, want a finite number", where, i+1, label, axis, v)
			} else if a.Log && v <= 0 {
				bad("%s, point %d%s: %s is %v, want a number above 0 on a logarithmic axis", where, i+1, label, axis, v)
			}
		}
	}
	named := func(kind, name string, i int) string {
		if strings.TrimSpace(name) == "" {
			bad("%s %d has no name", kind, i+1)
			return fmt.Sprintf("%s %d", kind, i+1)
		}
		return fmt.Sprintf("%s %q", kind, name)
	}
	axis := func(which string, a Axis) {
		switch {
		case a.Name == "":
			bad("the %s axis has no name", which)
		case a.Unit == "" && !a.Percent:
			bad("the %s axis (%s) has no unit", which, a.Name)
		}
		if math.IsNaN(a.Min) || math.IsInf(a.Min, 0) || math.IsNaN(a.Max) || math.IsInf(a.Max, 0) {
			bad("the %s axis (%s) goes from %v to %v, want finite ends", which, a.Name, a.Min, a.Max)
		} else if a.fixed() && (a.Max <= a.Min || a.Log && a.Min <= 0) {
			bad("the %s axis (%s) goes from %v to %v, want a first end below the last (and above 0 when logarithmic)", which, a.Name, a.Min, a.Max)
		}
	}

	if strings.TrimSpace(c.Sentence) == "" {
		bad("Sentence is empty: a reader without the picture would learn nothing")
	}
	axis("horizontal", c.X)
	if len(c.Panels) == 0 {
		bad("no panels")
	}
	drawn := 0
	for pi, p := range c.Panels {
		axis(fmt.Sprintf("vertical axis of panel %d: the", pi+1), p.Y)
		for i, s := range p.Points {
			where := named("series", s.Name, i)
			for j, pt := range s.Points {
				finite(where, j, pt.Label, "x", c.X, pt.X)
				finite(where, j, pt.Label, "y", p.Y, pt.Y)
				finite(where, j, pt.Label, "the error bar", Axis{}, pt.Down, pt.Up)
				if pt.Down < 0 || pt.Up < 0 {
					bad("%s, point %d: the error bar is %v down and %v up, want lengths of 0 or more", where, j+1, pt.Down, pt.Up)
				}
				drawn++
			}
		}
		for i, b := range p.Bands {
			where := named("band", b.Name, i)
			if len(b.X) < 2 || len(b.Low) != len(b.X) || len(b.High) != len(b.X) {
				bad("%s has %d x, %d low and %d high, want two or more of each", where, len(b.X), len(b.Low), len(b.High))
				continue
			}
			for j := range b.X {
				finite(where, j, "", "x", c.X, b.X[j])
				finite(where, j, "", "low", p.Y, b.Low[j])
				finite(where, j, "", "high", p.Y, b.High[j])
				if b.Low[j] > b.High[j] {
					bad("%s, point %d: low %v is above high %v", where, j+1, b.Low[j], b.High[j])
				}
			}
			drawn++
		}
		for i, l := range p.Curves {
			where := named("curve", l.Name, i)
			if len(l.X) < 2 || len(l.Y) != len(l.X) {
				bad("%s has %d x and %d y, want two or more of each", where, len(l.X), len(l.Y))
				continue
			}
			for j := range l.X {
				finite(where, j, "", "x", c.X, l.X[j])
				finite(where, j, "", "y", p.Y, l.Y[j])
			}
			drawn++
		}
		for i, l := range p.Levels {
			finite(fmt.Sprintf("level %q", l.Text), i, "", "y", p.Y, l.Y)
		}
	}
	for i, s := range c.Spans {
		where := named("span", s.Name, i)
		finite(where, i, "", "x", c.X, s.At, s.Low, s.High)
		if s.Low > s.At || s.At > s.High {
			bad("%s: %v is not within [%v, %v]", where, s.At, s.Low, s.High)
		}
	}
	if len(c.Panels) > 0 && drawn == 0 {
		bad("nothing to draw: no panel has a point, a band or a curve")
	}
	return errors.Join(errs...)
}

// ID returns 12 hexadecimal digits that depend on the content alone, so that a notebook that is run
// again with the same results is the same file.
func (c *Chart) ID() string {
	b, err := json.Marshal(c)
	if err != nil { // a number that is not finite: Check reports it, an ID must not fail
		b = fmt.Appendf(nil, "%#v", *c)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}
