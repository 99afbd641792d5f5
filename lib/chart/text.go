package chart

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// A face is a size in px and a weight of Liberation Sans, whose widths are Arial's.
type face struct {
	px   float64
	bold bool
}

var (
	titleFace  = face{17, true}
	subFace    = face{13, false}
	legendFace = face{13, false}
	nameFace   = face{13, true}
	tickFace   = face{12, false}
	noteFace   = face{12, true}
)

// fonts holds two of Liberation's twelve faces: a cell links only what it draws with.
var fonts = sync.OnceValue(func() *font.Cache {
	cache := font.NewCache(nil)
	for _, f := range []struct {
		weight xfont.Weight
		ttf    []byte
	}{{xfont.WeightNormal, liberationsansregular.TTF}, {xfont.WeightBold, liberationsansbold.TTF}} {
		parsed, err := opentype.Parse(f.ttf)
		if err != nil {
			panic("chart: Liberation Sans: " + err.Error()) // embedded, so it cannot fail for one reader alone
		}
		cache.Add(font.Collection{{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Weight: f.weight}, Face: parsed}})
	}
	return cache
})

func (f face) font() font.Face {
	weight := xfont.WeightNormal
	if f.bold {
		weight = xfont.WeightBold
	}
	return fonts().Lookup(font.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight}, font.Length(f.px))
}

// width returns the width of a line in px.
func (f face) width(s string) float64 {
	w := 0.0
	for _, r := range f.runs(s) {
		face := r.face.font()
		w += float64(face.Width(r.text))
	}
	return w
}

// A run is a part of a line in one face, raised by some px.
type run struct {
	text string
	face face
	up   float64
}

var plainDigits = strings.NewReplacer("⁻", "−", "⁰", "0", "¹", "1", "²", "2", "³", "3",
	"⁴", "4", "⁵", "5", "⁶", "6", "⁷", "7", "⁸", "8", "⁹", "9")

// runs splits a line at superscript digits, half of which Liberation lacks: they are drawn as small
// raised ones.
func (f face) runs(s string) []run {
	raised := func(r rune) bool { return strings.ContainsRune("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", r) }
	var runs []run
	for s != "" {
		n := strings.IndexFunc(s, raised)
		if n < 0 {
			return append(runs, run{s, f, 0})
		}
		if n > 0 {
			runs = append(runs, run{s[:n], f, 0})
			s = s[n:]
		}
		n = strings.IndexFunc(s, func(r rune) bool { return !raised(r) })
		if n < 0 {
			n = len(s)
		}
		runs = append(runs, run{plainDigits.Replace(s[:n]), face{f.px * 0.75, f.bold}, f.px * 0.36})
		s = s[n:]
	}
	return runs
}

// outline returns the letters of s as paths from (0, 0), the left end of the base line, with y upwards:
// text that looks the same in every reader, whatever characters it has.
func (r run) outline() vg.Path {
	const unit = 1000 // px the letters are read at, for precision
	fnt := r.face.font().Face
	scale := vg.Length(r.face.px / unit / 64)
	ppem := fixed.I(unit)
	var (
		buf  sfnt.Buffer
		path vg.Path
		x    fixed.Int26_6
		prev sfnt.GlyphIndex
	)
	for i, c := range r.text {
		glyph, err := fnt.GlyphIndex(&buf, c)
		if err != nil {
			continue
		}
		if i > 0 {
			if kern, err := fnt.Kern(&buf, prev, glyph, ppem, xfont.HintingNone); err == nil {
				x += kern
			}
		}
		prev = glyph
		segments, err := fnt.LoadGlyph(&buf, glyph, ppem, nil)
		if err != nil {
			continue
		}
		at := func(p fixed.Point26_6) vg.Point {
			return vg.Point{X: vg.Length(p.X+x) * scale, Y: -vg.Length(p.Y) * scale}
		}
		for j, s := range segments {
			switch s.Op {
			case sfnt.SegmentOpMoveTo:
				if j > 0 {
					path.Close()
				}
				path.Move(at(s.Args[0]))
			case sfnt.SegmentOpLineTo:
				path.Line(at(s.Args[0]))
			case sfnt.SegmentOpQuadTo: // PDF has cubic curves alone
				from, mid, to := path[len(path)-1].Pos, at(s.Args[0]), at(s.Args[1])
				toward := func(a, b vg.Point) vg.Point {
					return vg.Point{X: a.X + (b.X-a.X)*2/3, Y: a.Y + (b.Y-a.Y)*2/3}
				}
				path.CubeTo(toward(from, mid), toward(to, mid), to)
			case sfnt.SegmentOpCubeTo:
				path.CubeTo(at(s.Args[0]), at(s.Args[1]), at(s.Args[2]))
			}
		}
		if len(segments) > 0 {
			path.Close()
		}
		if advance, err := fnt.GlyphAdvance(&buf, glyph, ppem, xfont.HintingNone); err == nil {
			x += advance
		}
	}
	return path
}

// balance wraps like wrap, and then evens the lines out: no last word stands alone.
func (f face) balance(text string, width float64, maxLines int) []string {
	words := f.measure(text)
	lines := f.lines(words, width, maxLines)
	if len(lines) < 2 || strings.HasSuffix(lines[len(lines)-1], "…") {
		return lines
	}
	narrow, wide := width/2, width
	for wide-narrow > 12 {
		mid := (narrow + wide) / 2
		if tried := f.lines(words, mid, maxLines+1); len(tried) <= len(lines) {
			lines, wide = tried, mid
		} else {
			narrow = mid
		}
	}
	return lines
}

// A word has its width in px.
type word struct {
	text  string
	width float64
}

// measure splits text into paragraphs of words.
func (f face) measure(text string) [][]word {
	var paragraphs [][]word
	for line := range strings.Lines(text) {
		var words []word
		for w := range strings.FieldsSeq(line) {
			words = append(words, word{w, f.width(w)})
		}
		paragraphs = append(paragraphs, words)
	}
	return paragraphs
}

// wrap breaks text at spaces into lines of at most width px, and words that are wider anywhere. What
// exceeds maxLines is cut, with an ellipsis. Line breaks of the text are kept.
func (f face) wrap(text string, width float64, maxLines int) []string {
	return f.lines(f.measure(text), width, maxLines)
}

func (f face) lines(paragraphs [][]word, width float64, maxLines int) []string {
	space := f.width(" ")
	var lines []string
	for _, words := range paragraphs {
		line, taken := "", 0.0
		for _, w := range words {
			if line != "" && taken+space+w.width <= width {
				line, taken = line+" "+w.text, taken+space+w.width
				continue
			}
			if line != "" {
				lines = append(lines, line)
			}
			line, taken = w.text, w.width
			for taken > width {
				n := f.fit(line, width)
				if n == len(line) {
					break // one letter, wider than the line
				}
				lines, line = append(lines, line[:n]), line[n:]
				taken = f.width(line)
			}
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > maxLines {
		lines = lines[:maxLines]
		lines[maxLines-1] = f.cut(lines[maxLines-1]+" …", width)
	}
	return lines
}

// fit returns how many bytes of s fit into width, at least one character.
func (f face) fit(s string, width float64) int {
	fits := 0
	for i, r := range s {
		end := i + len(string(r))
		if i > 0 && f.width(s[:min(end, len(s))]) > width {
			return i
		}
		fits = end
	}
	return min(fits, len(s))
}

// cut returns s, shortened with an ellipsis until it fits into width px.
func (f face) cut(s string, width float64) string {
	if f.width(s) <= width {
		return s
	}
	s = strings.TrimRight(s, " …")
	return strings.TrimRight(s[:f.fit(s, width-f.width(" …"))], " ") + " …"
}

// sentenceCase returns s with its first letter in upper case, as axes are named.
func sentenceCase(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
