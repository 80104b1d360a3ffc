package app

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Output is the file that is asked for of a design's version.
type Output struct {
	Format      string  `json:"format"`
	Scale       float64 `json:"scale"`                 // device pixels a CSS pixel; a pdf has none
	Page        int     `json:"page"`                  // of an image, from 1
	Pages       string  `json:"pages,omitempty"`       // of a pdf, as in 1-3,5; "" is all
	Quality     int     `json:"quality,omitempty"`     // of a jpeg or webp, 1 to 100
	Transparent bool    `json:"transparent,omitempty"` // png, webp: where a page has no background there is nothing
	Optimize    bool    `json:"optimize,omitempty"`    // png: a smaller file that takes longer
}

const outputColumns = `format, scale, page, pages, quality, transparent, optimize`

// values are in the order of outputColumns.
func (o Output) values() []any {
	return []any{o.Format, o.Scale, o.Page, o.Pages, o.Quality, o.Transparent, o.Optimize}
}

// Extension is the ending of the file's name.
func (o Output) Extension() string {
	if o.Format == "jpeg" {
		return ".jpg"
	}
	return "." + o.Format
}

// Formats are what a design can be rendered to.
func Formats() []string { return []string{"png", "jpeg", "webp", "pdf"} }

// DefaultQuality is Chrome's own.
const DefaultQuality = 80

// HasQuality tells whether a format gives pixels up for a smaller file.
func HasQuality(format string) bool { return format == "jpeg" || format == "webp" }

// HasTransparency tells whether a format can leave pixels out.
func HasTransparency(format string) bool { return format == "png" || format == "webp" }

// maxShotPixels is the most that Chrome is asked to paint at once; 64 million took 23 seconds.
const maxShotPixels = 25_000_000

// Output fills in what is left open (zero values), and holds what is asked to what
// can be drawn of the document and to what the format has.
func (doc Document) Output(asked Output) (Output, error) {
	var faults []Field
	fault := func(field, message string, args ...any) {
		faults = append(faults, Field{field, fmt.Sprintf(message, args...)})
	}
	o := asked
	if o.Format == "" {
		o.Format = "png"
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Page == 0 {
		o.Page = 1
	}
	if o.Quality == 0 && HasQuality(o.Format) {
		o.Quality = DefaultQuality
	}
	sized := o.Scale >= 0.1 && o.Scale <= 4
	if !sized {
		fault("scale", "must be from 0.1 to 4")
	}
	if !slices.Contains(Formats(), o.Format) {
		fault("format", "must be png, jpeg, webp or pdf")
		return o, impossible(faults)
	}
	if o.Format == "pdf" {
		if asked.Page != 0 {
			fault("page", `picks one for an image; a pdf has all, or those that pages names, such as "2-3"`)
		}
		if _, err := pageNumbers(o.Pages, len(doc.Pages)); err != nil {
			fault("pages", "%v", err)
		}
	} else {
		if o.Page < 1 || o.Page > len(doc.Pages) {
			fault("page", "must be from 1 to %d", len(doc.Pages))
		} else if sized {
			if complaint := o.checkSize(doc.Pages[o.Page-1]); complaint != "" {
				fault("scale", "%s", complaint)
			}
		}
		if o.Pages != "" {
			fault("pages", "is for a pdf; an image is of one page, which page names")
		}
	}
	switch {
	case o.Quality != 0 && !HasQuality(o.Format):
		fault("quality", "is for jpeg and webp; a %s loses nothing", o.Format)
	case o.Quality < 0 || o.Quality > 100:
		fault("quality", "must be from 1 to 100")
	}
	if o.Transparent && !HasTransparency(o.Format) {
		fault("transparent", "is for png and webp; a %s cannot be transparent", o.Format)
	}
	if o.Optimize && o.Format != "png" {
		fault("optimize", "is for png; a %s is as small as it gets", o.Format)
	}
	return o, impossible(faults)
}

// checkSize finds out whether the browser can paint a page and the format hold it.
func (o Output) checkSize(p Page) string {
	width, height := p.Size(o.Scale)
	switch longest := longestSide(o.Format); {
	case width*height > maxShotPixels:
		return fmt.Sprintf("makes %d x %d pixels of a page of %d x %d; at most 25 million are drawn", width, height, p.Width, p.Height)
	case deviceLength(min(p.Width, p.Height), o.Scale) < 1:
		return fmt.Sprintf("makes less than a pixel of a side of a page of %d x %d; make it larger", p.Width, p.Height)
	case max(width, height) > longest:
		return fmt.Sprintf("makes %d x %d pixels of a page of %d x %d; a %s has at most %d on a side, so make it smaller, or a png", width, height, p.Width, p.Height, o.Format, longest)
	}
	return ""
}

// longestSide is what a format's files can say; Chrome writes nothing where it is more.
func longestSide(format string) int {
	switch format {
	case "jpeg":
		return 65_500
	case "webp":
		return 16_383
	default:
		return 4 * MaxPageSide
	}
}

func impossible(faults []Field) error {
	if faults == nil {
		return nil
	}
	return &Error{Kind: Invalid, Message: "the render cannot be made as asked", Fields: faults}
}

// Drawn are the pages of a resolved document that an output shows, as it shows them.
func (o Output) Drawn(doc Document) ([]Page, error) {
	numbers := []int{o.Page}
	if o.Format == "pdf" {
		var err error
		if numbers, err = pageNumbers(o.Pages, len(doc.Pages)); err != nil {
			return nil, &Error{Kind: Invalid, Message: "the pages cannot be drawn", Fields: []Field{{"pages", err.Error()}}}
		}
	}
	var drawn []Page
	for _, n := range numbers {
		page := doc.Pages[n-1]
		if o.Transparent && !page.given["background"] {
			page.Background = Fill{}
		}
		drawn = append(drawn, page)
	}
	return drawn, nil
}

// pageNumbers reads a choice such as 1-3,5 of so many pages; none is all.
func pageNumbers(choice string, of int) (numbers []int, err error) {
	if choice == "" {
		choice = fmt.Sprintf("1-%d", of)
	}
	for part := range strings.SplitSeq(choice, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.Atoi(strings.TrimSpace(first))
		to, err2 := strconv.Atoi(strings.TrimSpace(last))
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf(`must be page numbers such as "1-3,5", not %s`, quote(part))
		}
		if from < 1 || to > of || from > to {
			return nil, fmt.Errorf("must be from 1 to %d, the lower first, not %s", of, quote(strings.TrimSpace(part)))
		}
		for n := from; n <= to; n++ {
			if slices.Contains(numbers, n) {
				return nil, fmt.Errorf("has page %d twice", n)
			}
			numbers = append(numbers, n)
		}
	}
	return numbers, nil
}

// Size is what a page measures in device pixels at a scale.
func (p Page) Size(scale float64) (width, height int) {
	return int(math.Round(deviceLength(p.Width, scale))), int(math.Round(deviceLength(p.Height, scale)))
}

// deviceLength multiplies as the browser does: of other digits, other halves are rounded up.
func deviceLength(side int, scale float64) float64 {
	return float64(float32(side) * float32(scale))
}
