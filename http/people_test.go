package http_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"majestic/app"
	ours "majestic/http"
)

// people are what a workspace has of them: found, or made when there is none.
type people struct {
	user                     app.User
	session, invitation, key string
}

func makePeople(t *testing.T, a *app.App, slug string) (p people) {
	t.Helper()
	ctx := context.Background()
	row, err := a.TenantBySlug(ctx, slug)
	if err != nil {
		t.Fatal(err)
	}
	tenant := a.In(row.ID)
	members, err := tenant.Members(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(members) == 0 {
		if p.user, err = a.CreateUser(ctx, app.NewUser{Name: slug, Email: slug + "@example.com", Password: password}, slug, app.Owner); err != nil {
			t.Fatal(err)
		}
		if _, err := a.SignIn(ctx, p.user.Email, password, app.Visitor{}); err != nil {
			t.Fatal(err)
		}
		if _, err := tenant.Invite(ctx, p.user, "guest-of-"+slug+"@example.com", app.Viewer); err != nil {
			t.Fatal(err)
		}
		if _, err := tenant.CreateAPIKey(ctx, "key", app.ReadScope, nil); err != nil {
			t.Fatal(err)
		}
		return makePeople(t, a, slug)
	}
	p.user = app.User{ID: members[0].UserID, Email: members[0].Email, Name: members[0].Name}
	sessions, err := a.Sessions(ctx, p.user.ID, "")
	if err != nil || len(sessions) == 0 {
		t.Fatalf("%v, %v", sessions, err)
	}
	invitations, err := tenant.Invitations(ctx)
	if err != nil || len(invitations) == 0 {
		t.Fatalf("%v, %v", invitations, err)
	}
	keys, err := tenant.APIKeys(ctx)
	if err != nil || len(keys) == 0 {
		t.Fatalf("%v, %v", keys, err)
	}
	p.session, p.invitation, p.key = sessions[0].ID, invitations[0].ID, keys[0].ID
	return p
}

// TestEachRole asks for each route of a workspace as each role, and without an account.
// A route without a case fails.
func TestEachRole(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	finishBatch(t, s.tenant, x.batch, func(int) bool { return false }) // its stream ends
	const nothing = "0198b0f2-0000-7000-8000-000000000001"
	look, edit, own := app.Viewer, app.Editor, app.Owner
	least := map[string]string{
		"GET /t/{slug}": look, "GET /t/{slug}/{$}": look, "GET /t/{slug}/version": look, "GET /t/{slug}/designs/{id}": look, "GET /t/{slug}/designs/{id}/canvas": look,
		"GET /t/{slug}/new": edit, "POST /t/{slug}/designs": edit,
		"GET /t/{slug}/designs/{id}/history": look, "GET /t/{slug}/designs/{id}/versions/{version}": look,
		"POST /t/{slug}/designs/{id}/publish": edit, "POST /t/{slug}/designs/{id}/versions/{version}/restore": edit,
		"GET /t/{slug}/designs/{id}/link": edit, "POST /t/{slug}/designs/{id}/link-key": edit, "POST /t/{slug}/renders/keep": own,
		"POST /t/{slug}/designs/{id}/name": edit, "POST /t/{slug}/designs/{id}/duplicate": edit, "POST /t/{slug}/designs/{id}/archive": edit, "POST /t/{slug}/designs/{id}/unarchive": edit,
		"GET /t/{slug}/designs/{id}/edit": look, // who may not edit is led to the design
		"PUT /t/{slug}/designs/{id}":      edit, "POST /t/{slug}/designs/{id}/draw": edit, "POST /t/{slug}/designs/{id}/copies": edit, "PUT /t/{slug}/designs/{id}/samples": edit,
		"GET /t/{slug}/assets": look, "POST /t/{slug}/assets": edit,
		"GET /t/{slug}/renders": look, "GET /t/{slug}/renders/{id}": look, "GET /t/{slug}/renders/{id}/events": look, "GET /t/{slug}/renders/{id}/file": look,
		"GET /t/{slug}/assets/{id}": look, "GET /t/{slug}/fonts.css": look, "GET /t/{slug}/fonts/{id}": look, "GET /t/{slug}/fetched": look,
		"GET /t/{slug}/designs/{id}/versions/{version}/thumbnail": look, "GET /t/{slug}/fonts": look,
		"POST /t/{slug}/fonts": edit, "POST /t/{slug}/fonts/{id}/delete": edit,
		"GET /t/{slug}/designs/{id}/batch": edit, "POST /t/{slug}/designs/{id}/batch": edit,
		"GET /t/{slug}/drafts/{id}": edit, "GET /t/{slug}/drafts/{id}/faults": edit, "POST /t/{slug}/drafts/{id}": edit,
		"GET /t/{slug}/batches": look, "GET /t/{slug}/batches/{id}": look, "GET /t/{slug}/batches/{id}/events": look, "GET /t/{slug}/batches/{id}/archive": look,
		"POST /t/{slug}/batches/{id}/cancel": edit, "POST /t/{slug}/batches/{id}/retry": edit,
		"GET /t/{slug}/api": look, "GET /t/{slug}/members": look, "POST /t/{slug}/leave": look,
		"POST /t/{slug}/designs/{id}/renders": edit, "POST /t/{slug}/renders/{id}/cancel": edit,
		"POST /t/{slug}/members/{id}/role": own, "POST /t/{slug}/members/{id}/remove": own,
		"GET /t/{slug}/webhooks": edit, "POST /t/{slug}/webhooks": edit, "GET /t/{slug}/webhooks/{id}": edit, "POST /t/{slug}/webhooks/{id}": edit,
		"POST /t/{slug}/webhooks/{id}/enable": edit, "POST /t/{slug}/webhooks/{id}/disable": edit, "POST /t/{slug}/webhooks/{id}/delete": edit,
		"POST /t/{slug}/webhooks/{id}/secret": edit, "POST /t/{slug}/webhooks/{id}/rotate": edit, "POST /t/{slug}/webhooks/{id}/test": edit,
		"POST /t/{slug}/webhooks/{id}/deliveries/{delivery}/resend": edit,
		"POST /t/{slug}/invitations":                                own, "POST /t/{slug}/invitations/{id}/link": own, "POST /t/{slug}/invitations/{id}/withdraw": own,
		"GET /t/{slug}/keys": own, "POST /t/{slug}/keys": own, "POST /t/{slug}/keys/{id}/revoke": own,
	}
	ids := map[string]string{"designs": x.design, "renders": x.render, "assets": x.asset, "fonts": x.font, "drafts": x.draft, "batches": x.batch, "webhooks": x.webhook}
	form := url.Values{"role": {"none"}, "format": {"png"}, "scale": {"1"}, "var.name": {"a"}, "var.accent": {"#000"}} // so that an owner makes renders, and nothing else

	ada := s.cookie
	rank := map[string]int{"": -1}
	for i, role := range app.Roles() {
		rank[role] = i
	}
	for _, role := range append(app.Roles(), "") {
		s.cookie = nil
		if role != "" {
			s.cookie = s.member(role)
		}
		for _, pattern := range s.Patterns() {
			method, path, _ := strings.Cut(pattern, " ")
			if !strings.HasPrefix(path, "/t/") {
				continue
			}
			needed, ok := least[pattern]
			if !ok {
				t.Errorf("%s has no case here: say from which role on it is allowed", pattern)
				continue
			}
			if pattern == "POST /t/{slug}/leave" && role != "" {
				continue // see TestMembersPage
			}
			id := nothing
			for noun, have := range ids {
				if strings.Contains(path, noun+"/{id}") {
					id = have
				}
			}
			path = strings.NewReplacer("{slug}", "acme", "{$}", "", "{id}", id, "{version}", "1", "{delivery}", x.delivery).Replace(path)
			var got answer
			if method == "GET" && s.cookie == nil {
				got = s.do("GET", path, nil)
			} else if method == "GET" {
				got = s.page(path)
			} else if method == "PUT" {
				got = s.send(method, path, "{}")
			} else {
				got = s.post(path, form)
			}
			switch allowed := rank[role] >= rank[needed]; {
			case role == "" && method == "GET":
				if got.StatusCode != 303 && got.StatusCode != 401 || got.StatusCode == 303 && !strings.HasPrefix(got.Header.Get("Location"), "/signin?") {
					t.Errorf("%s, signed out: %d", pattern, got.StatusCode)
				}
			case role == "":
				got.want(t, 401)
			case allowed && (got.StatusCode == 403 || got.StatusCode >= 500):
				t.Errorf("%s as %s: %d", pattern, role, got.StatusCode)
			case !allowed && got.StatusCode != 403:
				t.Errorf("%s as %s: %d", pattern, role, got.StatusCode)
			}
		}
	}
	s.cookie = ada
	if _, err := s.tenant.APIKeys(context.Background()); err != nil {
		t.Error(err)
	}
}

// member makes a person with a role in Acme and signs them in.
func (s *site) member(role string) *http.Cookie {
	s.t.Helper()
	ctx := context.Background()
	u := app.NewUser{Name: "The " + role, Email: role + "@example.com", Password: password}
	if _, err := s.app.CreateUser(ctx, u, s.slug, role); err != nil {
		s.t.Fatal(err)
	}
	in, err := s.app.SignIn(ctx, u.Email, password, app.Visitor{})
	if err != nil {
		s.t.Fatal(err)
	}
	return &http.Cookie{Name: "session", Value: in.Session}
}

func TestMembersPage(t *testing.T) {
	s := newSite(t, func(o *ours.Options) { o.Mails = true })
	ada := s.cookie
	s.post("/t/acme/leave", nil).want(t, 409)
	refused := s.post("/t/acme/leave", nil).want(t, 409)
	if said := parse(t, refused.body).one(t, "p", "role=alert").text(); !strings.Contains(said, "make somebody else an owner first") {
		t.Errorf("the last owner is told: %s", said)
	}
	wrong := parse(t, s.post("/t/acme/invitations", url.Values{"email": {"<b>bob"}, "role": {"viewer"}}).want(t, 422).body)
	input := wrong.one(t, "input", "name=email")
	if input.attr("value") != "<b>bob" || input.attr("aria-invalid") != "true" || wrong.one(t, "p", "id=email-fault").text() == "" {
		t.Error("the fault is not beside the address, or the address is forgotten")
	}
	s.post("/t/acme/invitations", url.Values{"email": {"bob@example.com"}, "role": {"viewer"}}).want(t, 303)
	page := parse(t, s.page("/t/acme/members").want(t, 200).body)
	if !strings.Contains(page.one(t, "section", "aria-labelledby=invitations-title").text(), "bob@example.com Viewer · the mail is not sent yet") {
		t.Errorf("the page says %s", page.text())
	}
	again := s.post("/t/acme/invitations", url.Values{"email": {"Bob@example.com"}, "role": {"viewer"}}).want(t, 409)
	if said := parse(t, again.body).one(t, "p", "id=email-fault").text(); !strings.Contains(said, "was invited a second ago already") && !strings.Contains(said, "seconds ago already") {
		t.Errorf("invited twice: %s", said)
	}
	withdraw := page.one(t, "section", "aria-labelledby=invitations-title").one(t, "form").attr("action")
	s.post(strings.Replace(withdraw, "/withdraw", "/link", 1), nil).want(t, 403) // who reads the mail shows that the address is theirs
	s.post(withdraw, nil).want(t, 303)

	s.cookie = s.member(app.Editor)
	page = parse(t, s.page("/t/acme/members").want(t, 200).body)
	if forms := page.one(t, "main").all("form"); len(forms) != 1 || forms[0].attr("action") != "/t/acme/leave" {
		t.Errorf("an editor is offered %d forms", len(forms))
	}
	if len(page.all("a", "href=/t/acme/keys")) != 0 {
		t.Error("an editor is led to the keys")
	}
	s.post("/t/acme/leave", nil).want(t, 303)
	s.page("/t/acme/").want(t, 404)
	s.cookie = ada
	if page = parse(t, s.page("/t/acme/members").body); strings.Contains(page.text(), "The editor") {
		t.Error("who left is still there")
	}
}

// Without a mail server no page says that a mail is sent, and owners hand links over.
func TestInvitingWithoutMails(t *testing.T) {
	s := newSite(t)
	s.post("/t/acme/invitations", url.Values{"email": {"bob@example.com"}, "role": {"viewer"}}).want(t, 303)
	page := parse(t, s.page("/t/acme/members").want(t, 200).body)
	form := ""
	for _, f := range page.all("form") {
		if strings.HasSuffix(f.attr("action"), "/link") {
			form = f.attr("action")
		}
	}
	for _, path := range []string{"/t/acme/members", "/reset", "/account"} {
		if text := parse(t, s.page(path).want(t, 200).body).one(t, "main").text(); !strings.Contains(text, "sends no mails") || strings.Contains(strings.ToLower(text), "mail me") {
			t.Errorf("%s says %s", path, text)
		}
	}
	if text := parse(t, s.post("/reset", url.Values{"email": {"ada@example.com"}}).want(t, 200).body).one(t, "main").text(); !strings.Contains(text, "sends no mails") {
		t.Errorf("who asks for a reset is told %s", text)
	}

	s.post(form, nil).want(t, 409) // the mail, which would replace it, is yet to be written
	if _, err := s.pool.Exec(context.Background(), `UPDATE invitations SET sent_at = now()`); err != nil {
		t.Fatal(err)
	}
	made := s.post(form, nil).want(t, 201)
	link := parse(t, made.body).one(t, "code", "class=secret").text()
	if made.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(link, s.url+"/invitation?token=") {
		t.Errorf("the link %s, %v", link, made.Header)
	}
	if text := parse(t, s.do("GET", strings.TrimPrefix(link, s.url), nil).want(t, 200).body).one(t, "h1").text(); text != "Join Acme" {
		t.Errorf("it leads to %s", text)
	}
	if strings.Contains(s.page("/t/acme/members").want(t, 200).body, "token=") {
		t.Error("the link is shown again")
	}
	s.post(form, nil).want(t, 201)
	s.do("GET", strings.TrimPrefix(link, s.url), nil).want(t, 404)
}

func TestKeysPage(t *testing.T) {
	s := newSite(t)
	wrong := parse(t, s.post("/t/acme/keys", url.Values{"name": {""}, "scope": {"all"}, "days": {"5"}}).want(t, 422).body)
	if wrong.one(t, "p", "id=scope-fault").text() == "" || wrong.one(t, "p", "id=name-fault").text() == "" || wrong.one(t, "input", "name=days").attr("value") != "5" {
		t.Error("the faults are not beside their inputs")
	}
	s.post("/t/acme/keys", url.Values{"name": {"k"}, "scope": {"read"}, "days": {"0"}}).want(t, 422)
	made := s.post("/t/acme/keys", url.Values{"name": {"Nightly <b>"}, "scope": {"read"}, "days": {"30"}}).want(t, 201)
	key := parse(t, made.body).one(t, "code", "class=secret").text()
	if made.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(key, "mj_") {
		t.Errorf("the key %q, %v", key, made.Header)
	}
	s.key = key
	s.api("GET", "/designs", nil).want(t, 200)
	p := s.api("POST", "/designs", `{"name":"n","document":`+greeting+`}`).problem(t, 403)
	if !strings.Contains(p.Detail, "may only read") {
		t.Errorf("%+v", p)
	}
	again := s.page("/t/acme/keys").want(t, 200)
	page := parse(t, again.body)
	if strings.Contains(again.body, key) || !strings.Contains(page.text(), "Nightly <b> Read · last used ") {
		t.Errorf("the page says %s", page.text())
	}
	for _, form := range page.all("form") {
		if strings.HasSuffix(form.attr("action"), "/revoke") {
			s.post(form.attr("action"), nil).want(t, 303)
		}
	}
	s.api("GET", "/designs", nil).problem(t, 401)
	if text := parse(t, s.page("/t/acme/keys").body).one(t, "main").text(); !strings.Contains(text, "No keys yet") {
		t.Errorf("the empty page says %s", text)
	}
}

func TestAccountPage(t *testing.T) {
	s := newSite(t)
	here := s.cookie
	in := s.post("/signin", url.Values{"email": {"ada@example.com"}, "password": {password}}, "User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/605")
	stolen := cookie(in, "session")
	s.cookie = stolen
	s.page("/account", "User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/605").want(t, 200)

	s.cookie = here
	page := parse(t, s.page("/account").want(t, 200).body)
	if !strings.Contains(page.text(), "Safari on iPhone 127.0.0.1") {
		t.Errorf("the page says %s", page.text())
	}
	for _, form := range page.all("form") {
		if to := form.attr("action"); strings.HasPrefix(to, "/account/sessions/") && to != "/account/sessions/end" {
			s.post(to, nil).want(t, 303)
		}
	}
	s.cookie = stolen
	s.page("/account").want(t, 303)
	s.post("/account/name", url.Values{"name": {"Eve"}}).want(t, 401)

	s.cookie = here
	s.post("/account/name", url.Values{"name": {""}}).want(t, 422)
	s.post("/account/name", url.Values{"name": {"<script>Ada</script>"}}).want(t, 303)
	if body := s.page("/account?done=name").want(t, 200).body; strings.Contains(body, "<script>Ada") || !strings.Contains(body, "Your name is saved.") {
		t.Error("the name is a script, or it is not said that it was saved")
	}
	if got := parse(t, s.post("/account/password", url.Values{"present": {"wrong"}, "password": {"another horse"}}).want(t, 422).body); got.one(t, "input", "id=password-present").attr("aria-invalid") != "true" || got.one(t, "input", "id=address-present").attr("aria-invalid") != "" {
		t.Error("the fault is not beside the password that is wrong")
	}
	s.post("/account/address", url.Values{"present": {password}, "email": {"new@example.com"}}).want(t, 303)
	s.post("/account/password", url.Values{"present": {password}, "password": {"another horse"}}).want(t, 303)

	row := s.post("/workspaces/new", url.Values{"name": {"Second"}}).want(t, 303)
	s.page(row.Header.Get("Location")).want(t, 200)
	s.post("/workspaces/new", url.Values{"name": {" "}}).want(t, 422)

	s.post("/account/sessions/end", nil).want(t, 303)
	s.page("/account").want(t, 303)
	s.page("/t/acme/").want(t, 303)
}

// A cookie that somebody copied is worth nothing once its owner has signed out.
func TestSessionStolenAfterSignOut(t *testing.T) {
	s := newSite(t)
	stolen := *s.cookie
	s.post("/signout", nil).want(t, 303)
	s.cookie = &stolen
	s.page("/t/acme/").want(t, 303)
	s.page("/account").want(t, 303)
	s.post("/t/acme/keys", url.Values{"name": {"k"}, "scope": {"write"}}).want(t, 401)
}

func TestGuessingIsSlow(t *testing.T) {
	s := newSite(t)
	ada := s.post("/signin", url.Values{"email": {"ada@example.com"}, "password": {password}}).want(t, 303)
	s.cookie = nil
	wrong := url.Values{"email": {"ada@example.com"}, "password": {"a wrong one"}}
	got := s.post("/signin", wrong)
	for range 30 {
		if got.StatusCode != 401 {
			break
		}
		got = s.post("/signin", wrong)
	}
	got.want(t, 429)
	if got.Header.Get("Retry-After") == "" || !strings.Contains(parse(t, got.body).one(t, "p", "role=alert").text(), "Too many tries") {
		t.Errorf("%v", got.Header)
	}
	s.cookie = cookie(ada, "device")
	s.post("/signin", url.Values{"email": {"ada@example.com"}, "password": {password}}).want(t, 303)
}

// What is said of a reset does not tell who has an account.
func TestResetTellsNothing(t *testing.T) {
	s := newSite(t)
	var said []string
	for _, email := range []string{"ada@example.com", "eve@example.com"} {
		said = append(said, strings.ReplaceAll(parse(t, s.post("/reset", url.Values{"email": {email}}).want(t, 200).body).one(t, "section").text(), email, "X"))
	}
	if said[0] != said[1] {
		t.Errorf("%q", said)
	}
	s.post("/reset", url.Values{"email": {"ada"}}).want(t, 422)
	for path, to := range map[string]string{"/reset/new?token=guess": "/reset", "/invitation?token=guess": "/", "/account/address?token=guess": "/account"} {
		parse(t, s.page(path).want(t, 404).body).one(t, "main").one(t, "a", "class=button", "href="+to)
	}
}

func cookie(a answer, name string) *http.Cookie {
	for _, c := range a.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}
