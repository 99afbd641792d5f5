package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestTrendCommand(t *testing.T) {
	const input = `{"series": [
		{"name": "falls", "kind": "acc", "x_log10N": [7, 7.5, 8, 8.5, 9, 9.5], "y": [0.9, 0.8, 0.71, 0.6, 0.49, 0.41], "se": [0.01, 0.01, 0.01, 0.01, 0.01, 0.01], "forecast_at": [9.9, 12]},
		{"name": "broken", "kind": "acc", "x_log10N": [7, 8], "y": [0.9, NaN], "se": [0.01, 0.01]}]}`
	command := rootCommand()
	var out, errs bytes.Buffer
	command.SetIn(strings.NewReader(input))
	command.SetOut(&out)
	command.SetErr(&errs)
	command.SetArgs([]string{"trend", "--json", "-"})
	if err := command.Execute(); !errors.Is(err, errReported) {
		t.Errorf("error %v; the broken series is reported by exit status", err)
	}
	if !strings.Contains(errs.String(), `series "broken": point 2`) {
		t.Errorf("standard error %q does not name the broken point", errs.String())
	}
	lines := strings.SplitAfter(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 2 || !strings.Contains(lines[1], `"slope_per_decade":null`) || !strings.Contains(lines[1], "y is NaN") {
		t.Fatalf("two series, the second refused:\n%s", out.String())
	}
	var got struct {
		Name, Verdict string
		Models        string `json:"on_these_models"`
		Direction     string
		P             float64
		Slope         struct{ Estimate, Lo90, Hi90 float64 } `json:"slope_per_decade"`
		Forecast      []struct {
			X          float64 `json:"x_log10N"`
			Mean, SD   float64
			Lo90, Hi90 float64
			Skill      bool
		}
		Warnings []string
	}
	if err := json.Unmarshal([]byte(lines[0]), &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != "falls" || got.Verdict != "inverse" || got.Models != "inverse" || got.Direction != "down" || got.P > 0.05 ||
		got.Slope.Hi90 > 0 || len(got.Forecast) != 2 || !got.Forecast[0].Skill || got.Forecast[1].Skill || len(got.Warnings) == 0 {
		t.Errorf("%+v", got)
	}
}
