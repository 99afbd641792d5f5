package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

func (a Axis) fixed() bool { return a.Min != 0 || a.Max != 0 }

// caption returns what is written at the axis: "accuracy (%)".
func (a Axis) caption() string { return a.Name + " (" + a.unit() + ")" }

func (a Axis) unit() string {
	if a.Percent {
		return "%"
	}
	return a.Unit
}

// at returns where a value lies on the axis: its decimal logarithm on a logarithmic one.
func (a Axis) at(v float64) float64 {
	if a.Log {
		return math.Log10(v)
	}
	return v
}

// A tick is a place on a scale; one without a label is minor.
type tick struct {
	at    float64
	label string
}

// A scale is an axis with its ends and ticks, in units of [Axis.at].
type scale struct {
	Axis
	lo, hi float64
	ticks  []tick
}

// A span of values that grows as values are added.
type reach struct{ lo, hi float64 }

func newReach() reach { return reach{math.Inf(1), math.Inf(-1)} }

func (r *reach) add(v float64) { r.lo, r.hi = min(r.lo, v), max(r.hi, v) }

func (r reach) empty() bool { return r.lo > r.hi }

// scaleX returns the shared horizontal scale: all data and a margin of 4% on either side.
func (c *Chart) scaleX() scale {
	a := c.X
	r := newReach()
	for _, p := range c.Panels {
		for _, s := range p.Points {
			for _, pt := range s.Points {
				r.add(a.at(pt.X))
			}
		}
		for _, b := range p.Bands {
			r.add(a.at(b.X[0]))
			r.add(a.at(b.X[len(b.X)-1]))
		}
		for _, l := range p.Curves {
			r.add(a.at(l.X[0]))
			r.add(a.at(l.X[len(l.X)-1]))
		}
	}
	for _, s := range c.Spans {
		r.add(a.at(s.At))
	}
	return a.scale(r, 0.04)
}

// scaleY returns the vertical scale of a panel. Bands widen it by no more than the height of the data
// on either side: a forecast far ahead must not flatten what was measured.
func (c *Chart) scaleY(p Panel) scale {
	a := p.Y
	r := newReach()
	for _, s := range p.Points {
		for _, pt := range s.Points {
			r.add(a.at(pt.Y))
			if !a.Log || pt.Y-pt.Down > 0 {
				r.add(a.at(pt.Y - pt.Down))
			}
			r.add(a.at(pt.Y + pt.Up))
		}
	}
	for _, l := range p.Curves {
		for _, y := range l.Y {
			r.add(a.at(y))
		}
	}
	for _, l := range p.Levels {
		r.add(a.at(l.Y))
	}
	room := math.Inf(1)
	if !r.empty() && r.hi > r.lo {
		room = r.hi - r.lo
	}
	data := r
	for _, b := range p.Bands {
		for i := range b.X {
			low, high := a.at(b.Low[i]), a.at(b.High[i])
			if !data.empty() {
				low, high = max(low, data.lo-room), min(high, data.hi+room)
			}
			r.add(low)
			r.add(high)
		}
	}
	s := a.scale(r, 0.07)
	if a.Percent && !a.fixed() { // a share has ends of its own; leave room for half a mark
		s.lo, s.hi = max(s.lo, -0.03), min(s.hi, 1.03)
		s.ticks = s.linearTicks(5)
	}
	return s
}

func (a Axis) scale(r reach, margin float64) scale {
	s := scale{Axis: a, lo: r.lo, hi: r.hi}
	switch {
	case a.fixed():
		s.lo, s.hi = a.at(a.Min), a.at(a.Max)
	case r.empty():
		s.lo, s.hi = 0, 1
	case r.hi-r.lo < 1e-9*max(1, math.Abs(r.hi)): // a single value
		pad := max(math.Abs(r.hi)*0.1, 1e-6)
		if a.Log {
			pad = 0.5
		}
		s.lo, s.hi = r.lo-pad, r.hi+pad
	default:
		pad := (r.hi - r.lo) * margin
		s.lo, s.hi = r.lo-pad, r.hi+pad
	}
	if a.Log {
		s.ticks = s.logTicks()
	} else {
		s.ticks = s.linearTicks(5)
	}
	return s
}

// logTicks returns ticks at 1, 2, ..., 9 times every power of ten, in decades. Powers of ten have labels;
// where fewer than three of them are in sight, so has three times a power (half-way, in logarithms), and
// on less than a decade every tick.
func (s scale) logTicks() []tick {
	first, last := int(math.Floor(s.lo)), int(math.Ceil(s.hi))
	decades := 0
	for e := first; e <= last; e++ {
		if float64(e) >= s.lo && float64(e) <= s.hi {
			decades++
		}
	}
	step := 1
	for decades/step > 10 {
		step++
	}
	var ticks []tick
	for e := first; e <= last; e++ {
		for m := 1; m <= 9; m++ {
			at := float64(e) + math.Log10(float64(m))
			if at < s.lo-1e-9 || at > s.hi+1e-9 || m > 1 && step > 1 {
				continue
			}
			t := tick{at: at}
			if m == 1 && e%step == 0 || m == 3 && decades < 3 || decades == 0 {
				t.label = power(m, e)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

var superscript = strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³",
	"4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")

// power writes m times ten to the e: "10⁶", "3·10⁴".
func power(m, e int) string {
	s := "10" + superscript.Replace(strconv.Itoa(e))
	if m != 1 {
		s = strconv.Itoa(m) + "·" + s
	}
	return s
}

// linearTicks returns about n ticks at multiples of 1, 2 or 5 times a power of ten.
func (s scale) linearTicks(n int) []tick {
	raw := (s.hi - s.lo) / float64(n)
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * unit
	for _, m := range []float64{1, 2, 5} {
		if m*unit >= raw*0.75 {
			step = m * unit
			break
		}
	}
	factor := 1.0
	if s.Percent {
		factor = 100
	}
	decimals := decimalsOf(step * factor)
	var ticks []tick
	for i := math.Ceil(s.lo/step - 1e-9); i*step <= s.hi+1e-9*step; i++ {
		ticks = append(ticks, tick{i * step, decimal(i*step*factor, decimals)})
	}
	return ticks
}

func decimalsOf(step float64) int { return max(0, int(math.Ceil(-math.Log10(step)-1e-9))) }

// decimals returns how many the labels of a linear scale have.
func (s scale) decimals() int {
	if s.Log || len(s.ticks) < 2 {
		return 0
	}
	step := s.ticks[1].at - s.ticks[0].at
	if s.Percent {
		step *= 100
	}
	return decimalsOf(step * (1 + 1e-9))
}

// decimal writes v with a real minus sign, and no minus before zero.
func decimal(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if digits, ok := strings.CutPrefix(s, "-"); ok {
		if strings.Trim(digits, "0.") == "" {
			return digits
		}
		return "−" + digits
	}
	return s
}

// value writes v with the axis' unit for a reader: "70.4 million parameters", "31.2%", "−1.24 nats".
func (a Axis) value(v float64) string {
	switch {
	case a.Percent:
		return decimal(100*v, 1) + "%"
	case a.Log:
		return Count(v) + " " + a.Unit
	default:
		return digits(v, 3) + " " + a.Unit
	}
}

// digits writes v with n significant digits.
func digits(v float64, n int) string {
	if v == 0 {
		return "0"
	}
	decimals := n - 1 - int(math.Floor(math.Log10(math.Abs(v))))
	return decimal(v, min(max(decimals, 0), 6))
}

// Count writes a positive number as a reader says it, with three digits: "812", "41.2 thousand",
// "6.9 billion", and from a quadrillion on "1.20·10²¹".
func Count(v float64) string {
	trim := func(s string) string {
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		return s
	}
	for _, u := range []struct {
		size float64
		name string
	}{{1, ""}, {1e3, " thousand"}, {1e6, " million"}, {1e9, " billion"}, {1e12, " trillion"}} {
		if s := digits(v/u.size, 3); math.Abs(v/u.size) < 999.5 {
			return trim(s) + u.name
		}
	}
	e := int(math.Floor(math.Log10(math.Abs(v))))
	return fmt.Sprintf("%s·10%s", decimal(v/math.Pow(10, float64(e)), 2), superscript.Replace(strconv.Itoa(e)))
}
