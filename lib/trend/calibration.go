package trend

// calibration is what the back-tests taught about one kind of metric.
type calibration struct {
	prior *[nCells]float64 // log prior of the cells, nil: equal
	scale float64          // of the standard deviation
}

func (c calibration) widen(horizon float64) float64 { return c.scale }

func calibrationOf(k Kind) calibration {
	if k == Accuracy {
		return calibration{scale: 1}
	}
	return calibration{scale: 0.8}
}
