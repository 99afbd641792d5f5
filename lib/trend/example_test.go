package trend_test

import (
	"fmt"
	"math/rand/v2"

	"bellwether/lib/trend"
)

// Six models that get worse at a task: the verdict counts the scatter between
// models, not only the noise of the items.
func ExampleOf() {
	r, err := trend.Of(trend.Series{
		Name: "myths", Kind: trend.Accuracy,
		X:  []float64{7.8, 8.2, 8.6, 9.0, 9.4, 9.8}, // log10 of the parameters
		Y:  []float64{.49, .45, .38, .33, .24, .19},
		SE: []float64{.02, .02, .02, .02, .02, .02},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Verdict)
	fmt.Println(r.Sentence)
	// Output:
	// inverse
	// myths (accuracy) gets worse with size (inverse scaling) over 6 models from 63.1 million to 6.31 billion parameters (-0.154 a decade, 90% interval -0.188 to -0.121, p < 0.001, scatter between models included). Of these 6 models alone the items say: inverse (-0.156 a decade, p < 0.001).
}

// A forecast is never a bare number, and says where it has no skill.
func ExampleForecast() {
	s := trend.Series{
		Kind: trend.Loss,
		X:    []float64{7.8, 8.2, 8.6, 9.0, 9.4},
		Y:    []float64{3.10, 2.78, 2.53, 2.33, 2.17},
		SE:   []float64{.01, .01, .01, .01, .01},
	}
	predictions, err := trend.Forecast(s, []float64{9.8, 11})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range predictions {
		fmt.Printf("%s: %.2f [%.2f, %.2f] skill %v\n", trend.Size(p.X), p.Mean, p.Lo90, p.Hi90, p.Skill)
	}
	// Output:
	// 6.31 billion: 2.04 [2.01, 2.07] skill true
	// 100 billion: 1.87 [1.65, 2.09] skill false
}

// The jump of accuracy on four-character answers, foretold by models that get
// almost none of them right.
func ExampleForecastJump() {
	j, err := trend.ForecastJump(trend.Series{
		Name: "sums", Kind: trend.LogLikelihood, Tokens: 4, // nats a character
		X:  []float64{3.4, 3.8, 4.2, 4.6, 5.0},
		Y:  []float64{-1.30, -.98, -.72, -.52, -.37},
		SE: []float64{.02, .02, .02, .02, .01},
	}, []float64{5.4, 5.8})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(j.Sentence)
	for _, p := range j.Curve {
		fmt.Printf("%s: accuracy %.2f [%.2f, %.2f], above one half with probability %.2f\n", trend.Size(p.X), p.Accuracy, p.Lo90, p.Hi90, p.P)
	}
	// Output:
	// From the loss of 5 models up to 100 thousand parameters, through an assumed link: accuracy 0.5 is crossed near 971 thousand parameters (90% interval 530 thousand to 5.63 million). That is 1.0 decades beyond the largest model: no skill beyond the last value.
	// 251 thousand: accuracy 0.34 [0.24, 0.44], above one half with probability 0.00
	// 631 thousand: accuracy 0.45 [0.33, 0.56], above one half with probability 0.23
}

// How many sizes, how many items would a study like this pilot need?
func ExampleSettings_PlanFrom() {
	pilot := trend.Series{
		Name: "pilot", Kind: trend.LogOdds,
		X:  []float64{7.8, 8.4, 9.0, 9.6},
		Y:  []float64{.10, .32, .25, .41},
		SE: []float64{.08, .08, .08, .08},
	}
	plan, err := trend.Settings{}.PlanFrom(pilot, 200, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.Words)
	// Output:
	// If the slope of pilot (log-odds) is +0.143 a decade: 16 sizes over the same 1.8 decades find it in 80% of studies with as many items; on the same 4 sizes no number of items does it (models scatter by 0.0285 about the line).
}
