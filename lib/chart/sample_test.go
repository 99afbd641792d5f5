package chart_test

import (
	"math"

	"bellwether/lib/chart"
)

// pythia returns a trend over eight sizes from 14 million to 12 billion parameters, the two largest held back.
// The values are made up: 25% to 80% along a straight line in the logarithm, with a fixed wobble.
func pythia() *chart.Chart {
	names := []string{"pythia-14m", "pythia-70m", "pythia-160m", "pythia-410m", "pythia-1b", "pythia-2.8b", "pythia-6.9b", "pythia-12b"}
	sizes := []float64{14e6, 70e6, 160e6, 410e6, 1e9, 2.8e9, 6.9e9, 12e9}
	wobble := []float64{.01, -.02, .015, 0, -.01, .02, -.03, .01}
	fitted := chart.Points{Name: "fitted"}
	held := chart.Points{Name: "held back", Style: chart.Style{Tone: chart.Vermillion, Hollow: true}}
	mean := func(n float64) float64 { return .28 + .5*(math.Log10(n)-7.1)/3 }
	for i, n := range sizes {
		p := chart.Point{X: n, Y: mean(n) + wobble[i], Down: .026, Up: .026, Label: names[i]}
		if i < 6 {
			fitted.Points = append(fitted.Points, p)
		} else {
			held.Points = append(held.Points, p)
		}
	}
	band := chart.Band{Name: "90% interval"}
	curve := chart.Curve{Name: "forecast"}
	for i := range 41 {
		z := 7.1 + 3.3*float64(i)/40
		n := math.Pow(10, z)
		half := .02 + .02*math.Max(0, z-9.4)/.2
		band.X, band.Low, band.High = append(band.X, n), append(band.Low, mean(n)-half), append(band.High, mean(n)+half)
		curve.X, curve.Y = append(curve.X, n), append(curve.Y, mean(n))
	}
	return &chart.Chart{
		Title:    "Standard scaling: accuracy on popular-myths rises by 19 points a decade (P < 0.001, 6 models)",
		Subtitle: "Bars: 95% intervals over 400 items. Band: 90% interval for a new model, forecast from the six smallest.",
		Sentence: "Accuracy on popular-myths over model size for eight Pythia models: standard scaling, 0.19 a decade.",
		X:        chart.Axis{Name: "model size", Unit: "parameters", Log: true},
		Panels: []chart.Panel{{
			Y:      chart.Axis{Name: "accuracy", Percent: true, Min: -0.03, Max: 1.03},
			Levels: []chart.Level{{Text: "guessing, 25%", Y: .25}},
			Bands:  []chart.Band{band}, Curves: []chart.Curve{curve}, Points: []chart.Points{fitted, held},
		}},
	}
}

// tiny returns the twin chart over the tiny family: a jump in accuracy on three-digit sums over a smooth
// log-likelihood, from the measured means of the feasibility run.
func tiny() *chart.Chart {
	sizes := []float64{3400, 6800, 11e3, 17e3, 24e3, 41e3, 63e3, 89e3, 120e3, 156e3, 241e3, 345e3}
	acc := []float64{.0, .0, .01, .02, .05, .17, .44, .67, .86, .88, .91, .94}
	ll := []float64{-1.52, -1.39, -1.25, -1.1, -.95, -.78, -.6, -.43, -.3, -.21, -.14, -.1}
	bandY := func(f func(z float64) (m, h float64), name string) (chart.Band, chart.Curve) {
		b, c := chart.Band{Name: "90% interval"}, chart.Curve{Name: "forecast"}
		for i := range 41 {
			z := 3.53 + 2.05*float64(i)/40
			n := math.Pow(10, z)
			m, h := f(z)
			b.X, b.Low, b.High = append(b.X, n), append(b.Low, m-h), append(b.High, m+h)
			c.X, c.Y = append(c.X, n), append(c.Y, m)
		}
		return b, c
	}
	smooth := func(z float64) (float64, float64) {
		return -1.55 + .75*(z-3.5), .04 + .25*math.Max(0, z-4.4)
	}
	b2, c2 := bandY(smooth, "")
	b1, c1 := chart.Band{Name: b2.Name, X: b2.X}, chart.Curve{Name: c2.Name, X: c2.X}
	for i := range b2.X {
		b1.Low, b1.High = append(b1.Low, math.Exp(6*math.Min(0, b2.Low[i]))), append(b1.High, math.Exp(6*math.Min(0, b2.High[i])))
		c1.Y = append(c1.Y, math.Exp(6*math.Min(0, c2.Y[i])))
	}
	points := func(y []float64, bar float64) []chart.Points {
		fit := chart.Points{Name: "fitted"}
		held := chart.Points{Name: "held back", Style: chart.Style{Tone: chart.Vermillion, Hollow: true}}
		for i, n := range sizes {
			p := chart.Point{X: n, Y: y[i], Down: math.Min(bar, y[i]+3), Up: bar, Label: "tiny " + chart.Count(n)}
			if i < 6 {
				fit.Points = append(fit.Points, p)
			} else {
				held.Points = append(held.Points, p)
			}
		}
		return []chart.Points{fit, held}
	}
	return &chart.Chart{
		Title:    "The jump was in sight: from the six smallest models, half the sums right is predicted at 74 thousand parameters; it came at 68 thousand",
		Subtitle: "Three-digit addition over the tiny family, 300 held-out items. Bars: 95%. Band: 90% for a new model.",
		Sentence: "Accuracy and log-likelihood per character on three-digit addition over twelve sizes; the jump is predicted at 74 thousand parameters, between 52 and 130.",
		X:        chart.Axis{Name: "model size", Unit: "parameters", Log: true},
		Panels: []chart.Panel{
			{Y: chart.Axis{Name: "exact match", Percent: true, Min: -0.03, Max: 1.03}, Bands: []chart.Band{b1}, Curves: []chart.Curve{c1}, Points: points(acc, .04), Levels: []chart.Level{{Text: "half right", Y: .5}}},
			{Y: chart.Axis{Name: "log-likelihood of the right answer", Unit: "nats per character"}, Bands: []chart.Band{b2}, Curves: []chart.Curve{c2}, Points: points(ll, .05)},
		},
		Spans: []chart.Span{{Name: "predicted jump, 90%", Text: "predicted: 74 thousand", At: 74e3, Low: 52e3, High: 130e3, Style: chart.Style{Tone: chart.Purple}}},
	}
}
