package chart

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
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
