package images

import (
	"encoding/binary"
	"errors"
	"math"
)

// profile turns a picture's own colours into sRGB: a curve a channel gives linear
// light, a matrix takes that to the light of sRGB's primaries.
type profile struct {
	curves [3][256]float32
	matrix [3][3]float32
}

// readProfile reads the profiles of screens, cameras and phones: RGB or grey, a
// matrix and curves (ICC.1:2022, 9.2 and 10). What cannot be read counts as left
// out, as in browsers; sRGB itself is nil.
func readProfile(data []byte) (*profile, error) {
	tags := readTags(data)
	if tags == nil {
		return nil, nil
	}
	p := &profile{matrix: [3][3]float32{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}
	switch space := string(data[16:20]); {
	case space == "GRAY" && tags["kTRC"] != nil:
		if !p.readCurves(tags["kTRC"], tags["kTRC"], tags["kTRC"]) {
			return nil, nil
		}
	case space == "RGB " && string(data[20:24]) == "XYZ " && tags["rXYZ"] != nil && tags["rTRC"] != nil:
		if !p.readCurves(tags["rTRC"], tags["gTRC"], tags["bTRC"]) || !p.readMatrix(tags["rXYZ"], tags["gXYZ"], tags["bXYZ"]) {
			return nil, nil
		}
	case space == "RGB " && tags["A2B0"] != nil:
		return nil, errors.New("has a colour profile made of tables, as scanners and printers have it; convert it to sRGB and upload it again")
	default:
		return nil, nil // of another kind of pixels than these
	}
	if p.isSRGB() {
		return nil, nil
	}
	return p, nil
}

func (p *profile) readCurves(tags ...[]byte) bool {
	for i, tag := range tags {
		curve := readCurve(tag)
		if curve == nil {
			return false
		}
		for v := range 256 {
			p.curves[i][v] = float32(min(max(curve(float64(v)/255), 0), 1))
		}
	}
	return true
}

// readMatrix takes the primaries, as XYZ under the light D50, to those of sRGB.
func (p *profile) readMatrix(tags ...[]byte) bool {
	fromXYZ := [3][3]float64{
		{3.1338561, -1.6168667, -0.4906146},
		{-0.9787684, 1.9161415, 0.0334540},
		{0.0719453, -0.2289914, 1.4052427},
	}
	for column, tag := range tags {
		if len(tag) < 20 {
			return false
		}
		x, y, z := fixed(tag[8:]), fixed(tag[12:]), fixed(tag[16:])
		for row, m := range fromXYZ {
			p.matrix[row][column] = float32(m[0]*x + m[1]*y + m[2]*z)
		}
	}
	return true
}

// isSRGB allows for what rounding does to the many ways in which sRGB is written.
func (p *profile) isSRGB() bool {
	for i, row := range p.matrix {
		for j, v := range row {
			want := float32(0)
			if i == j {
				want = 1
			}
			if math.Abs(float64(v-want)) > 0.003 {
				return false
			}
		}
		for v, light := range p.curves[i] {
			if math.Abs(encode(float64(light))*255-float64(v)) > 0.6 {
				return false
			}
		}
	}
	return true
}

// readTags are the tags by name, nil when this is no profile.
func readTags(data []byte) map[string][]byte {
	if len(data) < 132 || string(data[36:40]) != "acsp" {
		return nil
	}
	tags := map[string][]byte{}
	for table := data[132:]; len(table) >= 12 && len(tags) < int(binary.BigEndian.Uint32(data[128:])); table = table[12:] {
		at, size := uint64(binary.BigEndian.Uint32(table[4:])), uint64(binary.BigEndian.Uint32(table[8:]))
		if at+size > uint64(len(data)) || size < 8 {
			return nil
		}
		tags[string(table[:4])] = data[at : at+size]
	}
	return tags
}

// readCurve is a function from 0…1 to 0…1, nil when it cannot be read.
func readCurve(tag []byte) func(float64) float64 {
	if len(tag) < 12 {
		return nil
	}
	switch string(tag[:4]) {
	case "curv":
		return sampledCurve(tag[12:], uint64(binary.BigEndian.Uint32(tag[8:])))
	case "para":
		return parametricCurve(tag[12:], binary.BigEndian.Uint16(tag[8:]))
	}
	return nil
}

func sampledCurve(samples []byte, n uint64) func(float64) float64 {
	if uint64(len(samples)) < 2*n {
		return nil
	}
	at := func(i int) float64 { return float64(binary.BigEndian.Uint16(samples[2*i:])) }
	switch n {
	case 0:
		return func(x float64) float64 { return x }
	case 1:
		gamma := at(0) / 256
		return func(x float64) float64 { return math.Pow(x, gamma) }
	}
	return func(x float64) float64 {
		place, part := math.Modf(x * float64(n-1))
		i := int(place)
		return (at(i)*(1-part) + at(min(i+1, int(n)-1))*part) / 65535
	}
}

func parametricCurve(numbers []byte, kind uint16) func(float64) float64 {
	counts := []int{1, 3, 4, 5, 7}
	if int(kind) >= len(counts) || len(numbers) < 4*counts[kind] {
		return nil
	}
	var v [7]float64
	for i := range counts[kind] {
		v[i] = fixed(numbers[4*i:])
	}
	g, a, b, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind {
	case 0:
		a, d = 1, math.Inf(-1)
	case 1, 2:
		if a == 0 {
			return nil
		}
		c, d, e, f = 0, -b/a, c, c
	}
	return func(x float64) float64 {
		if x < d {
			return c*x + f
		}
		return math.Pow(max(a*x+b, 0), g) + e
	}
}

// fixed reads an s15Fixed16Number.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// encode and linear are the curve of sRGB, there and back (IEC 61966-2-1).
func encode(light float64) float64 {
	if light <= 0.0031308 {
		return 12.92 * light
	}
	return 1.055*math.Pow(light, 1/2.4) - 0.055
}

func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}
