package http_test

import (
	"slices"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"majestic/app/apptest"
)

func testInspecting(t *testing.T, w *workbench) {
	w.click(at{70, 70})
	w.fill(`[data-property=x] input`, "55.5")
	w.wants("a", "x", 55.5)
	w.fill(`[data-property=x] input`, "0x10")
	w.until(`document.querySelector("[data-property=x] [aria-invalid=true]")`)
	w.wants("a", "x", 0)
	w.fill(`[data-property=x] input`, "55.5")
	w.fill(`[data-property=opacity] input`, "50")
	w.wants("a", "opacity", 0.5)
	w.fill(`[data-property=width] input`, "0")
	w.until(`document.querySelector("[data-property=width] [aria-invalid=true]")`)
	w.keys("\t")
	w.until(`document.querySelector("[data-property=width] input").value === "60"`)
	w.fill(`[data-property=fill] input.mono`, "red")
	w.until(`document.querySelector("[data-property=fill] [aria-invalid=true]")`)
	w.fill(`[data-property=fill] input.mono`, "{{accent}}")
	w.wants("a", "fill", "{{accent}}")
	w.choose(`[data-property=fill] select`, "linear")
	w.until(`document.querySelectorAll("[data-property=fill] .stop").length === 2`)
	w.wants("a", "x", 55.5)
	if g, ok := w.element("a")["fill"].(map[string]any); !ok || g["type"] != "linear" {
		t.Errorf("the fill is %v", w.element("a")["fill"])
	}
	w.do("shadow", chromedp.Click(chromedp.CSS(`[data-property=shadow] > input`)))
	w.fill(`[data-property=shadow] .parts .field:nth-child(3) input`, "20")
	if s, ok := w.element("a")["shadow"].(map[string]any); !ok || s["blur"] != 20.0 {
		t.Errorf("the shadow is %v", w.element("a")["shadow"])
	}

	w.click(at{230, 160}, shift)
	w.until(`document.querySelector("[data-property=x] input").placeholder === "Mixed" && document.querySelector("[data-property=width] input").value === "60"`)
	w.fill(`[data-property=y] input`, "10")
	w.wants("a", "y", 10)
	w.wants("b", "y", 10)

	w.click(at{50, 230})
	w.do("fonts", chromedp.Click(chromedp.CSS(`[data-property=font] button`)))
	w.until(`document.activeElement.getAttribute("role") === "option" && document.activeElement.textContent === "Inter"`)
	w.keys("l")
	w.keys("\r")
	w.wants("t", "font", "Lato")
	w.choose(`[data-property=weight] select`, "700")
	w.choose(`[data-property=fit] select`, "shrink")
	w.fill(`[data-property=max_lines] input`, "2")
	w.wants("t", "weight", 700, "fit", "shrink", "max_lines", 2)
	w.until(`board.querySelector("[data-element=t] [data-max-lines='2']")`)

	w.keys("\t")
	w.click(at{5, 5})
	w.fill(`[data-property=height] input`, "320")
	w.until(`board.querySelector("[data-page]").offsetHeight === 320`)
}

func testLayers(t *testing.T, w *workbench) {
	w.do("pick", chromedp.Click(chromedp.CSS(`li[data-id=a] .pick`)))
	w.selects("a")
	w.keys(kb.ArrowUp, alt)
	w.until(`document.activeElement.closest("li").dataset.id === "a"`)
	if e := w.elements(); e[1]["id"] != "a" {
		t.Errorf("the order is %v, %v, %v", e[0]["id"], e[1]["id"], e[2]["id"])
	}
	w.keys(kb.F2)
	w.keys("<img src=x onerror=alert(1)>\r")
	w.wants("a", "name", "<img src=x onerror=alert(1)>")
	w.until(`!document.querySelector("[data-part=layers] img") && document.querySelector("[data-part=title]").textContent.startsWith("<img")`)
	w.do("hide", chromedp.Click(chromedp.CSS(`li[data-id=a] [data-act=hidden]`)))
	w.until(`!board.querySelector("[data-element=a]")`)
	w.wants("a", "hidden", true)

	w.do("drag", chromedp.DragAndDrop(chromedp.CSS("li[data-id=b] .pick"), chromedp.CSS("li[data-id=t] .pick")))
	w.until(`document.querySelector("[data-part=layers] li").dataset.id === "b"`)
	if e := w.elements(); e[2]["id"] != "b" {
		t.Errorf("the order is %v, %v, %v", e[0]["id"], e[1]["id"], e[2]["id"])
	}

	// What is folded away is not renamed, and what comes after is saved as ever.
	w.do("pick", chromedp.Click(chromedp.CSS("li[data-id=b] .pick")))
	was := w.element("b")["x"].(float64)
	w.do("fold", chromedp.Evaluate[chromedp.Void](`document.querySelector("[data-part=layers]").closest("details").open = false; document.querySelector("[data-part=stage]").focus()`))
	w.keys(kb.F2)
	w.keys(kb.ArrowRight)
	w.wants("b", "x", was+1)

	w.do("another page", chromedp.Click(chromedp.CSS(`[data-command=page-add]`)))
	w.until(`board.querySelectorAll("[data-element]").length === 0 && document.querySelectorAll("[data-part=pages] li").length === 2`)
	w.keys("z", ctrl)
	w.until(`document.querySelectorAll("[data-part=pages] li").length === 1 && board.querySelector("[data-element=b]")`)
	w.do("the page again", chromedp.Click(chromedp.CSS(`[data-command=page-duplicate]`)))
	w.until(`document.querySelectorAll("[data-part=pages] li").length === 2`)
	w.elements()
	if n := len(w.saved().Document.Pages); n != 2 {
		t.Errorf("%d pages are saved", n)
	}

	w.do("an empty page", chromedp.Click(chromedp.CSS(`[data-command=page-add]`)))
	w.do("its row", chromedp.Evaluate[chromedp.Void](`document.querySelector("[data-part=pages] [aria-current]").focus()`))
	w.keys(kb.ArrowUp, alt)
	w.empty(false, true, false)
	w.until(`document.activeElement.closest("li").dataset.id === "1"`)
	w.do("drag a page", chromedp.DragAndDrop(chromedp.CSS("[data-part=pages] li[data-id='1'] .pick"), chromedp.CSS("[data-part=pages] li[data-id='0'] .pick")))
	w.empty(true, false, false)
	w.keys("z", ctrl)
	w.empty(false, true, false)

	w.keys(kb.Escape)
	w.fill("[aria-label=Page] [data-property=width] input", "16384")
	w.fill("[aria-label=Page] [data-property=height] input", "16384")
	w.until(`document.querySelector("[data-part=trouble]").textContent.includes("megapixels")`)
}

// empty waits until just these pages have nothing on them, as saved.
func (w *workbench) empty(want ...bool) {
	w.t.Helper()
	w.elements()
	var got []bool
	for _, p := range w.saved().Document.Pages {
		got = append(got, len(p.Elements) == 0)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("empty are %v, not %v", got, want)
	}
}

func testSamples(t *testing.T, w *workbench) {
	w.until(`board.querySelector("[data-element=t]").textContent === "Hello Name"`)
	w.fill(`[data-part=samples] input`, "Ada")
	w.until(`board.querySelector("[data-element=t]").textContent === "Hello Ada"`)
	w.fill(`[data-part=table]`, "name\nGrace\nEdsger")
	w.keys("\t")
	w.until(`board.querySelector("[data-element=t]").textContent === "Hello Grace"`)
	w.do("next", chromedp.Click(chromedp.CSS(`[data-by="1"]`)))
	w.until(`board.querySelector("[data-element=t]").textContent === "Hello Edsger"`)
	w.open()
	w.until(`board.querySelector("[data-element=t]").textContent === "Hello Edsger"`)

	// They are the design's: another browser has them as well, and no version more.
	w.until(`Object.values(localStorage).every((kept) => !kept.includes("unsent"))`)
	elsewhere := chromedp.Evaluate[chromedp.Void](`localStorage.clear()`)
	w.do("be another browser", elsewhere)
	w.open()
	w.until(`board.querySelector("[data-element=t]").textContent === "Hello Grace"`)
	if d := w.saved(); d.Version != 1 {
		t.Errorf("sample data made version %d of the design", d.Version)
	}

	w.expects("ERR_INTERNET_DISCONNECTED")
	w.online(false, w.site.url+"/t/acme/designs/"+w.design+"/samples")
	w.do("a long table", chromedp.Evaluate[chromedp.Void](`{
		const table = document.querySelector("[data-part=table]");
		table.value = "name\n" + "Ada\n".repeat(201);
		table.dispatchEvent(new Event("change"));
	}`))
	trouble := `document.querySelector("[data-part=trouble]").textContent`
	w.until(trouble + `.includes("201 rows; the first 200") && ` + trouble + `.includes("kept here, and sent later")`)
	w.open()
	w.until(`board.querySelector("[data-element=t]").textContent === "Hello Ada"`)
	w.reconnect()
	w.until(`Object.values(localStorage).every((kept) => !kept.includes("unsent"))`)
	w.do("be another browser", elsewhere)
	w.open()
	w.until(`document.querySelector("[data-part=rows] output").textContent === "Row 1 of 200"`)
}

// testChoosingPictures for a variable that is one: from a file, or among those that are here.
func testChoosingPictures(t *testing.T, w *workbench) {
	w.expects("422")
	w = w.site.workbench(t, w.browser, `{"version":1,"pages":[{"width":400,"height":300,"elements":[
		{"id":"p","type":"image","x":40,"y":40,"width":60,"height":60,"asset":"{{photo}}"},
		{"id":"t","type":"text","x":40,"y":220,"width":300,"height":40,"text":"{{name}}"}]}]}`)
	w.until(`document.querySelectorAll("[data-part=samples] .ways").length === 1`)
	w.bring("[data-part=samples] input[type=file]", "wrong.png", []byte("no picture"))
	w.expects("422")
	w.until(`document.querySelector("[data-part=samples] p.fault").textContent.startsWith("wrong.png: ")`)
	w.bring("[data-part=samples] input[type=file]", "photo.png", apptest.PNG(30, 20))
	w.until(`board.querySelector("img").naturalWidth === 30 && document.querySelector("[data-part=samples] p[role=status]").textContent === "photo.png is in place."`)

	w.fill(`[data-part=samples] [data-name=photo]`, " ")
	w.until(`document.querySelector("[data-part=trouble]").textContent !== ""`)
	w.do("choose", chromedp.Click(chromedp.CSS("[data-part=samples] .ways button:last-of-type")))
	w.until(`document.querySelector("dialog.pictures[open] li img")?.naturalWidth === 30`)
	w.keys("r")
	w.do("take it", chromedp.Click(chromedp.CSS("dialog.pictures li button")))
	w.until(`board.querySelector("img").naturalWidth === 30 && !document.querySelector("dialog.pictures") && document.querySelector("[data-command=rect]").getAttribute("aria-pressed") === "false"`)
	w.until(`Object.values(localStorage).every((kept) => !kept.includes("unsent"))`)

	// The page that renders begins with it, and offers the same.
	w.do("done", chromedp.Click(chromedp.CSS("[data-part=done]")))
	w.browser.until(`document.querySelector("#var-photo")?.value.length === 36 && document.querySelector("#drawing img").naturalWidth === 30 && document.querySelector("[data-picture] .ways")`)
	w.bring("[data-picture] input[type=file]", "wide.png", apptest.PNG(50, 20))
	w.browser.until(`document.querySelector("#drawing img").naturalWidth === 50`)
	w.do("choose", chromedp.Click(chromedp.CSS("[data-picture] .ways button:last-of-type")))
	w.browser.until(`document.querySelectorAll("dialog.pictures li").length >= 2`)
	w.do("the one before", chromedp.Click(chromedp.CSS("dialog.pictures li:nth-child(2) button")))
	w.browser.until(`document.querySelector("#drawing img").naturalWidth === 30 && document.querySelector("[data-call]").textContent.includes(document.querySelector("#var-photo").value)`)
}

func testHelp(t *testing.T, w *workbench) {
	w.keys("?")
	w.until(`document.querySelector("[data-part=help][open] kbd")`)
	w.keys(kb.Escape)
	w.until(`!document.querySelector("dialog[open]")`)
	w.click(at{5, 5})
	w.keys("v")
	w.until(`document.querySelector("[data-command=select]").getAttribute("aria-pressed") === "true"`)
}

// fill replaces what stands in an input, key by key.
func (w *workbench) fill(selector, text string) {
	w.t.Helper()
	w.selectAll(selector)
	w.do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// put does so at once.
func (w *workbench) put(selector, text string) {
	w.t.Helper()
	w.selectAll(selector)
	if _, err := chromedp.Call(w.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *workbench) selectAll(selector string) {
	w.t.Helper()
	w.do("select all in "+selector, chromedp.Evaluate[chromedp.Void](`document.querySelector(`+quote(selector)+`).focus(); document.querySelector(`+quote(selector)+`).select()`))
}

func (w *workbench) choose(selector, value string) {
	w.t.Helper()
	w.do("choose "+value, chromedp.Evaluate[chromedp.Void](`{
		const select = document.querySelector(`+quote(selector)+`);
		select.value = `+quote(value)+`;
		select.dispatchEvent(new Event("input", {bubbles: true}));
		select.dispatchEvent(new Event("change", {bubbles: true}));
	}`))
}
