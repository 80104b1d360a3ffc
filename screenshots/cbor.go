package screenshots

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf16"
)

// Messages of Chrome's pipe are CBOR (RFC 8949) as Chromium writes it, in
// third_party/inspector_protocol/crdtp/cbor.h: each map stands in an envelope that tells
// its size, maps and lists have no length, bytes are tagged as such, and a byte
// string that is not is a text in UTF-16.
const (
	cborText     = 3 << 5
	cborTag      = 6 << 5
	cborLong     = 26 // in the lower five bits: a length of four bytes follows
	cborFalse    = 0xf4
	cborTrue     = 0xf5
	cborNull     = 0xf6
	cborDouble   = 0xfb
	cborList     = 0x9f
	cborMap      = 0xbf
	cborEnd      = 0xff
	cborBinary   = cborTag | 22
	envelopeHead = 7 // bytes before what is in one
)

var envelopeBegin = [...]byte{cborTag | 24, 24, 2<<5 | cborLong}

// appendCBOR adds a value as encoding/json decodes it, with numbers as json.Number or int64.
func appendCBOR(to []byte, value any) ([]byte, error) {
	var err error
	switch v := value.(type) {
	case nil:
		to = append(to, cborNull)
	case bool:
		if v {
			return append(to, cborTrue), nil
		}
		to = append(to, cborFalse)
	case int64:
		if v < math.MinInt32 || v > math.MaxInt32 {
			return appendCBOR(to, float64(v))
		}
		if v < 0 {
			return appendHead(to, 1<<5, uint32(-1-v)), nil
		}
		to = appendHead(to, 0, uint32(v))
	case float64:
		to = binary.BigEndian.AppendUint64(append(to, cborDouble), math.Float64bits(v))
	case json.Number:
		if whole, err := v.Int64(); err == nil {
			return appendCBOR(to, whole)
		}
		double, err := v.Float64()
		if err != nil {
			return to, err
		}
		return appendCBOR(to, double)
	case string:
		to = append(appendHead(slices.Grow(to, len(v)+5), cborText, uint32(len(v))), v...)
	case []any:
		to = append(to, cborList)
		for _, item := range v {
			if to, err = appendCBOR(to, item); err != nil {
				return to, err
			}
		}
		to = append(to, cborEnd)
	case map[string]any:
		at := len(to)
		to = append(append(to, envelopeBegin[:]...), 0, 0, 0, 0, cborMap)
		for name, item := range v {
			if to, err = appendCBOR(to, name); err == nil {
				to, err = appendCBOR(to, item)
			}
			if err != nil {
				return to, err
			}
		}
		to = append(to, cborEnd)
		binary.BigEndian.PutUint32(to[at+len(envelopeBegin):], uint32(len(to)-at-envelopeHead))
	default:
		return to, fmt.Errorf("%T has no place in a message", value)
	}
	return to, nil
}

func appendHead(to []byte, major byte, n uint32) []byte {
	switch {
	case n < 24:
		return append(to, major|byte(n))
	case n <= math.MaxUint8:
		return append(to, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(to, major|25), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(to, major|cborLong), n)
}

// envelopeSize is how many bytes follow the first envelopeHead ones of an envelope.
func envelopeSize(head []byte) (uint32, error) {
	if len(head) < envelopeHead || !bytes.HasPrefix(head, envelopeBegin[:]) {
		return 0, errNotCBOR
	}
	return binary.BigEndian.Uint32(head[len(envelopeBegin):]), nil
}

var errNotCBOR = errors.New("what Chrome has written is no message")

// parseCBOR reads a value, as encoding/json would, but with integers as int64 and
// bytes as []byte, which stay where they are in from.
func parseCBOR(from []byte) (value any, err error) {
	p := cborParser{rest: from}
	value = p.value(0)
	if p.bad || len(p.rest) > 0 {
		return nil, errNotCBOR
	}
	return value, nil
}

// cborDeepest is more than any message has.
const cborDeepest = 300

// cborParser has nothing left once it has met what is wrong.
type cborParser struct {
	rest []byte
	bad  bool
}

func (p *cborParser) value(depth int) any {
	if depth > cborDeepest {
		return p.fail()
	}
	first := p.byte()
	switch first {
	case cborNull:
		return nil
	case cborFalse, cborTrue:
		return first == cborTrue
	case cborDouble:
		double := math.Float64frombits(p.number(8))
		if math.IsNaN(double) || math.IsInf(double, 0) {
			return nil // as in Chrome's JSON
		}
		return double
	case cborList:
		list := []any{}
		for !p.end() {
			list = append(list, p.value(depth+1))
		}
		return list
	case cborMap:
		all := map[string]any{}
		for !p.end() {
			name, ok := p.value(depth + 1).(string)
			if !ok {
				return p.fail()
			}
			all[name] = p.value(depth + 1)
		}
		return all
	case cborBinary:
		if major := p.byte(); major>>5 == 2 {
			return p.take(p.length(major))
		}
		return p.fail()
	case envelopeBegin[0]:
		if p.byte() != envelopeBegin[1] || p.byte() != envelopeBegin[2] || p.number(4) > uint64(len(p.rest)) {
			return p.fail()
		}
		return p.value(depth + 1)
	}
	n := p.length(first)
	switch first >> 5 {
	case 0:
		return int64(n)
	case 1:
		return -1 - int64(n)
	case 2:
		wide := p.take(n)
		if len(wide)%2 != 0 {
			return p.fail()
		}
		units := make([]uint16, 0, len(wide)/2)
		for ; len(wide) > 0; wide = wide[2:] {
			units = append(units, binary.LittleEndian.Uint16(wide))
		}
		return string(utf16.Decode(units))
	case 3:
		return string(p.take(n))
	}
	return p.fail()
}

// end tells whether a map or a list is over, and steps behind its end.
func (p *cborParser) end() bool {
	if len(p.rest) == 0 {
		p.fail()
		return true
	}
	if p.rest[0] != cborEnd {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// length is the number that goes with the first byte of a value.
func (p *cborParser) length(first byte) uint64 {
	switch low := first & 31; {
	case low < 24:
		return uint64(low)
	case low <= 27:
		return p.number(1 << (low - 24))
	}
	p.fail()
	return 0
}

func (p *cborParser) byte() byte { return byte(p.number(1)) }

func (p *cborParser) number(bytes uint64) (n uint64) {
	for _, b := range p.take(bytes) {
		n = n<<8 | uint64(b)
	}
	return n
}

func (p *cborParser) take(n uint64) []byte {
	if n > uint64(len(p.rest)) {
		p.fail()
		return nil
	}
	taken := p.rest[:n:n]
	p.rest = p.rest[n:]
	return taken
}

func (p *cborParser) fail() any {
	p.rest, p.bad = nil, true
	return nil
}
