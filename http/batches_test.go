package http_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"majestic/app"
)

func TestBatches(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	body := `{"design":"` + x.design + `","format":"jpeg","rows":[{"name":"a","accent":"#000"},{"name":7,"accent":"#fff"}]}`
	var b app.Batch
	made := s.api("POST", "/batches", body).want(t, 202)
	made.json(t, &b)
	if b.Total != 2 || b.Status != app.Queued || b.Format != "jpeg" || !strings.HasSuffix(made.Header.Get("Location"), "/batches/"+b.ID) {
		t.Errorf("batch %s", made.body)
	}
	s.api("GET", "/batches/"+b.ID, nil).want(t, 200)
	var items app.List[app.Render]
	s.api("GET", "/batches/"+b.ID+"/items", nil).want(t, 200).json(t, &items)
	if len(items.Data) != 2 || items.Data[1].Variables["name"] != "7" {
		t.Errorf("items %+v", items)
	}
}

// TestBatchPages goes from a table to its pictures without a script.
func TestBatchPages(t *testing.T) {
	s := newSite(t)
	if !strings.Contains(s.page("/t/acme/batches").want(t, 200).body, "No batches yet") {
		t.Error("the empty list does not say what to do")
	}
	x := makeThings(t, s.tenant, "Card")
	upload := func(csv string, fields map[string]string) answer {
		body, contentType := tableForm(t, csv, fields)
		return s.do("POST", "/t/acme/designs/"+x.design+"/batch", body, "Content-Type", contentType, "Cookie", s.cookie.String(), "Sec-Fetch-Site", "same-origin", "Accept", "text/html")
	}
	for csv, says := range map[string]string{"name,name\na,b\n": "both named", "\xff\xfea": "UTF-16", "name\n": "no rows"} {
		if got := parse(t, upload(csv, nil).body).one(t, "p", "role=alert").text(); !strings.Contains(got, says) {
			t.Errorf("%q: %s", csv, got)
		}
	}
	pasted := upload("", map[string]string{"text": "name\taccent\nAda\t#000\n"}).want(t, 303)
	if got := s.page(pasted.Header.Get("Location")).want(t, 200).body; !strings.Contains(got, "The row fits the design.") {
		t.Error("what is pasted is not looked at")
	}

	draft := upload("Who;accent;team\nAda;#000;a/b\nBob;red;c\n<b>Cai</b>;#fff;a/b\n", nil).want(t, 303).Header.Get("Location")
	page := parse(t, s.page(draft).want(t, 200).body)
	if page.one(t, "select", "name=from.name").attr("aria-invalid") != "true" || len(page.all("button", "class=wide")) != 0 {
		t.Error("a variable without a column is not asked for")
	}
	form := url.Values{"from.name": {"Who"}, "from.accent": {"accent"}, "format": {"png"}, "scale": {"1"}, "file_names": {"{team}/{Who}"}, "row": {"3"}}
	body := s.page(draft+"?"+form.Encode()).want(t, 200).body
	page = parse(t, body)
	check := page.one(t, "section", "id=check")
	if got := check.text(); !strings.Contains(got, "1 row of 3 cannot be drawn, the first is row 2") || !strings.Contains(got, "row 2 (line 3), accent") || !strings.Contains(got, "Render 2 without them") {
		t.Errorf("%s", got)
	}
	if got := page.one(t, "p", "id=file-name").text(); got != "Row 3 becomes a-b/-b-Cai--b-.png" {
		t.Errorf("%s", got)
	}
	if got := page.one(t, "div", "id=drawing").text(); got != "Hello <b>Cai</b>" {
		t.Errorf("the drawing of row 3 says %s", got)
	}
	mend := s.page(check.all("a")[0].attr("href")).want(t, 200)
	if !strings.HasPrefix(mend.body, "Who,accent,team,What is wrong\nBob,red,c,") || !strings.HasPrefix(mend.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("%s", mend.body)
	}
	form.Set("row", "2")
	if got := parse(t, s.page(draft+"?"+form.Encode()).want(t, 200).body).one(t, "div", "id=drawing").text(); got != "This row cannot be drawn." {
		t.Errorf("%s", got)
	}
	if got := parse(t, s.post(draft, form).want(t, 422).body).one(t, "section", "id=check").text(); !strings.Contains(got, "Render 2 without them") {
		t.Errorf("a bad row does not refuse all: %s", got)
	}
	form.Set("file_names", "../{Who}")
	if got := parse(t, s.post(draft, form).want(t, 422).body); got.one(t, "p", "id=file_names-fault").text() == "" {
		t.Error("names that lead elsewhere are not refused")
	}
	form.Set("file_names", "{team}/{Who}")
	form.Set("skip_bad_rows", "true")
	batch := s.post(draft, form).want(t, 303).Header.Get("Location")
	if again := s.post(draft, form).want(t, 303).Header.Get("Location"); again != batch {
		t.Error("a form that is sent twice makes two")
	}

	id := batch[strings.LastIndex(batch, "/")+1:]
	page = parse(t, s.page(batch).want(t, 200).body)
	moving := page.one(t, "section", "id=batch-"+id)
	if moving.attr("data-events") != batch+"/events" || !strings.Contains(moving.text(), "0 of 2 rows") || len(page.all("article")) != 2 {
		t.Errorf("%s", moving.text())
	}
	s.page(batch+"/archive").want(t, 409)
	finishBatch(t, s.tenant, id, func(row int) bool { return row == 3 })
	page = parse(t, s.page(batch).want(t, 200).body)
	if got := page.one(t, "div", "id=batch-actions").text(); got != "Download 1 picture (zip) Retry 1 failed row" {
		t.Errorf("%s", got)
	}
	failed := parse(t, s.page(batch+"?show=failed").want(t, 200).body)
	if got := failed.one(t, "article").text(); !strings.Contains(got, "Row 3") || !strings.Contains(got, "no font has the character") {
		t.Errorf("%s", got)
	}
	if got := s.page(batch+"/events").want(t, 200).body; !strings.Contains(got, "event: batch\n") || strings.Contains(got, "data-events") {
		t.Errorf("%s", got)
	}
	s.page(batch+"/archive").want(t, 200)
	s.post(batch+"/retry", nil).want(t, 303)
	s.post(batch+"/retry", nil).want(t, 409)
	s.post(batch+"/cancel", nil).want(t, 303)
	if b, err := s.tenant.Batch(context.Background(), id); err != nil || b.Status != app.Canceled || b.Done != 1 {
		t.Errorf("%+v, %v", b, err)
	}
	if got := parse(t, s.page("/t/acme/batches").want(t, 200).body).one(t, "ul", "class=rows panel").text(); !strings.Contains(got, "Card people.csv · 1 of 2 rows · PNG") || !strings.Contains(got, "Canceled") {
		t.Errorf("%s", got)
	}
}

// TestBatchMovesByItself in a browser: what is chosen is checked as one chooses, and
// the batch's page follows the rows to the end.
func TestBatchMovesByItself(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	b := s.browser()
	type css = chromedp.CSS
	b.do("open the draft", chromedp.Navigate(s.url+"/t/acme/drafts/"+x.draft))
	b.until(`document.querySelector("#drawing [data-element=hello]").textContent === "Hello Card"`)
	b.do("another row", chromedp.Evaluate[chromedp.Void](`{ const row = document.querySelector("#row"); row.value = 3; row.dispatchEvent(new Event("input", { bubbles: true })) }`))
	b.until(`document.querySelector("#drawing [data-element=hello]").textContent === "Hello Cai" && location.search.includes("row=3")`)
	b.do("Enter in the names", chromedp.SendKeys(css("#file_names"), "x\r"))
	b.until(`document.querySelector("#file-name").textContent.includes("x3.png")`)
	b.do("one colour for all", chromedp.Evaluate[chromedp.Void](`{ const from = document.querySelector("#from-accent"); from.value = ""; from.dispatchEvent(new Event("input", { bubbles: true })) }`))
	b.until(`document.querySelector("#check").textContent.includes("All 3 rows fit")`)
	b.do("render", chromedp.Click(css("#check button")))
	b.until(`location.pathname.includes("/batches/") && document.querySelector("[data-batch] [data-events]")`)
	batches, err := s.tenant.Batches(context.Background(), app.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	finishBatch(t, s.tenant, batches.Data[0].ID, func(row int) bool { return row == 2 })
	b.until(`document.querySelector("[data-batch]").textContent.includes("2 of 3 rows") && !document.querySelector("[data-batch] [data-events]")`)
	b.until(`document.querySelector("#batch-actions a[download]") && document.querySelectorAll(".cards img").length === 2`)
}
