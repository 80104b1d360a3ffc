package apptest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"majestic/app/apptest"
)

// A person's first day: from the setup link to a finished picture, by hand in a
// browser, and the picture is what the page showed.
func TestFirstDay(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	server := apptest.ServeAsSet(t, binary, dir, "--listen", "127.0.0.1:0") // with nothing there
	browser := apptest.Browser(t, 1440, 1000)
	type css = chromedp.CSS

	if server.Setup == "" {
		t.Fatal("serve printed no setup link")
	}
	// Who comes without the link is told where to find it, and makes no account.
	do(t, browser, chromedp.Navigate(server.URL+"/setup"))
	if n := count(t, browser, "input[name=password]"); n != 0 {
		t.Error("a form for the first account without the link")
	}
	do(t, browser,
		chromedp.Navigate(server.Setup),
		chromedp.SendKeys(css("input[name=name]"), "Ada Lovelace"),
		chromedp.SendKeys(css("input[name=email]"), "ada@example.com"),
		chromedp.SendKeys(css("input[name=password]"), "correct horse"),
		chromedp.SendKeys(css("input[name=workspace]"), "Analytical Engines"),
		chromedp.Click(css("main form button[type=submit]")),
		// It opens on the starter design, drawn on the page.
		chromedp.WaitVisible(css("#drawing [data-element=title]")),
	)
	if at := value(t, browser, chromedp.Location()); !strings.HasPrefix(at, server.URL+"/t/analytical-engines/designs/") {
		t.Errorf("the workspace opened at %s", at)
	}

	// Until the page is whole, its nodes are replaced under our hands.
	poll(t, browser, `document.readyState === "complete" && document.fonts.status === "loaded"`)

	// What is typed is drawn.
	do(t, browser,
		chromedp.Clear(css("[name='var.title']")),
		chromedp.SendKeys(css("[name='var.title']"), "Numbers & machines <b>"),
		chromedp.Clear(css("[name='var.accent']")),
		chromedp.SendKeys(css("[name='var.accent']"), "#ff0000"),
	)
	poll(t, browser, `document.querySelector("#drawing [data-element=title]").textContent.includes("Numbers & machines <b>")
		&& getComputedStyle(document.querySelector("#drawing [data-element=bar]")).backgroundColor === "rgb(255, 0, 0)"`)
	keep(t, browser, "design")

	// Rendered, the picture appears by itself.
	do(t, browser, chromedp.Click(css("form[data-preview] button[type=submit]")))
	poll(t, browser, `document.querySelector("[data-render][data-status=succeeded] img")?.complete === true`)
	keep(t, browser, "rendered")
	src := value(t, browser, chromedp.JavascriptAttribute[string](css("[data-render] img"), "src"))
	link := value(t, browser, chromedp.JavascriptAttribute[string](css("[data-render] a[download]"), "href"))
	if src != link {
		t.Errorf("shown is %s, downloaded %s", src, link)
	}
	picture := download(t, browser, src)
	if picture.Bounds() != image.Rect(0, 0, 1200, 630) {
		t.Fatalf("the picture is %v", picture.Bounds())
	}

	// Each element lies in the picture where the document puts it.
	for name, at := range map[string]struct {
		x, y int
		want color.RGBA
	}{
		"inside the bar":     {112 + 36, 120 + 4, color.RGBA{255, 0, 0, 255}},
		"left of the bar":    {112 - 4, 120 + 4, color.RGBA{}},
		"below the bar":      {112 + 36, 120 + 12, color.RGBA{}},
		"the top left":       {0, 0, color.RGBA{0x0b, 0x12, 0x20, 255}},
		"the bottom right":   {1199, 629, color.RGBA{0x1e, 0x29, 0x3b, 255}},
		"no title above it":  {600, 160, color.RGBA{}},
		"no title below it":  {600, 430, color.RGBA{}},
		"no author below it": {130, 540, color.RGBA{}},
	} {
		got := color.RGBAModel.Convert(picture.At(at.x, at.y)).(color.RGBA)
		if at.want == (color.RGBA{}) { // dark ground: no element's ink
			if got.R > 110 || got.G > 110 {
				t.Errorf("%s: %v at %d,%d", name, got, at.x, at.y)
			}
		} else if !near(got, at.want) {
			t.Errorf("%s: %v at %d,%d, want %v", name, got, at.x, at.y, at.want)
		}
	}
	if ink(picture, image.Rect(112, 176, 112+976, 176+230)) < 2000 {
		t.Error("there is no title in its box")
	}
	// The picture agrees with the page: same text size after fitting, pixel for CSS pixel.
	shown := value(t, browser, chromedp.Evaluate[string](`getComputedStyle(document.querySelector("#drawing [data-element=title] [data-fit]")).fontSize`))
	if !strings.HasSuffix(shown, "px") {
		t.Errorf("the title's size on the page is %q", shown)
	}

	// The link is spent, and the gallery shows the design.
	if after, err := http.Get(server.Setup); err != nil || after.StatusCode == http.StatusOK {
		t.Errorf("the spent link: %v, %v", after.StatusCode, err)
	} else {
		after.Body.Close()
	}
	do(t, browser, chromedp.Navigate(server.URL), chromedp.WaitVisible(css(".gallery a")))
	poll(t, browser, `document.querySelector(".gallery img")?.naturalWidth > 0`)
	keep(t, browser, "gallery")
}

// The real input, from a terminal: a picture without a server.
func TestRenderCommand(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	design := filepath.Join("testdata", "country-card.json")
	out := filepath.Join(dir, "out", "card.png")
	vars := []string{}
	for name, v := range apptest.Countries(t)[0] {
		vars = append(vars, "--var", name+"="+v)
	}
	apptest.Must(t, binary, dir, append([]string{"render", design, "-o", out, "--scale", "2"}, vars...)...)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil || picture.Bounds() != image.Rect(0, 0, 2400, 1260) {
		t.Fatalf("%v, %v", picture.Bounds(), err)
	}
	colours := map[color.RGBA]bool{}
	for y := 220; y < 740; y += 4 { // Aruba's flag: blue, yellow, red and white
		for x := 220; x < 820; x += 4 {
			c := color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)
			colours[color.RGBA{c.R / 64, c.G / 64, c.B / 64, 255}] = true
		}
	}
	if len(colours) < 4 {
		t.Errorf("the flag has %d colours", len(colours))
	}

	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a variable is missing": {[]string{design}, "variables.flag"},
		"no such file":          {[]string{"nowhere.json"}, "nowhere.json"},
		"not a design":          {[]string{filepath.Join("testdata", "countries.csv")}, "line 1"},
		"no such page":          {append([]string{design, "--page", "2"}, vars...), "page"},
		"no such format":        {append([]string{design, "--format", "gif"}, vars...), "gif"},
	} {
		_, errs, code := apptest.Run(t, binary, dir, append([]string{"render"}, test.args...)...)
		if code == 0 || !strings.Contains(errs, test.want) {
			t.Errorf("%s: exit %d, %s", name, code, errs)
		}
	}
}

func do(t *testing.T, browser context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for i, step := range steps {
		if err := chromedp.Do(browser, step); err != nil {
			keep(t, browser, "failed")
			t.Fatalf("step %d: %v", i+1, err)
		}
	}
}

func value[T any](t *testing.T, browser context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(browser, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func poll(t *testing.T, browser context.Context, expression string) {
	t.Helper()
	if _, err := chromedp.Run(browser, chromedp.Poll[bool](expression, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(2*time.Minute))); err != nil {
		keep(t, browser, "failed")
		t.Fatalf("%s: %v", expression, err)
	}
}

func count(t *testing.T, browser context.Context, selector string) int {
	t.Helper()
	return value(t, browser, chromedp.Evaluate[int](`document.querySelectorAll("`+selector+`").length`))
}

// keep takes a picture of the page, for people to look at, where APPTEST_PICTURES says.
func keep(t *testing.T, browser context.Context, name string) {
	t.Helper()
	folder := os.Getenv("APPTEST_PICTURES")
	if folder == "" {
		return
	}
	b := value(t, browser, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(folder, name+".png"), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// download fetches a picture as the page's reader would.
func download(t *testing.T, browser context.Context, url string) image.Image {
	t.Helper()
	encoded := value(t, browser, chromedp.Evaluate[string](`(async () => {
		const answer = await fetch("`+url+`");
		if (!answer.ok) return "status " + answer.status;
		return btoa(Array.from(new Uint8Array(await answer.arrayBuffer()), (b) => String.fromCharCode(b)).join(""));
	})()`, chromedp.EvalAwaitPromise))
	b, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatalf("%s: %s", url, encoded)
	}
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

func near(a, b color.RGBA) bool {
	close := func(x, y uint8) bool { return max(x, y)-min(x, y) <= 6 }
	return close(a.R, b.R) && close(a.G, b.G) && close(a.B, b.B)
}

// ink counts the pixels that are nearly white.
func ink(picture image.Image, box image.Rectangle) (n int) {
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if c := color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA); c.R > 200 && c.G > 200 && c.B > 200 {
				n++
			}
		}
	}
	return n
}
