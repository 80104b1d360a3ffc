package images

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"testing"
)

// BenchmarkPixels fits a photograph of 20 megapixels into 500 × 630 at scale 2.
func BenchmarkPixels(b *testing.B) {
	photo := photograph(5160, 3870)
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := Pixels(photo, Box{Width: 1000, Height: 1260, Fit: "cover"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	p, err := decode(photo)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("scaling", func(b *testing.B) {
		for b.Loop() {
			p.fit(Box{Width: 1000, Height: 1260, Fit: "cover"})
		}
	})
}

// photograph is a JPEG with slow changes and noise.
func photograph(width, height int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			n := uint8(random.UintN(24))
			m.SetRGBA(x, y, color.RGBA{uint8(x*200/width) + n, uint8(y*200/height) + n, 100 + n, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		panic(err) // a buffer takes all
	}
	return b.Bytes()
}
