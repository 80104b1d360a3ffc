package http_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

// table sends a table as a program does, with fields beside it.
func (s *site) table(csv string, fields map[string]string, headers ...string) answer {
	s.t.Helper()
	body, contentType := tableForm(s.t, csv, fields)
	return s.do("POST", "/api/v1/batches", body, append([]string{"Authorization", "Bearer " + s.key, "Content-Type", contentType}, headers...)...)
}

func tableForm(t testing.TB, csv string, fields map[string]string) (*bytes.Buffer, string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("csv", "people.csv")
	if err != nil {
		t.Fatal(err)
	}
	part.Write([]byte(csv))
	for name, value := range fields {
		form.WriteField(name, value)
	}
	form.Close()
	return &b, form.FormDataContentType()
}

func TestTables(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	ok := "name,accent\nAda,#000\nBob,#fff\n"
	var b app.Batch
	made := s.table(ok, map[string]string{"design": x.design, "format": "jpeg", "quality": "50", "file_names": "cards/{name}"}, "Idempotency-Key", "one").want(t, 202)
	made.json(t, &b)
	if b.Total != 2 || b.Quality != 50 || b.Name != "people.csv" || b.FileNames != "cards/{name}" {
		t.Errorf("%s", made.body)
	}
	again := s.table(ok, map[string]string{"design": x.design, "format": "jpeg", "quality": "50", "file_names": "cards/{name}"}, "Idempotency-Key", "one").want(t, 202)
	if again.Header.Get("Idempotent-Replayed") != "true" || !strings.Contains(again.body, b.ID) {
		t.Errorf("another boundary makes another batch: %s", again.body)
	}
	s.table(ok, map[string]string{"design": x.design}, "Idempotency-Key", "one").problem(t, 422)
	plain := s.api("POST", "/batches?design="+x.design+"&skip_bad_rows=true", "\ufeffname\taccent\nAda\t#000\nBob\tred\n", "Content-Type", "text/csv; charset=utf-8").want(t, 202)
	if plain.json(t, &b); b.Total != 1 || b.Skipped != 1 {
		t.Errorf("%s", plain.body)
	}
	p := s.table("name,accent\nAda,red\n", map[string]string{"design": x.design}).problem(t, 422)
	if len(p.Errors) != 1 || p.Errors[0].Field != "row 1 (line 2), accent" {
		t.Errorf("%+v", p)
	}

	row := strings.Repeat(",", 499)
	for name, test := range map[string]struct {
		csv    string
		status int
		says   string
	}{
		"1,000,000 rows":   {"name,accent\n" + strings.Repeat("a,#000\n", 1_000_000), 413, "more than 50000 rows"},
		"500 columns":      {"a" + row + "\nb" + row + "\n", 413, "500 columns"},
		"an open quote":    {"name,accent\nAda,\"#000\nBob,#fff\n", 400, "never closes"},
		"NUL":              {"name,accent\nA\x00a,#000\n", 400, "NUL"},
		"UTF-16":           {"\xff\xfen\x00a\x00", 400, "UTF-16"},
		"Latin-1":          {"name,accent\nJos\xe9,#000\n", 400, "not UTF-8"},
		"an empty header":  {"name,,accent\na,b,#000\n", 400, "column 2 has no name"},
		"the same headers": {"name,accent,name\na,#000,b\n", 400, "both named"},
		"a ragged row":     {"name,accent\nAda\n", 400, "row 1 (line 2)"},
		"no rows":          {"name,accent\n", 422, "no rows"},
		"nothing":          {"", 400, "nothing in it"},
		"no such column":   {"name\nAda\n", 422, "lacks columns"},
		"too large":        {"name,accent\n" + strings.Repeat(strings.Repeat("a", 1<<19)+",#000\n", 65), 413, "32 MiB"},
	} {
		if got := s.table(test.csv, map[string]string{"design": x.design}).problem(t, test.status); !strings.Contains(got.Detail, test.says) {
			t.Errorf("%s: %s", name, got.Detail)
		}
	}
	for name, fields := range map[string]map[string]string{
		"design": {}, "nonsense": {"design": x.design, "nonsense": "1"}, "scale": {"design": x.design, "scale": "big"},
		"file_names": {"design": x.design, "file_names": "../{name}"}, "skip_bad_rows": {"design": x.design, "skip_bad_rows": "perhaps"},
	} {
		if got := s.table(ok, fields).problem(t, 422); len(got.Errors) != 1 || got.Errors[0].Field != name {
			t.Errorf("%s: %+v", name, got)
		}
	}
	s.api("POST", "/batches", ok, "Content-Type", "text/plain").problem(t, 415)
	s.api("POST", "/batches", ok, "Content-Type", "multipart/form-data").problem(t, 400)
}

// finishBatch does to a batch what a worker does; the rows that bad says fail.
func finishBatch(t *testing.T, tenant app.Tenant, id string, bad func(row int) bool) {
	t.Helper()
	ctx := context.Background()
	rows, err := tenant.PendingRows(ctx, id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if bad(*r.Row) {
			err = tenant.FailRender(ctx, r, "no font has the character")
		} else {
			err = tenant.FinishRender(ctx, r, app.Picture{File: apptest.PNG(400, 200), Width: 400, Height: 200})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := tenant.FinishBatch(ctx, id); err != nil {
		t.Fatal(err)
	}
}

// A program follows a batch: each state comes once, also to one that was cut off,
// and in the end there is the archive.
func TestProgressAndArchive(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	open := func(seen string) *bufio.Scanner {
		t.Helper()
		r, err := http.NewRequest("GET", s.url+"/api/v1/batches/"+x.batch+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.key)
		r.Header.Set("Last-Event-ID", seen)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return bufio.NewScanner(response.Body)
	}
	rest := func(lines *bufio.Scanner) (all string) {
		for lines.Scan() {
			all += lines.Text() + "\n"
		}
		return all
	}
	s.api("GET", "/batches/"+x.batch+"/archive", nil).problem(t, 409)
	first, resumed := open(""), open("queued-0-0")
	for first.Scan() && first.Text() != "id: queued-0-0" {
	}
	finishBatch(t, s.tenant, x.batch, func(row int) bool { return row == 2 })
	for _, lines := range []*bufio.Scanner{first, resumed} {
		if got := rest(lines); !strings.Contains(got, "id: succeeded-1-1\nevent: batch\ndata: {") || strings.Contains(got, "id: queued-0-0") || !strings.Contains(got, `"total":2,"done":1,"failed":1`) || !strings.Contains(got, `/file"`) {
			t.Errorf("%s", got)
		}
	}
	s.api("GET", "/batches/"+x.batch+"/events", nil, "Last-Event-ID", "succeeded-1-1").want(t, 204)

	got := s.api("GET", "/batches/"+x.batch+"/archive", nil).want(t, 200)
	z, err := zip.NewReader(strings.NewReader(got.body), int64(len(got.body)))
	if err != nil || len(z.File) != 1 || z.File[0].Name != "1.png" || z.File[0].Method != zip.Store || got.Header.Get("Content-Disposition") != "attachment; filename=Card.zip" {
		t.Errorf("%v, %v", err, got.Header)
	}
	s.api("HEAD", "/batches/"+x.batch+"/archive", nil).want(t, 200)

	// A file that is missing cuts the answer.
	if _, err := s.pool.Exec(context.Background(), `UPDATE renders SET status = 'succeeded' WHERE batch_id = $1`, x.batch); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("GET", s.url+"/api/v1/batches/"+x.batch+"/archive", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	if response, err := http.DefaultClient.Do(r); err == nil {
		defer response.Body.Close()
		if _, err := new(bytes.Buffer).ReadFrom(response.Body); err == nil {
			t.Error("half of an archive looks whole")
		}
	}
}
