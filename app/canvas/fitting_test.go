package canvas_test

import (
	"bytes"
	"fmt"
	"image"
	"strings"
	"testing"
)

func testFitting(t *testing.T, c chrome) {
	const long = "South Georgia and the South Sandwich Islands"
	text := func(id, text, more string) string {
		return fmt.Sprintf(`{"id":%q,"type":"text","x":50,"y":50,"width":400,"height":120,"size":60,"fit":"shrink","line_height":1.1,"text":%q%s}`, id, text, more)
	}
	got := c.measure(t, elements(500, 300,
		text("short", "Aruba", ""),
		text("long", long, ""),
		text("one line", long, `,"max_lines":1`),
		text("a word", "Donaudampfschifffahrtsgesellschaft", ""),
		text("a word in Arabic", "وبالاستقلاليتهمالمستقبليةالعظمى", ""),
		text("lines", "a\nb\nc\nd\ne\nf", ""),
		text("spaced", "a  b   c", ""),
		text("turned", long, `,"rotation":30`),
		text("empty", "", ""),
		text("at its smallest", strings.Repeat(long+" ", 40), `,"min_size":10`),
		text("between quarters", strings.Repeat(long+" ", 40), `,"min_size":33.3`),
	), nil)

	for id, m := range got {
		if m.Size > 60 || m.Size*4 != float64(int(m.Size*4)) && m.Size != 33.3 {
			t.Errorf("%s: size %v", id, m.Size)
		}
		if m.Right > 400.6 || m.Left < -0.6 || float64(m.Lines)*m.Size*1.1 > 120.6 {
			t.Errorf("%s: leaves its box: %+v", id, m)
		}
	}
	if got["short"].Size != 60 || got["empty"].Size != 60 || got["spaced"].Size != 60 {
		t.Errorf("what fits has shrunk: %+v %+v", got["short"], got["empty"])
	}
	if m := got["long"]; m.Size >= 60 || m.Size < 30 || m.Text != long {
		t.Errorf("long: %+v", m)
	}
	if m := got["one line"]; m.Lines != 1 || m.Size >= got["long"].Size || m.Right < 380 {
		t.Errorf("one line: %+v, while over several lines %v", m, got["long"].Size)
	}
	for _, id := range []string{"a word", "a word in Arabic"} {
		if m := got[id]; m.Lines != 1 || m.Size >= 60 || m.Right-m.Left < 380 {
			t.Errorf("%s: %+v", id, m)
		}
	}
	if m := got["lines"]; m.Lines != 6 || m.Size != 18.25 { // 120 ÷ 6 ÷ 1.1, and the half pixel of tolerance
		t.Errorf("lines: %+v", m)
	}
	if got["turned"].Size != got["long"].Size {
		t.Errorf("turning changed %v to %v", got["long"].Size, got["turned"].Size)
	}
	for id, size := range map[string]float64{"at its smallest": 10, "between quarters": 33.3} {
		if m := got[id]; m.Size != size || !strings.HasSuffix(m.Text, "…") || m.Lines != int(120/(size*1.1)) {
			t.Errorf("%s: %+v", id, m)
		}
	}
}

func testCutting(t *testing.T, c chrome) {
	const long = "Ellipsis of a text that is far too long for the box 👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧 and goes on and on"
	text := func(id, text, more string) string {
		return fmt.Sprintf(`{"id":%q,"type":"text","x":50,"y":50,"width":200,"height":50,"size":20,"fit":"ellipsis","text":%q%s}`, id, text, more)
	}
	got := c.measure(t, elements(500, 300,
		text("long", long, ""),
		text("one line", long, `,"max_lines":1`),
		text("centred", long, `,"align":"center","max_lines":1`),
		text("a word", strings.Repeat("x", 100), ""),
		text("family", strings.Repeat("👨‍👩‍👧", 30), `,"max_lines":1`),
		text("fits", "Not too long", ""),
		text("low", long, `,"line_height":4`),
	), nil)
	for id, lines := range map[string]int{"long": 2, "one line": 1, "centred": 1, "a word": 2, "family": 1, "fits": 1, "low": 1} {
		m := got[id]
		if m.Lines != lines || m.Size != 20 || m.Left < -0.6 || m.Right > 200.6 {
			t.Errorf("%s: %+v, want %d lines in the box", id, m, lines)
		}
		if cut := strings.HasSuffix(m.Text, "…"); cut == (id == "fits") {
			t.Errorf("%s: text %q", id, m.Text)
		}
	}
	if m := got["one line"]; m.Right < 170 || !strings.HasPrefix(long, strings.TrimSuffix(m.Text, "…")) {
		t.Errorf("one line could hold more: %+v", m)
	}
	if m := got["centred"]; m.Left+m.Right < 199 || m.Left+m.Right > 201 {
		t.Errorf("the cut line is off its centre: %+v", m)
	}
	if text := strings.TrimSuffix(got["family"].Text, "…"); strings.ReplaceAll(text, "👨‍👩‍👧", "") != "" {
		t.Errorf("a family is torn: %q", text)
	}
}

// The same page fitted twice, shown at a quarter of its size, and after an edit.
func testFittingAgain(t *testing.T, c chrome) {
	doc := elements(500, 300,
		`{"id":"shrunk","type":"text","x":0,"y":0,"width":200,"height":50,"size":40,"fit":"shrink","min_size":8,"text":"A text that has to shrink somewhat"}`,
		`{"id":"cut","type":"text","x":0,"y":60,"width":200,"height":50,"size":40,"fit":"shrink","min_size":38,"text":"A text that has to be cut at its smallest"}`,
		`{"id":"ellipsis","type":"text","x":0,"y":120,"width":200,"height":50,"size":20,"fit":"ellipsis","text":"A text that has to be cut because it is too long for its box"}`,
	)
	once := c.measure(t, doc, nil)
	for name, body := range map[string]string{
		"twice":   `<body data-measure="again">`,
		"smaller": `<body data-measure style="transform:scale(0.25)">`,
	} {
		for id, m := range c.measure(t, doc, func(html string) string { return strings.Replace(html, "<body data-measure>", body, 1) }) {
			if first := once[id]; m.Size != first.Size || m.Text != first.Text || m.Lines != first.Lines {
				t.Errorf("%s, %s: %+v, at first %+v", id, name, m, first)
			}
		}
	}
	for id, m := range c.measure(t, doc, func(html string) string {
		return strings.Replace(html, "<body data-measure>", `<body data-measure="edit">`, 1)
	}) {
		if m.Text != "Short" || m.Size != map[string]float64{"shrunk": 40, "cut": 40, "ellipsis": 20}[id] {
			t.Errorf("%s, edited: %+v", id, m)
		}
	}
}

func testScripts(t *testing.T, c chrome) {
	draw := func(font, text string) *image.NRGBA {
		return c.draw(t, elements(100, 100, fmt.Sprintf(`{"id":"it","type":"text","x":0,"y":10,"width":100,"height":80,"size":60,"font":%q,"text":"%s"}`, font, text)))
	}
	// A character that no font has is drawn as a box; what looks like it is not there.
	missing := draw("Inter", "\U000FFFFD")
	if ink(missing) == 0 {
		t.Error("a missing character is not to be seen")
	}
	for _, family := range []string{"Inter", "Lato", "Lobster"} {
		for script, pair := range map[string][2]string{
			"Latin": {"Ž", "ő"}, "Greek": {"Ω", "ώ"}, "Cyrillic": {"Ж", "щ"}, "Arabic": {"ش", "ك"}, "Hebrew": {"ש", "א"},
			"Devanagari": {"क", "म"}, "Thai": {"ก", "ส"}, "Han": {"谢", "语"}, "Kana": {"あ", "ん"}, "Hangul": {"한", "국"},
		} {
			one, two := draw(family, pair[0]), draw(family, pair[1])
			if ink(one) == 0 || bytes.Equal(one.Pix, two.Pix) || bytes.Equal(one.Pix, missing.Pix) {
				t.Errorf("%s has no %s", family, script)
			}
		}
		for _, emoji := range []string{"🇭🇷", "👍🏽", "⚡", "✅", "❤️"} {
			if !colourful(draw(family, emoji)) {
				t.Errorf("%s: %s is not in colour", family, emoji)
			}
		}
		if star := draw(family, "★"); ink(star) == 0 || colourful(star) {
			t.Errorf("%s: the star is not text", family)
		}
	}
	if bytes.Equal(draw("Inter", "🇭🇷").Pix, draw("Inter", "🇯🇵").Pix) {
		t.Error("all flags are alike")
	}
	upright := c.draw(t, elements(100, 100, `{"id":"it","type":"text","x":0,"y":10,"width":100,"height":80,"size":60,"font":"Bebas Neue","text":"R"}`))
	slanted := c.draw(t, elements(100, 100, `{"id":"it","type":"text","x":0,"y":10,"width":100,"height":80,"size":60,"font":"Bebas Neue","text":"R","weight":400,"italic":true}`))
	if !bytes.Equal(upright.Pix, slanted.Pix) {
		t.Error("a slant that Bebas Neue does not have is made up")
	}
	if bytes.Equal(draw("Lobster", "R").Pix, draw("Inter", "R").Pix) || bytes.Equal(draw("Lato", "R").Pix, draw("Inter", "R").Pix) {
		t.Error("the families are alike")
	}
}

func testPlacingText(t *testing.T, c chrome) {
	draw := func(more string) image.Rectangle {
		return inkBox(c.draw(t, elements(200, 100, `{"id":"it","type":"text","x":20,"y":10,"width":160,"height":80,"size":20,`+more+`}`)))
	}
	for more, want := range map[string]image.Rectangle{
		`"text":"HH"`:                                     image.Rect(20, 10, 60, 34),
		`"text":"HH","align":"center"`:                    image.Rect(80, 10, 120, 34),
		`"text":"HH","align":"right"`:                     image.Rect(140, 10, 180, 34),
		`"text":"HH","valign":"middle"`:                   image.Rect(20, 38, 60, 62),
		`"text":"HH","valign":"bottom"`:                   image.Rect(20, 66, 60, 90),
		`"text":"شكرا","align":"left"`:                    image.Rect(18, 10, 80, 44),
		`"text":"شكرا","align":"right"`:                   image.Rect(120, 10, 182, 44),
		`"text":"HH","valign":"bottom","line_height":2`:   image.Rect(20, 50, 60, 90),
		`"text":"HH","align":"right","letter_spacing":20`: image.Rect(100, 10, 180, 34),
	} {
		if got := draw(more); got.Empty() || !got.In(want) {
			t.Errorf("%s is drawn at %v, want within %v", more, got, want)
		}
	}
}
