package images

import (
	"image"
	"math"
	"slices"
)

// window is a part of a picture, in its pixels.
type window struct{ x, y, width, height float64 }

// pixels are those that it touches.
func (w window) pixels() image.Rectangle {
	return image.Rect(int(w.x), int(w.y), int(math.Ceil(w.x+w.width)), int(math.Ceil(w.y+w.height)))
}

// scale draws a window of a picture on a part of m: many pixels to one are first
// averaged by whole numbers, and the rest, less than two to one, goes by
// Catmull-Rom as in browsers. It works through the rows, so that a large picture
// takes no more memory than its own.
func (p *picture) scale(m *image.RGBA, to image.Rectangle, from window) {
	wide := max(1, int(from.width/float64(to.Dx())))
	high := max(1, int(from.height/float64(to.Dy())))
	part := from.pixels().Intersect(p.pixels.Bounds())
	source := linesOf(p, part, wide, high)
	columns := spans(to.Dx(), (from.x-float64(part.Min.X))/float64(wide), from.width/float64(wide), source.width)
	rows := spans(to.Dy(), (from.y-float64(part.Min.Y))/float64(high), from.height/float64(high), source.height)

	line := make([]float32, 4*source.width)
	kept := make([][]float32, min(10, source.height)) // rows whose columns are done, by their number
	for i := range kept {
		kept[i] = make([]float32, 4*to.Dx())
	}
	next := slices.MinFunc(rows, func(a, b span) int { return a.first - b.first }).first
	sums := make([]float32, 4*to.Dx())
	for y, span := range rows {
		for ; next < span.first+len(span.weights); next++ {
			source.row(next, line)
			columns.apply(line, kept[next%len(kept)])
		}
		clear(sums)
		for i, weight := range span.weights {
			for j, v := range kept[(span.first+i)%len(kept)] {
				sums[j] += weight * v
			}
		}
		write(m.Pix[m.PixOffset(to.Min.X, to.Min.Y+y):][:4*to.Dx()], sums)
	}
}

// span says which values of a row or column, by which weights, make one new value.
type span struct {
	first   int
	weights []float32
}

type spanList []span

// spans cover a stretch of limit values by n new ones. What lies outside is what
// lies at the edge.
func spans(n int, start, size float64, limit int) spanList {
	list := make(spanList, n)
	step := size / float64(n)
	reach := max(step, 1) // of the kernel's unit
	most := min(limit, int(4*reach)+1)
	all := make([]float32, n*most)
	for i := range list {
		middle := start + (float64(i)+0.5)*step - 0.5
		low, high := int(math.Ceil(middle-2*reach)), int(math.Floor(middle+2*reach))
		first, last := min(max(low, 0), limit-1), min(max(high, 0), limit-1)
		weights := all[i*most:][:last-first+1]
		sum := 0.0
		for j := low; j <= high; j++ {
			sum += catmullRom((float64(j) - middle) / reach)
		}
		for j := low; j <= high; j++ {
			weights[min(max(j, first), last)-first] += float32(catmullRom((float64(j)-middle)/reach) / sum)
		}
		for len(weights) > 1 && weights[0] == 0 {
			first, weights = first+1, weights[1:]
		}
		for len(weights) > 1 && weights[len(weights)-1] == 0 {
			weights = weights[:len(weights)-1]
		}
		list[i] = span{first, weights}
	}
	return list
}

func (l spanList) apply(from, to []float32) {
	for i, span := range l {
		var r, g, b, a float32
		values := from[4*span.first:]
		for j, weight := range span.weights {
			v := values[4*j:][:4]
			r, g, b, a = r+weight*v[0], g+weight*v[1], b+weight*v[2], a+weight*v[3]
		}
		t := to[4*i:][:4]
		t[0], t[1], t[2], t[3] = r, g, b, a
	}
}

func catmullRom(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return ((-0.5*x+2.5)*x-4)*x + 2
	}
	return 0
}

// write rounds premultiplied values to bytes: a colour is never more than its alpha.
func write(to []byte, values []float32) {
	for ; len(to) >= 4; to, values = to[4:], values[4:] {
		alpha := min(max(values[3], 0), 255)
		for i, v := range values[:3] {
			to[i] = uint8(min(max(v, 0), alpha) + 0.5)
		}
		to[3] = uint8(alpha + 0.5)
	}
}
