package sfnt

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// family is the name that the font's weights and slants share, with the width
// where that is not the normal one.
func (t tables) family() (string, error) {
	name := t.name(16) // the typographic family; 1 holds the weight, too
	if name == "" {
		name = t.name(1)
	}
	if width := widthWord(u16(t.data["OS/2"], 6)); width != "" && !strings.Contains(strings.ReplaceAll(name, " ", ""), strings.ReplaceAll(width, " ", "")) {
		name += " " + width
	}
	name = strings.Join(strings.Fields(name), " ")
	switch {
	case name == "":
		return "", errors.New("has no family name")
	case utf8.RuneCountInString(name) > 100:
		return "", errors.New("has a family name of more than 100 characters")
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }):
		return "", errors.New("has a family name with characters that cannot be shown")
	}
	return name, nil
}

// name is an entry of the table name: in English if there is one, else the first.
func (t tables) name(id uint16) string {
	table := t.data["name"]
	found, best := "", 0
	for i := range int(u16(table, 2)) {
		record := 6 + 12*i
		if record+12 > len(table) {
			break
		}
		from, size := int(u16(table, 4))+int(u16(table, record+10)), int(u16(table, record+8))
		if u16(table, record+6) != id || from+size > len(table) {
			continue
		}
		platform, language := u16(table, record), u16(table, record+4)
		rank, text := 0, ""
		switch {
		case platform == 3 && language == 0x409:
			rank, text = 4, fromUTF16(table[from:from+size])
		case platform == 0:
			rank, text = 3, fromUTF16(table[from:from+size])
		case platform == 3:
			rank, text = 2, fromUTF16(table[from:from+size])
		case platform == 1 && u16(table, record+2) == 0:
			b, _ := charmap.Macintosh.NewDecoder().Bytes(table[from : from+size])
			rank, text = 1, string(b)
		}
		if rank > best && strings.TrimSpace(text) != "" {
			found, best = text, rank
		}
	}
	return found
}

func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = u16(b, 2*i)
	}
	return string(utf16.Decode(units))
}
