package results

import "strings"

// part is a column that is no metric but says which of several measurements of a
// model a row is.
type part struct {
	column int
	of     string // "shots", which make another task, or what makes another model: "seed"
	varies bool   // over the rows
}

// partNames are the names of such columns.
var partNames = map[string]string{
	"shots": "shots", "num_fewshot": "shots", "n_shot": "shots", "n-shot": "shots", "fewshot": "shots",
	"seed": "seed", "trial": "trial", "epoch": "epoch", "run": "run", "repeat": "repeat", "fold": "fold", "step": "step", "revision": "revision",
}

func (t *table) findParts() {
	for c, h := range t.sheet.head {
		of := partNames[strings.ToLower(h)]
		if _, asked := t.cols.Metrics[h]; of == "" || asked || h == t.cols.Model || h == t.cols.Task || h == t.cols.Item || h == t.cols.Params {
			continue
		}
		varies := false
		for _, row := range t.sheet.rows {
			varies = varies || row.cell(c) != t.sheet.rows[0].cell(c)
		}
		t.parts = append(t.parts, part{c, of, varies})
	}
}

// named adds what the parts of a row say to the names of its task and model.
func (t *table) named(row sheetRow, task, model string) (string, string) {
	for _, p := range t.parts {
		v := row.cell(p.column)
		switch {
		case missing(v) || !p.varies:
		case p.of == "shots":
			task += " (" + v + " shots)"
		case p.of == "revision":
			model += "@" + v
		default:
			model += "@" + p.of + v
		}
	}
	return task, model
}
