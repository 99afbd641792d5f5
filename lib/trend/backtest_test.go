package trend

import (
	"math"
	"strings"
	"testing"
)

// The targets of the design on its 476 real series, and the reference numbers
// that the back-test itself must reproduce (largest model held out).
func TestBackTest(t *testing.T) {
	var file struct{ Series []Series }
	golden(t, "backtest_series", &file)
	var ref struct {
		One map[string]struct {
			N, Clusters int
			Ratio       float64 `json:"ratio_vs_last"`
			Coverage    float64 `json:"cov90_cluster_mean"`
			CoverageSE  float64 `json:"cov90_cluster_se"`
			HalfWidth   float64 `json:"mean_halfwidth_scaled"`
			Scaled      float64 `json:"scaled_mae"`
		} `json:"one_step"`
	}
	golden(t, "reference_backtest_results", &ref)
	for _, c := range []Settings{{Reference: true}, {}} {
		cases, err := c.BackTest(file.Series)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range Scores(cases) {
			if s.Horizon != "next model" {
				continue
			}
			key, limit := "dev|loss|", 0.35
			if s.Kind == Accuracy {
				key, limit = "dev|acc|", 0.78
			}
			if !c.Reference {
				t.Logf("%s: error %.3f of last value, coverage %.3f, half width %.2f", s.Kind, s.VersusLast, s.Coverage, s.HalfWidth)
				if s.VersusLast > limit {
					t.Errorf("%s: error %.3f of the last value, target %.2f", s.Kind, s.VersusLast, limit)
				}
				if s.Coverage < 0.85 || s.Coverage > 0.95 {
					t.Errorf("%s: coverage %.3f, target 0.85 to 0.95", s.Kind, s.Coverage)
				}
				continue
			}
			// The golden has two accuracy series more than the table was made of.
			want := ref.One[key+"bma_full"]
			line := ref.One[key+"ols_linear"]
			for _, n := range []struct {
				what            string
				got, want, wide float64
			}{
				{"error / last", s.VersusLast, want.Ratio, 0.005},
				{"error / line", s.VersusLine, want.Ratio / line.Ratio, 0.005},
				{"error", s.Error, want.Scaled, 0.01},
				{"coverage", s.Coverage, want.Coverage, 0.005},
				{"its error", s.CoverageSE, want.CoverageSE, 0.002},
				{"half width", s.HalfWidth, want.HalfWidth, 0.02},
			} {
				if math.Abs(n.got-n.want) > n.wide {
					t.Errorf("%s: %s %.4f, reference %.4f", s.Kind, n.what, n.got, n.want)
				}
			}
		}
	}
}

func TestSplitByCluster(t *testing.T) {
	var all []Series
	for _, c := range []string{"a", "b", "c", "d", "e", "f"} {
		all = append(all, Series{Name: c + "1", Cluster: c}, Series{Name: c + "2", Cluster: c})
	}
	dev, held := Split(all)
	side := map[string]int{}
	for _, s := range dev {
		side[s.Cluster] |= 1
	}
	for _, s := range held {
		side[s.Cluster] |= 2
	}
	var got []string
	for _, c := range []string{"a", "b", "c", "d", "e", "f"} {
		if side[c] == 2 {
			got = append(got, c)
		}
		if side[c] == 3 {
			t.Errorf("cluster %s is on both sides", c)
		}
	}
	// python3 -c "import hashlib; print([c for c in 'abcdef' if int(hashlib.sha1(c.encode()).hexdigest(),16)%3==0])"
	if want := "b"; strings.Join(got, "") != want {
		t.Errorf("held %v, want %s", got, want)
	}
}
