package fit_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"bellwether/lib/trend/fit"
)

// Six sizes of a family, its loss, and what the curve says of a larger model.
func Example() {
	sizes := []float64{70e6, 160e6, 410e6, 1e9, 2.8e9, 12e9}
	losses := []float64{2.641, 2.492, 2.360, 2.265, 2.181, 2.086}
	f, err := fit.Settings{}.PowerOffset(sizes, losses)
	if err != nil {
		fmt.Println(err)
		return
	}
	at := f.Of(func(m fit.PowerOffset) float64 { return m.At(70e9) })
	fmt.Printf("%v\nat 70B %.3f [%.3f, %.3f]; %d of %d starts agree\n", f, at.Estimate, at.Lo, at.Hi, f.Agree, f.Starts)
	// Output:
	// power law + offset: E=1.901 [1.864, 1.933] A=91.52 [64.03, 132.2] alpha=0.2668 [0.2447, 0.2892]
	// at 70B 2.018 [2.006, 2.030]; 7 of 7 starts agree
}

// Four sizes are too few for three parameters, and the error says so.
func ExampleSettings_PowerOffset() {
	_, err := fit.Settings{}.PowerOffset([]float64{1e8, 1e9, 1e10, 1e11}, []float64{3.1, 2.6, 2.3, 2.2})
	fmt.Println(err)
	// Output:
	// fit: power law + offset: too few points: 4 points at 4 different sizes, want 5 or more sizes
}

// A thousand refits take a few milliseconds; the seed makes them a result.
func ExampleSettings_bootstrap() {
	sizes := []float64{70e6, 160e6, 410e6, 1e9, 2.8e9, 12e9}
	losses := []float64{2.641, 2.492, 2.360, 2.265, 2.181, 2.086}
	f, err := fit.Settings{Rand: rand.New(rand.NewPCG(1, 2))}.PowerOffset(sizes, losses)
	if err != nil {
		fmt.Println(err)
		return
	}
	at := f.Of(func(m fit.PowerOffset) float64 { return m.At(70e9) })
	fmt.Printf("%d draws: %.2f [%.2f, %.2f]\n", len(f.Draws), at.Estimate, at.Lo, at.Hi)
	// Output:
	// 1000 draws: 2.02 [2.01, 2.03]
}

func ExampleSettings_PowerLaw() {
	sizes := []float64{1e8, 1e9, 1e10}
	f, err := fit.Settings{}.PowerLaw(sizes, []float64{2.829, 2.375, 1.993})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("alpha %.3f; loss 1.5 at %.1e parameters\n", f.Model.Alpha, f.Model.Size(1.5))
	// Output:
	// alpha 0.076; loss 1.5 at 4.2e+11 parameters
}

// A grid of sizes and tokens, and the best use of 1e23 operations.
func ExampleSettings_Chinchilla() {
	truth := fit.Chinchilla{E: 1.8, A: 480, B: 2100, Alpha: .35, Beta: .37}
	var n, d, loss []float64
	for _, size := range []float64{1e8, 3e8, 1e9, 3e9, 1e10} {
		for _, tokens := range []float64{2e9, 1e10, 5e10, 2.5e11} {
			n, d, loss = append(n, size), append(d, tokens), append(loss, truth.At(size, tokens))
		}
	}
	f, err := fit.Settings{Loss: fit.Huber(1e-3), Intervals: fit.None}.Chinchilla(n, d, loss)
	if err != nil {
		fmt.Println(err)
		return
	}
	size, tokens := f.Model.Optimal(1e23)
	fmt.Printf("E %.2f alpha %.2f beta %.2f; 1e23 operations: %.0e parameters, %.0e tokens, loss %.2f\n",
		f.Model.E, f.Model.Alpha, f.Model.Beta, size, tokens, f.Model.AtCompute(1e23))
	// Output:
	// E 1.80 alpha 0.35 beta 0.37; 1e23 operations: 3e+10 parameters, 5e+11 tokens, loss 2.00
}

// A loss curve along training that breaks at 3000 steps.
func ExampleSettings_Broken() {
	truth := fit.Broken{A: .2, B: 3, C0: .08, Breaks: []fit.Break{{C: .5, D: 3000, F: .3}}}
	var steps, loss []float64
	for i := range 17 {
		x := math.Pow(10, 1+float64(i)/4)
		steps, loss = append(steps, x), append(loss, truth.At(x))
	}
	f, err := fit.Settings{Intervals: fit.None}.Broken(steps, loss, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("breaks at %.0f; loss at 1e6 steps %.3f\n", f.Model.Breaks[0].D, f.Model.At(1e6))
	// Output:
	// breaks at 3000; loss at 1e6 steps 0.254
}

// Accuracy looks like a jump; the loss behind it does not, and says where 50% is.
func ExampleEmergence() {
	sizes := []float64{1e8, 3e8, 1e9, 3e9}
	perToken := []float64{1.567, 1.067, .700, .477}
	accuracy := []float64{.002, .014, .061, .149}
	loss, err := fit.Settings{}.PowerLaw(sizes, perToken)
	if err != nil {
		fmt.Println(err)
		return
	}
	link, err := fit.Settings{}.AnswerLength(perToken, accuracy)
	if err != nil {
		fmt.Println(err)
		return
	}
	m := fit.Emergence{Loss: loss.Model, Link: link.Model}
	fmt.Printf("answers of %.1f tokens; 50%% at %.0e parameters\n", link.Model.Tokens, m.Size(.5))
	// Output:
	// answers of 4.0 tokens; 50% at 5e+10 parameters
}

// Loss to accuracy, the second step of a ladder.
func ExampleSettings_Sigmoid() {
	loss := []float64{1.6, 1.4, 1.2, 1.0, .9, .8, .7}
	accuracy := []float64{.258, .275, .329, .458, .556, .664, .762}
	f, err := fit.Settings{Intervals: fit.None}.Sigmoid(loss, accuracy)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.0f%% at loss 0.5; 90%% needs loss %.2f\n", 100*f.Model.At(.5), f.Model.Loss(.9))
	// Output:
	// 89% at loss 0.5; 90% needs loss 0.48
}

func ExampleSettings_ErrorLaw() {
	loss := []float64{5.4, 3.9, 3.5, 3.1, 2.8}
	mistakes := []float64{.813, .724, .676, .618, .558}
	f, err := fit.Settings{Intervals: fit.None}.ErrorLaw(loss, mistakes)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("error at loss 2.4: %.2f\n", f.Model.At(2.4))
	// Output:
	// error at loss 2.4: 0.46
}

func ExampleSettings_PassUntil() {
	sizes := []float64{1e8, 3e8, 1e9, 3e9}
	pass := []float64{.0001, .0012, .011, .044}
	f, err := fit.Settings{}.PassUntil(sizes, pass)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("alpha %.2f; half pass at %.0e parameters\n", f.Model.Alpha, f.Model.Size(.5))
	// Output:
	// alpha 0.32; half pass at 3e+11 parameters
}

// Loss against compute, fitted to the best runs for their compute.
func ExampleFrontier() {
	m := fit.Chinchilla{E: 1.8, A: 480, B: 2100, Alpha: .35, Beta: .37}
	var n, d, loss []float64
	for _, size := range []float64{1e8, 2e8, 4e8, 8e8, 1.6e9, 3.2e9} {
		for _, perParameter := range []float64{5, 20, 80} {
			n, d = append(n, size), append(d, size*perParameter)
			loss = append(loss, m.At(size, size*perParameter))
		}
	}
	c := fit.Compute(n, d)
	best := fit.Frontier(c, loss)
	f, err := fit.Settings{Intervals: fit.None}.PowerOffset(fit.At(c, best), fit.At(loss, best))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d of %d runs; loss at 1e22 operations %.2f, the law says %.2f\n", len(best), len(c), f.Model.At(1e22), m.AtCompute(1e22))
	// Output:
	// 8 of 18 runs; loss at 1e22 operations 2.12, the law says 2.10
}
