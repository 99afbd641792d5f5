package chart

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
	"github.com/go-echarts/go-echarts/v2/types"
)

// Option returns the option of Apache ECharts 6 that draws the chart, as JSON in which every < is
// escaped. It holds no code: where ECharts takes a function, the option names one of lib/chart/echarts
// as "fn:name". A logarithmic axis is a linear one over decades, so that both renderers place values alike.
//
// It goes through go-echarts' values. Three of its ways are avoided: RenderSnippet quotes functions,
// drops NaN without an error and does not escape </script>.
func (c *Chart) Option() ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	x, ys := c.scaleX(), c.scalesY()
	l := c.lay(pageWidth, 0, ys)

	e := charts.NewScatter()
	e.SetGlobalOptions(
		charts.WithAnimation(false),
		charts.WithLegendOpts(opts.Legend{
			Show: opts.Bool(true), Left: px(side - 5), Top: px(l.legendTop + 1), Data: liveLegend(l.legend),
			ItemWidth: legendSwatch, ItemHeight: 12, TextStyle: &opts.TextStyle{Color: ink, FontSize: int(legendFace.px)},
			InactiveColor: axisInk,
		}),
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "axis", Formatter: "fn:tip", BackgroundColor: tipPaper, BorderColor: rule}),
		charts.WithAxisPointerOpts(&opts.AxisPointer{Link: []opts.AxisPointerLink{{XAxisIndex: indices(len(ys))}}}),
		charts.WithAriaOpts(&opts.Aria{Enabled: opts.Bool(true), Label: &opts.AriaLabel{Enabled: opts.Bool(true), Description: c.Sentence}}),
		charts.WithColorsOpts(opts.Colors{Blue.look().light}),
		charts.WithDataZoomOpts(opts.DataZoom{Type: "inside", XAxisIndex: indices(len(ys)), FilterMode: "none"}),
	)
	e.Accept(&completion{c: c, l: l, x: x, ys: ys})
	e.Validate()
	base := e.JSON()
	media := []any{map[string]any{"option": c.relaid(l)}}
	widths := []float64{pageWidth, 780, 700, 620, 540, 460, 400, 340}
	for i, laid := range widths[1:] { // each laid for the narrowest of its range
		media = append(media, map[string]any{"query": map[string]any{"maxWidth": widths[i] - 1}, "option": c.relaid(c.lay(laid, l.height, ys))})
	}
	b, err := json.Marshal(map[string]any{"baseOption": base, "media": media})
	if err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	return b, nil
}

// relaid returns what of an option depends on the width.
func (c *Chart) relaid(l layout) map[string]any {
	return map[string]any{"title": titles(l), "legend": map[string]any{"top": l.legendTop + 1}, "grid": grids(l)}
}

func titles(l layout) map[string]any {
	return map[string]any{
		"text": l.titleText(), "subtext": l.subText(), "left": side - 5, "top": l.titleTop - 5, "itemGap": 5,
		"textStyle":    map[string]any{"color": ink, "fontSize": titleFace.px, "fontWeight": "bold", "lineHeight": titleLine},
		"subtextStyle": map[string]any{"color": muted, "fontSize": subFace.px, "lineHeight": subLine},
	}
}

func grids(l layout) []any {
	var g []any
	for _, b := range l.panels {
		g = append(g, map[string]any{
			"left": b.left, "top": b.top, "right": l.width - b.right(), "height": b.height, "outerBoundsMode": "none",
		})
	}
	return g
}

func px(v float64) string { return fmt.Sprintf("%gpx", math.Round(v)) }

func indices(n int) []int {
	var is []int
	for i := range n {
		is = append(is, i)
	}
	return is
}

// liveLegend returns the entries with icons of their own: ECharts would stretch a diamond to the width of
// a line.
func liveLegend(entries []entry) []any {
	var data []any
	for _, e := range entries {
		icon := "path://M0 0H24V12H0Z"
		switch {
		case e.kind == curveEntry && e.style.dash() == nil:
			icon = "path://M0 5H24V7.2H0Z"
		case e.kind == curveEntry:
			icon = "path://M0 5H6V7.2H0ZM9 5H15V7.2H9ZM18 5H24V7.2H18Z"
		case e.kind == pointsEntry:
			icon = map[string]string{
				"circle": "path://M6 1A5 5 0 1 1 6 11A5 5 0 1 1 6 1Z", "diamond": "path://M6 0L12 6L6 12L0 6Z",
				"triangle": "path://M6 1L11 11H1Z", "triangleDown": "path://M6 11L11 1H1Z", "rect": "path://M1.5 1.5H10.5V10.5H1.5Z",
			}[e.style.Tone.look().shape]
		}
		data = append(data, map[string]any{"name": e.name, "icon": icon})
	}
	return data
}

// completion adds what go-echarts' structs lack: it visits the option as a map before it is marshalled.
type completion struct {
	charts.BaseConfigurationVisitor
	c  *Chart
	l  layout
	x  scale
	ys []scale
}

func (v *completion) Visit(m map[string]any) {
	// The letters that lay has measured: with wider ones lines would run into each other.
	m["textStyle"] = map[string]any{"fontFamily": "Arial, 'Liberation Sans', Helvetica, sans-serif"}
	if legend, ok := m["legend"].(opts.Legend); ok {
		m["legend"] = struct {
			opts.Legend
			ItemGap int `json:"itemGap"`
		}{legend, legendGap}
	}
	m["title"] = titles(v.l)
	m["grid"] = grids(v.l)
	m["xAxis"], m["yAxis"] = v.axes()
	m["series"] = v.c.series(v.l, v.x, v.ys)
	m["dataZoom"] = []any{struct {
		opts.DataZoom
		ZoomOnMouseWheel string `json:"zoomOnMouseWheel"` // the wheel alone scrolls the notebook
		MoveOnMouseMove  string `json:"moveOnMouseMove"`
		MoveOnMouseWheel bool   `json:"moveOnMouseWheel"`
	}{opts.DataZoom{Type: "inside", XAxisIndex: indices(len(v.ys)), FilterMode: "none"}, "ctrl", "ctrl", false}}
	m["toolbox"] = map[string]any{
		"show": true, "right": side - 5, "top": 2, "itemSize": 15, "itemGap": 10,
		"iconStyle": map[string]any{"borderColor": axisInk},
		"emphasis":  map[string]any{"iconStyle": map[string]any{"borderColor": ink, "textFill": ink, "textPosition": "bottom", "textAlign": "right"}},
		"feature": map[string]any{
			"dataZoom":    map[string]any{"yAxisIndex": false, "title": map[string]any{"zoom": "zoom: drag over sizes", "back": "zoom back"}, "filterMode": "none"},
			"restore":     map[string]any{"title": "restore"},
			"saveAsImage": map[string]any{"title": "save as image", "name": "bellwether-" + v.c.ID(), "pixelRatio": 2, "backgroundColor": paper},
		},
	}
	if t, ok := m["tooltip"].(opts.Tooltip); ok {
		m["tooltip"] = struct {
			opts.Tooltip
			Confine     bool `json:"confine"`
			TextStyle   any  `json:"textStyle"`
			AxisPointer any  `json:"axisPointer"`
		}{t, true, map[string]any{"color": ink, "fontSize": 13}, map[string]any{
			"type": "line", "snap": true, "lineStyle": map[string]any{"color": axisInk, "type": "dashed"}, "label": map[string]any{"show": false},
		}}
	}
}

// An axis of go-echarts with the settings that it lacks.
type liveAxis struct {
	opts.XAxis
	NameTextStyle any  `json:"nameTextStyle,omitempty"`
	NameGap       int  `json:"nameGap"`
	AxisLabel     any  `json:"axisLabel"`
	AxisTick      any  `json:"axisTick"`
	SplitLine     any  `json:"splitLine"`
	AxisLine      any  `json:"axisLine"`
	MoveOverlap   bool `json:"nameMoveOverlap"`
}

func (v *completion) axes() (xs, ys []liveAxis) {
	for i, y := range v.ys {
		last := i == len(v.ys)-1
		x := liveScale(v.x, i)
		x.NameLocation, x.NameGap = "middle", 30
		x.NameTextStyle = map[string]any{"color": ink, "fontWeight": "bold", "fontSize": nameFace.px}
		x.AxisLine = map[string]any{"show": true, "onZero": false, "lineStyle": map[string]any{"color": axisInk}}
		if !last {
			x.NameTextStyle = map[string]any{"color": "transparent"}
			x.AxisLabel.(map[string]any)["show"] = false
		}
		xs = append(xs, x)

		a := liveScale(y, i)
		a.NameLocation, a.NameGap = "end", 9
		left := v.l.panels[i].left - side
		a.NameTextStyle = map[string]any{
			"color": ink, "fontWeight": "bold", "fontSize": nameFace.px, "align": "left", "verticalAlign": "bottom",
			"padding": []float64{0, 0, 0, -left}, // to the left edge of the chart
		}
		a.AxisLine = map[string]any{"show": false}
		a.AxisTick.(map[string]any)["show"] = false // its places are still those of the split lines
		ys = append(ys, a)
	}
	return xs, ys
}

func liveScale(s scale, grid int) liveAxis {
	var all, labelled []float64
	var lines []string // split lines take the ticks' places, and cycle through colours: minor ones are not drawn
	for _, t := range s.ticks {
		all = append(all, round(t.at))
		line := "transparent"
		if t.label != "" {
			labelled = append(labelled, round(t.at))
			line = rule
		}
		lines = append(lines, line)
	}
	format := "fn:number"
	switch {
	case s.Log:
		format = "fn:power"
	case s.Percent:
		format = "fn:percent"
	}
	return liveAxis{
		XAxis: opts.XAxis{Type: "value", Name: sentenceCase(s.caption()), GridIndex: grid, Min: round(s.lo), Max: round(s.hi)},
		AxisLabel: map[string]any{
			"color": muted, "fontSize": tickFace.px, "formatter": format, "customValues": labelled, "hideOverlap": true, "margin": 10, "decimals": s.decimals(),
		},
		AxisTick:  map[string]any{"show": true, "customValues": all, "length": 4, "lineStyle": map[string]any{"color": axisInk}},
		SplitLine: map[string]any{"show": true, "showMinLine": true, "showMaxLine": true, "lineStyle": map[string]any{"color": lines}},
	}
}

// round keeps six decimals: a thousandth of a pixel, and half the bytes.
func round(v float64) float64 { return math.Round(v*1e6) / 1e6 }

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
