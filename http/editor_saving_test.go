package http_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"majestic/app/apptest"
	ours "majestic/http"
)

const state = `document.querySelector("[data-part=state]").textContent`

func testReloading(t *testing.T, w *workbench) {
	w.expects("412") // what was sent at the last moment may come before what is sent anew
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.open() // before it is saved
	w.until(`board.querySelector("[data-element=a]").style.left === "60px"`)
	w.wants("a", "x", 60)
	w.do("undo", chromedp.Click(chromedp.CSS("[data-command=undo]")))
	w.wants("a", "x", 40)
	w.open()
	w.do("redo", chromedp.Click(chromedp.CSS("[data-command=redo]")))
	w.wants("a", "x", 60)
}

func testLeaving(t *testing.T, w *workbench) {
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.do("done", chromedp.Click(chromedp.CSS("[data-part=done]")))
	w.browser.until(`document.querySelector(".head p.quiet")?.textContent.includes("version 2")`)
	w.browser.until(`document.querySelector("#drawing [data-element=a]").style.left === "60px"`)
}

func testOffline(t *testing.T, w *workbench) {
	w.expects("ERR_INTERNET_DISCONNECTED")
	w.online(false, "")
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.until(state + ` === "Offline: kept here, sent later"`)
	if d := w.saved(); d.Version != 1 {
		t.Errorf("version %d", d.Version)
	}
	w.online(true, "")
	w.wants("a", "x", 60)
}

// testLostAnswer goes on from what has arrived, though nobody said so.
func testLostAnswer(t *testing.T, w *workbench) {
	w.expects("ERR_INTERNET_DISCONNECTED")
	w.online(false, w.site.url+"/t/acme/designs/"+w.design)
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.until(state + ` === "Offline: kept here, sent later"`)
	arrived := strings.Replace(shapes, `"x":40,"y":40`, `"x":60,"y":47`, 1)
	if _, err := w.site.tenant.SaveDesign(context.Background(), w.design, 1, "Card", document(t, arrived)); err != nil {
		t.Fatal(err)
	}
	w.drag(at{90, 77}, at{110, 77}, ctrl)
	w.online(true, "")
	w.wants("a", "x", 80)
	if d := w.saved(); d.Version != 3 {
		t.Errorf("version %d", d.Version)
	}
}

// testGone takes over what a window that is gone could not save.
func testGone(t *testing.T, w *workbench) {
	w.expects("ERR_INTERNET_DISCONNECTED")
	w.online(false, w.site.url+"/t/acme/designs/"+w.design)
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.until(state + ` === "Offline: kept here, sent later"`)
	w.do("be another window", chromedp.Evaluate[chromedp.Void](`sessionStorage.clear()`))
	w.open()
	w.until(`board.querySelector("[data-element=a]").style.left === "60px"`)
	w.reconnect()
	w.wants("a", "x", 60)
	w.do("undo what that window did", chromedp.Click(chromedp.CSS("[data-command=undo]")))
	w.wants("a", "x", 40)
}

func testSignedOut(t *testing.T, w *workbench) {
	w.expects("401")
	w.signOut()
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.until(state + ` === "Signed out: kept here" && document.querySelector("[data-part=signin]").checkVisibility()`)
	w.site.signIn(w.browser)
	w.open()
	w.wants("a", "x", 60)
}

func testRefused(t *testing.T, w *workbench) {
	w.expects("422")
	w.paste(`{"majestic/elements":1,"elements":[{"id":"x","type":"text","x":0,"y":0,"width":5,"height":5,"text":"x","size":99999}]}`)
	w.until(state + ` === "Not saved" && document.querySelector("[data-part=trouble]").textContent.includes("size must be a number from 1 to 4000")`)
	w.keys("z", ctrl)
	w.until(state + ` === "Saved" && document.querySelector("[data-part=trouble]").textContent === ""`)
}

// testSlow goes on while an answer takes its time.
func testSlow(t *testing.T, w *workbench) {
	w.slow("", 700)
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.until(state + ` === "Saving …"`)
	w.drag(at{90, 77}, at{110, 77}, ctrl)
	w.until(state + ` === "Changed"`)
	w.wants("a", "x", 80)
	if d := w.saved(); d.Version != 3 {
		t.Errorf("version %d", d.Version)
	}
}

// testTooLarge: what is too much is said, and undone.
func testTooLarge(t *testing.T, w *workbench) {
	w.expects("413")
	paste := func(n, length string) {
		w.do("paste", chromedp.Evaluate[chromedp.Void](`{
			const elements = Array.from({length: `+n+`}, (_, i) => ({id: "t" + i, type: "text", x: 0, y: 0, width: 9, height: 9, text: "x".repeat(`+length+`)}));
			const clipboardData = new DataTransfer();
			clipboardData.setData("text/plain", JSON.stringify({"majestic/elements": 1, elements}));
			document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
		}`))
	}
	trouble := `document.querySelector("[data-part=trouble]").textContent`
	paste("1998", "1")
	w.until(trouble + `.includes("2001 elements; it has at most 2000")`)
	paste("180", "19000")
	w.until(state + ` === "Not saved" && ` + trouble + `.includes("larger than")`)
	w.keys("z", ctrl)
	w.until(state + ` === "Saved" && ` + trouble + ` === ""`)
	if n := len(w.elements()); n != 3 {
		t.Errorf("%d elements", n)
	}

	w.clicks(at{50, 230}, 2)
	w.until(`document.activeElement.textContent === "Hello {{name}}"`)
	w.do("paste into a text", chromedp.Evaluate[chromedp.Void](`document.execCommand("insertText", false, "y".repeat(20_010))`))
	w.until(trouble + `.includes("20000 characters")`)
	w.keys(kb.Escape)
	w.wants("t", "text", strings.Repeat("y", 20_000))
}

// testHostile: what looks like markup is text, wherever somebody writes it.
func testHostile(t *testing.T, w *workbench) {
	const hostile = `</script><img src=x onerror=alert(1)>"'{{x}}`
	e := `{"id":` + quote(hostile) + `,"name":` + quote(hostile) + `,"group":` + quote(hostile) + `,"type":"text","x":0,"y":0,"width":300,"height":200,"text":` + quote(hostile) + `}`
	doc := `{"version":1,"pages":[{"width":400,"height":300,"elements":[` + e + `]}]}`
	if _, err := w.site.tenant.SaveDesign(context.Background(), w.design, 1, hostile, document(t, doc)); err != nil {
		t.Fatal(err)
	}
	w.open()
	w.put(`[data-part=table]`, `a,x`+"\n"+`1,"`+strings.ReplaceAll(hostile, `"`, `""`)+`"`)
	w.keys("\t")
	shown := strings.ReplaceAll(hostile, "{{x}}", hostile)
	w.until(`board.querySelector("[data-element]").textContent === ` + quote(shown))
	w.click(at{20, 20})
	w.keys(kb.F2)
	w.keys(hostile + "\r")
	w.put("#design-name", "<b>"+hostile)
	w.put(`[data-property=text] textarea`, hostile+hostile)
	w.until(state + ` === "Saved" && board.querySelector("[data-element]").textContent.length > 150`)
	w.hand("drop", hostile, []byte("no picture"))
	w.expects("422")
	w.until(`document.querySelector("[data-part=trouble]").textContent.includes(` + quote(hostile) + `)`)
	if found := ask[int](w, `document.querySelectorAll("img[onerror], [data-editor] style, [data-editor] script, [data-editor] b").length`); found != 0 {
		t.Errorf("%d pieces of it became markup", found)
	}
	if d := w.saved(); d.Name != "<b>"+hostile || d.Document.Pages[0].Elements[0].Text != hostile+hostile {
		t.Errorf("saved is %q with %+v", d.Name, d.Document.Pages[0].Elements[0])
	}
}

// TestEditorOutlivesARelease: what is being made is there in the page of the next one.
func TestEditorOutlivesARelease(t *testing.T) {
	t.Parallel()
	var o ours.Options
	s := newSite(t, func(of *ours.Options) { o = *of })
	w := s.workbench(t, s.browser(), shapes)
	o.Release, o.Generation = "0000after000", o.Generation+1
	s.serving.Store(ours.New(o))
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.until(`document.querySelector("[data-offer] button")`)
	w.drag(at{90, 77}, at{110, 77}, ctrl)
	w.do("take it", chromedp.Click(chromedp.CSS("[data-offer] button")))
	w.until(`document.documentElement.dataset.release === "0000after000" && document.querySelector("[data-editor][data-ready]")`)
	w.until(`board.querySelector("[data-element=a]").style.left === "80px"`)
	w.wants("a", "x", 80)
	w.do("undo", chromedp.Click(chromedp.CSS("[data-command=undo]")))
	w.wants("a", "x", 60)
}

func testSomebodyElse(t *testing.T, w *workbench) {
	w.expects("412")
	theirs := strings.Replace(shapes, `"x":40,"y":40`, `"x":1,"y":2`, 1)
	save := func(version int) {
		t.Helper()
		if _, err := w.site.tenant.SaveDesign(context.Background(), w.design, version, "Theirs", document(t, theirs)); err != nil {
			t.Fatal(err)
		}
	}
	save(1)
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.until(`document.querySelector("[data-part=dispute][open]") && ` + state + `.startsWith("Somebody else saved")`)
	w.until(`document.querySelector("[data-part=clashes]").textContent === "You have both changed “a”." && !document.querySelector("[data-part=both]").checkVisibility()`)
	w.do("decide later", chromedp.Click(chromedp.CSS(`[data-part=dispute] [value=""]`)))
	w.do("decide", chromedp.Click(chromedp.CSS(`[data-part=decide]`)))
	w.do("take theirs", chromedp.Click(chromedp.CSS(`[data-part=dispute] [value=theirs]`)))
	w.until(`board.querySelector("[data-element=a]").style.left === "1px" && ` + state + ` === "Saved"`)
	if d := w.saved(); d.Version != 2 || d.Name != "Theirs" {
		t.Errorf("version %d of %s", d.Version, d.Name)
	}
	w.do("undo", chromedp.Click(chromedp.CSS("[data-command=undo]")))
	w.wants("a", "x", 60)
	save(3)
	w.drag(at{90, 77}, at{100, 77}, ctrl)
	w.until(`document.querySelector("[data-part=dispute][open]")`)
	w.do("keep mine", chromedp.Click(chromedp.CSS(`[data-part=dispute] [value=copy]`)))
	w.until(`!location.pathname.includes("` + w.design + `") && document.querySelector("[data-editor][data-ready]")`)
	w.until(`board.querySelector("[data-element=a]").style.left === "70px" && document.querySelector("#design-name").value === "Card (copy)"`)
	if d := w.saved(); d.Version != 4 || d.Document.Pages[0].Elements[0].X != 1 {
		t.Errorf("theirs is version %d with %+v", d.Version, d.Document.Pages[0].Elements[0])
	}
}

// testTwoTabs: whoever saves second hears who was first, and both keep their work.
func testTwoTabs(t *testing.T, w *workbench) {
	ctx, leave := chromedp.NewContext(w.ctx)
	t.Cleanup(leave)
	second := &workbench{browser: &browser{t, ctx}, site: w.site, design: w.design}
	second.do("size", chromedp.EmulateViewport(1000, 800))
	second.watch()
	second.expects("412")
	second.open()
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.wants("a", "x", 60)
	second.drag(at{230, 160}, at{230, 180}, ctrl)
	second.until(`document.querySelector("[data-part=dispute][open]") && document.querySelector("[data-part=theirs]").textContent.startsWith("Ada saved version 2 of “Card” at ")`)
	second.do("put together", chromedp.Click(chromedp.CSS(`[data-part=both]`)))
	second.wants("a", "x", 60)
	second.wants("b", "y", 150)
	second.until(`board.querySelector("[data-element=a]").style.left === "60px" && board.querySelector("[data-element=b]").style.top === "150px"`)
	if d := w.saved(); d.Version != 3 || d.SavedBy != "Ada" {
		t.Errorf("version %d by %s", d.Version, d.SavedBy)
	}
	second.do("undo", chromedp.Click(chromedp.CSS("[data-command=undo]")))
	second.wants("a", "x", 40)
}

func testPictures(t *testing.T, w *workbench) {
	// Beside the page as well, a file that is let go does not take the window.
	for _, event := range []string{"dragover", "drop"} {
		if left := ask[bool](w, `(() => {
			const dataTransfer = new DataTransfer();
			dataTransfer.items.add(new File(["x"], "x.png", {type: "image/png"}));
			return document.querySelector(".tools").dispatchEvent(new DragEvent("`+event+`", {dataTransfer, bubbles: true, cancelable: true}));
		})()`); left {
			t.Errorf("the browser leaves for a file, on %s", event)
		}
	}
	w.expects("422")
	w.hand("drop", "photo.png", apptest.PNG(30, 20))
	w.until(`board.querySelector("img[data-element=image-1]")?.naturalWidth === 30`)
	w.wants("image-1", "width", 30, "name", "photo.png")
	w.hand("paste", "notes.png", []byte("no picture"))
	w.until(`document.querySelector("[data-part=trouble]").textContent.includes("notes.png")`)
	if n := len(w.elements()); n != 4 {
		t.Errorf("%d elements", n)
	}
}

func testClipboard(t *testing.T, w *workbench) {
	w.drag(at{20, 20}, at{270, 200})
	w.selects("a", "b")
	copied, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`(() => {
		const clipboardData = new DataTransfer();
		document.body.dispatchEvent(new ClipboardEvent("copy", {clipboardData, bubbles: true, cancelable: true}));
		return clipboardData.getData("text/plain");
	})()`))
	if err != nil {
		t.Fatal(err)
	}
	other := w.site.workbench(t, w.browser, strings.Replace(shapes, `"id":"a"`, `"id":"z"`, 1))
	other.paste(copied)
	other.wants("a", "x", 50)
	other.wants("b-2", "x", 210)
	other.paste("<b>plain</b>")
	other.wants("text-1", "text", "<b>plain</b>")
	other.until(`board.querySelector("[data-element=text-1]").textContent === "<b>plain</b>" && !board.querySelector("b")`)
	for _, nothing := range []string{"", " \n\t "} {
		other.paste(nothing)
	}
	if n := len(other.elements()); n != 6 {
		t.Errorf("%d elements after nothing was pasted", n)
	}
	other.paste(strings.Repeat("x", 20_001))
	other.until(`document.querySelector("[data-part=trouble]").textContent.includes("20001")`)
}

// signOut ends the session elsewhere.
func (w *workbench) signOut() {
	w.t.Helper()
	if _, err := chromedp.Call(w.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		w.t.Fatal(err)
	}
}

// online takes away the network to the addresses of a pattern, or gives it back.
func (w *workbench) online(yes bool, pattern string) {
	w.t.Helper()
	w.network(&network.Conditions{URLPattern: pattern, Offline: !yes, DownloadThroughput: -1, UploadThroughput: -1})
}

// reconnect gives the network back, and the page hears of it.
func (w *workbench) reconnect() {
	w.t.Helper()
	w.online(true, "")
	w.do("hear of it", chromedp.Evaluate[chromedp.Void](`dispatchEvent(new Event("online"))`))
}

// slow has answers at the design's address, or one below it, take so many milliseconds.
func (w *workbench) slow(below string, ms float64) {
	w.t.Helper()
	w.network(&network.Conditions{URLPattern: w.site.url + "/t/acme/designs/" + w.design + below, Latency: ms, DownloadThroughput: -1, UploadThroughput: -1})
}

func (w *workbench) network(rule *network.Conditions) {
	w.t.Helper()
	if _, err := chromedp.Call(w.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{rule}}); err != nil {
		w.t.Fatal(err)
	}
}

// bring has a file chosen in an input.
func (w *workbench) bring(input, name string, data []byte) {
	w.t.Helper()
	w.do("bring "+name, chromedp.Evaluate[chromedp.Void](`{
		const input = document.querySelector(`+quote(input)+`);
		input.files = `+filesOf(name, data)+`;
		input.dispatchEvent(new Event("change", {bubbles: true}));
	}`))
}

// filesOf is a list of one file, in the page.
func filesOf(name string, data []byte) string {
	return `((transfer) => {
		transfer.items.add(new File([Uint8Array.from(atob(` + quote(base64.StdEncoding.EncodeToString(data)) + `), (c) => c.charCodeAt(0))], ` + quote(name) + `, {type: "image/png"}));
		return transfer.files;
	})(new DataTransfer())`
}

// hand drops or pastes a file.
func (w *workbench) hand(how, name string, data []byte) {
	w.t.Helper()
	make := `new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true, clientX: 500, clientY: 400})`
	if how == "paste" {
		make = `new ClipboardEvent("paste", {clipboardData: files, bubbles: true, cancelable: true})`
	}
	w.do(how, chromedp.Evaluate[chromedp.Void](`{
		const files = new DataTransfer();
		files.items.add(new File([Uint8Array.from(atob(`+quote(base64.StdEncoding.EncodeToString(data))+`), (c) => c.charCodeAt(0))], `+quote(name)+`, {type: "image/png"}));
		document.querySelector("[data-part=stage]").dispatchEvent(`+make+`);
	}`))
}

func (w *workbench) paste(text string) {
	w.t.Helper()
	w.do("paste", chromedp.Evaluate[chromedp.Void](`{
		const clipboardData = new DataTransfer();
		clipboardData.setData("text/plain", `+quote(text)+`);
		document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
	}`))
}
