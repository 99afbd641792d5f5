package chart

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func labels(s scale) string {
	var l []string
	for _, t := range s.ticks {
		if t.label != "" {
			l = append(l, t.label)
		}
	}
	return strings.Join(l, " ")
}

func TestTicks(t *testing.T) {
	for _, tt := range []struct {
		name   string
		axis   Axis
		lo, hi float64 // of the data
		want   string
	}{
		{"public models", Axis{Log: true}, 14e6, 12e9, "10⁸ 10⁹ 10¹⁰"},
		{"the tiny family: half decades", Axis{Log: true}, 3.4e3, 5e5, "3·10³ 10⁴ 3·10⁴ 10⁵ 3·10⁵"},
		{"less than a decade", Axis{Log: true}, 2.1e6, 8e6, "2·10⁶ 3·10⁶ 4·10⁶ 5·10⁶ 6·10⁶ 7·10⁶ 8·10⁶"},
		{"compute", Axis{Log: true}, 1e18, 1e25, "10¹⁸ 10¹⁹ 10²⁰ 10²¹ 10²² 10²³ 10²⁴ 10²⁵"},
		{"below one", Axis{Log: true}, 1e-3, 1, "10⁻³ 10⁻² 10⁻¹ 10⁰"},
		{"many decades", Axis{Log: true}, 1, 1e20, "10⁰ 10² 10⁴ 10⁶ 10⁸ 10¹⁰ 10¹² 10¹⁴ 10¹⁶ 10¹⁸ 10²⁰"},
		{"one model", Axis{Log: true}, 1e6, 1e6, "10⁶ 3·10⁶"},
		{"shares", Axis{Percent: true, Min: -.03, Max: 1.03}, 0, 0, "0 20 40 60 80 100"},
		{"narrow shares", Axis{Percent: true}, .241, .259, "24.5 25.0 25.5"},
		{"nats", Axis{}, -1.52, -.1, "−1.5 −1.0 −0.5"},
		{"around zero", Axis{}, -2, 2, "−2 −1 0 1 2"},
		{"constant", Axis{}, .5, .5, "0.46 0.48 0.50 0.52 0.54"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newReach()
			if !tt.axis.fixed() {
				r.add(tt.axis.at(tt.lo))
				r.add(tt.axis.at(tt.hi))
			}
			s := tt.axis.scale(r, 0.04)
			if got := labels(s); got != tt.want {
				t.Errorf("ticks %q, want %q", got, tt.want)
			}
			for _, k := range s.ticks {
				if k.at < s.lo-1e-9 || k.at > s.hi+1e-9 {
					t.Errorf("tick %v is outside [%v, %v]", k.at, s.lo, s.hi)
				}
			}
		})
	}
}

// A forecast far ahead widens the scale, by no more than the data's height on either side.
func TestBandsDoNotFlattenData(t *testing.T) {
	c := &Chart{}
	p := Panel{
		Y:      Axis{Name: "loss", Unit: "nats"},
		Points: []Points{{Points: []Point{{X: 1, Y: 2}, {X: 2, Y: 3}}}},
		Bands:  []Band{{X: []float64{1, 3}, Low: []float64{2, -50}, High: []float64{2, 50}}},
	}
	s := c.scaleY(p)
	if s.lo < 0.5 || s.hi > 4.5 {
		t.Errorf("the scale goes from %v to %v, want at most 1-0.5 to 4+0.5", s.lo, s.hi)
	}
}

func TestValues(t *testing.T) {
	share, size, nats := Axis{Percent: true}, Axis{Unit: "parameters", Log: true}, Axis{Unit: "nats"}
	for _, tt := range []struct{ got, want string }{
		{share.value(.3125), "31.2%"},
		{size.value(70.4e6), "70.4 million parameters"},
		{nats.value(-1.2345), "−1.23 nats"},
		{nats.value(0), "0 nats"},
		{nats.value(1234.5), "1234 nats"}, // to even
		{nats.value(-1e-9), "0.000000 nats"},
		{Count(999), "999"},
		{Count(999.6), "1 thousand"},
		{Count(999_600), "1 million"},
		{Count(1e12), "1 trillion"},
		{Count(0.5), "0.5"},
		{decimal(-0.001, 2), "0.00"},
		{power(1, -3), "10⁻³"},
		{sentenceCase("éa"), "Éa"},
		{sentenceCase(""), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestWrap(t *testing.T) {
	f := face{10, false}
	w := f.width("one two")
	for _, tt := range []struct {
		text string
		max  int
		want []string
	}{
		{"one two three", 4, []string{"one two", "three"}},
		{"", 4, nil},
		{"one\ntwo", 4, []string{"one", "two"}},
		{"one two three four five", 2, []string{"one two", "thre …"}},
		{"onetwothreefour", 4, []string{"onetwot", "hreefou", "r"}},
	} {
		got := f.wrap(tt.text, w, tt.max)
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, d)
		}
		for _, line := range got {
			if f.width(line) > w+0.01 {
				t.Errorf("%q is %v wide, want at most %v", line, f.width(line), w)
			}
		}
	}
	// No word alone on the last line.
	lines := titleFace.balance("Standard scaling: accuracy on popular-myths rises by 19 points a decade (P < 0.001, 6 models)", 740, 4)
	if len(lines) != 2 || math.Abs(titleFace.width(lines[0])-titleFace.width(lines[1])) > 120 {
		t.Errorf("unbalanced: %q", lines)
	}
	// A superscript is narrower than its digits, and no part is lost.
	if f.width("10⁻⁹") >= f.width("10−9") || f.width("10⁻⁹") <= f.width("10") {
		t.Error("superscript has the wrong width")
	}
}

// FuzzWrap: lines fit whatever the text, and no letter is lost when there is room for all lines.
func FuzzWrap(f *testing.F) {
	f.Add("one two three", 60.0)
	f.Add("\x00\xff ⁻⁰ 模型", 1.0)
	f.Fuzz(func(t *testing.T, text string, width float64) {
		if !(width > 0 && width < 1e4) || len(text) > 300 {
			t.Skip()
		}
		face := face{12, false}
		lines := face.wrap(text, width, 1000)
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if squeeze(strings.Join(lines, " ")) != squeeze(text) {
			t.Errorf("%q became %q", text, lines)
		}
		for _, l := range lines {
			if face.width(l) > width+0.5 && len([]rune(l)) > 1 {
				t.Errorf("line %q is %v px, want at most %v", l, face.width(l), width)
			}
		}
	})
}
