package jobs

import (
	"fmt"
	"sync"

	"majestic/app"
	"majestic/app/sfnt"
)

// coverages remembers which characters the renderer's fonts draw.
type coverages struct {
	fonts Capturer

	mu    sync.Mutex
	known map[string]sfnt.Coverage // by file
}

// stack are the fonts that draw a text, in their order: its own, then those that stand in.
func (c *coverages) stack(e app.Element, uploaded []typeface) (all []sfnt.Coverage, err error) {
	families := app.Fallbacks()
	if own, everywhere := app.FindFamily(e.Font); everywhere {
		families = append([]app.Family{own}, families...)
	} else {
		var own []typeface
		for _, f := range uploaded {
			if f.Family == e.Font {
				own = append(own, f)
			}
		}
		if len(own) > 0 {
			nearest := app.NearestFace(len(own), func(i int) (int, int, bool) { return own[i].Weight, own[i].MaxWeight, own[i].Italic }, e.Weight, e.Italic)
			all = append(all, own[nearest].coverage)
		}
	}
	for _, f := range families {
		one, err := c.of(f, e)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (c *coverages) of(f app.Family, e app.Element) (sfnt.Coverage, error) {
	file := c.fonts.FontFile(f.Face(e.Weight, e.Italic).File)
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.known[file]; ok {
		return found, nil
	}
	found, err := sfnt.ReadCoverage(file, f.Name)
	if err != nil {
		return found, fmt.Errorf("a font cannot be read, run `app setup`: %w", err)
	}
	if c.known == nil {
		c.known = map[string]sfnt.Coverage{}
	}
	c.known[file] = found
	return found, nil
}
