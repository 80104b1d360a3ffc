package http_test

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

func TestEditorSavesByItself(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	path := "/t/acme/designs/" + x.design
	body := func(name string) string { return `{"name":"` + name + `","document":` + greeting + `}` }

	var d app.Design
	s.send("PUT", path, body("Second"), "If-Match", `"1"`).want(t, 200).json(t, &d)
	if d.Version != 2 || d.Name != "Second" {
		t.Errorf("%+v", d)
	}
	if p := s.send("PUT", path, body("Third"), "If-Match", `"1"`).problem(t, 412); !strings.Contains(p.Detail, "saved since") {
		t.Errorf("%+v", p)
	}
	s.send("PUT", path, body("Third")).problem(t, 428)
	s.send("PUT", path, body("Third"), "If-Match", `"2"`, "Sec-Fetch-Site", "cross-site").problem(t, 403)
	s.send("PUT", path, body("Third"), "If-Match", `"2"`, "Cookie", "session=none").problem(t, 401)
	s.send("PUT", path, `{"name":"n","document":`+strings.Repeat(" ", 3<<20)+greeting+`}`, "If-Match", `"2"`).problem(t, 413)
	if p := s.send("PUT", path, strings.Replace(body("n"), `"size":32`, `"size":0`, 1), "If-Match", `"2"`).problem(t, 422); len(p.Errors) != 1 || p.Errors[0].Field != "document.pages[0].elements[1].size" {
		t.Errorf("%+v", p)
	}

	var copied app.Design
	s.send("POST", path+"/copies", body("Third (copy)")).want(t, 201).json(t, &copied)
	if copied.ID == d.ID || copied.Version != 1 || copied.Name != "Third (copy)" {
		t.Errorf("%+v", copied)
	}
	if now, err := s.tenant.Design(context.Background(), d.ID); err != nil || now.Version != 2 || now.Name != "Second" {
		t.Errorf("the design is %+v %v", now, err)
	}
}

func TestEditorDraws(t *testing.T) {
	s := newSite(t)
	path := "/t/acme/designs/" + makeThings(t, s.tenant, "Card").design + "/draw"
	draw := func(document, variables string) answer {
		return s.send("POST", path, `{"document":`+document+`,"variables":`+variables+`}`, "Accept", "text/html, application/problem+json")
	}
	page := parse(t, draw(greeting, `{"name":"<b>Žiža</b>"}`).want(t, 200).body)
	if got := page.one(t, "", "data-element=hello").text(); got != "Hello <b>Žiža</b>" || len(page.all("b")) > 0 {
		t.Errorf("drawn is %q", got)
	}
	if len(page.all("", "data-page")) != 1 || len(page.all("nav")) > 0 {
		t.Error("it is not the page alone")
	}
	if p := draw(greeting, `{"accent":"red"}`).problem(t, 422); len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Message, `"band"`) {
		t.Errorf("%+v", p)
	}
	if p := draw(`{"version":1,"pages":[]}`, `{}`).problem(t, 422); p.Errors[0].Field != "document.pages" {
		t.Errorf("%+v", p)
	}
	draw(greeting, `{"name":1}`).problem(t, 422)
}

func TestEditorUploads(t *testing.T) {
	s := newSite(t)
	upload := func(data []byte, headers ...string) answer {
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		part, err := form.CreateFormFile("file", "photo.png")
		if err != nil {
			t.Fatal(err)
		}
		part.Write(data)
		form.Close()
		return s.do("POST", "/t/acme/assets", &b, append([]string{"Cookie", s.cookie.String(), "Content-Type", form.FormDataContentType(), "Sec-Fetch-Site", "same-origin", "Accept", "application/json"}, headers...)...)
	}
	var a app.Asset
	upload(apptest.PNG(30, 20)).want(t, 201).json(t, &a)
	if a.Width != 30 || a.Height != 20 {
		t.Errorf("%+v", a)
	}
	s.page("/t/acme/assets/"+a.ID).want(t, 200)
	upload([]byte("no picture")).problem(t, 422)
	upload(apptest.PNG(30, 20), "Sec-Fetch-Site", "cross-site").problem(t, 403)
}

// TestEditorOfAHostileDesign has what its maker wrote in it as data, and nothing as markup.
func TestEditorOfAHostileDesign(t *testing.T) {
	s := newSite(t)
	const hostile = `</script>'\"><img src=x onerror=alert(1)>`
	d, err := s.tenant.CreateDesign(context.Background(), nil, strings.ReplaceAll(hostile, `\"`, `"`), document(t, strings.ReplaceAll(shapes, "Hello", hostile)))
	if err != nil {
		t.Fatal(err)
	}
	page := parse(t, s.page("/t/acme/designs/"+d.ID+"/edit").want(t, 200).body)
	if n := len(page.all("img", "onerror")); n > 0 {
		t.Errorf("%d pictures of theirs", n)
	}
	var got app.Design
	if err := json.Unmarshal([]byte(page.one(t, "", "data-editor").attr("data-design")), &got); err != nil || got.Name != d.Name {
		t.Errorf("the design arrives as %+v: %v", got, err)
	}
}

func TestEditorIsForEditors(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	path := "/t/acme/designs/" + x.design
	parse(t, s.page(path).want(t, 200).body).one(t, "a", "href="+path+"/edit")

	if _, err := s.pool.Exec(context.Background(), `UPDATE memberships SET role = 'viewer'`); err != nil {
		t.Fatal(err)
	}
	if got := s.page(path+"/edit").want(t, 303).Header.Get("Location"); got != path {
		t.Errorf("a viewer is sent to %s", got)
	}
	if links := parse(t, s.page(path).want(t, 200).body).all("a", "href="+path+"/edit"); len(links) > 0 {
		t.Error("a viewer is offered the editor")
	}
	body := `{"name":"n","document":` + greeting + `}`
	s.send("PUT", path, body, "If-Match", `"1"`).problem(t, 403)
	s.send("POST", path+"/draw", `{"document":`+greeting+`}`).problem(t, 403)
	s.send("POST", path+"/copies", body).problem(t, 403)
	s.send("POST", "/t/acme/assets", "").problem(t, 403)
}
