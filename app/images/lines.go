package images

import (
	"image"
	"image/draw"
	"math"
)

// lines gives a part of a picture row by row: each value the average of a block of pixels,
// in sRGB, premultiplied, 0 to 255. Light is what averages; its numbers in a file
// do not, and fine patterns would come out too dark.
type lines struct {
	of            *picture
	part          image.Rectangle
	wide, high    int // of a block
	width, height int // in blocks

	strip  *image.RGBA
	light  [3][256]float32 // of a channel's value
	values [4096]float32   // of the square root of light, which spreads the dark
	sums   []float32
}

func linesOf(p *picture, part image.Rectangle, wide, high int) *lines {
	size := part.Size()
	l := &lines{of: p, part: part, wide: wide, high: high, width: (size.X + wide - 1) / wide, height: (size.Y + high - 1) / high}
	l.strip = image.NewRGBA(image.Rect(0, 0, size.X, high))
	l.sums = make([]float32, 4*l.width)
	for i := range l.values {
		root := float64(i) / float64(len(l.values)-1)
		l.values[i] = float32(encode(root*root) * 255)
	}
	for v := range 256 {
		light := float32(linear(float64(v) / 255))
		l.light[0][v], l.light[1][v], l.light[2][v] = light, light, light
	}
	if p.profile != nil {
		l.light = p.profile.curves
	}
	return l
}

// row writes the blocks of a row, four values each.
func (l *lines) row(y int, to []float32) {
	high := min(l.high, l.part.Dy()-y*l.high)
	strip := l.strip.SubImage(image.Rect(0, 0, l.strip.Rect.Dx(), high)).(*image.RGBA)
	draw.Draw(strip, strip.Rect, l.of.pixels, l.part.Min.Add(image.Pt(0, y*l.high)), draw.Src)
	if l.wide*l.high == 1 && l.of.profile == nil {
		for i, v := range strip.Pix[:4*l.width] {
			to[i] = float32(v)
		}
		return
	}
	clear(l.sums)
	for row := range high {
		l.add(strip.Pix[row*strip.Stride:][:4*strip.Rect.Dx()])
	}
	for x := range l.width {
		pixels := high * min(l.wide, l.strip.Rect.Dx()-x*l.wide)
		l.average(l.sums[4*x:][:4], to[4*x:][:4], float32(pixels))
	}
}

// add adds the light of a row of pixels to the sums of their blocks.
func (l *lines) add(row []byte) {
	for x := range l.width {
		var r, g, b, a float32
		block := row[4*x*l.wide : min(4*(x+1)*l.wide, len(row))]
		for ; len(block) >= 4; block = block[4:] {
			switch alpha := block[3]; alpha {
			case 255:
				r, g, b, a = r+l.light[0][block[0]], g+l.light[1][block[1]], b+l.light[2][block[2]], a+1
			case 0:
			default:
				part := float32(alpha) / 255
				r += part * l.light[0][divided(block[0], alpha)]
				g += part * l.light[1][divided(block[1], alpha)]
				b += part * l.light[2][divided(block[2], alpha)]
				a += part
			}
		}
		sum := l.sums[4*x:][:4]
		sum[0], sum[1], sum[2], sum[3] = sum[0]+r, sum[1]+g, sum[2]+b, sum[3]+a
	}
}

func (l *lines) average(sum, to []float32, pixels float32) {
	if sum[3] == 0 {
		clear(to)
		return
	}
	r, g, b, a := sum[0]/sum[3], sum[1]/sum[3], sum[2]/sum[3], sum[3]/pixels
	if p := l.of.profile; p != nil {
		m := &p.matrix
		r, g, b = m[0][0]*r+m[0][1]*g+m[0][2]*b, m[1][0]*r+m[1][1]*g+m[1][2]*b, m[2][0]*r+m[2][1]*g+m[2][2]*b
	}
	to[0], to[1], to[2], to[3] = a*l.value(r), a*l.value(g), a*l.value(b), a*255
}

func (l *lines) value(light float32) float32 {
	root := math.Sqrt(float64(min(max(light, 0), 1)))
	return l.values[int(root*float64(len(l.values)-1)+0.5)]
}

// divided takes the alpha out of a premultiplied value.
func divided(v, alpha uint8) uint8 {
	return uint8(min((int(v)*255+int(alpha)/2)/int(alpha), 255))
}

// placed puts a picture on a canvas of another size.
func placed(m image.Image, canvas image.Rectangle) image.Image {
	on := image.NewRGBA(canvas)
	draw.Draw(on, m.Bounds(), m, m.Bounds().Min, draw.Src)
	return on
}

// studio reads the numbers of a lossy WebP as they are meant: black is 16 and
// white 235 (RFC 6386, 9.2). Go takes them for a JPEG's.
func studio(m image.Image) image.Image {
	switch m := m.(type) {
	case *image.YCbCr:
		stretch(m)
	case *image.NYCbCrA:
		stretch(&m.YCbCr)
	}
	return m
}

func stretch(m *image.YCbCr) {
	for i, y := range m.Y {
		m.Y[i] = clamp8((float64(y) - 16) * 255 / 219)
	}
	for _, plane := range [][]byte{m.Cb, m.Cr} {
		for i, c := range plane {
			plane[i] = clamp8((float64(c)-128)*255/224 + 128)
		}
	}
}

func clamp8(v float64) uint8 { return uint8(min(max(math.Round(v), 0), 255)) }
