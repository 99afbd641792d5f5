package chart

import (
	"image/color"
	"strconv"
)

// A look is what a tone means to either renderer.
type look struct {
	light, dark string // "#rrggbb"
	shape       string // ECharts' name
	dash        []int  // px on, px off, ...; nil is solid
}

// The palette is Okabe and Ito's. Blue and sky change places on dark, where blue is too faint.
var looks = []look{
	Blue:       {"#0072b2", "#56b4e9", "circle", nil},
	Vermillion: {"#d55e00", "#e8762d", "diamond", []int{7, 4}},
	Green:      {"#009e73", "#1fb98c", "triangle", []int{2, 3}},
	Purple:     {"#b8558c", "#cc79a7", "rect", []int{8, 3, 2, 3}},
	Orange:     {"#e69f00", "#e6a21a", "triangleDown", []int{10, 3}},
	Sky:        {"#56b4e8", "#3a93cf", "circle", []int{4, 3}},
	Gray:       {"#6e7781", "#8b949e", "diamond", []int{3, 3}},
}

func (t Tone) look() look {
	n := int(t) % len(looks)
	if n < 0 {
		n += len(looks)
	}
	return looks[n]
}

// dash returns the pattern of a curve in px; nil is solid.
func (s Style) dash() []int {
	if d := s.Tone.look().dash; d != nil {
		return d
	}
	if s.Dashed {
		return []int{7, 4}
	}
	return nil
}

// Colours that are not data, light and dark.
const (
	ink, inkDark           = "#1b1f24", "#e6edf3"
	muted, mutedDark       = "#57606a", "#a3adb8"
	rule, ruleDark         = "#e4e7ea", "#33393f"
	axisInk, axisInkDark   = "#8c959f", "#848d97"
	paper, paperDark       = "#ffffff", "#16191d"
	tipPaper, tipPaperDark = "#fffffe", "#22272e"
)

// darkColors maps every colour of an option to its dark counterpart.
func darkColors() map[string]string {
	m := map[string]string{ink: inkDark, muted: mutedDark, rule: ruleDark, axisInk: axisInkDark, paper: paperDark, tipPaper: tipPaperDark}
	for _, l := range looks {
		m[l.light] = l.dark
	}
	return m
}

// rgb reads "#rrggbb" and adds an opacity from 0 to 1.
func rgb(hex string, opacity float64) color.NRGBA {
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		panic("chart: colour " + hex)
	}
	return color.NRGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), uint8(opacity*255 + 0.5)}
}

// Opacity of the areas of bands and spans.
const (
	bandOpacity = 0.20
	spanOpacity = 0.13
)
