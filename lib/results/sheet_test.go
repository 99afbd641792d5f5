package results_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"bellwether/lib/results"

	"github.com/google/go-cmp/cmp"
)

// Tables as spreadsheets and people write them.
func TestTableOddities(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		params, v  float64 // of the first result, its loss
		n, rows    int
		codes      []string
	}{
		{"plain", "model,params,item,loss\nm,1300000000,a,1\nm,1300000000,b,2\n", 1.3e9, 1.5, 2, 2, nil},
		{"byte order mark, CR LF, other case", "\ufeffModel,Params,Item,loss\r\nm,1.3B,a,1\r\n", 1.3e9, 1, 1, 1, nil},
		{"old Mac", "model,params,item,loss\rm,350M,a,1\r", 350e6, 1, 1, 1, nil},
		{"semicolons and decimal commas", "model;params;item;loss\nm;1,3B;a;1,25\nm;1,3B;b;1.234,5\n", 1.3e9, (1.25 + 1234.5) / 2, 2, 2, []string{"decimal-comma"}},
		{"tabs", "model\tparams\titem\tloss\nm\t7e9\ta\t0,5\n", 7e9, .5, 1, 1, []string{"decimal-comma"}},
		{"quoted decimal comma", "model,params,item,loss\nm,\"1,300,000\",a,\"0,5\"\n", 1.3e6, .5, 1, 1, []string{"decimal-comma"}},
		{"thousands or decimals", "model,params,item,loss\nm,1M,a,1\nm,1M,b,\"1,300\"\n", 1e6, 1, 1, 2, []string{"bad-value"}},
		{"missing values", "model,params,item,loss\nm,1e9,a,1\nm,,b,NA\nm,nan,c,\n", 1e9, 1, 1, 3, []string{"blank-rows"}},
		{"twice", "model,params,item,loss\nm,1e9,a,1\nm,1e9,a,3\n", 1e9, 1, 1, 2, []string{"duplicate-item"}},
		{"true and false, and a column of text", "model,params,item,loss,note\nm,1e9,a,True,x\nm,1e9,b,false,y\n", 1e9, .5, 2, 2, []string{"left-out"}},
		{"ragged and broken rows", "model,params,item,loss\nm,1e9,a\nm,1e9,b,2,9\nm,1e9,\"c\"x,3\nm,1e9,d,4\n", 1e9, 3, 2, 3, []string{"bad-value", "bad-value", "blank-rows", "bad-value"}},
		{"blank rows", "model,params,item,loss\nm,1e9,a,1\n,,,\n", 1e9, 1, 1, 1, []string{"blank-rows"}},
		{"in billions", "model,params,item,loss\nm,6.7,a,1\n", 6.7, 1, 1, 1, []string{"size-doubtful"}},
		{"aggregates", "model,parameters,loss\nm,2m,1\n", 2e6, 1, 1, 1, nil},
		{"a unit in the name", "Model,Model Size (B),Item,loss\nm,6.7,a,1\nm,6700M,b,1\n", 6.7e9, 1, 2, 2, nil},
		{"billions of a leaderboard", "model,#Params (B),loss\nm,6.74,1\n", 6.74e9, 1, 1, 1, nil},
		{"percent signs", "model,params,item,loss\nm,1B,a,50%\nm,1B,b,100 %\n", 1e9, .75, 2, 2, []string{"not-a-share"}},
		{"percentages", "model,params,loss,acc (%)\nm,1B,1,62.5\n", 1e9, 1, 1, 1, []string{"not-a-share"}},
		{"rows without items", "model,params,loss\nm,1B,1\nm,1B,3\n", 1e9, 2, 2, 2, []string{"no-item"}},
		{"one seed", "model,params,seed,item,loss\nm,1B,7,a,1\nm,1B,7,b,3\n", 1e9, 2, 2, 2, nil},
		{"no size", "model,item,loss\nm,a,1\n", 0, 1, 1, 1, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := results.Import(write(t, t.TempDir(), map[string]string{"mine.csv": tt.text})+"/mine.csv", nil)
			if err != nil {
				t.Fatal(err)
			}
			r := got[0]
			if r.Source != "csv" || r.Task != "mine" && tt.name != "" || math.Abs(r.Params-tt.params) > 1e-6*tt.params || math.Abs(mean(r, "loss")-tt.v) > 1e-12 || r.N != tt.n || r.Rows != tt.rows {
				t.Errorf("%+v", r)
			}
			if diff := cmp.Diff(tt.codes, codes(r)); diff != "" {
				t.Errorf("problems (-want +got):\n%s%v", diff, r.Problems)
			}
		})
	}
}

// A value a row, and aggregates with their standard errors.
func TestTableLayouts(t *testing.T) {
	got, err := results.Table("x.csv", strings.NewReader("model,item,metric,value\nm,a,loss,1\nm,a,acc,0\nm,b,loss,3\nm,b,acc,1\nm,b,acc,0\nm,b,,1\n"), results.Columns{})
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	r := got[0]
	if r.Metrics["loss"] != (results.Value{Mean: 2, SE: 1}) || r.Metrics["acc"] != (results.Value{Mean: .5, SE: .5}) || len(r.Log.Rows) != 2 || r.Rows != 6 {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff([]string{"duplicate-item", "bad-value", "duplicate-item"}, codes(r)); diff != "" {
		t.Errorf("problems (-want +got):\n%s%v", diff, r.Problems)
	}
	got, err = results.Table("x.csv", strings.NewReader("model,acc,acc_stderr,loss,loss_se\nm,0.5,0.1,2,-\nn,0.6,x,3,0.2\n"), results.Columns{})
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	share, _ := results.Table("x.csv", strings.NewReader("model,acc,acc_stderr\nm,62.5%,1.5%\nn,60%,1.5\n"), results.Columns{})
	if share[0].Metrics["acc"] != (results.Value{Mean: .625, SE: .015}) || !math.IsNaN(share[1].Metrics["acc"].SE) || !has(share[1], results.BadValue) {
		t.Errorf("%+v", share)
	}
	m, n := got[0].Metrics, got[1].Metrics
	if len(m) != 2 || m["acc"].SE != .1 || !math.IsNaN(m["loss"].SE) || !math.IsNaN(n["acc"].SE) || n["loss"].SE != .2 || !has(got[1], results.BadValue) {
		t.Errorf("%v %v", m, n)
	}
}

// Several measurements of a model are not averaged, and what tells them apart is
// no metric.
func TestTableParts(t *testing.T) {
	got, err := results.Table("x.csv", strings.NewReader("model,item,shots,seed,loss\nm,a,0,1,1\nm,a,0,2,2\nm,a,5,1,3\nm,b,0,1,5\n"), results.Columns{})
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]float64{}
	for _, r := range got {
		sums[r.Task+" | "+r.Model] = mean(r, "loss")
		if len(r.Metrics) != 1 || has(r, results.Duplicate) {
			t.Errorf("%+v", r)
		}
	}
	if diff := cmp.Diff(map[string]float64{"x (0 shots) | m@seed1": 3, "x (0 shots) | m@seed2": 2, "x (5 shots) | m@seed1": 3}, sums); diff != "" {
		t.Error(diff)
	}
}

// A row that names no model is a result of its own; UTF-16 is refused by name.
func TestTableNoModel(t *testing.T) {
	got, err := results.Table("x.csv", strings.NewReader("model,loss\nm,1\n,2\n"), results.Columns{})
	if err != nil || len(got) != 2 || got[1].Model != "" || !has(got[1], results.BadValue) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := results.Table("x.csv", strings.NewReader("\xff\xfem\x00"), results.Columns{}); err == nil || !strings.Contains(err.Error(), "UTF-16") {
		t.Errorf("error %v", err)
	}
}

// The doubts of a prize folder: each on what it is for, and not beside it.
func TestPrizeDoubts(t *testing.T) {
	data := func(n, classes int) string {
		s := ",prompt,classes,answer_index\n"
		for i := range n {
			s += fmt.Sprintf("%d,Q%d,\"%s\",0\n", i, i, []string{2: "[' a', ' b']", 3: "[' a', ' b', ' c']"}[classes])
		}
		return s
	}
	rows := func(n int, row func(i int) string) string {
		s := "index,loss,correct,total_logprob\n"
		for i := range n {
			s += row(i) + "\n"
		}
		return s
	}
	spread := func(i int, acc, total float64) string {
		return fmt.Sprintf("%d,%g,%g,%g", i, .5+float64(i)/10, acc, total)
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"all ln 3 of 3 classes", map[string]string{"data.csv": data(4, 3), "m.csv": rows(4, func(i int) string { return fmt.Sprintf("%d,%v,1,-1", i, math.Log(3)) })}, []string{"degenerate-loss"}},
		{"all ln 2 of 3 classes", map[string]string{"data.csv": data(4, 3), "m.csv": rows(4, func(i int) string { return fmt.Sprintf("%d,%v,1,-1", i, math.Ln2) })}, nil},
		{"all but one ln 2", map[string]string{"data.csv": data(4, 2), "m.csv": rows(4, func(i int) string { return fmt.Sprintf("%d,%v,1,-1", i, math.Ln2+float64(i/3)*1e-3) })}, nil},
		{"ln 2 without data.csv", map[string]string{"m.csv": rows(4, func(i int) string { return fmt.Sprintf("%d,%v,1,-1", i, math.Ln2) })}, []string{"degenerate-loss"}},
		{"total of 1.2", map[string]string{"m.csv": rows(3, func(i int) string { return spread(i, 1, .182) })}, []string{"impossible-total"}},
		{"total of 1 but for rounding", map[string]string{"m.csv": rows(3, func(i int) string { return spread(i, 1, 2e-5) })}, nil},
		{"chance of 20", map[string]string{"data.csv": data(20, 2), "m.csv": rows(20, func(i int) string { return spread(i, float64(i%2), -1) })}, []string{"exact-chance"}},
		{"chance but for one", map[string]string{"data.csv": data(20, 2), "m.csv": rows(20, func(i int) string { return spread(i, math.Min(1, float64(i%2+i/18)), -1) })}, nil},
		{"chance of 10 by luck", map[string]string{"data.csv": data(10, 2), "m.csv": rows(10, func(i int) string { return spread(i, float64(i%2), -1) })}, nil},
		{"cut short", map[string]string{"data.csv": data(5, 2), "m.csv": rows(4, func(i int) string { return spread(i, 1, -1) })}, []string{"cut-short"}},
		{"shorter than its neighbour", map[string]string{"m.csv": rows(4, func(i int) string { return spread(i, 1, -1) }), "n.csv": rows(5, func(i int) string { return spread(i, 1, -1) })}, []string{"cut-short"}},
		{"longer than its task", map[string]string{"data.csv": data(3, 2), "m.csv": rows(4, func(i int) string { return spread(i, 1, -1) })}, []string{"disagrees"}},
		{"a model that is not there", map[string]string{"args.log": `{"models":"m","task_type":"single_word"}{"models":["x/M","n"]}`, "m.csv": "index,loss\n0,1\n1,2\n"}, []string{"model-missing"}},
		{"models that are all there", map[string]string{"args.log": `{"models":["x/M"]}`, "m.csv": "index,loss\n0,1\n1,2\n"}, nil},
		{"log-odds of 0", map[string]string{"m.csv": "index,logodds_difference,correct\n0,0.0,1\n1,-0.0,0\n"}, []string{"degenerate-loss"}},
		{"a loss below 0", map[string]string{"m.csv": "index,loss\n0,-0.5\n1,2\n"}, []string{"impossible-total"}},
		{"a loss of inf, and a column of others", map[string]string{"args.log": "{}", "m.csv": "index,loss,seed\n0,inf,7\n1,2,7\n"}, []string{"bad-value", "left-out", "blank-rows"}},
		{"certainty", map[string]string{"data.csv": data(2, 2), "m.csv": rows(2, func(i int) string { return fmt.Sprintf("%d,%d,1,-1", i, i) })}, []string{"left-out"}},
		{"a log without a table", map[string]string{"args.log": `{"models":["ada"]}`, "data.csv": data(2, 2)}, []string{"model-missing"}},
		{"a log that is no JSON", map[string]string{"args.log": `{"models":`, "m.csv": "loss\n1\n2\n"}, []string{"bad-file"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := results.Import(write(t, t.TempDir(), tt.files), nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, codes(got[0])); diff != "" {
				t.Errorf("problems (-want +got):\n%s%v", diff, got[0].Problems)
			}
		})
	}
}

// A row of the task that was skipped uses up its position: the rows below keep
// their items.
func TestPrizeSkippedRow(t *testing.T) {
	r := importOne(t, map[string]string{
		"data.csv": ",prompt,classes,answer_index\n0,A,\"[' a', ' b']\",0\n1,B,\"[' a', ' b'\",0\n2,C,\"[' a', ' b']\",1\n",
		"m.csv":    "index,loss\n0,1\n1,2\n2,3\n",
	})
	want := map[string]bool{"0": true, "1": false, "2": true} // has two classes
	for _, row := range r.Log.Rows {
		if _, ok := row.Values["logodds"]; ok != want[row.Item] {
			t.Errorf("row %s: %v", row.Item, row.Values)
		}
	}
	if len(r.Log.Rows) != 3 || has(r, results.Disagrees) {
		t.Errorf("%+v", r)
	}
}
