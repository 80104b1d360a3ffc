package http_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"majestic/app/apptest"
)

const (
	shift = chromedp.ModifierShift
	ctrl  = chromedp.ModifierCtrl
	alt   = chromedp.ModifierAlt
)

func testMoving(t *testing.T, w *workbench) {
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.until(state + ` === "Saved"`) // by itself
	w.wants("a", "x", 60, "y", 47)
	if d := w.saved(); d.Version < 2 {
		t.Errorf("saved is version %d", d.Version)
	}
	w.until(`board.querySelector("[data-element=a]").style.left === "60px"`)

	w.drag(at{90, 77}, at{150, 80}, ctrl, shift)
	w.wants("a", "x", 120, "y", 47)

	// Escape gives up what is dragged.
	w.press(at{150, 77}, ctrl)
	w.moveTo(at{150, 77}, at{200, 200}, ctrl)
	w.until(`board.querySelector("[data-element=a]").style.left === "170px"`)
	w.keys(kb.Escape)
	w.until(`board.querySelector("[data-element=a]").style.left === "120px"`)
	w.release(at{200, 200}, ctrl)
	w.wants("a", "x", 120, "y", 47)
}

func testSnapping(t *testing.T, w *workbench) {
	w.press(at{70, 70})
	w.moveTo(at{70, 70}, at{70 + 157, 70 + 93})
	w.until(`document.querySelectorAll(".guide").length === 2`)
	w.release(at{70 + 157, 70 + 93})
	w.wants("a", "x", 200, "y", 130)
	w.until(`document.querySelectorAll(".guide").length === 0`)
}

func testResizing(t *testing.T, w *workbench) {
	w.click(at{70, 70})
	w.dragHandle("se", 20, 10, ctrl)
	w.wants("a", "width", 80, "height", 70)
	w.dragHandle("nw", -20, -10, ctrl)
	w.wants("a", "x", 20, "y", 30, "width", 100, "height", 80)
	w.dragHandle("e", 50, 0, ctrl, shift)
	w.wants("a", "y", 10, "width", 150, "height", 120)
	w.dragHandle("e", 5, 0, ctrl, alt)
	w.wants("a", "x", 15, "width", 160)

	w.dragHandle("turn", 500, 70, ctrl, shift)
	e := w.element("a")
	if r := e["rotation"].(float64); r == 0 || math.Mod(r, 15) != 0 {
		t.Errorf("turned by %v", r)
	}
	before := w.corner(0)
	w.dragHandle("se", 12, 9, ctrl)
	if after := w.corner(0); math.Hypot(after.x-before.x, after.y-before.y) > 0.1 {
		t.Errorf("the corner opposite moved from %v to %v", before, after)
	}
}

func testSelecting(t *testing.T, w *workbench) {
	w.drag(at{20, 20}, at{270, 200})
	w.selects("a", "b")
	w.click(at{70, 70}, shift)
	w.selects("b")
	w.click(at{50, 240}, shift)
	w.selects("b", "t")
	w.click(at{230, 160})
	w.selects("b")
	w.keys("j")
	w.selects("t")
	w.keys("k")
	w.selects("b")
	w.keys("a", ctrl)
	w.selects("a", "b", "t")
	w.keys(kb.Delete)
	w.until(`board.querySelectorAll("[data-element]").length === 0`)
	w.keys("z", ctrl)
	w.until(`board.querySelectorAll("[data-element]").length === 3`)
	w.keys(kb.Escape)
	w.selects()
}

func testDrawing(t *testing.T, w *workbench) {
	for i, tool := range []struct{ key, id string }{{"r", "rect-1"}, {"o", "ellipse-1"}, {"l", "line-1"}} {
		w.keys(tool.key)
		x := float64(100 * i)
		w.drag(at{x + 10, 250}, at{x + 60, 290})
		w.selects(tool.id)
		w.wants(tool.id, "x", x+10, "y", 250, "width", 50, "height", 40)
	}
	w.until(`board.querySelector("[data-element=line-1] div")`)
	w.dragHandle("to", 30, -20, ctrl)
	w.wants("line-1", "x", 210, "width", 80, "height", 20)
	w.keys("r")
	w.drag(at{300, 20}, at{340, 90}, shift)
	w.wants("rect-2", "width", 70, "height", 70)
	w.keys("o")
	w.keys("\r")
	w.wants("ellipse-2", "x", 120, "y", 70, "width", 160, "height", 160)
}

func testTyping(t *testing.T, w *workbench) {
	w.clicks(at{50, 230}, 2)
	w.until(`document.activeElement.textContent === "Hello {{name}}"`)
	w.keys("Žiža <b>{{who}}</b>\rnext")
	w.keys(kb.Escape)
	w.until(`board.querySelector("[data-element=t]").textContent === "Žiža <b>Who</b>\nnext"`)
	w.wants("t", "text", "Žiža <b>{{who}}</b>\nnext")
	w.keys("z", ctrl)
	w.wants("t", "text", "Hello {{name}}")

	w.keys("t")
	w.drag(at{120, 20}, at{380, 100})
	w.until(`document.activeElement.getAttribute("role") === "textbox"`)
	w.keys("New")
	w.click(at{5, 5})
	w.wants("text-1", "text", "New", "x", 120, "width", 260)

	w.keys("t")
	w.drag(at{120, 110}, at{180, 125})
	w.until(`document.activeElement.getAttribute("role") === "textbox"`)
	w.keys(kb.Escape)
	w.until(`!board.querySelector("[data-element=text-2]")`)
	if n := len(w.elements()); n != 4 {
		t.Errorf("an empty text is kept: %d elements", n)
	}
}

// testGivingUp a text that was just placed is no step, also before it is drawn; one that
// is typed is one.
func testGivingUp(t *testing.T, w *workbench) {
	nothing := `board.querySelectorAll("[data-element]").length === 3 && document.querySelector("[data-command=undo]").disabled`
	w.keys("t")
	w.keys("\r")
	w.until(`document.activeElement.getAttribute("role") === "textbox"`)
	w.keys(kb.Escape)
	w.until(nothing)

	w.slow("/draw", 500)
	w.keys("t")
	w.keys("\r")
	w.keys(kb.Escape)
	w.until(nothing + ` && document.querySelectorAll("[data-part=layers] li").length === 3`)
	w.keys("t")
	w.keys("\r")
	w.keys("Early")
	w.until(`board.querySelector("[data-element=text-1]")?.textContent === "Early"`)
	w.online(true, "")
	w.keys(", and late")
	w.keys(kb.Escape)
	w.wants("text-1", "text", "Early, and late")
	w.keys("z", ctrl)
	w.until(nothing)
	w.keys("z", ctrl, shift)
	w.wants("text-1", "text", "Early, and late")
}

// testLocked: what is locked is neither moved by the inspector nor cut.
func testLocked(t *testing.T, w *workbench) {
	w.click(at{70, 70})
	w.keys("l", ctrl)
	w.until(`document.querySelector("[data-property=x] input").matches(":disabled") && document.querySelector("[data-part=title]").textContent === "a (locked)"`)
	w.do("b as well", chromedp.Evaluate[chromedp.Void](`document.querySelector("li[data-id=b] .pick").dispatchEvent(new MouseEvent("click", {bubbles: true, shiftKey: true}))`))
	w.selects("a", "b")
	w.fill(`[data-property=x] input`, "10")
	w.wants("a", "x", 40)
	w.wants("b", "x", 10)
	cut := `document.body.dispatchEvent(new ClipboardEvent("cut", {clipboardData: new DataTransfer(), bubbles: true, cancelable: true}))`
	w.do("cut", chromedp.Evaluate[chromedp.Void](cut))
	w.until(`board.querySelector("[data-element=a]") && !board.querySelector("[data-element=b]")`)
	w.do("pick", chromedp.Click(chromedp.CSS("li[data-id=a] .pick")))
	w.do("cut", chromedp.Evaluate[chromedp.Void](cut))
	w.keys("z", ctrl)
	w.until(`board.querySelector("[data-element=b]")`)
	w.wants("a", "locked", true)
}

func testArranging(t *testing.T, w *workbench) {
	w.click(at{70, 70})
	w.keys(kb.ArrowRight)
	w.keys(kb.ArrowDown, shift)
	w.wants("a", "x", 41, "y", 50)
	w.keys("z", ctrl)
	w.keys("z", ctrl)
	w.wants("a", "x", 40, "y", 40)
	w.keys("d", ctrl)
	w.selects("a-2")
	w.wants("a-2", "x", 50, "y", 50)
	w.keys(kb.ArrowDown, ctrl, shift)
	if e := w.elements(); e[0]["id"] != "a-2" {
		t.Errorf("the last is %v", e[0]["id"])
	}
	w.keys("l", ctrl)
	w.wants("a-2", "locked", true)
	w.keys(kb.ArrowRight)
	w.wants("a-2", "x", 50)
	w.keys("h", ctrl)
	w.until(`!board.querySelector("[data-element=a-2]")`)

	w.click(at{70, 70})
	w.click(at{230, 160}, shift)
	w.keys("g", ctrl)
	w.wants("b", "group", "group-1")
	w.keys(kb.Escape)
	w.click(at{230, 160})
	w.selects("a", "b")
	w.keys("g", ctrl, shift)
	w.keys("w", alt)
	w.wants("b", "y", 40)
}

func testCropping(t *testing.T, w *workbench) {
	w.hand("drop", "photo.png", apptest.PNG(30, 20))
	w.until(`board.querySelector("img[data-element=image-1]")?.naturalWidth === 30`)
	w.fill(`[data-property=width] input`, "20")
	e := w.element("image-1")
	middle := at{e["x"].(float64) + 10, e["y"].(float64) + 10}
	w.clicks(middle, 2)
	w.until(`document.querySelector("[data-tool=crop]") && document.querySelector(".outline") && !document.querySelector("[data-handle=se]").checkVisibility()`)
	w.press(middle)
	w.moveTo(middle, at{middle.x + 2.5, middle.y})
	w.until(`board.querySelector("img").style.objectPosition === "25% 50%"`)
	w.release(at{middle.x + 2.5, middle.y})
	w.wants("image-1", "focus_x", 0.25, "focus_y", 0.5, "x", e["x"])
	w.keys("+")
	w.until(`board.querySelector("div[data-element=image-1] > img")?.style.width === "125%"`)
	w.press(middle)
	w.moveTo(middle, at{middle.x, middle.y - 50})
	w.until(`board.querySelector("img").style.top === "-25%"`)
	w.keys(kb.Escape)
	w.until(`board.querySelector("img").style.top === "-12.5%"`)
	w.release(middle)
	w.keys(kb.ArrowRight)
	w.keys("\r")
	w.until(`document.querySelector("[data-tool=select]") && document.querySelector("[data-handle=se]").checkVisibility()`)
	w.wants("image-1", "zoom", 1.25, "x", e["x"])
	w.do("crop", chromedp.Click(chromedp.CSS("[data-command=crop]")))
	w.until(`document.querySelector("[data-tool=crop]")`)
	w.click(at{5, 5})
	w.until(`document.querySelector("[data-tool=select]")`)
}

func testLooking(t *testing.T, w *workbench) {
	zoom := `Math.round(board.querySelector("[data-page]").getBoundingClientRect().width)`
	w.keys("1")
	w.until(zoom + ` === 400`)
	w.keys("+")
	w.until(zoom + ` === 500`)
	w.keys("-")
	w.until(zoom + ` === 400`)
	x, y := w.on(at{100, 100})
	w.do("turn the wheel", chromedp.MouseEvent(chromedp.MouseWheel, x, y, chromedp.ButtonModifiers(ctrl), func(e *input.DispatchMouseEventParams) { e.DeltaX, e.DeltaY = 0.01, -100 }))
	w.until(zoom + ` > 500`)
	if nx, ny := w.on(at{100, 100}); math.Hypot(nx-x, ny-y) > 1.5 {
		t.Errorf("what was under the pointer went from %v, %v to %v, %v", x, y, nx, ny)
	}
	w.keys("1")
	x, _ = w.on(at{0, 0})
	w.do("hold space", keyDown(" "))
	w.drag(at{70, 70}, at{100, 70})
	w.do("let go", keyUp(" "))
	if nx, _ := w.on(at{0, 0}); nx == x {
		t.Error("the page was not moved")
	}
	w.keys("0")
	w.wants("a", "x", 40)
}

// dragHandle pulls a handle of the frame by a way in the page's pixels.
func (w *workbench) dragHandle(name string, x, y float64, held ...chromedp.Modifier) {
	w.t.Helper()
	w.until(`document.querySelector("[data-handle=` + name + `]").checkVisibility()`)
	got, err := chromedp.Run(w.ctx, chromedp.Evaluate[[]float64](`(() => {
		const page = document.querySelector("[data-part=board] [data-page]"), r = page.getBoundingClientRect(), zoom = r.width / page.offsetWidth;
		const h = document.querySelector("[data-handle=`+name+`]").getBoundingClientRect();
		return [(h.left + h.width / 2 - r.left) / zoom, (h.top + h.height / 2 - r.top) / zoom];
	})()`))
	if err != nil {
		w.t.Fatal(err)
	}
	w.drag(at{got[0], got[1]}, at{got[0] + x, got[1] + y}, held...)
}

// corner is where a corner of element a lies on the page.
func (w *workbench) corner(n int) at {
	e := w.element("a")
	f := func(name string) float64 { v, _ := e[name].(float64); return v }
	x, y := -f("width")/2, -f("height")/2
	sin, cos := math.Sincos(f("rotation") * math.Pi / 180)
	return at{f("x") - x + x*cos - y*sin, f("y") - y + x*sin + y*cos}
}

// selects waits until just these are selected.
func (w *workbench) selects(ids ...string) {
	w.t.Helper()
	w.until(fmt.Sprintf(`JSON.stringify(Array.from(document.querySelectorAll("[data-part=layers] [data-selected]"), (li) => li.dataset.id).sort()) === JSON.stringify(%s)`, list(ids)))
}

func keyDown(key string) chromedp.Action[chromedp.Void] {
	return keyEvent(input.DispatchKeyEventTypeRawKeyDown, key)
}

func keyUp(key string) chromedp.Action[chromedp.Void] {
	return keyEvent(input.DispatchKeyEventTypeKeyUp, key)
}
