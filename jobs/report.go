package jobs

import (
	_ "embed"
	"fmt"
	"html/template"
	"image"
	"image/draw"
	_ "image/jpeg" // read here
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	_ "golang.org/x/image/webp" // read here
	"golang.org/x/sync/errgroup"

	"majestic/screenshots"
)

//go:embed report.html
var reportPage string

// report writes a page with what is drawn otherwise, side by side, and answers
// with its path.
func report(folder string, before, after drawings) (page string, err error) {
	type pair struct {
		Name, Tenant, Render, Words string
		Before, After               drawing
		Difference                  string // a picture of it, if both can be read
		PDF                         bool
	}
	view := struct {
		Before, After drawings
		Changes       []string
		Pairs         []*pair
		Alike         int
	}{Before: before, After: after}
	if before.By != (screenshots.Fingerprint{}) {
		view.Changes = before.By.Changes(after.By)
	}
	pairs := make([]*pair, len(after.All))
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for i, is := range after.All {
		was := before.All[i]
		if is.same(was) {
			view.Alike++
			continue
		}
		p := &pair{Name: is.Name, Tenant: is.Tenant, Render: is.Render, Before: was, After: is, PDF: strings.HasSuffix(is.File+was.File, ".pdf")}
		pairs[i] = p
		switch {
		case is.Fault != "":
			p.Words = "it is not drawn any more: " + is.Fault
		case was.Fault != "":
			p.Words = "it is drawn now, and was not before: " + was.Fault
		case p.PDF:
			p.Words = "other bytes of a PDF: open both"
		default:
			p.Difference = fmt.Sprintf("%02d-difference.png", i+1)
			group.Go(func() (err error) {
				p.Words, err = difference(folder, was.File, is.File, p.Difference)
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	view.Pairs = slices.DeleteFunc(pairs, func(p *pair) bool { return p == nil })
	t, err := template.New("report").Parse(reportPage)
	if err != nil {
		return "", err
	}
	page = filepath.Join(folder, "index.html")
	f, err := os.OpenFile(page, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return page, t.Execute(f, view)
}

// difference draws where two pictures differ: red on a pale copy of the first.
func difference(folder, before, after, name string) (words string, err error) {
	a, err := pixels(filepath.Join(folder, before))
	if err != nil {
		return "", err
	}
	b, err := pixels(filepath.Join(folder, after))
	if err != nil {
		return "", err
	}
	out := image.NewNRGBA(a.Rect)
	count, most := 0, 0
	if a.Rect == b.Rect {
		for i := 0; i < len(a.Pix); i += 4 {
			far := 0
			for k := range 4 {
				far = max(far, int(a.Pix[i+k])-int(b.Pix[i+k]), int(b.Pix[i+k])-int(a.Pix[i+k]))
			}
			pale := 191 + uint8((int(a.Pix[i])+int(a.Pix[i+1])+int(a.Pix[i+2]))/12)
			pixel := [4]uint8{pale, pale, pale, 255}
			if far > 0 {
				pixel, count, most = [4]uint8{220, 38, 38, 255}, count+1, max(most, far)
			}
			copy(out.Pix[i:], pixel[:])
		}
	}
	f, err := os.OpenFile(filepath.Join(folder, name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer f.Close()
	words = fmt.Sprintf("%d of %d pixels differ, by at most %d of 255", count, len(a.Pix)/4, most)
	switch {
	case a.Rect != b.Rect:
		words = fmt.Sprintf("%d x %d pixels became %d x %d", a.Rect.Dx(), a.Rect.Dy(), b.Rect.Dx(), b.Rect.Dy())
	case count == 0:
		words = "the same pixels, in other bytes"
	}
	return words, (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(f, out)
}

func pixels(name string) (*image.NRGBA, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, _, err := image.Decode(f)
	if err != nil {
		return nil, err
	}
	if same, ok := m.(*image.NRGBA); ok {
		return same, nil
	}
	all := image.NewNRGBA(m.Bounds())
	draw.Draw(all, all.Rect, m, all.Rect.Min, draw.Src)
	return all, nil
}
