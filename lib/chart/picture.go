package chart

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// PNG returns the chart on white, 860 px wide at scale 1; scale 2 is crisp on a dense screen.
// It keeps 48 colours, and is 15 to 55 kB at scale 2.
func (c *Chart) PNG(scale float64) ([]byte, error) {
	l, err := c.prepare()
	if err != nil {
		return nil, err
	}
	if !(scale > 0 && scale <= 8) {
		return nil, fmt.Errorf("chart: PNG at scale %v, want more than 0 and at most 8", scale)
	}
	canvas := vgimg.NewWith(vgimg.UseWH(vg.Length(l.width), vg.Length(l.height)), vgimg.UseDPI(int(72*scale+0.5)))
	c.draw(canvas, l)
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.DefaultCompression}
	if err := enc.Encode(&b, reduce(canvas.Image())); err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	return b.Bytes(), nil
}

// SVG returns the chart as a vector picture, 860 pt wide. Its text stays text, in Liberation Sans where the
// reader has it.
func (c *Chart) SVG() ([]byte, error) {
	l, err := c.prepare()
	if err != nil {
		return nil, err
	}
	return c.vector(vgsvg.New(vg.Length(l.width), vg.Length(l.height)), l)
}

// PDF returns the chart as a page of its own size, 860 pt wide. Its text is drawn as outlines: vgpdf 0.17 refuses
// bold faces and knows no character beyond Latin-1.
func (c *Chart) PDF() ([]byte, error) {
	l, err := c.prepare()
	if err != nil {
		return nil, err
	}
	return c.vector(vgpdf.New(vg.Length(l.width), vg.Length(l.height)), l)
}

func (c *Chart) prepare() (layout, error) {
	if err := c.Check(); err != nil {
		return layout{}, err
	}
	return c.lay(pageWidth, 0, c.scalesY()), nil
}

func (c *Chart) scalesY() []scale {
	var ys []scale
	for _, p := range c.Panels {
		ys = append(ys, c.scaleY(p))
	}
	return ys
}

func (c *Chart) vector(canvas vg.CanvasWriterTo, l layout) ([]byte, error) {
	c.draw(canvas, l)
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	return b.Bytes(), nil
}

// A pen draws on a canvas in px from the upper left corner.
type pen struct {
	vg.Canvas
	height float64
	pdf    bool // draw text as paths
}

func (p pen) pt(x, y float64) vg.Point { return vg.Point{X: vg.Length(x), Y: vg.Length(p.height - y)} }

// text writes a line with its baseline at y; align is 0 for left, .5 for centre, 1 for right.
func (p pen) text(f face, hex, s string, x, y, align float64) {
	if s == "" {
		return
	}
	p.color(hex, 1)
	x -= align * f.width(s)
	for _, r := range f.runs(s) {
		at := p.pt(x, y-r.up)
		if p.pdf {
			p.Push()
			p.Translate(at)
			p.Fill(r.outline())
			p.Pop()
		} else {
			p.FillString(r.face.font(), at, r.text)
		}
		x += r.face.width(r.text)
	}
}

func (p pen) stroke(hex string, width float64, dash []int, pts ...vg.Point) {
	if len(pts) < 2 {
		return
	}
	p.color(hex, 1)
	p.SetLineWidth(vg.Length(width))
	var d []vg.Length
	for _, n := range dash {
		d = append(d, vg.Length(n))
	}
	p.SetLineDash(d, 0)
	p.Stroke(polygon(pts, false))
	p.SetLineDash(nil, 0)
}

func (p pen) fill(hex string, opacity float64, pts ...vg.Point) {
	if len(pts) > 2 {
		p.color(hex, opacity)
		p.Fill(polygon(pts, true))
	}
}

func polygon(pts []vg.Point, closed bool) vg.Path {
	var path vg.Path
	path.Move(pts[0])
	for _, pt := range pts[1:] {
		path.Line(pt)
	}
	if closed {
		path.Close()
	}
	return path
}

// circle returns four cubic curves: arcs come out of vgpdf as hexagons.
func (p pen) circle(x, y, r float64) vg.Path {
	k := r * 0.5522847498 // 4/3 (sqrt 2 - 1), to within 0.03% of the radius
	var path vg.Path
	path.Move(p.pt(x+r, y))
	path.CubeTo(p.pt(x+r, y-k), p.pt(x+k, y-r), p.pt(x, y-r))
	path.CubeTo(p.pt(x-k, y-r), p.pt(x-r, y-k), p.pt(x-r, y))
	path.CubeTo(p.pt(x-r, y+k), p.pt(x-k, y+r), p.pt(x, y+r))
	path.CubeTo(p.pt(x+k, y+r), p.pt(x+r, y+k), p.pt(x+r, y))
	path.Close()
	return path
}

// color says a colour to the canvas.
func (p pen) color(hex string, opacity float64) {
	c := rgb(hex, opacity)
	if p.pdf {
		p.SetColor(straight(c))
	} else {
		p.SetColor(c)
	}
}

// straight is a colour as vgpdf 0.17 takes it: not multiplied by its opacity.
type straight color.NRGBA

func (s straight) RGBA() (r, g, b, a uint32) {
	return uint32(s.R) * 257, uint32(s.G) * 257, uint32(s.B) * 257, uint32(s.A) * 257
}

// mark draws a point's mark, its outline 1.8 px wide.
func (p pen) mark(s Style, x, y, size float64) {
	lk := s.Tone.look()
	r := size / 2
	var path vg.Path
	switch lk.shape {
	case "circle":
		path = p.circle(x, y, r)
	case "diamond":
		r *= 1.25
		path = polygon([]vg.Point{p.pt(x, y-r), p.pt(x+r, y), p.pt(x, y+r), p.pt(x-r, y)}, true)
	case "triangle":
		path = polygon([]vg.Point{p.pt(x, y-r), p.pt(x+r, y+r), p.pt(x-r, y+r)}, true)
	case "triangleDown":
		path = polygon([]vg.Point{p.pt(x, y+r), p.pt(x+r, y-r), p.pt(x-r, y-r)}, true)
	default:
		r *= 0.9
		path = polygon([]vg.Point{p.pt(x-r, y-r), p.pt(x+r, y-r), p.pt(x+r, y+r), p.pt(x-r, y+r)}, true)
	}
	fill := lk.light
	if s.Hollow {
		fill = paper
	}
	p.color(fill, 1)
	p.Fill(path)
	p.color(lk.light, 1)
	p.SetLineWidth(1.8)
	p.Stroke(path)
}

// Sizes of what is drawn, in px; the live chart uses the same.
const (
	markSize  = 9
	curveLine = 2.2
	barLine   = 1.5
	barCap    = 3.5 // half the width of the end of an error bar
)

func (c *Chart) draw(canvas vg.CanvasSizer, l layout) {
	vg.Initialize(canvas)
	_, isPDF := canvas.(*vgpdf.Canvas)
	p := pen{canvas, l.height, isPDF}
	p.fill(paper, 1, p.pt(0, 0), p.pt(l.width, 0), p.pt(l.width, l.height), p.pt(0, l.height))
	for i, line := range l.title {
		p.text(titleFace, ink, line, side, l.titleTop+titleLine*float64(i)+16, 0)
	}
	for i, line := range l.sub {
		p.text(subFace, muted, line, side, l.subTop+subLine*float64(i)+13, 0)
	}
	for _, e := range l.legend {
		c.drawEntry(p, e)
	}
	x := c.scaleX()
	for i, panel := range c.Panels {
		c.drawPanel(p, panel, l.panels[i], x, c.scaleY(panel), i == len(c.Panels)-1)
	}
	b := l.panels[0]
	for i, s := range c.Spans {
		at := b.left + b.width*(x.at(s.At)-x.lo)/(x.hi-x.lo)
		shift := (l.spanAlign[i] - 0.5) * 8 // a turned text stands off its line
		p.text(noteFace, s.Style.Tone.look().light, s.Text, at-shift, b.top-9-l.spanUp, l.spanAlign[i])
	}
}

func (c *Chart) drawEntry(p pen, e entry) {
	y := e.top + legendLine/2
	left, mid, right := e.left, e.left+legendSwatch/2, e.left+legendSwatch
	hex := e.style.Tone.look().light
	switch e.kind {
	case pointsEntry:
		p.mark(e.style, mid, y, markSize)
	case curveEntry:
		p.stroke(hex, curveLine, e.style.dash(), p.pt(left, y), p.pt(right, y))
	case areaEntry:
		p.fill(hex, e.bandOpacity+0.12, p.pt(left, y-6), p.pt(right, y-6), p.pt(right, y+6), p.pt(left, y+6))
	}
	p.text(legendFace, ink, e.name, right+5, y+4.5, 0)
}

func (c *Chart) drawPanel(p pen, panel Panel, b box, x, y scale, last bool) {
	px, py := b.places(x, y)
	clip := draw.Canvas{Canvas: p.Canvas, Rectangle: vg.Rectangle{Min: p.pt(b.left, b.bottom()), Max: p.pt(b.right(), b.top)}}

	p.text(nameFace, ink, sentenceCase(y.caption()), side, b.top-9, 0)
	for _, s := range c.Spans {
		hex := s.Style.Tone.look().light
		lo, hi := max(px(s.Low), b.left), min(px(s.High), b.right())
		p.fill(hex, spanOpacity, p.pt(lo, b.top), p.pt(hi, b.top), p.pt(hi, b.bottom()), p.pt(lo, b.bottom()))
	}
	for _, t := range y.ticks {
		ty := b.bottom() - b.height*(t.at-y.lo)/(y.hi-y.lo)
		if t.label != "" {
			p.stroke(rule, 1, nil, p.pt(b.left, ty), p.pt(b.right(), ty))
			p.text(tickFace, muted, t.label, b.left-8, ty+4.2, 1)
		}
	}
	for _, t := range x.ticks {
		tx := b.left + b.width*(t.at-x.lo)/(x.hi-x.lo)
		long := 3.0
		if t.label != "" {
			long = 6
			p.stroke(rule, 1, nil, p.pt(tx, b.top), p.pt(tx, b.bottom()))
			if last {
				p.text(tickFace, muted, t.label, tx, b.bottom()+20, 0.5)
			}
		}
		p.stroke(axisInk, 1, nil, p.pt(tx, b.bottom()), p.pt(tx, b.bottom()+long))
	}
	p.stroke(axisInk, 1, nil, p.pt(b.left, b.bottom()), p.pt(b.right(), b.bottom()))
	if last {
		p.text(nameFace, ink, sentenceCase(x.caption()), b.left+b.width/2, b.bottom()+43, 0.5)
	}

	for _, band := range panel.Bands {
		var pts []vg.Point
		for i := range band.X {
			pts = append(pts, p.pt(px(band.X[i]), py(band.High[i])))
		}
		for i := len(band.X) - 1; i >= 0; i-- {
			pts = append(pts, p.pt(px(band.X[i]), py(band.Low[i])))
		}
		p.fill(band.Style.Tone.look().light, bandOpacity, clip.ClipPolygonXY(pts)...)
	}
	for _, lv := range panel.Levels {
		ly := py(lv.Y)
		p.stroke(muted, 1.2, []int{2, 3}, p.pt(b.left, ly), p.pt(b.right(), ly))
		at := c.levelPlace(panel, lv, b, x, y)
		base := ly - 5
		if at.below {
			base = ly + 14
		}
		if at.left {
			p.text(tickFace, muted, lv.Text, b.left+6, base, 0)
		} else {
			p.text(tickFace, muted, lv.Text, b.right()-4, base, 1)
		}
	}
	for _, s := range c.Spans {
		p.stroke(s.Style.Tone.look().light, 1.6, []int{6, 4}, p.pt(px(s.At), b.top), p.pt(px(s.At), b.bottom()))
	}
	for _, l := range panel.Curves {
		var pts []vg.Point
		for i := range l.X {
			pts = append(pts, p.pt(px(l.X[i]), py(l.Y[i])))
		}
		for _, part := range clip.ClipLinesXY(pts) {
			p.stroke(l.Style.Tone.look().light, curveLine, l.Style.dash(), part...)
		}
	}
	for _, s := range panel.Points {
		hex := s.Style.Tone.look().light
		for _, pt := range s.Points {
			if pt.Down == 0 && pt.Up == 0 {
				continue
			}
			at := px(pt.X)
			top, bottom := max(py(pt.Y+pt.Up), b.top), min(py(pt.Y-pt.Down), b.bottom())
			p.stroke(hex, barLine, nil, p.pt(at, top), p.pt(at, bottom))
			p.stroke(hex, barLine, nil, p.pt(at-barCap, top), p.pt(at+barCap, top))
			p.stroke(hex, barLine, nil, p.pt(at-barCap, bottom), p.pt(at+barCap, bottom))
		}
		for _, pt := range s.Points {
			p.mark(s.Style, px(pt.X), py(pt.Y), markSize)
		}
	}
}
