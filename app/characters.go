package app

import (
	"fmt"

	"majestic/app/sfnt"
)

// CheckCharacters names the texts that hold characters which no font of their
// stack draws: a box would stand there. It is asked of a resolved document.
func (d Document) CheckCharacters(stack func(Element) ([]sfnt.Coverage, error)) error {
	var faults []Field
	for p, page := range d.Pages {
		for i, e := range page.Elements {
			if e.Type != Text || e.Hidden {
				continue
			}
			fonts, err := stack(e)
			if err != nil {
				return err
			}
			if missing := sfnt.Missing(e.Text, fonts); missing != nil && len(faults) < maxFaults {
				faults = append(faults, Field{fmt.Sprintf("pages[%d].elements[%d].text", p, i),
					fmt.Sprintf("element %s: no font here draws %s; change the text, or upload a font that has it", quote(e.ID), characters(missing))})
			}
		}
	}
	if faults == nil {
		return nil
	}
	return &Error{Kind: Invalid, Message: "the design holds characters that no font here draws", Fields: faults}
}

// characters are the first of a list, as they are and by their numbers.
func characters(list []rune) string {
	var names []string
	for _, r := range list {
		names = append(names, fmt.Sprintf("%q (U+%04X)", r, r))
	}
	return some(names, 10)
}
