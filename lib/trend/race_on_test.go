//go:build race

package trend

// raceEnabled makes the simulations short: the detector slows them tenfold.
const raceEnabled = true
