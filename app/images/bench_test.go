package images_test

import (
	"testing"

	"majestic/app/apptest"
	"majestic/app/images"
)

// BenchmarkPixels fits a photograph of 20 megapixels into 500 × 630 at scale 2.
func BenchmarkPixels(b *testing.B) {
	photo := apptest.Photo(5160, 3870)
	for b.Loop() {
		if _, _, err := images.Pixels(photo, images.Box{Width: 1000, Height: 1260, Fit: "cover"}); err != nil {
			b.Fatal(err)
		}
	}
}
