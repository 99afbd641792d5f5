package chart

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// HTML returns what a notebook shows: a div that holds the picture at twice its resolution and, in an
// attribute, the option. It has no script. Where the page has the library of lib/chart/echarts, before the
// chart or after it, the live chart takes the picture's place; everywhere else (a sanitised page, no JavaScript,
// no library) the picture stays. The same chart gives the same bytes.
func (c *Chart) HTML() (string, error) {
	picture, err := c.PNG(2)
	if err != nil {
		return "", err
	}
	option, err := c.Option()
	if err != nil {
		return "", err
	}
	l, err := c.prepare()
	if err != nil {
		return "", err
	}
	spec, err := json.Marshal(struct {
		ID     string            `json:"id"`
		Group  string            `json:"group"` // charts over the same axis show their tooltips together
		Dark   map[string]string `json:"dark"`
		Ruler  float64           `json:"ruler"` // px that "Model size (parameters)" takes in 100 px letters
		Option json.RawMessage   `json:"option"`
	}{c.ID(), c.X.caption(), darkColors(), round(face{100, false}.width("Model size (parameters)")), option})
	if err != nil {
		return "", fmt.Errorf("chart: %w", err)
	}
	var b strings.Builder
	height := int(math.Ceil(l.height))
	fmt.Fprintf(&b, `<div class="bellwether-chart" style="position:relative;width:100%%;max-width:%dpx" data-bellwether='%s'>`, pageWidth, attribute(spec))
	fmt.Fprintf(&b, `<img src="data:image/png;base64,%s" width="%d" height="%d" style="max-width:100%%;height:auto" alt="%s"></div>`,
		base64.StdEncoding.EncodeToString(picture), pageWidth, height, html.EscapeString(c.Sentence))
	return b.String(), nil
}

// attribute makes JSON safe between single quotes. json.Marshal has already escaped <, > and &.
func attribute(spec []byte) []byte { return bytes.ReplaceAll(spec, []byte("'"), []byte(`\u0027`)) }

// Save writes the chart to a file, in the form that the name ends in: .png (at twice its resolution), .svg, .pdf, or
// .html (what [Chart.HTML] returns).
func (c *Chart) Save(path string) error {
	forms := map[string]func() ([]byte, error){
		".png": func() ([]byte, error) { return c.PNG(2) }, ".svg": c.SVG, ".pdf": c.PDF,
		".html": func() ([]byte, error) { h, err := c.HTML(); return []byte(h), err },
	}
	draw, ok := forms[strings.ToLower(filepath.Ext(path))]
	if !ok {
		return fmt.Errorf("chart: %s: the name must end in .png, .svg, .pdf or .html", path)
	}
	b, err := draw()
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	return nil
}
