package http_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/gobold"

	"majestic/app"
)

// TestForeignIDs brings another tenant's ids to every route there is: to its own
// workspace they are not there. A route without a case fails.
func TestForeignIDs(t *testing.T) {
	s := newSite(t)
	row, err := s.app.CreateTenant(context.Background(), "Bolt")
	if err != nil {
		t.Fatal(err)
	}
	const secret = "Secret of Bolt"
	theirs := makeThings(t, s.app.In(row.ID), secret)
	ours := makeThings(t, s.tenant, "Card")
	finish(t, s.app.In(row.ID), s.thumbnail(theirs.design))

	people := makePeople(t, s.app, row.Slug)
	form := url.Values{"var.name": {"a"}, "var.accent": {"#000"}, "format": {"png"}, "scale": {"1"}}
	values := `"variables":{"name":"a","accent":"#000"}`
	page := func(status int, paths ...string) func(*testing.T) {
		return func(t *testing.T) {
			for _, path := range paths {
				if got := s.page(path).want(t, status); strings.Contains(got.body, secret) {
					t.Errorf("%s shows what is Bolt's", path)
				}
			}
		}
	}
	api := func(status int, method, path string, body any, headers ...string) func(*testing.T) {
		return func(t *testing.T) {
			if got := s.api(method, path, body, headers...).want(t, status); strings.Contains(got.body, secret) {
				t.Errorf("%s shows what is Bolt's: %s", path, got.body)
			}
		}
	}
	// Both ways to somebody else's thing: through one's own workspace, and through theirs.
	both := func(rest string) []string { return []string{"/t/acme/" + rest, "/t/bolt/" + rest} }
	open := func(*testing.T) {} // no tenant's thing is behind it
	post := func(paths ...string) func(*testing.T) {
		return func(t *testing.T) {
			for _, path := range paths {
				s.post(path, url.Values{"role": {"viewer"}, "email": {"x@example.com"}, "name": {"x"}, "scope": {"read"}}).want(t, 404)
			}
		}
	}

	keysOfTheirs := func(t *testing.T) {
		admin := s.keyOf(s.tenant, app.AdminScope)
		s.do("DELETE", "/api/v1/keys/"+people.key, nil, "Authorization", "Bearer "+admin).want(t, 404)
		if got := s.do("GET", "/api/v1/keys", nil, "Authorization", "Bearer "+admin).want(t, 200); strings.Contains(got.body, people.key) {
			t.Errorf("our keys are %s", got.body)
		}
	}

	cases := map[string]func(*testing.T){
		"GET /healthz": open, "GET /readyz": open, "GET /version": open,
		"GET /static/{file}": open, "GET /fonts/{file}": open,
		"GET /{$}": open, "GET /setup": open, "POST /setup": open,
		"GET /signin": open, "POST /signin": open, "POST /signout": open,
		"GET /operator/{$}": open, "GET /operator/backups": open, "GET /operator/tenants": open,
		"GET /operator/releases": open, "GET /operator/periodic": open, // to operators, for all tenants
		"GET /operator/river/": open, "POST /operator/river/": open, "PUT /operator/river/": open, "PATCH /operator/river/": open,
		"GET /reset": open, "POST /reset": open, "GET /reset/new": open, "POST /reset/new": open,
		"GET /invitation": open, "POST /invitation": open,
		"GET /account": open, "POST /account/name": open, "POST /account/password": open, "POST /account/address": open,
		"GET /account/address": open, "POST /account/address/confirm": open, "POST /account/sessions/end": open,
		"GET /workspaces/new": open, "POST /workspaces/new": open,
		"POST /account/sessions/{id}/end": post("/account/sessions/" + people.session + "/end"),

		"GET /i/{design}/{file}": func(t *testing.T) {
			s.do("GET", "/i/"+theirs.design+"/"+sign(s.linkKey(ours.design), "")+".png", nil).want(t, 404)
		},

		"GET /t/{slug}":                                           page(404, "/t/bolt"),
		"GET /t/{slug}/{$}":                                       page(404, "/t/bolt/"),
		"GET /t/{slug}/version":                                   page(404, "/t/bolt/version"),
		"GET /t/{slug}/designs/{id}":                              page(404, both("designs/"+theirs.design)...),
		"GET /t/{slug}/designs/{id}/history":                      page(404, both("designs/"+theirs.design+"/history")...),
		"GET /t/{slug}/designs/{id}/link":                         page(404, both("designs/"+theirs.design+"/link?format=png&scale=1")...),
		"POST /t/{slug}/designs/{id}/link-key":                    post(both("designs/" + theirs.design + "/link-key")...),
		"GET /t/{slug}/designs/{id}/versions/{version}":           page(404, both("designs/"+theirs.design+"/versions/1")...),
		"POST /t/{slug}/designs/{id}/publish":                     post(both("designs/" + theirs.design + "/publish")...),
		"POST /t/{slug}/designs/{id}/versions/{version}/restore":  post(both("designs/" + theirs.design + "/versions/1/restore")...),
		"POST /t/{slug}/designs/{id}/name":                        post(both("designs/" + theirs.design + "/name")...),
		"POST /t/{slug}/designs/{id}/duplicate":                   post(both("designs/" + theirs.design + "/duplicate")...),
		"POST /t/{slug}/designs/{id}/archive":                     post(both("designs/" + theirs.design + "/archive")...),
		"POST /t/{slug}/designs/{id}/unarchive":                   post(both("designs/" + theirs.design + "/unarchive")...),
		"GET /t/{slug}/new":                                       page(404, "/t/bolt/new"),
		"POST /t/{slug}/designs":                                  post("/t/bolt/designs"),
		"GET /t/{slug}/designs/{id}/canvas":                       page(404, both("designs/"+theirs.design+"/canvas")...),
		"GET /t/{slug}/designs/{id}/edit":                         page(404, both("designs/"+theirs.design+"/edit")...),
		"GET /t/{slug}/designs/{id}/versions/{version}/thumbnail": page(404, both("designs/"+theirs.design+"/versions/1/thumbnail")...),
		"PUT /t/{slug}/designs/{id}": func(t *testing.T) {
			for _, path := range both("designs/" + theirs.design) {
				s.send("PUT", path, `{"name":"n","document":`+greeting+`}`, "If-Match", `"1"`).want(t, 404)
			}
		},
		"POST /t/{slug}/designs/{id}/draw": func(t *testing.T) {
			for _, path := range both("designs/" + theirs.design + "/draw") {
				s.send("POST", path, `{"document":`+greeting+`}`).want(t, 404)
			}
		},
		"POST /t/{slug}/designs/{id}/copies": func(t *testing.T) {
			for _, path := range both("designs/" + theirs.design + "/copies") {
				s.send("POST", path, `{"name":"n","document":`+greeting+`}`).want(t, 404)
			}
		},
		"PUT /t/{slug}/designs/{id}/samples": func(t *testing.T) {
			for _, path := range both("designs/" + theirs.design + "/samples") {
				s.send("PUT", path, `{"values":{"name":"Eve"}}`).want(t, 404)
			}
		},
		"GET /t/{slug}/assets": func(t *testing.T) {
			s.page("/t/bolt/assets").want(t, 404)
			if got := s.page("/t/acme/assets").want(t, 200); !strings.Contains(got.body, ours.asset) || strings.Contains(got.body, theirs.asset) {
				t.Errorf("our pictures are %s", got.body)
			}
		},
		"POST /t/{slug}/assets": func(t *testing.T) {
			s.send("POST", "/t/bolt/assets", "").want(t, 404)
		},
		"POST /t/{slug}/designs/{id}/renders": func(t *testing.T) {
			for _, path := range both("designs/" + theirs.design + "/renders") {
				s.post(path, form).want(t, 404)
			}
		},
		"GET /t/{slug}/renders":       page(404, "/t/bolt/renders", "/t/acme/renders?design="+theirs.design),
		"POST /t/{slug}/renders/keep": post("/t/bolt/renders/keep"),
		"GET /t/{slug}/renders/{id}":  page(404, both("renders/"+theirs.render)...),
		"POST /t/{slug}/renders/{id}/cancel": func(t *testing.T) {
			for _, path := range both("renders/" + theirs.render + "/cancel") {
				s.post(path, url.Values{}).want(t, 404)
			}
		},
		"GET /t/{slug}/renders/{id}/events": page(404, both("renders/"+theirs.render+"/events")...),
		"GET /t/{slug}/renders/{id}/file":   page(404, both("renders/"+theirs.render+"/file")...),
		"GET /t/{slug}/assets/{id}":         page(404, both("assets/"+theirs.asset)...),
		"GET /t/{slug}/fonts.css": func(t *testing.T) {
			s.page("/t/bolt/fonts.css").want(t, 404)
			if got := s.page("/t/acme/fonts.css").want(t, 200); !strings.Contains(got.body, ours.font) || strings.Contains(got.body, theirs.font) {
				t.Errorf("our fonts are %s", got.body)
			}
		},
		"GET /t/{slug}/fonts": func(t *testing.T) {
			s.page("/t/bolt/fonts").want(t, 404)
			if got := s.page("/t/acme/fonts").want(t, 200); !strings.Contains(got.body, ours.font) || strings.Contains(got.body, theirs.font) {
				t.Error("not our fonts, or theirs")
			}
		},
		"POST /t/{slug}/fonts": func(t *testing.T) {
			s.sendFile("/t/bolt/fonts", "file", "bold.ttf", gobold.TTF, "Cookie", s.cookie.String(), "Sec-Fetch-Site", "same-origin").want(t, 404)
		},
		"POST /t/{slug}/fonts/{id}/delete": func(t *testing.T) {
			for _, path := range both("fonts/" + theirs.font + "/delete") {
				s.post(path, nil).want(t, 404)
			}
		},
		"GET /t/{slug}/fonts/{id}": page(404, both("fonts/"+theirs.font)...),
		"GET /t/{slug}/fetched":    page(404, "/t/bolt/fetched?address=https://example.com/"),

		"GET /t/{slug}/members":                    page(404, "/t/bolt/members"),
		"POST /t/{slug}/members/{id}/role":         post(both("members/" + people.user.ID + "/role")...),
		"POST /t/{slug}/members/{id}/remove":       post(both("members/" + people.user.ID + "/remove")...),
		"POST /t/{slug}/leave":                     post("/t/bolt/leave"),
		"POST /t/{slug}/invitations":               post("/t/bolt/invitations"),
		"POST /t/{slug}/invitations/{id}/link":     post(both("invitations/" + people.invitation + "/link")...),
		"POST /t/{slug}/invitations/{id}/withdraw": post(both("invitations/" + people.invitation + "/withdraw")...),
		"GET /t/{slug}/keys":                       page(404, "/t/bolt/keys"),
		"GET /t/{slug}/api": func(t *testing.T) {
			s.page("/t/bolt/api").want(t, 404)
			got := s.page("/t/acme/api").want(t, 200)
			for _, id := range []string{theirs.design, theirs.asset, theirs.font, theirs.render, theirs.batch} {
				if strings.Contains(got.body, id) {
					t.Errorf("the page names %s, which is theirs", id)
				}
			}
			if !strings.Contains(got.body, ours.design) {
				t.Error("the page does not name our design")
			}
		},
		"POST /t/{slug}/keys":             post("/t/bolt/keys"),
		"POST /t/{slug}/keys/{id}/revoke": post(both("keys/" + people.key + "/revoke")...),

		"GET /t/{slug}/designs/{id}/batch": page(404, both("designs/"+theirs.design+"/batch")...),
		"POST /t/{slug}/designs/{id}/batch": func(t *testing.T) {
			for _, path := range both("designs/" + theirs.design + "/batch") {
				s.sendFile(path, "csv", "x.csv", []byte("name,accent\na,#000\n"), "Cookie", s.cookie.String(), "Sec-Fetch-Site", "same-origin").want(t, 404)
			}
		},
		"GET /t/{slug}/drafts/{id}":          page(404, both("drafts/"+theirs.draft)...),
		"GET /t/{slug}/drafts/{id}/faults":   page(404, both("drafts/"+theirs.draft+"/faults")...),
		"POST /t/{slug}/drafts/{id}":         post(both("drafts/" + theirs.draft)...),
		"GET /t/{slug}/batches":              page(404, "/t/bolt/batches"),
		"GET /t/{slug}/batches/{id}":         page(404, both("batches/"+theirs.batch)...),
		"GET /t/{slug}/batches/{id}/events":  page(404, both("batches/"+theirs.batch+"/events")...),
		"GET /t/{slug}/batches/{id}/archive": page(404, both("batches/"+theirs.batch+"/archive")...),
		"POST /t/{slug}/batches/{id}/cancel": post(both("batches/" + theirs.batch + "/cancel")...),
		"POST /t/{slug}/batches/{id}/retry":  post(both("batches/" + theirs.batch + "/retry")...),

		"GET /t/{slug}/webhooks":               page(404, "/t/bolt/webhooks"),
		"POST /t/{slug}/webhooks":              post("/t/bolt/webhooks"),
		"GET /t/{slug}/webhooks/{id}":          page(404, both("webhooks/"+theirs.webhook)...),
		"POST /t/{slug}/webhooks/{id}":         post(both("webhooks/" + theirs.webhook)...),
		"POST /t/{slug}/webhooks/{id}/enable":  post(both("webhooks/" + theirs.webhook + "/enable")...),
		"POST /t/{slug}/webhooks/{id}/disable": post(both("webhooks/" + theirs.webhook + "/disable")...),
		"POST /t/{slug}/webhooks/{id}/delete":  post(both("webhooks/" + theirs.webhook + "/delete")...),
		"POST /t/{slug}/webhooks/{id}/secret":  post(both("webhooks/" + theirs.webhook + "/secret")...),
		"POST /t/{slug}/webhooks/{id}/rotate":  post(both("webhooks/" + theirs.webhook + "/rotate")...),
		"POST /t/{slug}/webhooks/{id}/test":    post(both("webhooks/" + theirs.webhook + "/test")...),
		"POST /t/{slug}/webhooks/{id}/deliveries/{delivery}/resend": post(append(
			both("webhooks/"+theirs.webhook+"/deliveries/"+theirs.delivery+"/resend"), "/t/acme/webhooks/"+ours.webhook+"/deliveries/"+theirs.delivery+"/resend")...),

		"GET /api/v1/openapi.json": open,
		"GET /api/v1/account": func(t *testing.T) {
			if got := s.api("GET", "/account", nil).want(t, 200); !strings.Contains(got.body, s.tenant.ID()) || strings.Contains(got.body, row.ID) {
				t.Errorf("our account is %s", got.body)
			}
		},
		"GET /api/v1/usage": func(t *testing.T) {
			if got := s.api("GET", "/usage", nil).want(t, 200); !strings.Contains(got.body, `"total":{"renders":1,"rows":0,`) {
				t.Errorf("our usage is %s", got.body) // theirs is one render as well
			}
		},
		"GET /api/v1/keys":                            api(403, "GET", "/keys", nil),
		"POST /api/v1/keys":                           api(403, "POST", "/keys", `{"name":"n","scope":"read"}`),
		"DELETE /api/v1/keys/{id}":                    keysOfTheirs,
		"GET /api/v1/designs":                         api(200, "GET", "/designs", nil),
		"POST /api/v1/designs":                        api(201, "POST", "/designs", `{"name":"n","document":`+greeting+`}`),
		"GET /api/v1/designs/{id}":                    api(404, "GET", "/designs/"+theirs.design, nil),
		"PUT /api/v1/designs/{id}":                    api(404, "PUT", "/designs/"+theirs.design, `{"name":"n","document":`+greeting+`}`, "If-Match", `"1"`),
		"DELETE /api/v1/designs/{id}":                 api(404, "DELETE", "/designs/"+theirs.design, nil),
		"POST /api/v1/designs/{id}/publish":           api(404, "POST", "/designs/"+theirs.design+"/publish", `{"version":1}`),
		"GET /api/v1/designs/{id}/versions":           api(404, "GET", "/designs/"+theirs.design+"/versions", nil),
		"GET /api/v1/designs/{id}/versions/{version}": api(404, "GET", "/designs/"+theirs.design+"/versions/1", nil),
		"GET /api/v1/assets": func(t *testing.T) {
			if got := s.api("GET", "/assets", nil).want(t, 200); !strings.Contains(got.body, ours.asset) || strings.Contains(got.body, theirs.asset) {
				t.Errorf("our assets are %s", got.body)
			}
		},
		"DELETE /api/v1/assets/{id}":   api(404, "DELETE", "/assets/"+theirs.asset, nil),
		"POST /api/v1/assets":          open,
		"GET /api/v1/assets/{id}":      api(404, "GET", "/assets/"+theirs.asset, nil),
		"GET /api/v1/assets/{id}/file": api(404, "GET", "/assets/"+theirs.asset+"/file", nil),
		"GET /api/v1/families":         open,
		"GET /api/v1/fonts": func(t *testing.T) {
			if got := s.api("GET", "/fonts", nil).want(t, 200); !strings.Contains(got.body, ours.font) || strings.Contains(got.body, theirs.font) {
				t.Errorf("our fonts are %s", got.body)
			}
		},
		"POST /api/v1/fonts":            open,
		"GET /api/v1/fonts/{id}":        api(404, "GET", "/fonts/"+theirs.font, nil),
		"DELETE /api/v1/fonts/{id}":     api(404, "DELETE", "/fonts/"+theirs.font, nil),
		"GET /api/v1/fonts/{id}/file":   api(404, "GET", "/fonts/"+theirs.font+"/file", nil),
		"GET /api/v1/renders":           api(200, "GET", "/renders?design="+theirs.design, nil),
		"POST /api/v1/renders":          api(422, "POST", "/renders", `{"design":"`+theirs.design+`",`+values+`}`),
		"GET /api/v1/renders/{id}":      api(404, "GET", "/renders/"+theirs.render, nil),
		"DELETE /api/v1/renders/{id}":   api(404, "DELETE", "/renders/"+theirs.render, nil),
		"GET /api/v1/renders/{id}/file": api(404, "GET", "/renders/"+theirs.render+"/file", nil),
		"GET /api/v1/batches": func(t *testing.T) {
			if got := s.api("GET", "/batches", nil).want(t, 200); !strings.Contains(got.body, ours.batch) || strings.Contains(got.body, theirs.batch) {
				t.Errorf("our batches are %s", got.body)
			}
		},
		"POST /api/v1/batches/{id}/retry":  api(404, "POST", "/batches/"+theirs.batch+"/retry", nil),
		"POST /api/v1/batches":             api(422, "POST", "/batches", `{"design":"`+theirs.design+`","rows":[{"name":"a","accent":"#000"}]}`),
		"GET /api/v1/batches/{id}":         api(404, "GET", "/batches/"+theirs.batch, nil),
		"DELETE /api/v1/batches/{id}":      api(404, "DELETE", "/batches/"+theirs.batch, nil),
		"GET /api/v1/batches/{id}/items":   api(404, "GET", "/batches/"+theirs.batch+"/items", nil),
		"GET /api/v1/batches/{id}/archive": api(404, "GET", "/batches/"+theirs.batch+"/archive", nil),
		"GET /api/v1/batches/{id}/events":  api(404, "GET", "/batches/"+theirs.batch+"/events", nil),

		"GET /api/v1/webhooks": func(t *testing.T) {
			if got := s.api("GET", "/webhooks", nil).want(t, 200); !strings.Contains(got.body, ours.webhook) || strings.Contains(got.body, theirs.webhook) {
				t.Errorf("our webhooks are %s", got.body)
			}
		},
		"POST /api/v1/webhooks":                open,
		"GET /api/v1/webhooks/{id}":            api(404, "GET", "/webhooks/"+theirs.webhook, nil),
		"PATCH /api/v1/webhooks/{id}":          api(404, "PATCH", "/webhooks/"+theirs.webhook, `{"enabled":false}`),
		"DELETE /api/v1/webhooks/{id}":         api(404, "DELETE", "/webhooks/"+theirs.webhook, nil),
		"GET /api/v1/webhooks/{id}/secret":     api(404, "GET", "/webhooks/"+theirs.webhook+"/secret", nil),
		"POST /api/v1/webhooks/{id}/rotate":    api(404, "POST", "/webhooks/"+theirs.webhook+"/rotate", nil),
		"POST /api/v1/webhooks/{id}/test":      api(404, "POST", "/webhooks/"+theirs.webhook+"/test", nil),
		"GET /api/v1/webhooks/{id}/deliveries": api(404, "GET", "/webhooks/"+theirs.webhook+"/deliveries", nil),
		"GET /api/v1/webhooks/{id}/deliveries/{delivery}": func(t *testing.T) {
			for _, webhook := range []string{theirs.webhook, ours.webhook, app.BatchesWebhook} {
				s.api("GET", "/webhooks/"+webhook+"/deliveries/"+theirs.delivery, nil).want(t, 404)
			}
		},
		"POST /api/v1/webhooks/{id}/deliveries/{delivery}/resend": func(t *testing.T) {
			for _, webhook := range []string{theirs.webhook, ours.webhook, app.BatchesWebhook} {
				s.api("POST", "/webhooks/"+webhook+"/deliveries/"+theirs.delivery+"/resend", nil).want(t, 404)
			}
		},
	}
	for _, pattern := range s.Patterns() {
		try, ok := cases[pattern]
		if !ok {
			t.Errorf("%s has no case here: bring it another tenant's ids", pattern)
			continue
		}
		t.Run(pattern, try)
	}

	t.Run("what is theirs is as it was", func(t *testing.T) {
		b, err := s.app.In(row.ID).Batch(context.Background(), theirs.batch)
		if err != nil || b.Status != app.Queued {
			t.Errorf("their batch: %+v, %v", b, err)
		}
		if _, err := s.app.In(row.ID).Font(context.Background(), theirs.font); err != nil {
			t.Errorf("their font: %v", err)
		}
		if w, err := s.app.In(row.ID).Webhook(context.Background(), theirs.webhook); err != nil || !w.Enabled || w.RotatedAt != nil || len(w.Events) != 1 {
			t.Errorf("their webhook: %+v, %v", w, err)
		}
		members, err := s.app.In(row.ID).Members(context.Background())
		if err != nil || len(members) != 1 || members[0].Role != app.Owner {
			t.Errorf("their members: %+v, %v", members, err)
		}
		if now := makePeople(t, s.app, row.Slug); now != people {
			t.Errorf("their people were %+v, and are %+v", people, now)
		}
	})
	t.Run("an image of theirs in a design of ours", func(t *testing.T) {
		d, err := s.tenant.CreateDesign(context.Background(), nil, "Photo", document(t,
			`{"version":1,"pages":[{"width":9,"height":9,"elements":[{"id":"p","type":"image","x":0,"y":0,"width":9,"height":9,"asset":"{{photo}}"}]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		p := s.api("POST", "/renders", `{"design":"`+d.ID+`","variables":{"photo":"`+theirs.asset+`"}}`).problem(t, 422)
		if len(p.Errors) == 0 || !strings.Contains(p.Errors[0].Message, `"p"`) {
			t.Errorf("%+v", p)
		}
	})
	t.Run("their lists hold nothing of theirs for us", func(t *testing.T) {
		var l app.List[app.Render]
		s.api("GET", "/renders?design="+theirs.design, nil).want(t, 200).json(t, &l)
		if len(l.Data) != 0 {
			t.Errorf("%+v", l)
		}
	})
	t.Run("our own are there", func(t *testing.T) { // so that a 404 above says something
		s.page("/t/acme/designs/"+ours.design).want(t, 200)
		s.page("/t/acme/designs/"+ours.design+"/edit").want(t, 200)
		s.send("POST", "/t/acme/designs/"+ours.design+"/draw", `{"document":`+greeting+`}`).want(t, 200)
		s.page("/t/acme/designs/"+ours.design+"/canvas").want(t, 200)
		s.page("/t/acme/designs/"+ours.design+"/history").want(t, 200)
		s.page("/t/acme/designs/"+ours.design+"/versions/1").want(t, 200)
		finish(t, s.tenant, s.thumbnail(ours.design))
		s.page("/t/acme/designs/"+ours.design+"/versions/1/thumbnail").want(t, 200)
		s.page("/t/acme/renders/"+ours.render).want(t, 200)
		s.page("/t/acme/renders/"+ours.render+"/events").want(t, 200)
		s.page("/t/acme/renders/"+ours.render+"/file").want(t, 200)
		s.page("/t/acme/assets/"+ours.asset).want(t, 200)
		s.page("/t/acme/drafts/"+ours.draft).want(t, 200)
		s.page("/t/acme/batches/"+ours.batch).want(t, 200)
		s.page("/t/acme/fonts/"+ours.font).want(t, 200)
		s.page("/t/acme/webhooks/"+ours.webhook).want(t, 200)
		s.api("GET", "/webhooks/"+ours.webhook+"/deliveries/"+ours.delivery, nil).want(t, 200)
		s.api("GET", "/fonts/"+ours.font+"/file", nil).want(t, 200)
		s.api("GET", "/batches/"+ours.batch+"/items", nil).want(t, 200)
	})
}
