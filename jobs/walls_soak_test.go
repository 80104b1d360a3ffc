//go:build soak

package jobs_test

import (
	"testing"

	"majestic/app"
)

// All that a page may have, at the largest scale.
func TestWallsAtFullSize(t *testing.T) {
	atTheWalls(t, map[string]func(house){
		"sizes": func(h house) {
			toTheCorner(h, []size{{1_250, 1_250, app.Output{Scale: 4}}, {16_384, 95, app.Output{Scale: 4}}, {95, 16_384, app.Output{Scale: 4}}})
		},
		"hostile fonts": func(h house) { testHostileFonts(h, func(int) []int { return []int{0, 1, 2} }) },
		"many elements": func(h house) { testManyElements(h, 1) },
		"bombs":         func(h house) { testBombs(h, 2) },
	})
}
