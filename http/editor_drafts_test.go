package http_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"majestic/app"
)

func TestEditorDrafts(t *testing.T) {
	t.Parallel()
	inEditor(t, map[string]func(*testing.T, *workbench){
		"another person": testAnotherPerson,
		"another window": testAnotherWindow,
		"at once":        testSavingAtOnce,
		"renamed":        testRenamed,
		"typing":         testDisputeWhileTyping,
		"session":        testSessionEnds,
	})
}

// testAnotherPerson at the same browser finds nothing of what was not saved, and its
// maker finds it again.
func testAnotherPerson(t *testing.T, w *workbench) {
	w.expects("ERR_INTERNET_DISCONNECTED")
	w.online(false, w.site.url+"/t/acme/designs/"+w.design)
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.until(state + ` === "Offline: kept here, sent later"`)
	w.as(w.site.member(app.Editor))
	w.open()
	w.until(`board.querySelector("[data-element=a]").style.left === "40px" && ` + state + ` === "Saved" && document.querySelector("[data-command=undo]").disabled`)
	w.as(w.site.cookie)
	w.open()
	w.until(`board.querySelector("[data-element=a]").style.left === "60px"`)
	w.reconnect()
	w.wants("a", "x", 60)
}

// testAnotherWindow that is gone has left more than this one, which has saved all.
func testAnotherWindow(t *testing.T, w *workbench) {
	w.expects("ERR_INTERNET_DISCONNECTED")
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.wants("a", "x", 60)
	ctx, leave := chromedp.NewContext(w.ctx)
	second := &workbench{browser: &browser{t, ctx}, site: w.site, design: w.design}
	second.do("size", chromedp.EmulateViewport(1000, 800))
	second.open()
	second.online(false, w.site.url+"/t/acme/designs/"+w.design)
	second.drag(at{230, 160}, at{230, 180}, ctrl)
	second.until(state + ` === "Offline: kept here, sent later"`)
	leave()
	w.open()
	w.until(`board.querySelector("[data-element=b]").style.top === "150px"`)
	w.wants("b", "y", 150)
	w.wants("a", "x", 60)
}

// testSavingAtOnce: who asks for it does not wait for a rest.
func testSavingAtOnce(t *testing.T, w *workbench) {
	w.do("let no rest end", chromedp.Evaluate[chromedp.Void](`{
		const timer = setTimeout;
		window.setTimeout = (what, pause, ...rest) => (pause === 800 ? 0 : timer(what, pause, ...rest));
	}`))
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.keys("s", ctrl)
	w.wants("a", "x", 60)

	w.slow("", 700)
	w.drag(at{90, 77}, at{110, 77}, ctrl)
	w.keys("s", ctrl)
	w.until(state + ` === "Saving …"`)
	w.drag(at{110, 77}, at{130, 77}, ctrl)
	w.keys("s", ctrl)
	w.wants("a", "x", 100)
	w.online(true, "")

	w.keys(kb.F2)
	w.until(`document.activeElement.tagName === "INPUT"`)
	w.keys("Sun")
	w.keys("s", ctrl)
	w.wants("a", "name", "Sun")
}

// testRenamed: another name and another drawing are no conflict, whoever was first.
func testRenamed(t *testing.T, w *workbench) {
	w.expects("412")
	ctx := context.Background()
	rename := func(name string) {
		t.Helper()
		if _, err := w.site.tenant.RenameDesign(ctx, w.design, name); err != nil {
			t.Fatal(err)
		}
	}
	quiet := `!document.querySelector("dialog[open]")`
	rename("Poster")
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.until(state + ` === "Saved" && document.querySelector("#design-name").value === "Poster" && ` + quiet)
	w.wants("a", "x", 60)
	if d := w.saved(); d.Version != 3 || d.Name != "Poster" {
		t.Errorf("version %d of %s", d.Version, d.Name)
	}
	w.do("undo", chromedp.Click(chromedp.CSS("[data-command=undo]")))
	w.wants("a", "x", 40)
	if d := w.saved(); d.Name != "Poster" {
		t.Errorf("undo has brought back the name %s", d.Name)
	}

	rename("Placard")
	w.fill("#design-name", "Mine")
	w.wants("a", "x", 40)
	if d := w.saved(); d.Name != "Mine" {
		t.Errorf("of two names, the earlier one is kept: %s", d.Name)
	}

	theirs := strings.Replace(shapes, `"x":200,"y":130`, `"x":210,"y":130`, 1)
	if _, err := w.site.tenant.SaveDesign(ctx, w.design, w.saved().Version, "Mine", document(t, theirs)); err != nil {
		t.Fatal(err)
	}
	w.fill("#design-name", "Mine, too")
	w.until(`board.querySelector("[data-element=b]").style.left === "210px" && ` + quiet)
	w.wants("b", "x", 210)
	if d := w.saved(); d.Name != "Mine, too" {
		t.Errorf("saved as %s", d.Name)
	}
}

// testDisputeWhileTyping waits until the text is left: what is typed is no answer.
func testDisputeWhileTyping(t *testing.T, w *workbench) {
	w.expects("412")
	w.clicks(at{50, 230}, 2)
	w.until(`document.activeElement.textContent === "Hello {{name}}"`)
	theirs := strings.Replace(shapes, `"x":40,"y":40`, `"x":1,"y":2`, 1)
	if _, err := w.site.tenant.SaveDesign(context.Background(), w.design, 1, "Card", document(t, theirs)); err != nil {
		t.Fatal(err)
	}
	w.keys("Hi")
	w.until(state + `.startsWith("Somebody else saved")`)
	w.keys(" there")
	w.until(`document.activeElement.textContent === "Hi there" && !document.querySelector("dialog[open]")`)
	w.keys(kb.Escape)
	w.until(`document.querySelector("[data-part=dispute][open]")`)
	w.do("put together", chromedp.Click(chromedp.CSS(`[data-part=both]`)))
	w.wants("t", "text", "Hi there")
	w.wants("a", "x", 1)
}

// testSessionEnds elsewhere: that nothing is saved any more is said whatever one does,
// and all of it is saved after signing in.
func testSessionEnds(t *testing.T, w *workbench) {
	w.expects("401")
	out := state + ` === "Signed out: kept here" && document.querySelector("[data-part=signin]").checkVisibility()`
	w.signOut()
	w.fill(`[data-part=samples] input`, "Ada")
	w.until(out)
	w.as(w.site.cookie)
	back := chromedp.Evaluate[chromedp.Void](`document.dispatchEvent(new Event("visibilitychange"))`)
	w.do("come back", back)
	w.until(state + ` === "Saved" && board.querySelector("[data-element=t]").textContent === "Hello Ada"`)

	w.signOut()
	w.drag(at{70, 70}, at{90, 77}, ctrl)
	w.until(out)
	w.keys("z", ctrl)
	w.keys("z", ctrl, shift)
	w.until(out)
	w.do("sign in", chromedp.Click(chromedp.CSS("[data-part=signin]")))
	w.browser.until(`document.querySelector("form[action='/signin']")`)
	w.fill("#email", "ada@example.com")
	w.fill("#password", password)
	w.keys("\r")
	w.browser.until(`document.querySelector("[data-editor][data-ready]")`)
	w.wants("a", "x", 60)
}

// as is somebody else from now on, in the same browser.
func (w *workbench) as(person *http.Cookie) {
	w.t.Helper()
	if _, err := chromedp.Call(w.ctx, network.SetCookie, network.SetCookieParams{Name: "session", Value: person.Value, URL: w.site.url}); err != nil {
		w.t.Fatal(err)
	}
}
