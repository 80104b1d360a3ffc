package images

import "image"

// turn is how a camera was held: the orientation of Exif, 1 to 8. It tells where
// a stored pixel belongs; 5 to 8 exchange width and height.
type turn int

func (t turn) swaps() bool { return t >= 5 && t <= 8 }

// size is that of the upright picture, given the stored one's, and the reverse.
func (t turn) size(p image.Point) image.Point {
	if t.swaps() {
		return image.Pt(p.Y, p.X)
	}
	return p
}

// stored is a way from the middle of the upright picture as it goes in the stored one.
func (t turn) stored(x, y float64) (float64, float64) {
	if t.swaps() {
		x, y = y, x
	}
	if t == 2 || t == 3 || t == 7 || t == 8 {
		x = -x
	}
	if t == 3 || t == 4 || t == 6 || t == 7 {
		y = -y
	}
	return x, y
}

// upright puts each pixel where it belongs.
func (t turn) upright(m *image.RGBA) *image.RGBA {
	if t < 2 || t > 8 {
		return m
	}
	stored := m.Bounds().Size()
	right, bottom := stored.X-1, stored.Y-1
	size := t.size(stored)
	up := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			from := [...]image.Point{
				2: {right - x, y}, 3: {right - x, bottom - y}, 4: {x, bottom - y},
				5: {y, x}, 6: {y, bottom - x}, 7: {right - y, bottom - x}, 8: {right - y, x},
			}[t]
			copy(up.Pix[up.PixOffset(x, y):][:4], m.Pix[m.PixOffset(from.X, from.Y):][:4])
		}
	}
	return up
}
