package sfnt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Coverage is a set of characters.
type Coverage struct{ spans []span }

// span is the characters from one to another, both within.
type span struct{ from, to rune }

// Has tells whether r is among them.
func (c Coverage) Has(r rune) bool {
	i, found := slices.BinarySearchFunc(c.spans, r, func(s span, r rune) int {
		switch {
		case s.to < r:
			return -1
		case s.from > r:
			return 1
		}
		return 0
	})
	return found && i < len(c.spans)
}

// CSS is the set as a unicode-range, with some characters too many: gaps of no
// more than so many are closed.
func (c Coverage) CSS(gap rune) string {
	var ranges []string
	for i := 0; i < len(c.spans); {
		from, to := c.spans[i].from, c.spans[i].to
		for i++; i < len(c.spans) && c.spans[i].from-to <= gap; i++ {
			to = c.spans[i].to
		}
		ranges = append(ranges, fmt.Sprintf("U+%X-%X", from, to))
	}
	return strings.Join(ranges, ",")
}

// coverage reads the table cmap: the characters that have a glyph. Which of several
// lists a browser goes by is not told, so a character must be in all of a rank.
func (t tables) coverage() (c Coverage, err error) {
	table := t.data["cmap"]
	rank, seen := 0, map[[2]uint16]bool{}
	for i := range int(u16(table, 2)) {
		record := 4 + 8*i
		if record+8 > len(table) {
			break
		}
		kind, from := [2]uint16{u16(table, record), u16(table, record+2)}, int(u32(table, record+4))
		if from >= len(table) {
			continue
		}
		r := subtableRank(kind[0], kind[1], u16(table, from))
		if r == 0 || r < rank {
			continue
		}
		if seen[kind] {
			return c, errors.New("is damaged: its table cmap has two lists of a kind")
		}
		seen[kind] = true
		spans, err := readSubtable(table[from:], t.glyphs())
		if err != nil {
			return c, err
		}
		if r == symbols {
			spans = append(spans, asLetters(spans)...)
		}
		found := merged(spans)
		if r == rank {
			found = common(c.spans, found)
		}
		c.spans, rank = found, r
	}
	if rank == 0 {
		return c, errors.New("has no Unicode table of its characters (cmap) that browsers read; export it again")
	}
	return c, nil
}

// The ranks of the lists of characters, as browsers prefer them.
const (
	symbols = 1 + iota
	plane   // the first 65,536 characters
	all
)

// subtableRank is zero for a list that browsers do not read: each kind has its formats.
func subtableRank(platform, encoding, format uint16) int {
	switch {
	case platform == 3 && encoding == 10 && (format == 12 || format == 13), platform == 0 && encoding == 4 && format == 12:
		return all
	case (platform == 3 && encoding == 1 || platform == 0 && encoding <= 3) && format == 4:
		return plane
	case platform == 3 && encoding == 0 && format == 4:
		return symbols
	}
	return 0
}

func readSubtable(b []byte, glyphs int) ([]span, error) {
	format := u16(b, 0)
	if format == 4 {
		return readSegments(b, glyphs)
	}
	return readGroups(b, glyphs, format == 12)
}

// asLetters are what symbols stand for as well: U+F0xx is drawn for U+00xx, too.
func asLetters(spans []span) (letters []span) {
	for _, s := range spans {
		if s.from >= 0xF000 && s.to <= 0xF0FF {
			letters = append(letters, span{s.from - 0xF000, s.to - 0xF000})
		}
	}
	return letters
}

// common are the characters of both; each list is in order.
func common(a, b []span) (both []span) {
	for len(a) > 0 && len(b) > 0 {
		if from, to := max(a[0].from, b[0].from), min(a[0].to, b[0].to); from <= to {
			both = append(both, span{from, to})
		}
		if a[0].to < b[0].to {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return both
}

// readSegments reads format 4, the usual one: up to 65,536 characters.
func readSegments(b []byte, glyphs int) (spans []span, err error) {
	size := int(u16(b, 6)) // twice the number of segments
	if size%2 != 0 || 16+4*size > len(b) {
		return nil, errors.New("is damaged: its table cmap is too short")
	}
	ends, starts, deltas, offsets := 14, 16+size, 16+2*size, 16+3*size
	last := -1
	for i := 0; i < size; i += 2 {
		from, to := int(u16(b, starts+i)), int(u16(b, ends+i))
		if from > to || from <= last {
			return nil, errors.New("is damaged: the segments of its table cmap are not in order")
		}
		last = to
		delta, offset := int(u16(b, deltas+i)), int(u16(b, offsets+i))
		for c := from; c <= to && c < 0xFFFF; c++ {
			glyph := c
			if offset != 0 {
				if glyph = int(u16(b, offsets+i+offset+2*(c-from))); glyph == 0 {
					continue
				}
			}
			if glyph = (glyph + delta) & 0xFFFF; glyph != 0 && glyph < glyphs {
				spans = grow(spans, rune(c))
			}
		}
	}
	return spans, nil
}

// readGroups reads format 12, and 13, in which all characters of a group share a glyph.
func readGroups(b []byte, glyphs int, each bool) (spans []span, err error) {
	n := int(u32(b, 12))
	if n > (len(b)-16)/12 {
		return nil, errors.New("is damaged: its table cmap is too short")
	}
	last := int64(-1)
	for i := range n {
		from, to, glyph := int64(u32(b, 16+12*i)), int64(u32(b, 20+12*i)), int64(u32(b, 24+12*i))
		if from > to || from <= last || to > 0x10FFFF {
			return nil, errors.New("is damaged: the groups of its table cmap are not in order")
		}
		last = to
		if each {
			to = min(to, from+int64(glyphs)-1-glyph)
			if glyph == 0 {
				from++
			}
		} else if glyph == 0 || glyph >= int64(glyphs) {
			continue
		}
		if from <= to {
			spans = append(spans, span{rune(from), rune(to)})
		}
	}
	return spans, nil
}

// grow adds a character that comes after all others.
func grow(spans []span, r rune) []span {
	if n := len(spans); n > 0 && spans[n-1].to == r-1 {
		spans[n-1].to = r
		return spans
	}
	return append(spans, span{r, r})
}

func merged(spans []span) (list []span) {
	slices.SortFunc(spans, func(a, b span) int { return int(a.from - b.from) })
	for _, s := range spans {
		if n := len(list); n > 0 && s.from <= list[n-1].to+1 {
			list[n-1].to = max(list[n-1].to, s.to)
		} else {
			list = append(list, s)
		}
	}
	return list
}
