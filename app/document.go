package app

import (
	"encoding/json"
	"fmt"
	"slices"
)

// The limits of a design document.
const (
	MaxDocumentBytes = 1 << 20    // JSON as sent
	MaxPages         = 50         // in a document
	MaxElements      = 2_000      // in a document, all pages together
	MaxPagePixels    = 25_000_000 // width × height: beyond, the browser crawls
	MaxPageSide      = 16_384     // the longest surface the browser paints
)

// Document is a design as the customer wrote it: the parsed form of the JSON in
// the contract. What was left out holds its default, and is left out again when
// the document is written.
type Document struct {
	Version int    `json:"version"`
	Pages   []Page `json:"pages"`
}

// Page is one surface with its elements in the order they are drawn.
type Page struct {
	Width, Height int
	Background    Fill
	Elements      []Element

	given given
}

// ParseDocument reads a design document strictly: whatever would be drawn
// otherwise than written is an error. Up to 20 faults come in one Error.
func ParseDocument(data []byte) (Document, error) {
	if len(data) > MaxDocumentBytes {
		return Document{}, Errorf(TooLarge, "the design document has %d bytes and the limit is %d (1 MiB); put pictures into assets, or split the design", len(data), MaxDocumentBytes)
	}
	var d Document
	err := d.UnmarshalJSON(data)
	return d, err
}

// UnmarshalJSON reads as strictly as ParseDocument. It takes any length: what was
// sent in 1 MiB may be longer as we write it, with every < escaped.
func (d *Document) UnmarshalJSON(data []byte) error {
	*d = Document{}
	raw, err := parseJSON(data, "the design document")
	if err != nil {
		return err
	}
	var read Document
	var r report
	place{name: "the document", report: &r}.object(raw, read.properties())
	if err := r.err("the design document"); err != nil {
		return err
	}
	*d = read
	return nil
}

// Assets are the ids and addresses of the pictures that a resolved document draws, each once.
func (d Document) Assets() []string {
	var ids []string
	for _, page := range d.Pages {
		for _, e := range page.Elements {
			if e.Type == Image && !e.Hidden && !slices.Contains(ids, e.Asset) {
				ids = append(ids, e.Asset)
			}
		}
	}
	return ids
}

// MarshalJSON writes the page as its sender gave it.
func (page Page) MarshalJSON() ([]byte, error) {
	defaults := newPage()
	return page.given.marshal(page.properties(), defaults.properties())
}

func (d *Document) properties() []property {
	return []property{
		required(property{name: "version", read: func(p place, raw json.RawMessage) {
			if string(raw) != "1" {
				p.fault("version must be 1, not %s", describe(raw))
			}
			d.Version = 1
		}}),
		required(property{name: "pages", read: func(p place, raw json.RawMessage) {
			pages := p.list(raw, 1, MaxPages)
			for i, raw := range pages {
				d.Pages = append(d.Pages, parsePage(p.item(i, fmt.Sprintf("page %d", i+1)), raw))
			}
		}}),
	}
}

func parsePage(p place, raw json.RawMessage) Page {
	page := newPage()
	page.given = p.object(raw, page.properties())
	if n := page.Width * page.Height; n > MaxPagePixels {
		p.at("width").fault("%s: %d × %d is %.1f megapixels; a page has at most 25", p.name, page.Width, page.Height, float64(n)/1e6)
	}
	return page
}

func newPage() Page {
	return Page{Background: Fill{Color: "#ffffff"}}
}

func (page *Page) properties() []property {
	return []property{
		required(whole("width", &page.Width, 1, MaxPageSide)),
		required(whole("height", &page.Height, 1, MaxPageSide)),
		fill("background", &page.Background),
		{name: "elements", value: func() any { return page.Elements }, read: func(p place, raw json.RawMessage) {
			page.Elements = parseElements(p, raw)
		}},
	}
}

func parseElements(p place, raw json.RawMessage) []Element {
	list := p.list(raw, 0, MaxElements)
	if p.report.elements += len(list); p.report.elements > MaxElements {
		p.fault("the document has more than %d elements; split it into several designs", MaxElements)
		return nil
	}
	elements := make([]Element, 0, len(list))
	first := map[string]int{}
	for i, raw := range list {
		p := p.item(i, fmt.Sprintf("element %d of %s", i+1, p.name))
		e := parseElement(p, raw)
		if n, twice := first[e.ID]; twice {
			p.at("id").fault("element %s: elements[%d] of this page has the same id; give each its own", quote(e.ID), n)
		} else if e.ID != "" {
			first[e.ID] = i
		}
		elements = append(elements, e)
	}
	return elements
}
