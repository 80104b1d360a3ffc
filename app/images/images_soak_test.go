//go:build soak

package images_test

import (
	"testing"

	"majestic/app/images"
)

// A little beyond it, and slivers, whose short side stays a pixel.
func TestPixelsHaveALimitAllRound(t *testing.T) {
	for _, box := range []images.Box{{Width: 6_000, Height: 5_000}, {Width: 5_000, Height: 5_001}, {Width: 1 << 40, Height: 1}, {Width: 1, Height: 1 << 40}} {
		limited(t, box)
	}
}
