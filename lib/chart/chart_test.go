package chart_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bellwether/lib/chart"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata")

// A chart that anybody could make: three sizes, no forecast.
func small() *chart.Chart {
	return &chart.Chart{
		Title: "Rises", Sentence: "Accuracy rises with size.",
		X: chart.Axis{Name: "model size", Unit: "parameters", Log: true},
		Panels: []chart.Panel{{
			Y: chart.Axis{Name: "accuracy", Percent: true},
			Points: []chart.Points{{Name: "measured", Points: []chart.Point{
				{X: 1e6, Y: .25, Down: .02, Up: .02, Label: "one"}, {X: 1e7, Y: .5, Down: .03, Up: .03}, {X: 1e8, Y: .75},
			}}},
		}},
	}
}

func TestCheckNamesSeriesAndPoint(t *testing.T) {
	for _, tt := range []struct {
		name string
		harm func(*chart.Chart)
		want string
	}{
		{
			"NaN", func(c *chart.Chart) { c.Panels[0].Points[0].Points[1].Y = math.NaN() },
			`chart: series "measured", point 2: y is NaN, want a finite number`,
		},
		{
			"infinite, with a label", func(c *chart.Chart) { c.Panels[0].Points[0].Points[0].X = math.Inf(1) },
			`chart: series "measured", point 1 (one): x is +Inf, want a finite number`,
		},
		{
			"logarithm of nothing", func(c *chart.Chart) { c.Panels[0].Points[0].Points[2].X = 0 },
			`chart: series "measured", point 3: x is 0, want a number above 0 on a logarithmic axis`,
		},
		{
			"negative bar", func(c *chart.Chart) { c.Panels[0].Points[0].Points[1].Up = -1 },
			`chart: series "measured", point 2: the error bar is 0.03 down and -1 up, want lengths of 0 or more`,
		},
		{"NaN in a band", func(c *chart.Chart) {
			c.Panels[0].Bands = []chart.Band{{Name: "90%", X: []float64{1e6, 1e7}, Low: []float64{0, math.NaN()}, High: []float64{1, 1}}}
		}, `chart: band "90%", point 2: low is NaN, want a finite number`},
		{"band upside down", func(c *chart.Chart) {
			c.Panels[0].Bands = []chart.Band{{Name: "90%", X: []float64{1e6, 1e7}, Low: []float64{0, 2}, High: []float64{1, 1}}}
		}, `chart: band "90%", point 2: low 2 is above high 1`},
		{"lengths", func(c *chart.Chart) {
			c.Panels[0].Curves = []chart.Curve{{Name: "forecast", X: []float64{1e6, 1e7}, Y: []float64{1}}}
		}, `chart: curve "forecast" has 2 x and 1 y, want two or more of each`},
		{"NaN in a curve", func(c *chart.Chart) {
			c.Panels[0].Curves = []chart.Curve{{Name: "forecast", X: []float64{1e6, 1e7}, Y: []float64{1, math.Inf(-1)}}}
		}, `chart: curve "forecast", point 2: y is -Inf, want a finite number`},
		{"no name", func(c *chart.Chart) { c.Panels[0].Points[0].Name = " " }, `chart: series 1 has no name`},
		{"no unit", func(c *chart.Chart) { c.X.Unit = "" }, `chart: the horizontal axis (model size) has no unit`},
		{
			"axis backwards", func(c *chart.Chart) { c.Panels[0].Y.Min = 2 },
			`chart: the vertical axis of panel 1: the axis (accuracy) goes from 2 to 0, want a first end below the last (and above 0 when logarithmic)`,
		},
		{
			"span", func(c *chart.Chart) { c.Spans = []chart.Span{{Name: "jump", At: 5, Low: 6, High: 7}} },
			`chart: span "jump": 5 is not within [6, 7]`,
		},
		{
			"level", func(c *chart.Chart) { c.Panels[0].Levels = []chart.Level{{Text: "guessing", Y: math.NaN()}} },
			`chart: level "guessing", point 1: y is NaN, want a finite number`,
		},
		{
			"silent", func(c *chart.Chart) { c.Sentence = "" },
			`chart: Sentence is empty: a reader without the picture would learn nothing`,
		},
		{
			"nothing", func(c *chart.Chart) { c.Panels[0].Points = nil },
			`chart: nothing to draw: no panel has a point, a band or a curve`,
		},
		{"no panels", func(c *chart.Chart) { c.Panels = nil }, `chart: no panels`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := small()
			tt.harm(c)
			if err := c.Check(); err == nil || err.Error() != tt.want {
				t.Errorf("Check() = %v, want %s", err, tt.want)
			}
			for what, draw := range map[string]func() error{
				"Option": func() error { _, err := c.Option(); return err },
				"PNG":    func() error { _, err := c.PNG(1); return err },
				"SVG":    func() error { _, err := c.SVG(); return err },
				"PDF":    func() error { _, err := c.PDF(); return err },
				"HTML":   func() error { _, err := c.HTML(); return err },
			} {
				if draw() == nil {
					t.Errorf("%s drew it", what)
				}
			}
			_ = c.ID() // does not panic
		})
	}
	if err := small().Check(); err != nil {
		t.Errorf("a good chart: %v", err)
	}
}

// The option is the one that somebody has looked at in a browser.
func TestOption(t *testing.T) {
	got, err := pythia().Option()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, got, "", " "); err != nil {
		t.Fatal(err)
	}
	const path = "testdata/pythia.option.json"
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, b.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("option (-want +got), rewritten by -update:\n%s", d)
	}
}

// Text is data wherever it comes from: tasks, models, files.
func TestTextDoesNotEscape(t *testing.T) {
	evil := `</script><script>alert(1)</script>'"><img src=x onerror=alert(2)> fn:tip __f__alert(3)__f__ &amp;`
	c := small()
	c.Title, c.Subtitle, c.Sentence, c.X.Name = evil, evil, evil, evil
	c.Panels[0].Points[0].Name, c.Panels[0].Points[0].Points[0].Label = evil, evil
	c.Panels[0].Levels = []chart.Level{{Text: evil, Y: .3}}
	c.Spans = []chart.Span{{Name: evil, Text: evil, At: 1e7, Low: 1e7, High: 1e7}}
	h, err := c.HTML()
	if err != nil {
		t.Fatal(err)
	}
	// One div with an attribute in single quotes, one img in it, and nothing else.
	if n := strings.Count(h, "'"); n != 2 {
		t.Errorf("%d single quotes, want the attribute's 2", n)
	}
	if n := strings.Count(h, "<"); n != 3 {
		t.Errorf("%d <, want those of <div, <img and </div", n)
	}
	if s, err := c.SVG(); err != nil || bytes.Contains(s, []byte("<script")) || !wellFormed(s) {
		t.Errorf("SVG is not well-formed, or holds a script: %v", err)
	}
	if _, err := c.PDF(); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"模型越大越好", "\x00\xff", strings.Repeat("x", 3000), "a\nb\r\nc", "−10⁻³ ≤ α"} {
		c.Title = text
		if _, err := c.HTML(); err != nil {
			t.Errorf("%q: %v", text[:min(len(text), 20)], err)
		}
	}
}

func wellFormed(b []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		if _, err := d.Token(); err == io.EOF {
			return true
		} else if err != nil {
			return false
		}
	}
}

func TestPictures(t *testing.T) {
	for name, c := range map[string]*chart.Chart{"pythia": pythia(), "tiny": tiny(), "small": small()} {
		b, err := c.PNG(2)
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if w := m.Bounds().Dx(); w != 1720 {
			t.Errorf("%s: %d px wide at scale 2, want 1720", name, w)
		}
		if len(b) > 60_000 {
			t.Errorf("%s: %d bytes, want at most 60000", name, len(b))
		}
		again, _ := c.PNG(2)
		if !bytes.Equal(b, again) {
			t.Errorf("%s: the picture is not the same the second time", name)
		}
		s, err := c.SVG()
		if err != nil || !wellFormed(s) {
			t.Errorf("%s: SVG: %v", name, err)
		}
		p, err := c.PDF()
		if err != nil || !bytes.HasPrefix(p, []byte("%PDF-")) {
			t.Errorf("%s: PDF of %d bytes: %v", name, len(p), err)
		}
		h, err := c.HTML()
		if err != nil {
			t.Error(err)
		}
		t.Logf("%s: PNG %d, SVG %d, PDF %d, HTML %d bytes", name, len(b), len(s), len(p), len(h))
	}
	if _, err := small().PNG(0); err == nil {
		t.Error("PNG drew at scale 0")
	}
}

func TestID(t *testing.T) {
	a, b := small(), small()
	if a.ID() != b.ID() {
		t.Error("the same chart has two ids")
	}
	b.Panels[0].Points[0].Points[0].Y += 1e-12
	if a.ID() == b.ID() {
		t.Error("two charts have the same id")
	}
	h1, _ := a.HTML()
	h2, _ := small().HTML()
	if h1 != h2 {
		t.Error("the same chart gives two HTMLs")
	}
}

func BenchmarkOption(b *testing.B) {
	for b.Loop() {
		if _, err := tiny().Option(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPNG(b *testing.B) {
	for b.Loop() {
		if _, err := tiny().PNG(2); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHTML(b *testing.B) {
	var n int
	for b.Loop() {
		h, err := tiny().HTML()
		if err != nil {
			b.Fatal(err)
		}
		n = len(h)
	}
	b.ReportMetric(float64(n), "bytes/chart")
}

// A chart is a value; where it is shown, HTML, PNG, SVG and PDF draw it.
func Example() {
	c := &chart.Chart{
		Title:    "Accuracy rises with size",
		Sentence: "Accuracy on a task rises from 25% to 75% over two decades of model size.",
		X:        chart.Axis{Name: "model size", Unit: "parameters", Log: true},
		Panels: []chart.Panel{{
			Y:      chart.Axis{Name: "accuracy", Percent: true},
			Levels: []chart.Level{{Text: "guessing", Y: 0.25}},
			Points: []chart.Points{{Name: "measured", Points: []chart.Point{
				{X: 1e6, Y: 0.25, Down: 0.02, Up: 0.02, Label: "small"},
				{X: 1e7, Y: 0.50, Down: 0.02, Up: 0.02, Label: "medium"},
				{X: 1e8, Y: 0.75, Down: 0.02, Up: 0.02, Label: "large"},
			}}},
		}},
	}
	svg, err := c.SVG()
	fmt.Println(err, len(svg) > 1000)
	c.Panels[0].Points[0].Points[1].Y = math.NaN()
	fmt.Println(c.Check())
	// Output:
	// <nil> true
	// chart: series "measured", point 2 (medium): y is NaN, want a finite number
}

func ExampleCount() {
	fmt.Println(chart.Count(812), chart.Count(41_200), chart.Count(6.9e9), chart.Count(1.2e21))
	// Output:
	// 812 41.2 thousand 6.9 billion 1.20·10²¹
}

func TestSave(t *testing.T) {
	for _, name := range []string{"a.png", "a.SVG", "a.pdf", "a.html"} {
		path := filepath.Join(t.TempDir(), name)
		if err := small().Save(path); err != nil {
			t.Error(err)
		}
		if b, err := os.ReadFile(path); err != nil || len(b) < 1000 {
			t.Errorf("%s: %d bytes: %v", name, len(b), err)
		}
	}
	if err := small().Save("a.gif"); err == nil || err.Error() != "chart: a.gif: the name must end in .png, .svg, .pdf or .html" {
		t.Errorf("a.gif: %v", err)
	}
	if err := small().Save("/no/such/folder/a.png"); err == nil {
		t.Error("wrote into a folder that is not there")
	}
}
