//go:build soak

package screenshots

import "testing"

// Each page after each other one.
func TestNothingAtAllIsLeftBehind(t *testing.T) {
	leaveBehind(t, func(int) []int { return []int{0, 1, 2, 3} })
}

func TestManyTilesOften(t *testing.T) { testManyTiles(t, startPool(t, Options{Tabs: 2}), 20) }
