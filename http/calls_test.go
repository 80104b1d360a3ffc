package http_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/image/font/gofont/gobold"

	"majestic/app"
	"majestic/app/apptest"
)

// call is a request of a program that does what it is there for.
type call struct {
	path  string // below /api/v1
	body  string
	of    string // the type of the body; "" is JSON
	more  []string
	ok    int
	scope string // that a key needs for it; "" is read
}

// calls are one of each route of the API, by its pattern.
func calls(x things, key string) map[string]call {
	const write, admin = app.WriteScope, app.AdminScope
	picture, pictureType := fileForm("file", "dot.png", apptest.PNG(5, 5))
	font, fontType := fileForm("file", "bold.ttf", gobold.TTF)
	design := `{"name":"Made","document":` + greeting + `}`
	return map[string]call{
		"GET /api/v1/openapi.json": {path: "/openapi.json", ok: 200},
		"GET /api/v1/account":      {path: "/account", ok: 200},
		"GET /api/v1/usage":        {path: "/usage?from=2026-01-01&to=2026-12-31", ok: 200},

		"GET /api/v1/keys":         {path: "/keys", ok: 200, scope: admin},
		"POST /api/v1/keys":        {path: "/keys", body: `{"name":"n","scope":"read","expires_at":"2999-01-01T00:00:00Z"}`, ok: 201, scope: admin},
		"DELETE /api/v1/keys/{id}": {path: "/keys/" + key, ok: 204, scope: admin},

		"GET /api/v1/designs":                         {path: "/designs?q=a&archived=false&sort=name", ok: 200},
		"POST /api/v1/designs":                        {path: "/designs", body: design, ok: 201, scope: write},
		"GET /api/v1/designs/{id}":                    {path: "/designs/" + x.design, ok: 200},
		"PUT /api/v1/designs/{id}":                    {path: "/designs/" + x.design, body: design, more: []string{"If-Match", `"1"`}, ok: 200, scope: write},
		"DELETE /api/v1/designs/{id}":                 {path: "/designs/" + x.design, ok: 204, scope: write},
		"POST /api/v1/designs/{id}/publish":           {path: "/designs/" + x.design + "/publish", body: `{"version":1}`, ok: 200, scope: write},
		"GET /api/v1/designs/{id}/versions":           {path: "/designs/" + x.design + "/versions", ok: 200},
		"GET /api/v1/designs/{id}/versions/{version}": {path: "/designs/" + x.design + "/versions/1", ok: 200},

		"GET /api/v1/assets":           {path: "/assets", ok: 200},
		"POST /api/v1/assets":          {path: "/assets", body: picture, of: pictureType, ok: 201, scope: write},
		"GET /api/v1/assets/{id}":      {path: "/assets/" + x.asset, ok: 200},
		"DELETE /api/v1/assets/{id}":   {path: "/assets/" + x.asset, ok: 204, scope: write},
		"GET /api/v1/assets/{id}/file": {path: "/assets/" + x.asset + "/file", ok: 200},

		"GET /api/v1/families":        {path: "/families", ok: 200},
		"GET /api/v1/fonts":           {path: "/fonts", ok: 200},
		"POST /api/v1/fonts":          {path: "/fonts", body: font, of: fontType, ok: 201, scope: write},
		"GET /api/v1/fonts/{id}":      {path: "/fonts/" + x.font, ok: 200},
		"DELETE /api/v1/fonts/{id}":   {path: "/fonts/" + x.font, ok: 204, scope: write},
		"GET /api/v1/fonts/{id}/file": {path: "/fonts/" + x.font + "/file", ok: 200},

		"GET /api/v1/renders":           {path: "/renders?status=succeeded&format=png", ok: 200},
		"POST /api/v1/renders":          {path: "/renders", body: `{"design":"` + x.design + `","version":1,"variables":{"name":"a","accent":"#000"},"async":true}`, ok: 202, scope: write},
		"GET /api/v1/renders/{id}":      {path: "/renders/" + x.render, ok: 200},
		"DELETE /api/v1/renders/{id}":   {path: "/renders/" + x.render, ok: 200, scope: write},
		"GET /api/v1/renders/{id}/file": {path: "/renders/" + x.render + "/file", ok: 200},

		"GET /api/v1/batches":              {path: "/batches", ok: 200},
		"POST /api/v1/batches":             {path: "/batches", body: `{"design":"` + x.design + `","rows":[{"name":"a","accent":"#000"}]}`, ok: 202, scope: write},
		"GET /api/v1/batches/{id}":         {path: "/batches/" + x.batch, ok: 200},
		"DELETE /api/v1/batches/{id}":      {path: "/batches/" + x.batch, ok: 200, scope: write},
		"POST /api/v1/batches/{id}/retry":  {path: "/batches/" + x.batch + "/retry", ok: 202, scope: write},
		"GET /api/v1/batches/{id}/items":   {path: "/batches/" + x.batch + "/items?status=succeeded", ok: 200},
		"GET /api/v1/batches/{id}/archive": {path: "/batches/" + x.batch + "/archive", ok: 200},
		"GET /api/v1/batches/{id}/events":  {path: "/batches/" + x.batch + "/events", ok: 200},

		"GET /api/v1/webhooks":                                    {path: "/webhooks", ok: 200},
		"POST /api/v1/webhooks":                                   {path: "/webhooks", body: `{"url":"https://127.0.0.1/made","events":["batch.failed"]}`, ok: 201, scope: write},
		"GET /api/v1/webhooks/{id}":                               {path: "/webhooks/" + x.webhook, ok: 200},
		"PATCH /api/v1/webhooks/{id}":                             {path: "/webhooks/" + x.webhook, body: `{"events":["batch.succeeded"]}`, ok: 200, scope: write},
		"DELETE /api/v1/webhooks/{id}":                            {path: "/webhooks/" + x.webhook, ok: 204, scope: write},
		"GET /api/v1/webhooks/{id}/secret":                        {path: "/webhooks/" + x.webhook + "/secret", ok: 200, scope: write},
		"POST /api/v1/webhooks/{id}/rotate":                       {path: "/webhooks/" + x.webhook + "/rotate", ok: 200, scope: write},
		"POST /api/v1/webhooks/{id}/test":                         {path: "/webhooks/" + x.webhook + "/test", ok: 202, scope: write},
		"GET /api/v1/webhooks/{id}/deliveries":                    {path: "/webhooks/" + x.webhook + "/deliveries", ok: 200},
		"GET /api/v1/webhooks/{id}/deliveries/{delivery}":         {path: "/webhooks/" + x.webhook + "/deliveries/" + x.delivery, ok: 200},
		"POST /api/v1/webhooks/{id}/deliveries/{delivery}/resend": {path: "/webhooks/" + x.webhook + "/deliveries/" + x.delivery + "/resend", ok: 202, scope: write},
	}
}

// call sends one with a key; more are headers that come after its own.
func (s *site) call(method, key string, c call, more ...string) answer {
	s.t.Helper()
	headers := append([]string{"Authorization", "Bearer " + key}, c.more...)
	if c.body == "" {
		return s.do(method, "/api/v1"+c.path, nil, append(headers, more...)...)
	}
	if c.of == "" {
		c.of = "application/json"
	}
	headers = append(headers, "Content-Type", c.of)
	return s.do(method, "/api/v1"+c.path, strings.NewReader(c.body), append(headers, more...)...)
}

// keyOf makes a key of a scope.
func (s *site) keyOf(tenant app.Tenant, scope string) string {
	s.t.Helper()
	key, err := tenant.CreateAPIKey(context.Background(), scope, scope, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return key
}

// keyNamed is the id of a key.
func (s *site) keyNamed(name string) string {
	s.t.Helper()
	all, err := s.tenant.APIKeys(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return all[slices.IndexFunc(all, func(k app.APIKey) bool { return k.Name == name })].ID
}

func fileForm(field, name string, data []byte) (body, contentType string) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, _ := form.CreateFormFile(field, name) // a buffer takes all
	part.Write(data)
	form.Close()
	return b.String(), form.FormDataContentType()
}

// TestEachKey brings to each route of the API what it is for, with keys that may not: of
// another tenant, of a lesser scope, and none. They read nothing and change nothing, and
// the key that may is served. A route without a call fails.
func TestEachKey(t *testing.T) {
	s := newSite(t)
	ctx := context.Background()
	const secret = "Secret of Acme"
	x := makeThings(t, s.tenant, secret)
	finishBatch(t, s.tenant, x.batch, func(row int) bool { return row == 2 })
	row, err := s.app.CreateTenant(ctx, "Bolt")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, scope := range app.Scopes() {
		keys[scope] = s.keyOf(s.tenant, scope)
	}
	spare := s.keyNamed("test")
	foreign := s.keyOf(s.app.In(row.ID), app.AdminScope)
	all := calls(x, spare)
	ours := []string{secret, x.design, x.asset, x.font, x.render, x.batch, spare}
	least := func(c call) int {
		for i, scope := range app.Scopes() {
			if scope == c.scope {
				return i
			}
		}
		return 0
	}
	before := s.rows(s.tenant)
	var patterns []string
	for _, pattern := range s.Patterns() {
		if !strings.Contains(pattern, " /api/") {
			continue
		}
		c, ok := all[pattern]
		if !ok {
			t.Errorf("%s has no call here: say what a program sends there, and which scope it needs", pattern)
			continue
		}
		if pattern == "GET /api/v1/openapi.json" {
			continue // open to all
		}
		patterns = append(patterns, pattern)
		method, path, _ := strings.Cut(pattern, " ")
		for _, key := range []string{"", "mj_nothing"} {
			s.call(method, key, c).problem(t, 401)
		}
		for i, scope := range app.Scopes() {
			if i < least(c) {
				s.call(method, keys[scope], c).problem(t, 403)
			} else if method == "GET" {
				s.call(method, keys[scope], c).want(t, c.ok)
			}
		}
		wanted := c.ok
		switch {
		case strings.Contains(path, "{id}"):
			wanted = 404
		case strings.Contains(c.body, x.design):
			wanted = 422
		}
		got := s.call(method, foreign, c).want(t, wanted)
		for _, of := range ours {
			if strings.Contains(strings.ReplaceAll(got.body, c.path, ""), of) {
				t.Errorf("%s shows another tenant's %s: %s", pattern, of, got.body)
			}
		}
	}
	for table, now := range s.rows(s.tenant) {
		if before[table] != now {
			t.Errorf("%s was changed by keys that may not", table)
		}
	}
	for _, last := range []bool{false, true} { // what deletes comes last
		for _, pattern := range patterns {
			method, _, _ := strings.Cut(pattern, " ")
			if c := all[pattern]; method != "GET" && (method == "DELETE") == last {
				s.call(method, keys[app.Scopes()[least(c)]], c).want(t, c.ok)
			}
		}
	}
	after := s.rows(s.tenant)
	for _, table := range []string{"designs", "assets", "fonts", "renders", "batches", "api_keys"} {
		if after[table] == before[table] {
			t.Errorf("%s was not changed by keys that may: this test looks at nothing", table)
		}
	}
}

// rows are all of a tenant, table by table, as a hash. That a key was used is no change.
func (s *site) rows(tenant app.Tenant) map[string]string {
	s.t.Helper()
	ctx := context.Background()
	found, err := s.pool.Query(ctx, `
		SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
		WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`)
	if err != nil {
		s.t.Fatal(err)
	}
	tables, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		s.t.Fatal(err)
	}
	all := map[string]string{}
	for _, table := range tables {
		var hash string
		err := s.pool.QueryRow(ctx, `
			SELECT coalesce(md5(string_agg((to_jsonb(r) - 'used_at')::text, ' ' ORDER BY (to_jsonb(r) - 'used_at')::text)), '') FROM `+table+` r WHERE tenant_id = $1`, tenant.ID()).Scan(&hash)
		if err != nil {
			s.t.Fatal(err)
		}
		all[table] = hash
	}
	if len(all) < 8 {
		s.t.Fatalf("only %d tables of tenants: %v", len(all), all)
	}
	return all
}
