package images

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
)

// maxProfile bounds a colour profile: those of screens and cameras have a few
// kilobytes, and a PNG's is compressed.
const maxProfile = 4 << 20

// metadata is what a file says about its pixels beside them.
type metadata struct {
	turn    turn
	profile []byte // ICC
	moves   bool
}

// readMetadata takes what is there; what is malformed counts as left out, as in
// browsers.
func readMetadata(format string, data []byte) (m metadata) {
	switch format {
	case "jpeg":
		m.readJPEG(data)
	case "png":
		m.readPNG(data)
	case "webp":
		m.readWebP(data)
	}
	return m
}

func (m *metadata) readJPEG(data []byte) {
	parts := map[byte][]byte{}
	var count byte
	for data = data[2:]; len(data) >= 4 && data[0] == 0xff; {
		marker, size := data[1], int(binary.BigEndian.Uint16(data[2:]))
		if marker == 0xff { // padding
			data = data[1:]
			continue
		}
		if marker == 0xda || size < 2 || len(data) < 2+size {
			break
		}
		body := data[4 : 2+size]
		if exif, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok && marker == 0xe1 {
			m.turn = readOrientation(exif)
		}
		// A profile is cut into parts of 64 KiB, each with its number and how many there are.
		if icc, ok := bytes.CutPrefix(body, []byte("ICC_PROFILE\x00")); ok && marker == 0xe2 && len(icc) > 2 {
			parts[icc[0]], count = icc[2:], icc[1]
		}
		data = data[2+size:]
	}
	for i := 1; i <= int(count); i++ {
		part, ok := parts[byte(i)]
		if !ok {
			m.profile = nil
			return
		}
		m.profile = append(m.profile, part...)
	}
}

func (m *metadata) readPNG(data []byte) {
	for data = data[8:]; len(data) >= 12; {
		size := binary.BigEndian.Uint32(data)
		if uint64(size)+12 > uint64(len(data)) {
			return
		}
		body := data[8 : 8+size]
		switch string(data[4:8]) {
		case "IDAT":
			return
		case "eXIf":
			m.turn = readOrientation(body)
		case "iCCP":
			if _, packed, ok := bytes.Cut(body, []byte{0}); ok && len(packed) > 1 {
				m.profile = inflate(packed[1:])
			}
		}
		data = data[12+size:]
	}
}

func (m *metadata) readWebP(data []byte) {
	for data = data[12:]; len(data) >= 8; {
		size := uint64(binary.LittleEndian.Uint32(data[4:]))
		if size+8 > uint64(len(data)) {
			return
		}
		body := data[8 : 8+size]
		switch string(data[:4]) {
		case "VP8X":
			m.moves = size > 0 && body[0]&2 != 0
		case "ICCP":
			m.profile = body
		case "EXIF":
			m.turn = readOrientation(bytes.TrimPrefix(body, []byte("Exif\x00\x00")))
		}
		data = data[min(8+size+size%2, uint64(len(data))):]
	}
}

// readOrientation finds the tag 0x112 in the first directory of a TIFF header.
func readOrientation(exif []byte) turn {
	if len(exif) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	if exif[0] == 'I' {
		order = binary.LittleEndian
	}
	at := uint64(order.Uint32(exif[4:]))
	if at+2 > uint64(len(exif)) {
		return 0
	}
	entries := exif[at+2:]
	for range order.Uint16(exif[at:]) {
		if len(entries) < 12 {
			return 0
		}
		if order.Uint16(entries) == 0x112 {
			return turn(order.Uint16(entries[8:]))
		}
		entries = entries[12:]
	}
	return 0
}

func inflate(packed []byte) []byte {
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(r, maxProfile))
	if err != nil {
		return nil
	}
	return data
}
