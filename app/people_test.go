package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
)

// TestRoles has each role, and each scope of a key, try everything that there is to do.
func TestRoles(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	row, err := a.CreateTenant(ctx, "Acme")
	if err != nil {
		t.Fatal(err)
	}
	house := a.In(row.ID)
	fill(t, house)
	designs, err := house.Designs(ctx, app.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	d := designs.Data[0]
	renders, err := house.Renders(ctx, "", app.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	render := renders.Data[0].ID
	const nothing = "0198b0f2-0000-7000-8000-000000000001"

	opened := map[string]app.Tenant{}
	for _, role := range app.Roles() {
		user := newUser(t, a, role+"@example.com", row.Slug, role)
		tenant, here, _, err := a.Enter(ctx, user.ID, row.Slug)
		if err != nil || here.Role != role {
			t.Fatalf("%+v, %v", here, err)
		}
		opened[role] = tenant
	}
	for _, scope := range app.Scopes() {
		key, err := house.CreateAPIKey(ctx, scope, scope, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, opened[scope], err = a.Authorize(ctx, key); err != nil {
			t.Fatal(err)
		}
	}
	own := []string{app.Owner, app.AdminScope}
	edit := append([]string{app.Editor, app.WriteScope}, own...)
	look := append([]string{app.Viewer, app.ReadScope}, edit...)
	for _, act := range []struct {
		name string
		who  []string
		do   func(app.Tenant) error
	}{
		{"read designs", look, func(n app.Tenant) error { _, err := n.Designs(ctx, app.PageRequest{}); return err }},
		{"read a design", look, func(n app.Tenant) error { _, err := n.Design(ctx, d.ID); return err }},
		{"read renders", look, func(n app.Tenant) error { _, err := n.Renders(ctx, d.ID, app.PageRequest{}); return err }},
		{"list members", look, func(n app.Tenant) error { _, err := n.Members(ctx); return err }},
		{"create a design", edit, func(n app.Tenant) error { _, err := n.CreateDesign(ctx, nil, "Card", d.Document); return err }},
		{"save a design", edit, func(n app.Tenant) error { _, err := n.SaveDesign(ctx, d.ID, 99, "Card", d.Document); return err }},
		{"upload an asset", edit, func(n app.Tenant) error { _, err := n.CreateAsset(ctx, nil, "dot.png", apptest.PNG(4, 4)); return err }},
		{"delete an asset", edit, func(n app.Tenant) error { return n.DeleteAsset(ctx, nothing) }},
		{"upload a font", edit, func(n app.Tenant) error { _, err := n.CreateFont(ctx, nil, "a.ttf", nil); return err }},
		{"delete a font", edit, func(n app.Tenant) error { return n.DeleteFont(ctx, nothing) }},
		{"render", edit, func(n app.Tenant) error {
			_, err := n.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID})
			return err
		}},
		{"cancel a render", edit, func(n app.Tenant) error { _, err := n.CancelRender(ctx, render); return err }},
		{"make a batch", edit, func(n app.Tenant) error { _, err := n.CreateBatch(ctx, nil, app.BatchRequest{}); return err }},
		{"cancel a batch", edit, func(n app.Tenant) error { _, err := n.CancelBatch(ctx, nothing); return err }},
		{"read webhooks", look, func(n app.Tenant) error { _, err := n.Webhooks(ctx, app.PageRequest{}); return err }},
		{"read a webhook", look, func(n app.Tenant) error { _, err := n.Webhook(ctx, nothing); return err }},
		{"read that of batches", look, func(n app.Tenant) error { _, err := n.Webhook(ctx, app.BatchesWebhook); return err }},
		{"read deliveries", look, func(n app.Tenant) error { _, err := n.Deliveries(ctx, nothing, app.PageRequest{}); return err }},
		{"read a delivery", look, func(n app.Tenant) error { _, err := n.Delivery(ctx, nothing, nothing); return err }},
		{"make a webhook", edit, func(n app.Tenant) error { _, err := n.CreateWebhook(ctx, nil, app.WebhookRequest{}); return err }},
		{"change a webhook", edit, func(n app.Tenant) error { _, err := n.ChangeWebhook(ctx, nothing, app.WebhookRequest{}); return err }},
		{"delete a webhook", edit, func(n app.Tenant) error { return n.DeleteWebhook(ctx, nothing) }},
		{"read a secret", edit, func(n app.Tenant) error { _, err := n.WebhookSecret(ctx, app.BatchesWebhook); return err }},
		{"replace a secret", edit, func(n app.Tenant) error { _, err := n.RotateWebhookSecret(ctx, nil, nothing); return err }},
		{"test a webhook", edit, func(n app.Tenant) error { _, err := n.TestWebhook(ctx, nil, nothing); return err }},
		{"send again", edit, func(n app.Tenant) error { _, err := n.ResendDelivery(ctx, nil, nothing, nothing); return err }},
		{"list keys", own, func(n app.Tenant) error { _, err := n.APIKeys(ctx); return err }},
		{"list a page of keys", own, func(n app.Tenant) error { _, err := n.APIKeyPage(ctx, app.PageRequest{}); return err }},
		{"make a key", own, func(n app.Tenant) error { _, err := n.CreateAPIKey(ctx, "k", app.ReadScope, nil); return err }},
		{"revoke a key", own, func(n app.Tenant) error { return n.RevokeAPIKey(ctx, nothing) }},
		{"list invitations", own, func(n app.Tenant) error { _, err := n.Invitations(ctx); return err }},
		{"invite", own, func(n app.Tenant) error {
			_, err := n.Invite(ctx, app.User{Name: "Ada"}, "new@example.com", app.Viewer)
			return err
		}},
		{"withdraw", own, func(n app.Tenant) error { return n.Withdraw(ctx, nothing) }},
		{"change a role", own, func(n app.Tenant) error { return n.ChangeRole(ctx, nothing, app.Viewer) }},
		{"remove a member", own, func(n app.Tenant) error { return n.RemoveMember(ctx, nothing) }},
	} {
		for who, tenant := range opened {
			err := act.do(tenant)
			if allowed := strings.Contains(" "+strings.Join(act.who, " ")+" ", " "+who+" "); allowed == (app.KindOf(err) == app.Forbidden) {
				t.Errorf("%s, %s: %v", act.name, who, err)
			}
		}
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(apptest.PNG(4, 4)) }))
	defer server.Close()
	// Where no method checks, the transaction does.
	if err := opened[app.Viewer].FailRender(ctx, app.Render{ID: render}, "a viewer's whim"); app.KindOf(err) != app.Forbidden {
		t.Errorf("a method that checks nothing: %v", err)
	}
	if _, _, f, err := opened[app.Viewer].OpenFetched(ctx, server.URL); err != nil {
		t.Errorf("a viewer looks at an image from elsewhere: %v", err)
	} else {
		f.Close()
	}
}

func TestMembers(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	one := newUser(t, a, "one@example.com", "acme", app.Owner)
	two := newUser(t, a, "two@example.com", "acme", app.Editor)
	stranger := newUser(t, a, "far@example.com", slugFor(t, a, "Theirs"), app.Owner)

	for what, err := range map[string]error{
		"leave": tenant.Leave(ctx, one), "demote": tenant.ChangeRole(ctx, one.ID, app.Editor), "remove": tenant.RemoveMember(ctx, one.ID),
	} {
		if app.KindOf(err) != app.Conflict {
			t.Errorf("%s, the last owner: %v", what, err)
		}
	}
	for _, id := range []string{stranger.ID, "1", ""} {
		if err := tenant.ChangeRole(ctx, id, app.Owner); app.KindOf(err) != app.NotFound {
			t.Errorf("a role for %q: %v", id, err)
		}
		if err := tenant.RemoveMember(ctx, id); app.KindOf(err) != app.NotFound {
			t.Errorf("remove %q: %v", id, err)
		}
	}
	if err := tenant.ChangeRole(ctx, two.ID, "emperor"); app.KindOf(err) != app.Invalid {
		t.Errorf("no such role: %v", err)
	}
	if err := tenant.ChangeRole(ctx, two.ID, app.Owner); err != nil {
		t.Fatal(err)
	}
	// Both owners leave at once, held up until both are at it: one of them stays.
	held, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Rollback(ctx)
	if _, err := held.Exec(ctx, `SELECT FROM memberships WHERE user_id = $1 FOR UPDATE`, one.ID); err != nil {
		t.Fatal(err)
	}
	left := make(chan error, 2)
	for i, u := range []app.User{one, two} {
		go func() { left <- tenant.Leave(ctx, u) }()
		for began := time.Now(); count(t, pool, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)+len(left) <= i; {
			if time.Since(began) > time.Minute {
				t.Fatal("they do not wait for each other")
			}
		}
	}
	if err := held.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if first, second := app.KindOf(<-left), app.KindOf(<-left); first+second != app.Conflict {
		t.Errorf("kinds %d and %d", first, second)
	}
	all, err := tenant.Members(ctx)
	if err != nil || len(all) != 1 || all[0].Role != app.Owner {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestInvitations(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	owner := newUser(t, a, "one@example.com", "acme", app.Owner)
	invite := func(email, role string) (token string) {
		t.Helper()
		if _, err := tenant.Invite(ctx, owner, email, role); err != nil {
			t.Fatal(err)
		}
		return tokenOf(t, write(t, a, pool))
	}

	bob := invite("bob@example.com", app.Editor)
	if i, err := a.Invitation(ctx, bob); err != nil || i.Email != "bob@example.com" || i.Workspace != "Acme" || i.Account != nil {
		t.Fatalf("%+v, %v", i, err)
	}
	if _, err := a.Accept(ctx, bob, owner); app.KindOf(err) != app.Forbidden || !strings.Contains(err.Error(), "bob@example.com") {
		t.Errorf("another's account: %v", err)
	}
	if _, _, err := a.Join(ctx, bob, "", "short"); app.KindOf(err) != app.Invalid {
		t.Errorf("no name, a short password: %v", err)
	}
	in, slug, err := a.Join(ctx, bob, "Bob", "correct horse")
	if err != nil || slug != "acme" {
		t.Fatal(slug, err)
	}
	user, err := a.Session(ctx, in.Session, app.Visitor{})
	if err != nil || user.Email != "bob@example.com" {
		t.Fatalf("%+v, %v", user, err)
	}
	if _, here, _, err := a.Enter(ctx, user.ID, "acme"); err != nil || here.Role != app.Editor {
		t.Errorf("%+v, %v", here, err)
	}
	for _, token := range []string{bob, "guess", ""} {
		if _, err := a.Invitation(ctx, token); app.KindOf(err) != app.NotFound {
			t.Errorf("%q: %v", token, err)
		}
	}

	far := newUser(t, a, "far@example.com", slugFor(t, a, "Theirs"), app.Owner)
	first := invite("FAR@example.com", app.Viewer)
	if _, _, err := a.Join(ctx, first, "Not Far", "correct horse"); app.KindOf(err) != app.Conflict {
		t.Errorf("a second account for an address: %v", err)
	}
	if _, err := tenant.Invite(ctx, owner, "far@example.com", app.Owner); app.KindOf(err) != app.Conflict || !strings.Contains(err.Error(), "already") {
		t.Errorf("again at once: %v", err)
	}
	exec(t, pool, `UPDATE invitations SET created_at = now() - interval '2 minutes'`)
	second := invite("far@example.com", app.Owner)
	if _, err := a.Accept(ctx, first, far); app.KindOf(err) != app.NotFound {
		t.Errorf("a link that another replaced: %v", err)
	}
	exec(t, pool, `UPDATE invitations SET expires_at = now()`)
	if _, err := a.Accept(ctx, second, far); app.KindOf(err) != app.Conflict || !strings.Contains(err.Error(), "expired") {
		t.Errorf("expired: %v", err)
	}
	exec(t, pool, `UPDATE invitations SET expires_at = now() + interval '1 day'`)
	if slug, err := a.Accept(ctx, second, far); err != nil || slug != "acme" {
		t.Errorf("%s, %v", slug, err)
	}
	if _, err := tenant.Invite(ctx, owner, "far@example.com", app.Owner); app.KindOf(err) != app.Conflict {
		t.Errorf("a member: %v", err)
	}

	gone := invite("gone@example.com", app.Viewer)
	open, err := tenant.Invitations(ctx)
	if err != nil || len(open) != 1 || open[0].Email != "gone@example.com" {
		t.Fatalf("%+v, %v", open, err)
	}
	theirs, _, _, err := a.Enter(ctx, far.ID, "theirs")
	if err != nil {
		t.Fatal(err)
	}
	if err := theirs.Withdraw(ctx, open[0].ID); app.KindOf(err) != app.NotFound {
		t.Errorf("another tenant's: %v", err)
	}
	if err := tenant.Withdraw(ctx, open[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Join(ctx, gone, "Gone", "correct horse"); app.KindOf(err) != app.NotFound {
		t.Errorf("withdrawn: %v", err)
	}
	for _, wrong := range []string{"", "ada", "Ada <ada@example.com>", "a@example.com\nBcc: b@example.com"} {
		if _, err := tenant.Invite(ctx, owner, wrong, app.Viewer); app.KindOf(err) != app.Invalid {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if kept := everything(t, pool); strings.Contains(kept, gone) || strings.Contains(kept, second) {
		t.Error("a token is kept readable")
	}
}

func TestReset(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	apptest.Tenant(t, a, "Acme")
	newUser(t, a, "ada@example.com", "acme", app.Owner)
	before, err := a.SignIn(ctx, "ada@example.com", ada.Password, app.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	// The same for an address that nobody has: a mail is asked for, and none is written.
	for i, email := range []string{"nobody@example.com", "Ada@example.com"} {
		for range 2 { // the second within a minute is as if it were sent
			if err := a.AskReset(ctx, email, app.Visitor{}); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(t, pool, `SELECT count(*) FROM river_job WHERE kind = 'mail'`); n != i+1 {
			t.Errorf("%d jobs after %s", n, email)
		}
	}
	if _, err := a.WriteMail(ctx, newest(t, pool, "nobody@example.com")); app.KindOf(err) != app.NotFound {
		t.Errorf("a mail to nobody: %v", err)
	}
	id := newest(t, pool, "ada@example.com")
	m, err := a.WriteMail(ctx, id)
	if err != nil || m.To != "ada@example.com" {
		t.Fatalf("%+v, %v", m, err)
	}
	token := tokenOf(t, m)
	again, err := a.WriteMail(ctx, id) // as when the first attempt was cut after it was sent
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(everything(t, pool), token) {
		t.Error("a token is kept readable")
	}
	if _, err := a.Reset(ctx, token, "short"); app.KindOf(err) != app.Invalid {
		t.Errorf("a short password: %v", err)
	}
	in, err := a.Reset(ctx, token, "another horse")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Session(ctx, before.Session, app.Visitor{}); app.KindOf(err) != app.Unauthenticated {
		t.Errorf("a session from before: %v", err)
	}
	if _, err := a.Session(ctx, in.Session, app.Visitor{}); err != nil {
		t.Errorf("the new session: %v", err)
	}
	for _, token := range []string{token, tokenOf(t, again), "guess", ""} {
		if _, err := a.Reset(ctx, token, "a third horse"); app.KindOf(err) != app.NotFound {
			t.Errorf("%q: %v", token, err)
		}
	}
	if _, err := a.SignIn(ctx, "ada@example.com", "another horse", app.Visitor{}); err != nil {
		t.Error(err)
	}
	if m := write(t, a, pool); m.To != "ada@example.com" || !strings.Contains(m.Subject, "has been changed") {
		t.Errorf("the mail after it: %+v", m)
	}

	exec(t, pool, `UPDATE mails SET created_at = now() - interval '2 minutes'`)
	if err := a.AskReset(ctx, "ada@example.com", app.Visitor{}); err != nil {
		t.Fatal(err)
	}
	late := tokenOf(t, write(t, a, pool))
	exec(t, pool, `UPDATE mailed_links SET expires_at = now()`)
	if err := a.CheckReset(ctx, late); app.KindOf(err) != app.Conflict || !strings.Contains(err.Error(), "expired") {
		t.Errorf("after an hour: %v", err)
	}
	if _, err := a.Reset(ctx, late, "another horse"); app.KindOf(err) != app.Conflict {
		t.Errorf("after an hour: %v", err)
	}
	limited := false
	for i := range 30 {
		err := a.AskReset(ctx, fmt.Sprintf("a%d@example.com", i), app.Visitor{Address: "203.0.113.9"})
		limited = limited || app.KindOf(err) == app.TooMany
	}
	if !limited {
		t.Error("one address asks for as many as it likes")
	}
}

func TestAccount(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	apptest.Tenant(t, a, "Acme")
	user := newUser(t, a, "ada@example.com", "acme", app.Owner)
	newUser(t, a, "bob@example.com", "acme", app.Owner)
	here, err := a.SignIn(ctx, user.Email, ada.Password, app.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := a.SignIn(ctx, user.Email, ada.Password, app.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	from := app.Visitor{Agent: "Mozilla/5.0 \x00(X11) Firefox/140.0", Address: "203.0.113.7"}
	if _, err := a.Session(ctx, other.Session, from); err != nil {
		t.Fatal(err)
	}
	all, err := a.Sessions(ctx, user.ID, here.Session)
	if err != nil || len(all) != 2 || all[0].Here == all[1].Here {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, s := range all {
		if !s.Here && (s.Agent != "Mozilla/5.0 (X11) Firefox/140.0" || s.Address != "203.0.113.7") {
			t.Errorf("%+v", s)
		}
	}
	bob, err := a.SignIn(ctx, "bob@example.com", ada.Password, app.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	bobs, err := a.Session(ctx, bob.Session, app.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if err := a.EndSession(ctx, bobs.ID, s.ID); app.KindOf(err) != app.NotFound {
			t.Errorf("another's session: %v", err)
		}
		if !s.Here {
			if err := a.EndSession(ctx, user.ID, s.ID); err != nil {
				t.Error(err)
			}
		}
	}
	alive := func(in app.SignedIn) bool {
		_, err := a.Session(ctx, in.Session, app.Visitor{})
		return err == nil
	}
	if alive(other) || !alive(here) || !alive(bob) {
		t.Error("the wrong session has ended")
	}

	if other, err = a.SignIn(ctx, user.Email, ada.Password, app.Visitor{}); err != nil {
		t.Fatal(err)
	}
	if err := a.ChangePassword(ctx, user, here.Session, "wrong horse", "another horse"); app.KindOf(err) != app.Invalid {
		t.Errorf("the present password is wrong: %v", err)
	}
	if err := a.ChangePassword(ctx, user, here.Session, ada.Password, "another horse"); err != nil {
		t.Fatal(err)
	}
	if alive(other) || !alive(here) {
		t.Error("after another password only the session here is to live")
	}

	change := func(email string) app.Mail {
		t.Helper()
		if err := a.ChangeEmail(ctx, user, email, "another horse"); err != nil {
			t.Fatal(err)
		}
		return write(t, a, pool)
	}
	if err := a.ChangeEmail(ctx, user, "new@example.com", "wrong horse"); app.KindOf(err) != app.Invalid {
		t.Errorf("a wrong password: %v", err)
	}
	if m := change("bob@example.com"); strings.Contains(m.Path, "token") {
		t.Errorf("a link to another's address: %+v", m)
	}
	token := tokenOf(t, change("new@example.com"))
	if email, err := a.NewEmail(ctx, token); err != nil || email != "new@example.com" {
		t.Errorf("%s, %v", email, err)
	}
	if err := a.CheckReset(ctx, token); app.KindOf(err) != app.NotFound {
		t.Errorf("a link to an address resets the password: %v", err)
	}
	if now, err := a.Session(ctx, here.Session, app.Visitor{}); err != nil || now.Email != "ada@example.com" {
		t.Errorf("before it is confirmed: %+v, %v", now, err)
	}
	if err := a.ConfirmEmail(ctx, token); err != nil {
		t.Fatal(err)
	}
	if now, err := a.Session(ctx, here.Session, app.Visitor{}); err != nil || now.Email != "new@example.com" {
		t.Errorf("%+v, %v", now, err)
	}
	if m := write(t, a, pool); m.To != "ada@example.com" {
		t.Errorf("the address before hears nothing: %+v", m)
	}
	if err := a.ConfirmEmail(ctx, token); app.KindOf(err) != app.NotFound {
		t.Errorf("twice: %v", err)
	}
	if err := a.EndSessions(ctx, user.ID); err != nil || alive(here) || !alive(bob) {
		t.Errorf("signed out everywhere: %v", err)
	}
}

// A guesser waits longer and longer; the person does not, on a device that is known or
// from anywhere else.
func TestGuessing(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	apptest.Tenant(t, a, "Acme")
	newUser(t, a, "ada@example.com", "acme", app.Owner)
	newUser(t, a, "eve@example.com", "acme", app.Owner)
	evil, home := app.Visitor{Address: "203.0.113.7"}, app.Visitor{Address: "198.51.100.1"}
	in, err := a.SignIn(ctx, "ada@example.com", ada.Password, evil) // they share an address
	if err != nil {
		t.Fatal(err)
	}
	eve, err := a.SignIn(ctx, "eve@example.com", ada.Password, evil)
	if err != nil {
		t.Fatal(err)
	}
	wait := time.Duration(0)
	tried := 0
	for range 40 {
		_, err := a.SignIn(ctx, "Ada@example.com", "wrong horse", evil)
		e, ok := err.(*app.Error)
		if !ok {
			t.Fatal(err)
		}
		if e.Kind == app.TooMany {
			wait = e.Wait
			break
		}
		tried++
	}
	if wait <= 0 || tried > 6 {
		t.Errorf("%d tries, then a wait of %s", tried, wait)
	}
	if _, err := a.SignIn(ctx, "ada@example.com", ada.Password, evil); app.KindOf(err) != app.TooMany {
		t.Errorf("the right password tells the guesser that it is: %v", err)
	}
	if _, err := a.SignIn(ctx, "ada@example.com", ada.Password, app.Visitor{Address: evil.Address, Device: eve.Device}); app.KindOf(err) != app.TooMany {
		t.Errorf("a device known for another account: %v", err)
	}
	for what, from := range map[string]app.Visitor{"another address": home, "a known device": {Address: evil.Address, Device: in.Device}} {
		if _, err := a.SignIn(ctx, "ada@example.com", ada.Password, from); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}

	// Many accounts from one address, and from one customer's part of IPv6, which has many.
	for _, address := range []func(int) string{
		func(int) string { return "192.0.2.1" }, func(i int) string { return fmt.Sprintf("2001:db8:1:2::%x", i+1) },
	} {
		tried := 0
		for i := range 60 {
			if _, err := a.SignIn(ctx, fmt.Sprintf("a%d@example.com", i), "correct horse", app.Visitor{Address: address(i)}); app.KindOf(err) == app.TooMany {
				break
			}
			tried++
		}
		if tried > 21 {
			t.Errorf("%d accounts tried from %s", tried, address(0))
		}
	}
}

func TestKeyScopes(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Keys")
	if _, err := tenant.CreateAPIKey(ctx, " ", "all", nil); app.KindOf(err) != app.Invalid || len(err.(*app.Error).Fields) != 2 {
		t.Errorf("no name, no such scope: %v", err)
	}
	key, err := tenant.CreateAPIKey(ctx, "build", app.ReadScope, nil)
	if err != nil {
		t.Fatal(err)
	}
	used := func() *time.Time {
		t.Helper()
		all, err := tenant.APIKeys(ctx)
		if err != nil || len(all) != 1 || all[0].Scope != app.ReadScope {
			t.Fatalf("%+v, %v", all, err)
		}
		return all[0].UsedAt
	}
	if used() != nil {
		t.Error("it was never used")
	}
	for range 2 {
		if _, _, err := a.Authorize(ctx, key); err != nil {
			t.Fatal(err)
		}
	}
	first := used()
	exec(t, pool, `UPDATE api_keys SET used_at = used_at - interval '30 seconds'`)
	if _, _, err := a.Authorize(ctx, key); err != nil {
		t.Fatal(err)
	}
	if second := used(); first == nil || !second.Before(*first) {
		t.Errorf("used at %v and half a minute later written anew: %v", first, second)
	}
	exec(t, pool, `UPDATE api_keys SET used_at = used_at - interval '1 minute'`)
	if _, _, err := a.Authorize(ctx, key); err != nil {
		t.Fatal(err)
	}
	if third := used(); third.Before(*first) {
		t.Errorf("after a minute it is not written: %v", third)
	}

	all, err := tenant.APIKeys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := apptest.Tenant(t, a, "Theirs").RevokeAPIKey(ctx, all[0].ID); app.KindOf(err) != app.NotFound {
		t.Errorf("another tenant revokes it: %v", err)
	}
	if err := tenant.RevokeAPIKey(ctx, all[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Authorize(ctx, key); app.KindOf(err) != app.Unauthenticated {
		t.Errorf("revoked: %v", err)
	}
}

func newUser(t *testing.T, a *app.App, email, slug, role string) app.User {
	t.Helper()
	user, err := a.CreateUser(context.Background(), app.NewUser{Name: email, Email: email, Password: ada.Password}, slug, role)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func slugFor(t *testing.T, a *app.App, name string) string {
	t.Helper()
	row, err := a.CreateTenant(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return row.Slug
}

// write writes the mail that was asked for last.
func write(t *testing.T, a *app.App, pool *pgxpool.Pool) app.Mail {
	t.Helper()
	m, err := a.WriteMail(context.Background(), newest(t, pool, ""))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newest(t *testing.T, pool *pgxpool.Pool, address string) (id string) {
	t.Helper()
	err := pool.QueryRow(context.Background(), `
		SELECT args->>'mail' FROM river_job JOIN mails m ON m.id::text = args->>'mail'
		WHERE $1 = '' OR lower(m.address) = $1 ORDER BY river_job.id DESC LIMIT 1`, address).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func tokenOf(t *testing.T, m app.Mail) string {
	t.Helper()
	u, err := url.Parse(m.Path)
	if err != nil || len(u.Query().Get("token")) < 40 {
		t.Fatalf("the mail's link: %+v", m)
	}
	return u.Query().Get("token")
}

// everything is what the database keeps, as text.
func everything(t *testing.T, pool *pgxpool.Pool) (all string) {
	t.Helper()
	for _, table := range []string{"invitations", "mails", "mailed_links", "users", "sessions", "river_job"} {
		var rows *string
		if err := pool.QueryRow(context.Background(), `SELECT string_agg(x::text, '') FROM `+table+` x`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		if rows != nil {
			all += *rows
		}
	}
	return all
}

func exec(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	if tag, err := pool.Exec(context.Background(), sql); err != nil || tag.RowsAffected() == 0 {
		t.Fatal(sql, tag, err)
	}
}

func count(t *testing.T, pool *pgxpool.Pool, sql string) (n int) {
	t.Helper()
	if err := pool.QueryRow(context.Background(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestUserCommands(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	apptest.Tenant(t, a, "Acme")
	run := func(verb interface {
		Run(context.Context, *app.App, io.Writer) error
	}) map[string]any {
		t.Helper()
		var out bytes.Buffer
		if err := verb.Run(ctx, a, &out); err != nil {
			t.Fatal(err)
		}
		var answer map[string]any
		if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
		return answer
	}
	made := run(&app.UserCreate{Email: "ada@example.com", Tenant: "acme", Role: app.Viewer, JSON: true})
	in, err := a.SignIn(ctx, "ada@example.com", made["password"].(string), app.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	list := run(&app.UserList{JSON: true})["users"].([]any)
	if u := list[0].(map[string]any); len(list) != 1 || u["email"] != "ada@example.com" || u["workspaces"].(map[string]any)["acme"] != app.Viewer {
		t.Errorf("%v", list)
	}
	reset := run(&app.UserResetPassword{Email: "ADA@example.com", JSON: true})
	if _, err := a.SignIn(ctx, "ada@example.com", reset["password"].(string), app.Visitor{}); err != nil {
		t.Error(err)
	}
	if _, err := a.Session(ctx, in.Session, app.Visitor{}); app.KindOf(err) != app.Unauthenticated {
		t.Errorf("a session from before: %v", err)
	}
	if err := (&app.UserResetPassword{Email: "eve@example.com"}).Run(ctx, a, io.Discard); app.KindOf(err) != app.NotFound {
		t.Errorf("nobody: %v", err)
	}
	if err := (&app.UserResetPassword{Email: "ada@example.com", PasswordFile: []byte("short\n")}).Run(ctx, a, io.Discard); app.KindOf(err) != app.Invalid {
		t.Errorf("a short one: %v", err)
	}
	key := run(&app.APIKeyCreate{Tenant: "acme", Name: "k", Scope: app.ReadScope, JSON: true})["key"].(string)
	_, tenant, err := a.Authorize(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{}); app.KindOf(err) != app.Forbidden {
		t.Errorf("a key that may read: %v", err)
	}
}
