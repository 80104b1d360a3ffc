package screenshots

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

// messages are of all that one may hold.
func messages() []map[string]any {
	return []map[string]any{
		{},
		{"id": int64(1), "method": "Page.enable", "params": map[string]any{}},
		{"numbers": []any{int64(0), int64(23), int64(24), int64(255), int64(256), int64(65535), int64(65536), int64(math.MaxInt32), int64(-1), int64(-24), int64(-25), int64(-257), int64(math.MinInt32), 0.5, -1e300}},
		{"texts": []any{"", "Größe 😀", strings.Repeat("x", 23), strings.Repeat("x", 24), strings.Repeat("x", 256), strings.Repeat("x", 70_000)}},
		{"deep": map[string]any{"list": []any{[]any{}, map[string]any{"a": nil, "b": true, "c": false}}}},
	}
}

func TestCBOR(t *testing.T) {
	for _, want := range messages() {
		data, err := appendCBOR(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		size, err := envelopeSize(data)
		if err != nil || int(size) != len(data)-envelopeHead {
			t.Errorf("of %d bytes it tells %d: %v", len(data), size, err)
		}
		if got, err := parseCBOR(data); err != nil || !reflect.DeepEqual(got, any(want)) {
			t.Errorf("%v has become %v: %v", want, got, err)
		}
	}
	// What is larger than Chrome's integers is a double there, as in JSON.
	data, err := appendCBOR(nil, []any{json.Number("7"), json.Number("4294967296"), json.Number("0.25")})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parseCBOR(data); err != nil || !reflect.DeepEqual(got, []any{int64(7), 4294967296.0, 0.25}) {
		t.Errorf("%v, %v", got, err)
	}
	// Bytes, and a text in UTF-16, which only Chrome writes.
	got, err := parseCBOR([]byte{cborList, cborBinary, 2<<5 | 3, 1, 2, 3, 2<<5 | 4, 0xe4, 0, 0x42, 0x26, cborEnd})
	if err != nil || !reflect.DeepEqual(got, []any{[]byte{1, 2, 3}, "ä♂"}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := appendCBOR(nil, map[string]any{"odd": struct{}{}}); err == nil {
		t.Error("a value that has no place is taken")
	}
}

func TestCBORRefuses(t *testing.T) {
	for _, m := range messages() {
		data, err := appendCBOR(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		for n := range min(len(data), 1000) {
			if _, err := parseCBOR(data[:n]); !errors.Is(err, errNotCBOR) {
				t.Errorf("%d bytes of %d: %v", n, len(data), err)
			}
		}
	}
	for name, data := range map[string][]byte{
		"nothing":              {},
		"more than a value":    {cborNull, cborNull},
		"a list without end":   {cborList, cborNull},
		"an end of nothing":    {cborEnd},
		"a huge text":          {cborText | 27, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'x'},
		"a name of a number":   {cborMap, 1, 1, cborEnd},
		"a length of no kind":  {cborText | 31},
		"bytes of a text":      {cborBinary, cborText | 1, 'x'},
		"half a UTF-16":        {2<<5 | 3, 'x', 0, 'x'},
		"an unknown tag":       {cborTag | 1, 0},
		"an envelope too long": {envelopeBegin[0], envelopeBegin[1], envelopeBegin[2], 0, 0, 0, 9, cborMap, cborEnd},
		"deeper than any":      append(bytes.Repeat([]byte{cborList}, cborDeepest+2), bytes.Repeat([]byte{cborEnd}, cborDeepest+2)...),
	} {
		if v, err := parseCBOR(data); !errors.Is(err, errNotCBOR) {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
}

// Whatever comes is a value or refused.
func FuzzCBOR(f *testing.F) {
	for _, m := range messages() {
		data, err := appendCBOR(nil, m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if v, err := parseCBOR(data); err == nil {
			if _, err := json.Marshal(v); err != nil {
				t.Error(err)
			}
		}
	})
}
