package screenshots

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"
)

// designs are six pages as customers have them, with another text for each
// variant: a card, a square, a sheet of A4 for print, one full of text, one of
// sixteen pictures, one of shadows and turned gradients.
func designs(t testing.TB, variant int) []Shot { return designsAt(t, variant, 1) }

// designsAt are the designs at the scale, and the sheet at no less than 2.
func designsAt(t testing.TB, variant int, scale float64) []Shot {
	t.Helper()
	sheet := func(width, height int, scale float64, css, body string) Shot {
		return Shot{Width: width, Height: height, Scale: scale, Format: PNG, HTML: fmt.Sprintf(`<!doctype html><meta charset=utf-8><style>
			body { margin: 0; font: 20px/1.3 Inter; color: #0f172a } .page { position: relative; overflow: hidden; width: %dpx; height: %dpx }
			.page > * { position: absolute } %s</style><div class=page>%s</div>`, width, height, css, body)}
	}
	words := strings.Fields(strings.Repeat("The quick brown fox jumps over the lazy dog while seven wizards brew jovial potions of quartz ", 60))
	at := func(n int) string { return strings.Join(words[variant%16:variant%16+n], " ") }

	card := Shot{HTML: strings.Replace(card(t), "Republic of", fmt.Sprintf("Republic %d of", variant), 1), Width: 1200, Height: 630, Scale: 1, Format: PNG}
	square := sheet(1080, 1080, 1, `.page { background: linear-gradient(45deg, #f97316, #db2777) } h1 { left: 80px; top: 120px; width: 900px; font: 110px/1.05 Lobster; color: #fff; margin: 0 }
		p { left: 80px; top: 820px; width: 700px; color: #fff; font-size: 32px } .dot { left: 700px; top: 600px; width: 520px; height: 520px; border-radius: 50%; background: #ffffff33 }`,
		fmt.Sprintf(`<div class=dot></div><h1>Summer sale, %d%% off</h1><p>%s</p>`, variant%90, at(14)))
	var rows strings.Builder
	for i := range 24 {
		fmt.Fprintf(&rows, "<tr><td>%d</td><td>%s</td><td>%d.00</td></tr>", i+1, at(6+i%4), (variant+7)*(i+3))
	}
	a4 := sheet(794, 1123, 2, `.page { background: #fff } h1 { left: 60px; top: 40px; margin: 0; font-size: 40px } table { left: 60px; top: 130px; width: 674px; border-collapse: collapse; font-size: 14px }
		td { border-bottom: 1px solid #cbd5e1; padding: 6px } td:last-child { text-align: right }`,
		fmt.Sprintf(`<h1>Invoice %d</h1><table>%s</table>`, variant, rows.String()))
	text := sheet(1200, 1600, 1, `.page { background: #fffbeb } div { columns: 3; left: 60px; top: 60px; width: 1080px; height: 1480px; font-size: 15px }`,
		"<div>"+at(900)+"</div>")
	var pictures strings.Builder
	for i := range 16 {
		fmt.Fprintf(&pictures, `<img src="%s" style="left:%dpx;top:%dpx;width:250px;height:250px;border-radius:12px">`, photo(t, 250, 250, variant*16+i), 16+i%4*266, 16+i/4*266)
	}
	images := sheet(1080, 1080, 1, `.page { background: #0f172a }`, pictures.String())
	var boxes strings.Builder
	for i := range 24 {
		fmt.Fprintf(&boxes, `<i style="left:%dpx;top:%dpx;width:150px;height:110px;transform:rotate(%ddeg);opacity:%.2f;border-radius:%dpx;background:radial-gradient(circle,hsl(%d 80%% 60%%),#1e293b);box-shadow:0 8px 24px #0008"></i>`,
			40+i%6*190, 30+i/6*150, i*15+variant, 1-float64(i%5)/8, i, (i*15+variant)%360)
	}
	effects := sheet(1200, 630, 1, `.page { background: linear-gradient(135deg, #e0f2fe, #fae8ff) }`, boxes.String())
	all := []Shot{card, square, a4, text, images, effects}
	for i := range all {
		all[i].Scale = max(all[i].Scale, scale)
	}
	return all
}

// photo is a picture with the noise that photographs have.
func photo(t testing.TB, w, h, seed int) string {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	noise := uint32(seed*2654435761 + 1)
	for y := range h {
		for x := range w {
			noise = noise*1664525 + 1013904223
			wave := 100 + 60*math.Sin(float64(x*(seed%7+1))/40) + 60*math.Cos(float64(y)/30)
			grain := float64(noise >> 28)
			m.SetNRGBA(x, y, color.NRGBA{uint8(wave + grain), uint8(wave/2 + grain), uint8(220 - wave/2 + grain), 255})
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return "data:image/png;base64," + base64String(b.Bytes())
}
