package chart

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"
)

// A series of go-echarts with the settings that it lacks. Its fields win over the embedded ones.
type liveSeries struct {
	charts.SingleSeries
	Z      int    `json:"z"`
	Silent bool   `json:"silent,omitempty"`
	Clip   *bool  `json:"clip,omitempty"`
	Line   any    `json:"lineStyle,omitempty"`
	Item   any    `json:"itemStyle,omitempty"`
	Tip    any    `json:"tooltip,omitempty"`
	Area   any    `json:"markArea,omitempty"`
	Rule   any    `json:"markLine,omitempty"`
	Stress any    `json:"emphasis,omitempty"`
	Encode any    `json:"encode,omitempty"`
	What   string `json:"what,omitempty"` // is measured, for fn:tip
}

// A datum is one point of a series: where it lies and what hovering says.
type datum struct {
	Value []float64 `json:"value"`
	Head  string    `json:"head,omitempty"` // the model and its size
	Tip   string    `json:"tip,omitempty"`  // the value with its bar
}

func (c *Chart) series(lay layout, x scale, ys []scale) []liveSeries {
	var out []liveSeries
	no, yes := false, true
	hidden := map[string]any{"show": false}
	for i, p := range c.Panels {
		y := ys[i]
		base := func(name, kind string, z int) liveSeries {
			return liveSeries{SingleSeries: charts.SingleSeries{Name: name, Type: kind, XAxisIndex: i, YAxisIndex: i}, Z: z, What: p.Y.Name}
		}
		for _, s := range p.Points {
			if len(s.Points) == 0 {
				continue
			}
			lk := s.Style.Tone.look()
			marks, bars := base(s.Name, types.ChartScatter, 5), base(s.Name, types.ChartCustom, 4)
			marks.Symbol, marks.SymbolSize = symbol(lk.shape), symbolSize(lk.shape)
			if lk.shape == "triangleDown" {
				marks.Symbol = "path://M0 0L10 0L5 10Z"
			}
			fill := lk.light
			if s.Style.Hollow {
				fill = paper
			}
			marks.Item = map[string]any{"color": fill, "borderColor": lk.light, "borderWidth": 1.8, "opacity": 1}
			marks.Stress = map[string]any{"scale": 1.4}
			marks.Clip = &no // a mark at the end of the axis is whole
			var data, lines []datum
			barred := false
			for _, pt := range s.Points {
				low, high := pt.Y-pt.Down, pt.Y+pt.Up
				data = append(data, datum{[]float64{round(x.at(pt.X)), round(y.at(pt.Y))}, head(pt.Label, x.value(pt.X)), interval(y, pt.Y, low, high)})
				bottom := y.lo
				if !y.Log || low > 0 {
					bottom = y.at(low)
				}
				if pt.Down > 0 || pt.Up > 0 {
					barred = true
					lines = append(lines, datum{Value: []float64{round(x.at(pt.X)), round(max(bottom, y.lo)), round(min(y.at(high), y.hi))}})
				}
			}
			marks.Data = data
			out = append(out, marks)
			if barred {
				bars.RenderItem, bars.Data, bars.Tip, bars.Silent, bars.Clip = "fn:bar", lines, hidden, true, &yes
				bars.Item = map[string]any{"color": lk.light}
				bars.Encode = map[string]any{"x": 0, "y": []int{1, 2}}
				out = append(out, bars)
			}
		}
		for _, l := range p.Curves {
			lk := l.Style.Tone.look()
			s := base(l.Name, types.ChartLine, 3)
			s.ShowSymbol, s.Symbol, s.SymbolSize = opts.Bool(false), "circle", 7
			style := map[string]any{"color": lk.light, "width": curveLine}
			if d := l.Style.dash(); d != nil {
				style["type"] = d
			}
			s.Line, s.Item = style, map[string]any{"color": lk.light}
			var data []datum
			for j := range l.X {
				data = append(data, datum{[]float64{round(x.at(l.X[j])), round(y.at(l.Y[j]))}, x.value(l.X[j]), y.value(l.Y[j])})
			}
			s.Data, s.Clip = data, &yes
			out = append(out, s)
		}
		for _, b := range p.Bands {
			s := base(b.Name, types.ChartCustom, 2)
			s.RenderItem, s.Tip, s.Silent, s.Clip = "fn:band", hidden, true, &yes
			s.Item = map[string]any{"color": b.Style.Tone.look().light, "opacity": bandOpacity}
			s.Encode = map[string]any{"x": 0, "y": []int{1, 2}}
			var data []datum
			for j := range b.X {
				data = append(data, datum{Value: []float64{round(x.at(b.X[j])), round(y.at(b.Low[j])), round(y.at(b.High[j]))}})
			}
			s.Data = data
			out = append(out, s)
		}
		for k, sp := range c.Spans { // a series of its own each: a markLine vanishes with its series
			out = append(out, spanSeries(base(sp.Name, types.ChartLine, 1), sp, x, i == 0, lay, lay.spanAlign[k]))
		}
		for _, lv := range p.Levels {
			position := map[place]string{
				{}: "insideEndTop", {left: true}: "insideStartTop",
				{below: true}: "insideEndBottom", {left: true, below: true}: "insideStartBottom",
			}[c.levelPlace(p, lv, lay.panels[i], x, y)]
			s := base("", types.ChartLine, 1)
			s.Data, s.Silent, s.Tip = []datum{}, true, hidden
			s.Rule = map[string]any{
				"silent": true, "symbol": "none", "animation": false,
				"lineStyle": map[string]any{"color": muted, "type": []int{2, 3}, "width": 1.2},
				"label":     map[string]any{"show": true, "position": position, "formatter": "{b}", "color": muted, "fontSize": tickFace.px},
				"data":      []any{map[string]any{"yAxis": round(y.at(lv.Y)), "name": lv.Text}},
			}
			out = append(out, s)
		}
	}
	return out
}

func spanSeries(s liveSeries, sp Span, x scale, written bool, lay layout, align float64) liveSeries {
	hex := sp.Style.Tone.look().light
	s.Data, s.Silent, s.Tip = []datum{}, true, map[string]any{"show": false}
	opacity := spanOpacity + 0.2
	if sp.Low == sp.High {
		opacity = 1
	}
	s.Item, s.Symbol = map[string]any{"color": hex, "opacity": opacity}, "none"
	s.Line = map[string]any{"color": hex, "width": 0}
	if sp.Low < sp.High {
		s.Area = map[string]any{
			"silent": true, "animation": false, "itemStyle": map[string]any{"color": hex, "opacity": spanOpacity},
			"data": []any{[]any{map[string]any{"xAxis": round(max(x.at(sp.Low), x.lo))}, map[string]any{"xAxis": round(min(x.at(sp.High), x.hi))}}},
		}
	}
	label := map[string]any{"show": false}
	if written && sp.Text != "" {
		label = map[string]any{
			"show": true, "position": "end", "formatter": "{b}", "color": hex, "fontWeight": "bold", "fontSize": noteFace.px,
			"align": map[float64]string{0: "left", 0.5: "center", 1: "right"}[align], "offset": []float64{(0.5 - align) * 8, 0}, "distance": 7 + lay.spanUp,
		}
	}
	s.Rule = map[string]any{
		"silent": true, "symbol": "none", "animation": false,
		"lineStyle": map[string]any{"color": hex, "type": []int{6, 4}, "width": 1.6},
		"label":     label,
		"data":      []any{map[string]any{"xAxis": round(x.at(sp.At)), "name": sp.Text}},
	}
	return s
}

func symbol(shape string) string {
	if slices.Contains([]string{"circle", "diamond", "triangle", "rect"}, shape) {
		return shape
	}
	return "circle"
}

func symbolSize(shape string) float64 {
	switch shape {
	case "diamond":
		return 11.5
	case "rect":
		return 8.5
	}
	return markSize
}

func head(label, size string) string {
	if label == "" {
		return size
	}
	return label + " · " + size
}

// interval writes a value with the ends of its bar: "31.2% (29.1 to 33.4)".
func interval(a scale, v, low, high float64) string {
	s := a.value(v)
	if low == high {
		return s
	}
	bare := func(v float64) string {
		if a.Percent {
			return decimal(100*v, 1)
		}
		if a.Log {
			return Count(v)
		}
		return strings.TrimSuffix(digits(v, 3), " ")
	}
	return fmt.Sprintf("%s (%s to %s)", s, bare(low), bare(high))
}
