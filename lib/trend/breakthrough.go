package trend

import "fmt"

// breakthrough upgrades a Standard verdict on a log-likelihood with a known
// answer length: accuracy has not come yet on the smallest model (the
// probability to be above the threshold is at most 5%), and a forecast with
// skill, or the largest model measured, is above it with 95%. It is never read
// off an accuracy curve.
func (c Settings) breakthrough(r *Result) error {
	s := r.Series
	if r.Verdict != Standard || s.Tokens == 0 || s.Kind != LogLikelihood {
		return nil
	}
	at := []float64{s.X[0]}
	for _, p := range r.Forecast {
		if p.Skill {
			at = append(at, p.X)
		}
	}
	at = append(at, s.X[s.Len()-1])
	j, err := JumpSettings{Threshold: c.Threshold}.Forecast(s, at)
	if err != nil {
		return fmt.Errorf("no jump forecast: %w", err)
	}
	if j.Curve[0].P > 0.05 {
		return nil
	}
	for _, p := range j.Curve[1:] {
		if p.P >= 0.95 {
			r.Verdict, r.Jump = Breakthrough, j
			r.Warnings = append(r.Warnings, j.Warnings...)
			return nil
		}
	}
	return nil
}
