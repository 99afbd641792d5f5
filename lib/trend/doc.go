// Package trend says what a quantity does with model size: a verdict, a
// forecast with an interval, and how far either can be trusted.
//
// Sizes are decades (log10 of the number of parameters). Values are in the
// metric's own unit. Every claim is made at two levels: on these models (noise
// of the items only) and the trend (scatter between models as well).
package trend
