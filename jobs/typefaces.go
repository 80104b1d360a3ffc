package jobs

import (
	"context"
	"fmt"
	"io"
	"sync"

	"majestic/app"
	"majestic/app/sfnt"
)

// typeface is an uploaded font with everything that a page needs of it.
type typeface struct {
	app.Font
	url      string
	coverage sfnt.Coverage
}

// typefaces loads the uploaded fonts of one job, each once.
type typefaces struct {
	tenant app.Tenant

	mu     sync.Mutex
	all    []app.Font // nil until asked for
	loaded map[string]typeface
}

func typefacesOf(t app.Tenant) *typefaces {
	return &typefaces{tenant: t, loaded: map[string]typeface{}}
}

// of are the fonts of some families; one that was not uploaded has none.
func (t *typefaces) of(ctx context.Context, families []string) (faces []typeface, err error) {
	wanted := map[string]bool{}
	for _, name := range families {
		if _, everywhere := app.FindFamily(name); !everywhere {
			wanted[name] = true
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		if t.all, err = t.tenant.FontFaces(ctx); err != nil {
			return nil, err
		}
	}
	for _, f := range t.all {
		if !wanted[f.Family] {
			continue
		}
		face, ok := t.loaded[f.ID]
		if !ok {
			if face, err = t.load(ctx, f.ID); err != nil {
				return nil, err
			}
			t.loaded[f.ID] = face
		}
		faces = append(faces, face)
	}
	return faces, nil
}

func (t *typefaces) load(ctx context.Context, id string) (face typeface, err error) {
	f, file, err := t.tenant.OpenFont(ctx, id)
	if err != nil {
		return face, err
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return face, fmt.Errorf("read font %s: %w", id, err)
	}
	read, err := sfnt.Parse(data)
	if err != nil {
		return face, fmt.Errorf("read font %s: it %w", id, err)
	}
	return typeface{f, dataURL("font/"+f.Format, data), read.Coverage}, nil
}
