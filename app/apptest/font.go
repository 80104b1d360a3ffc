package apptest

import (
	"bytes"
	"encoding/binary"

	"github.com/andybalholm/brotli"
)

// WOFF2 packs a TrueType font, without the tricks that make it smaller.
func WOFF2(ttf []byte) []byte {
	n := binary.BigEndian.Uint16(ttf[4:])
	var list, tables bytes.Buffer
	for i := range int(n) {
		entry := ttf[12+16*i:][:16]
		from, size := binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		flags := byte(63) // its tag is written out
		if tag := string(entry[:4]); tag == "glyf" || tag == "loca" {
			flags |= 3 << 6 // not transformed
		}
		list.WriteByte(flags)
		list.Write(entry[:4])
		list.Write([]byte{0x80 | byte(size>>21), 0x80 | byte(size>>14), 0x80 | byte(size>>7), byte(size & 0x7f)}[skipped(size):])
		tables.Write(ttf[from : from+size])
	}
	var packed bytes.Buffer
	w := brotli.NewWriter(&packed)
	w.Write(tables.Bytes())
	w.Close()

	header := make([]byte, 48)
	copy(header, "wOF2\x00\x01\x00\x00")
	size := packed.Len()
	packed.Write(make([]byte, -(48+list.Len()+size)&3)) // files end on a whole word
	binary.BigEndian.PutUint32(header[8:], uint32(48+list.Len()+packed.Len()))
	binary.BigEndian.PutUint16(header[12:], n)
	binary.BigEndian.PutUint32(header[16:], uint32(len(ttf)))
	binary.BigEndian.PutUint32(header[20:], uint32(size))
	return append(append(header, list.Bytes()...), packed.Bytes()...)
}

// skipped is how many of a number's four bytes would be leading zeros.
func skipped(v uint32) (n int) {
	for _, bits := range []int{21, 14, 7} {
		if v>>bits != 0 {
			break
		}
		n++
	}
	return n
}
