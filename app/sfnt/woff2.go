package sfnt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
)

// unpackWOFF2 takes a WOFF 2 file apart (W3C, WOFF File Format 2.0): a header, a
// list of tables, and all of them in one stream.
func unpackWOFF2(data []byte) (t tables, err error) {
	const header = 48
	if len(data) < header || int(u32(data, 8)) != len(data) {
		return t, errors.New("is damaged: it is not as long as it says")
	}
	if string(data[4:8]) == "ttcf" {
		return t, errors.New("is a collection of fonts; send each font of it as a file of its own")
	}
	n := int(u16(data, 12))
	if n == 0 || n > maxTables {
		return t, fmt.Errorf("is damaged: it claims to have %d tables", n)
	}
	r := bytes.NewReader(data[header:])
	entries := make([]entry, n)
	total := 0
	for i := range entries {
		if entries[i], err = readEntry(r); err != nil {
			return t, err
		}
		if total += entries[i].size; total > 3*MaxBytes {
			return t, fmt.Errorf("is larger than %d MiB once unpacked; subset it", 3*MaxBytes>>20)
		}
	}
	packed := data[len(data)-r.Len():]
	size := int(u32(data, 20))
	if size > len(packed) {
		return t, errors.New("is damaged: it ends within its tables")
	}
	all, err := io.ReadAll(io.LimitReader(brotli.NewReader(bytes.NewReader(packed[:size])), int64(total)+1))
	if err != nil || len(all) != total {
		return t, errors.New("is damaged: its tables do not unpack to the size they claim")
	}

	t = tables{map[string][]byte{}, map[string]bool{}}
	for _, e := range entries {
		if err := t.checkTag(e.tag); err != nil {
			return t, err
		}
		t.data[e.tag], t.transformed[e.tag] = all[:e.size:e.size], e.transformed
		all = all[e.size:]
	}
	return t, nil
}

// entry is a table in the list: its size in the stream.
type entry struct {
	tag         string
	size        int
	transformed bool
}

func readEntry(r *bytes.Reader) (e entry, err error) {
	torn := errors.New("is damaged: it ends within the list of its tables")
	flags, err := r.ReadByte()
	if err != nil {
		return e, torn
	}
	if known := knownTags(); int(flags&63) < len(known) {
		e.tag = known[flags&63]
	} else {
		tag := make([]byte, 4)
		if _, err := io.ReadFull(r, tag); err != nil {
			return e, torn
		}
		e.tag = string(tag)
	}
	if e.size, err = readBase128(r); err != nil {
		return e, torn
	}
	switch version := flags >> 6; e.tag {
	case "glyf", "loca":
		e.transformed = version != 3
	default:
		e.transformed = version != 0
	}
	if e.transformed {
		if e.size, err = readBase128(r); err != nil {
			return e, torn
		}
		if !strings.Contains("glyf loca hmtx", e.tag) {
			return e, fmt.Errorf("is damaged: its table %s is packed in a way that is not known", trim(e.tag))
		}
	}
	return e, nil
}

// readBase128 reads a number of at most 30 bits, seven to the byte.
func readBase128(r *bytes.Reader) (v int, err error) {
	for i := range 5 {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if i == 0 && b == 0x80 {
			break // a leading zero
		}
		if v = v<<7 | int(b&0x7f); b < 0x80 {
			return v, nil
		}
	}
	return 0, errors.New("a number is too long")
}

// knownTags are the tables that WOFF 2 names by a number.
func knownTags() []string {
	const all = "cmapheadhheahmtxmaxpnameOS/2postcvt fpgmglyflocaprepCFF VORGEBDTEBLCgasphdmxkernLTSHPCLTVDMXvheavmtxBASE" +
		"GDEFGPOSGSUBEBSCJSTFMATHCBDTCBLCCOLRCPALSVG sbixacntavarbdatblocbslncvarfdscfeatfmtxfvargvarhstyjustlcarmortmorxopbd" +
		"proptrakZapfSilfGlatGlocFeatSill"
	tags := make([]string, 0, len(all)/4)
	for i := 0; i < len(all); i += 4 {
		tags = append(tags, all[i:i+4])
	}
	return tags
}
