// Package sfnt reads font files: TrueType, OpenType and WOFF 2. It says what a
// font is called and which characters it draws, and refuses what a browser
// should not be given. It reads no outlines: a browser checks those before it
// draws any.
package sfnt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// MaxBytes is the most a font file may have; unpacked it may have three times as much.
const MaxBytes = 10 << 20

// The formats of a file.
const (
	TTF   = "ttf"
	OTF   = "otf"
	WOFF2 = "woff2"
)

// Font is what a file says of itself.
type Font struct {
	Format            string
	Family            string
	Weight, MaxWeight int // the same, but in a variable font the ends of its axis
	Italic            bool
	Coverage          Coverage
}

// Parse reads a font that somebody has sent. The error ends a sentence that
// begins with the file: it "is damaged: …".
func Parse(data []byte) (f Font, err error) {
	if len(data) > MaxBytes {
		return f, fmt.Errorf("is larger than %d MiB; subset it, or send it as woff2", MaxBytes>>20)
	}
	t, format, err := unpack(data)
	if err != nil {
		return f, err
	}
	if err := t.check(); err != nil {
		return f, err
	}
	f = Font{Format: format, Italic: t.italic()}
	f.Weight, f.MaxWeight = t.weights()
	if f.Family, err = t.family(); err != nil {
		return f, err
	}
	f.Coverage, err = t.coverage()
	return f, err
}

// tables are the parts of a font by their tags, as they are once unpacked. In a
// WOFF 2 file glyf, loca and hmtx may be transformed: these are not looked into.
type tables struct {
	data        map[string][]byte
	transformed map[string]bool
}

const maxTables = 100

// unpack takes a file apart.
func unpack(data []byte) (t tables, format string, err error) {
	if len(data) < 12 {
		return t, "", errors.New("is not a font: it is too short")
	}
	switch string(data[:4]) {
	case "\x00\x01\x00\x00", "true":
		format = TTF
		t, err = split(data)
	case "OTTO":
		format = OTF
		t, err = split(data)
	case "wOF2":
		format = WOFF2
		t, err = unpackWOFF2(data)
	case "ttcf":
		err = errors.New("is a collection of fonts; send each font of it as a file of its own")
	case "wOFF":
		err = errors.New("is a WOFF 1 file; send the font as woff2, ttf or otf")
	default:
		err = errors.New("is not a font: it is neither woff2 nor ttf nor otf")
	}
	return t, format, err
}

// split takes a TrueType or OpenType file apart. Its tables must lie within it, and apart.
func split(data []byte) (tables, error) {
	t := tables{data: map[string][]byte{}}
	n := int(u16(data, 4))
	if n == 0 || n > maxTables {
		return t, fmt.Errorf("is damaged: it claims to have %d tables", n)
	}
	end := 12 + 16*n
	if len(data) < end {
		return t, errors.New("is damaged: it ends within the list of its tables")
	}
	type span struct{ from, to int }
	var spans []span
	for i := range n {
		entry := data[12+16*i:]
		tag, from, size := string(entry[:4]), int(u32(entry, 8)), int(u32(entry, 12))
		if err := t.checkTag(tag); err != nil {
			return t, err
		}
		if from < end || from > len(data) || size > len(data)-from {
			return t, fmt.Errorf("is damaged: its table %s lies outside the file", trim(tag))
		}
		for _, s := range spans {
			if from < s.to && s.from < from+size {
				return t, fmt.Errorf("is damaged: its table %s lies upon another", trim(tag))
			}
		}
		spans = append(spans, span{from, from + size})
		t.data[tag] = data[from : from+size]
	}
	return t, nil
}

func (t tables) checkTag(tag string) error {
	for _, c := range []byte(tag) {
		if c < ' ' || c > '~' {
			return errors.New("is damaged: a table has no proper name")
		}
	}
	if _, twice := t.data[tag]; twice {
		return fmt.Errorf("is damaged: it has two tables %s", trim(tag))
	}
	return nil
}

func trim(tag string) string { return strings.TrimRight(tag, " ") }

// u16 and u32 read big-endian numbers; what lies beyond the end is zero.
func u16(b []byte, at int) uint16 {
	if at < 0 || at+2 > len(b) {
		return 0
	}
	return binary.BigEndian.Uint16(b[at:])
}

func u32(b []byte, at int) uint32 {
	if at < 0 || at+4 > len(b) {
		return 0
	}
	return binary.BigEndian.Uint32(b[at:])
}
