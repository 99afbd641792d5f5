// Package fit fits the named parametric forms of the scaling literature, each
// in a file of its own with its source: power law, power law with offset,
// Chinchilla, broken power laws, the two-step ladder, Gadre's laws, the sigmoid
// with a floor over model families, the answer-length link, PassUntil.
//
// A fit is made by a method of [Settings]; the zero Settings are least squares
// with equal weights. Sizes N are parameters, D are tokens, C is compute in
// floating-point operations (all positive counts, not logarithms); losses are
// nats or bits as the caller measured them; accuracies are shares of 1.
//
//	f, err := fit.Settings{}.PowerOffset(sizes, losses)
//	fmt.Println(f.Model.At(70e9), f.Params, f.Warnings)
//
// The forms, their least data, and where they come from:
//
//	PowerLaw        3 sizes              (Nc/N)^alpha; Kaplan 2020
//	PowerOffset     5 sizes              E + A N^-alpha, A of either sign
//	Chinchilla      20 runs of N x D     E + A N^-alpha + B D^-beta; Hoffmann 2022, Besiroglu 2024
//	SharedExponent  5 runs of N x D      the same with alpha = beta; Gadre 2024
//	Broken          9 points a break     BNSL; Caballero 2023: along training, seldom over sizes
//	Ladder          10 runs, checkpoints Chinchilla, then Sigmoid; Bhagia 2024
//	Sigmoid         5 losses             accuracy from loss, with floor and ceiling
//	ErrorLaw        5 losses             eps - k e^(-gamma L); Gadre 2024
//	AnswerLength    2 losses             e^(-tokens L); Schaeffer 2023
//	FloorSigmoid    30 models            (1-h) sigma(w0 + w x) + h, h <= 0.2; Ruan 2024
//	PassUntil       3 sizes              log(-log pass) in log N; Hu 2023
//	LossToLoss      6 losses             E1 + K (L0 - E0)^kappa; Brandfonbrener 2024
//
// The parameters that enter linearly are solved in closed form inside a search
// over the others (variable projection; Golub and Pereyra 1973, SIAM J. Numer.
// Anal. 10:413), from many starts: one start is not a fit. A [Fit] says how
// many starts it had and how many of them ended at the best objective.
//
// An error means that there is no fit: values that are not numbers, sizes that
// are not positive, a constant series, fewer sizes than the form needs. A
// warning in [Fit.Warnings] means that there is one to doubt: see
// [ErrUnidentified], [ErrUnconverged], [ErrLoneStart], [ErrAtBound].
//
// Everything is deterministic: with the same seed, a fit is the same whatever
// the number of cores.
package fit
