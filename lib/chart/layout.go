package chart

import "strings"

// Sizes in px. A chart is drawn for pageWidth and, live, re-laid for what the page gives it.
const (
	pageWidth    = 860
	side         = 14 // margin left and right
	toolbox      = 96 // kept free of the title, for the live chart's buttons
	titleLine    = 23
	subLine      = 18
	legendLine   = 24
	legendWrap   = 12 + legendGap // as ECharts does
	legendSwatch = 24             // width of a swatch
	legendGap    = 18             // between entries
	nameLine     = 24             // over each panel, for the name of its axis
	spanLine     = 20             // over that, for what is written at spans
	panelGap     = 12
	below        = 54 // under the last panel, for the horizontal axis
	onePanel     = 300
	manyPanels   = 190
)

// An entry is a line of the legend: all series of one name.
type entry struct {
	name        string
	style       Style
	kind        entryKind
	left, top   float64
	width       float64
	bandOpacity float64
}

type entryKind int

const (
	pointsEntry entryKind = iota
	curveEntry
	areaEntry
)

// legend returns one entry a name, points first, then curves, bands and spans.
func (c *Chart) legend() []entry {
	var entries []entry
	seen := map[string]bool{}
	add := func(name string, s Style, k entryKind, opacity float64) {
		if !seen[name] {
			seen[name] = true
			entries = append(entries, entry{name: name, style: s, kind: k, bandOpacity: opacity})
		}
	}
	for _, p := range c.Panels {
		for _, s := range p.Points {
			if len(s.Points) > 0 {
				add(s.Name, s.Style, pointsEntry, 0)
			}
		}
	}
	for _, p := range c.Panels {
		for _, l := range p.Curves {
			add(l.Name, l.Style, curveEntry, 0)
		}
	}
	for _, p := range c.Panels {
		for _, b := range p.Bands {
			add(b.Name, b.Style, areaEntry, bandOpacity)
		}
	}
	for _, s := range c.Spans {
		if s.Low == s.High {
			add(s.Name, Style{Tone: s.Style.Tone, Dashed: true}, curveEntry, 0)
		} else {
			add(s.Name, s.Style, areaEntry, spanOpacity)
		}
	}
	return entries
}

// A box is a rectangle in px from the upper left corner of the chart.
type box struct{ left, top, width, height float64 }

func (b box) right() float64  { return b.left + b.width }
func (b box) bottom() float64 { return b.top + b.height }

// A layout says where everything lies at one width.
type layout struct {
	width, height    float64
	title, sub       []string
	titleTop, subTop float64
	legendTop        float64
	legend           []entry
	panels           []box
	spanAlign        []float64 // by span
	spanUp           float64   // how far what is written at spans is above the name of the first axis
}

// lay places the parts at a width in px. With height 0 panels take the height they like and the sum is
// the height; else they share what is left.
func (c *Chart) lay(width, height float64, ys []scale) layout {
	l := layout{width: width}
	y := 12.0
	l.titleTop = y
	l.title = titleFace.balance(c.Title, width-2*side-toolbox, 5)
	y += titleLine * float64(len(l.title))
	if len(l.title) > 0 {
		y += 2
	}
	l.subTop = y
	room := width - 2*side
	if len(l.title) == 0 {
		room -= toolbox
	}
	l.sub = subFace.balance(c.Subtitle, room, 4)
	y += subLine * float64(len(l.sub))
	y += 8
	l.legendTop = y
	x := float64(side)
	for _, e := range c.legend() {
		e.width = legendSwatch + 5 + legendFace.width(e.name)
		if x > side && x+e.width > width-side {
			x, y = side, y+legendWrap
		}
		e.left, e.top = x, y
		x += e.width + legendGap
		l.legend = append(l.legend, e)
	}
	y += legendLine + 4
	left := 0.0
	for _, s := range ys {
		for _, t := range s.ticks {
			left = max(left, tickFace.width(t.label))
		}
	}
	left += side + 12
	n := float64(len(ys))
	head := n*nameLine + (n-1)*panelGap + below
	// What is written at spans stands beside the name of the first axis, or over it where there is no room.
	panelWidth := width - left - side - 8
	name := side + nameFace.width(sentenceCase(ys[0].caption())) + 16
	xs := c.scaleX()
	l.spanAlign = c.spanAligns(xs, left, panelWidth)
	for i, s := range c.Spans {
		at := left + panelWidth*(xs.at(s.At)-xs.lo)/(xs.hi-xs.lo)
		if s.Text != "" && at-l.spanAlign[i]*noteFace.width(s.Text) < name {
			l.spanUp = spanLine
		}
	}
	head += l.spanUp
	each := float64(onePanel)
	if n > 1 {
		each = manyPanels
	}
	if height > 0 {
		each = max((height-y-head)/n, 60)
	}
	for i := range ys {
		y += nameLine
		if i == 0 {
			y += l.spanUp
		}
		l.panels = append(l.panels, box{left, y, panelWidth, each})
		y += each + panelGap
	}
	l.height = y - panelGap + below
	return l
}

func (l layout) titleText() string { return strings.Join(l.title, "\n") }
func (l layout) subText() string   { return strings.Join(l.sub, "\n") }

// spanAligns says how what is written at each span sits on its line: 0 starts there, .5 is centred, 1 ends
// there. It stays within the chart, and two that would overlap turn away from each other.
func (c *Chart) spanAligns(x scale, left, width float64) []float64 {
	aligns := make([]float64, len(c.Spans))
	at := make([]float64, len(c.Spans))
	for i, s := range c.Spans {
		share := (x.at(s.At) - x.lo) / (x.hi - x.lo)
		at[i] = left + width*share
		aligns[i] = 0.5
		if half := noteFace.width(s.Text) / 2; at[i]+half > left+width+side {
			aligns[i] = 1
		} else if at[i]-half < side {
			aligns[i] = 0
		}
	}
	for i := range c.Spans {
		for j := range c.Spans {
			wi, wj := noteFace.width(c.Spans[i].Text), noteFace.width(c.Spans[j].Text)
			if at[i] < at[j] && at[i]+(1-aligns[i])*wi+8 > at[j]-aligns[j]*wj {
				aligns[i], aligns[j] = 1, 0
				if at[i]-wi < side { // no room before the first
					aligns[i] = 0
				}
			}
		}
	}
	return aligns
}

// places returns the functions that take values to px.
func (b box) places(x, y scale) (px, py func(float64) float64) {
	px = func(v float64) float64 { return b.left + b.width*(x.at(v)-x.lo)/(x.hi-x.lo) }
	py = func(v float64) float64 {
		at := y.lo // a bar that reaches 0 on a logarithmic axis goes to its end
		if !y.Log || v > 0 {
			at = y.at(v)
		}
		return b.bottom() - b.height*(at-y.lo)/(y.hi-y.lo)
	}
	return px, py
}

// A place says where the text of a level stands on its line.
type place struct{ left, below bool }

// levelPlace returns the first place, of right above, left above, right below and left below, that no mark,
// bar, curve or span runs through; right above if there is none.
func (c *Chart) levelPlace(panel Panel, lv Level, b box, x, y scale) place {
	px, py := b.places(x, y)
	for _, p := range []place{{}, {left: true}, {below: true}, {left: true, below: true}} {
		w := tickFace.width(lv.Text)
		at := box{b.right() - 4 - w, py(lv.Y) - 18, w, 18}
		if p.left {
			at.left = b.left + 6
		}
		if p.below {
			at.top += 18
		}
		if at.bottom() <= b.bottom() && !c.crowded(panel, at, px, py) {
			return p
		}
	}
	return place{}
}

func (c *Chart) crowded(panel Panel, at box, px, py func(float64) float64) bool {
	hit := func(x, top, bottom float64) bool {
		return x > at.left-8 && x < at.right()+8 && bottom > at.top-3 && top < at.bottom()+3
	}
	for _, s := range c.Spans {
		if hit(px(s.At), at.top, at.bottom()) {
			return true
		}
	}
	for _, s := range panel.Points {
		for _, pt := range s.Points {
			if hit(px(pt.X), min(py(pt.Y+pt.Up), py(pt.Y)-markSize/2), max(py(pt.Y-pt.Down), py(pt.Y)+markSize/2)) {
				return true
			}
		}
	}
	for _, l := range panel.Curves {
		for i := 1; i < len(l.X); i++ { // pieces are short: a band's grid has some forty
			y0, y1 := py(l.Y[i-1]), py(l.Y[i])
			if mid := (px(l.X[i-1]) + px(l.X[i])) / 2; hit(mid, min(y0, y1), max(y0, y1)) {
				return true
			}
		}
	}
	return false
}
