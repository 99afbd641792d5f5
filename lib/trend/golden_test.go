package trend

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// golden reads a file of the goldens' fit folder; the test is skipped without them.
func golden(t testing.TB, name string, into any) {
	t.Helper()
	dir := os.Getenv("BELLWETHER_GOLDENS")
	if dir == "" {
		t.Skip("BELLWETHER_GOLDENS is not set: the published numbers are not compared")
	}
	b, err := os.ReadFile(filepath.Join(dir, "fit", "golden_"+name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(name, err)
	}
}

func near(got, want, rel float64) bool {
	return math.Abs(got-want) <= rel*math.Max(math.Abs(want), 1e-300)
}

func TestReferenceForecast(t *testing.T) {
	var file struct {
		Series []struct {
			Series
			Last struct {
				Mean, SD, Actual float64
				In90             bool
			} `json:"forecast_of_last_from_previous"`
		}
	}
	golden(t, "bma_forecast", &file)
	for _, g := range file.Series {
		n := g.Len() - 1
		a := newAverage(g.X[:n], g.Y[:n], g.SE[:n], nil, &reference)
		mean, variance := a.predict(g.X[n], g.SE[n]*g.SE[n])
		averages.Put(a)
		sd := math.Sqrt(variance)
		if !near(mean, g.Last.Mean, 1e-7) || !near(sd, g.Last.SD, 1e-7) {
			t.Errorf("%s: %v %v, want %v %v", g.Name, mean, sd, g.Last.Mean, g.Last.SD)
		}
	}
	t.Logf("%d forecasts", len(file.Series))
}
