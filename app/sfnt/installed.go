package sfnt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// ReadCoverage tells which characters a font of this machine draws; of a
// collection, the font of the family.
func ReadCoverage(file, family string) (Coverage, error) {
	f, err := os.Open(file)
	if err != nil {
		return Coverage{}, err
	}
	defer f.Close()
	font, err := Member(f, family)
	if err != nil {
		return Coverage{}, err
	}
	t, err := readTables(font, 0, "cmap", "maxp")
	if err != nil {
		return Coverage{}, fmt.Errorf("%s: %w", file, err)
	}
	c, err := t.coverage()
	if err != nil {
		return Coverage{}, fmt.Errorf("%s %w", file, err)
	}
	return c, nil
}

// Member is a font by itself: the file, or of a collection the font of the
// family, as if it had been saved alone. Browsers take no collections.
func Member(f *os.File, family string) (*io.SectionReader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	header := make([]byte, 12)
	if _, err := f.ReadAt(header, 0); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if string(header[:4]) != "ttcf" {
		return io.NewSectionReader(f, 0, info.Size()), nil
	}
	offsets := make([]byte, 4*min(u32(header, 8), 64))
	if _, err := f.ReadAt(offsets, 12); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	for i := 0; i < len(offsets); i += 4 {
		at := int64(u32(offsets, i))
		t, err := readTables(f, at, "name", "OS/2")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		if name, err := t.family(); err == nil && name == family {
			return alone(f, at)
		}
	}
	return nil, fmt.Errorf("%s has no font of the family %s", f.Name(), family)
}

// readDirectory reads the list of tables at a place, its header included.
func readDirectory(r io.ReaderAt, at int64) ([]byte, error) {
	header := make([]byte, 12)
	if _, err := r.ReadAt(header, at); err != nil {
		return nil, err
	}
	directory := make([]byte, 12+16*min(int(u16(header, 4)), maxTables))
	_, err := r.ReadAt(directory, at)
	return directory, err
}

// readTables reads some tables of the font whose directory is at a place.
func readTables(r io.ReaderAt, at int64, tags ...string) (tables, error) {
	t := tables{data: map[string][]byte{}}
	directory, err := readDirectory(r, at)
	if err != nil {
		return t, err
	}
	for i := 12; i < len(directory); i += 16 {
		for _, tag := range tags {
			if string(directory[i:i+4]) != tag {
				continue
			}
			table := make([]byte, min(u32(directory, i+12), 3*MaxBytes))
			if _, err := r.ReadAt(table, int64(u32(directory, i+8))); err != nil {
				return t, fmt.Errorf("table %s: %w", trim(tag), err)
			}
			t.data[tag] = table
		}
	}
	return t, nil
}

// alone is one font of a collection: a directory of its own before its tables.
func alone(f *os.File, at int64) (*io.SectionReader, error) {
	directory, err := readDirectory(f, at)
	if err != nil {
		return nil, err
	}
	parts := pieces{{0, int64(len(directory)), bytes.NewReader(directory), 0}}
	end := int64(len(directory))
	for i := 12; i < len(directory); i += 16 {
		from, size := int64(u32(directory, i+8)), int64(u32(directory, i+12))
		binary.BigEndian.PutUint32(directory[i+8:], uint32(end))
		parts = append(parts, piece{end, size, f, from})
		end += size
		if padding := -end & 3; padding > 0 {
			parts = append(parts, piece{end, padding, bytes.NewReader(make([]byte, 3)), 0})
			end += padding
		}
	}
	return io.NewSectionReader(parts, 0, end), nil
}

// pieces are parts of other files, one after the other.
type pieces []piece

type piece struct {
	at, size int64
	r        io.ReaderAt
	from     int64 // in r
}

// ReadAt is io.ReaderAt's.
func (all pieces) ReadAt(b []byte, at int64) (n int, err error) {
	for _, p := range all {
		if n == len(b) {
			return n, nil
		}
		skip := at + int64(n) - p.at
		if skip < 0 || skip >= p.size {
			continue
		}
		want := min(int64(len(b)-n), p.size-skip)
		read, err := p.r.ReadAt(b[n:n+int(want)], p.from+skip)
		n += read
		if int64(read) < want {
			return n, err
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
