package app_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
)

// What comes to its end is told once to each webhook that asked for it, signed, with
// what the API answers about it. Rows and thumbnails are not told of.
func TestWebhooks(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	other := apptest.Tenant(t, a, "Other")
	hook := apptest.NewHook(t, nil)
	all, renders := webhook(t, tenant, hook.URL+"/all", app.WebhookEvents()...), webhook(t, tenant, hook.URL+"/renders", "render.failed", "render.failed", "render.canceled")
	webhook(t, other, hook.URL+"/other", app.WebhookEvents()...)
	if len(renders.Events) != 2 || !strings.HasPrefix(all.Secret, "whsec_") || all.Secret == renders.Secret {
		t.Errorf("%+v, %+v", all, renders)
	}
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	render := func() app.Render {
		t.Helper()
		r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: country("Aruba")})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	picture := app.Picture{File: apptest.PNG(4, 4), Width: 4, Height: 4}
	good, bad, gone := render(), render(), render()
	for range 2 { // only the first end counts
		if err := tenant.FinishRender(ctx, good, picture); err != nil {
			t.Fatal(err)
		}
		if err := tenant.FailRender(ctx, bad, "it is <broken>"); err != nil {
			t.Fatal(err)
		}
		if _, err := tenant.CancelRender(ctx, gone.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := tenant.FailRender(ctx, app.Render{ID: waiting(t, pool, d.ID)[0]}, "no matter"); err != nil {
		t.Fatal(err)
	}
	got := deliver(t, tenant, hook)
	for _, want := range []struct {
		path, secret, kind, id string
		more                   string
	}{
		{"/all", all.Secret, "render.succeeded", good.ID, `"file_url":"https://majestic.example/` + good.ID + `"`},
		{"/all", all.Secret, "render.failed", bad.ID, `"error":"it is <broken>"`},
		{"/all", all.Secret, "render.canceled", gone.ID, `"status":"canceled"`},
		{"/renders", renders.Secret, "render.failed", bad.ID, `"variables":{`},
		{"/renders", renders.Secret, "render.canceled", gone.ID, ""},
	} {
		m := took(t, got, want.path, want.kind)
		e := m.Verify(t, want.secret)
		if at, err := time.Parse(time.RFC3339Nano, e.Timestamp); err != nil || time.Since(at) > time.Hour || e.Data["id"] != want.id || !strings.Contains(string(m.Body), want.more) {
			t.Errorf("%s", m.Body)
		}
		if id := m.Header.Get("webhook-id"); !strings.HasPrefix(id, "msg_") || strings.Contains(id, ".") || m.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v", m.Header)
		}
	}
	if a, b := took(t, got, "/all", "render.failed"), took(t, got, "/renders", "render.failed"); a.Header.Get("webhook-id") != b.Header.Get("webhook-id") {
		t.Error("one event has two ids")
	}
	if len(got) != 5 {
		t.Errorf("%d messages", len(got))
	}

	// A batch is told of once, to the address that it named as well.
	rows := []map[string]string{country("Aruba"), country("Chad")}
	b, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: rows, WebhookURL: hook.URL + "/own"})
	if err != nil || b.WebhookURL != hook.URL+"/own" {
		t.Fatalf("%+v, %v", b, err)
	}
	pending, err := tenant.PendingRows(ctx, b.ID, 0, 9)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range pending {
		if err := tenant.FinishRender(ctx, r, picture); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := tenant.FinishBatch(ctx, b.ID); err != nil {
			t.Fatal(err)
		}
	}
	own, err := tenant.WebhookSecret(ctx, app.BatchesWebhook)
	if err != nil {
		t.Fatal(err)
	}
	got = deliver(t, tenant, hook)
	if e := took(t, got, "/own", "batch.succeeded").Verify(t, own); e.Data["id"] != b.ID || e.Data["done"] != 2.0 || len(got) != 2 {
		t.Errorf("%+v of %d", e, len(got))
	}
	took(t, got, "/all", "batch.succeeded").Verify(t, all.Secret)
	for reason, end := range map[string]func(id string) error{
		"batch.canceled": func(id string) error { _, err := tenant.CancelBatch(ctx, id); return err },
		"batch.failed":   func(id string) error { return tenant.FailBatch(ctx, id, "it is broken") },
	} {
		b, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: rows})
		if err == nil {
			err = end(b.ID)
		}
		if err == nil {
			err = end(b.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got = deliver(t, tenant, hook); len(got) != 1 || took(t, got, "/all", reason).Verify(t, all.Secret).Data["status"] != strings.TrimPrefix(reason, "batch.") {
			t.Errorf("%s: %d messages", reason, len(got))
		}
	}
	if n := count(t, pool, `SELECT count(*) FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE w.tenant_id = '`+other.ID()+`'`); n != 0 {
		t.Errorf("another tenant is told %d times", n)
	}
	// All or nothing: an end that does not commit is not told, and has no job.
	if jobs, all := count(t, pool, `SELECT count(*) FROM river_job WHERE kind = 'delivery'`), count(t, pool, `SELECT count(*) FROM deliveries`); jobs != all {
		t.Errorf("%d jobs of %d deliveries", jobs, all)
	}
}

// A server that does not take a message is asked again for a day and some hours, as it
// asks itself, and then the message waits for a person.
func TestDeliveryRetries(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	status, after := http.StatusInternalServerError, ""
	hook := apptest.NewHook(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", after)
		w.WriteHeader(status)
	})
	w := webhook(t, tenant, hook.URL, "render.failed")
	d, err := tenant.TestWebhook(ctx, nil, w.ID)
	if err != nil || d.Type != "webhook.test" || d.Status != app.Pending || len(d.Attempts) != 0 {
		t.Fatalf("%+v, %v", d, err)
	}
	total := time.Duration(0)
	try := func() time.Duration {
		t.Helper()
		exec(t, pool, `UPDATE deliveries SET next_attempt_at = now() WHERE status = 'pending'`)
		wait, err := tenant.Deliver(ctx, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	for n := 1; n <= 7; n++ {
		wait := try()
		if total += wait; wait <= 0 {
			t.Errorf("after attempt %d it waits %s", n, wait)
		}
		if early, err := tenant.Deliver(ctx, d.ID); err != nil || early <= wait-10*time.Second || early > wait {
			t.Errorf("asked too early it waits %s of %s, %v", early, wait, err)
		}
	}
	if total < 24*time.Hour || total > 36*time.Hour {
		t.Errorf("it is tried for %s", total)
	}
	if wait := try(); wait != 0 {
		t.Errorf("after the last attempt it waits %s", wait)
	}
	if _, err := tenant.Deliver(ctx, d.ID); app.KindOf(err) != app.Conflict {
		t.Errorf("one that failed: %v", err)
	}
	d, err = tenant.Delivery(ctx, w.ID, d.ID)
	if err != nil || d.Status != app.Failed || len(d.Attempts) != 8 || *d.ResponseCode != 500 || d.NextAttemptAt != nil || d.Attempts[7].ResponseCode != 500 || *d.Attempts[7].Milliseconds < 0 {
		t.Errorf("%+v, %v", d, err)
	}
	ids := map[string]bool{}
	for len(hook.Got) > 0 {
		m := <-hook.Got
		m.Verify(t, w.Secret)
		ids[m.Header.Get("webhook-id")] = true
	}
	if len(ids) != 1 || !ids[d.EventID] {
		t.Errorf("sent as %v", ids)
	}
	if w, err = tenant.Webhook(ctx, w.ID); err != nil || !w.Enabled || w.FailingSince == nil {
		t.Errorf("%+v, %v", w, err)
	}

	// By hand it begins anew, and what the server asks for counts within reason.
	status = http.StatusServiceUnavailable
	for said, want := range map[string][2]time.Duration{
		"":                              {5 * time.Second, 6 * time.Second},
		"1":                             {5 * time.Second, 6 * time.Second},
		"3600":                          {time.Hour, time.Hour},
		"99999999":                      {12 * time.Hour, 12 * time.Hour},
		"Wed, 21 Oct 2015 07:28:00 GMT": {5 * time.Second, 6 * time.Second},
		"soon":                          {5 * time.Second, 6 * time.Second},
	} {
		exec(t, pool, `UPDATE deliveries SET status = 'failed'; UPDATE river_job SET state = 'completed', finalized_at = now()`)
		if _, err := tenant.ResendDelivery(ctx, nil, w.ID, d.ID); err != nil {
			t.Fatal(err)
		}
		if after = said; true {
			if wait := try(); wait < want[0] || wait > want[1] {
				t.Errorf("Retry-After %q: it waits %s", said, wait)
			}
		}
	}
	// One that waits for its time is sent now by the job that it has; one that is being sent is not.
	if _, err := tenant.ResendDelivery(ctx, nil, w.ID, d.ID); err != nil {
		t.Fatal(err)
	}
	if n := count(t, pool, `SELECT count(*) FROM river_job WHERE state = 'available' AND kind = 'delivery' AND scheduled_at <= now()`); n != 1 {
		t.Errorf("%d jobs", n)
	}
	exec(t, pool, `UPDATE river_job SET state = 'running' WHERE state = 'available'`)
	if _, err := tenant.ResendDelivery(ctx, nil, w.ID, d.ID); app.KindOf(err) != app.Conflict {
		t.Errorf("%v", err)
	}
	status = http.StatusNoContent
	if wait := try(); wait != 0 {
		t.Errorf("it waits %s", wait)
	}
	if w, err = tenant.Webhook(ctx, w.ID); err != nil || w.FailingSince != nil {
		t.Errorf("%+v, %v", w, err)
	}
}

// A webhook that wants no more, or that nothing gets to for days, is disabled, and the
// owners are told.
func TestWebhookDisabled(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	row, err := a.CreateTenant(ctx, "Acme")
	if err != nil {
		t.Fatal(err)
	}
	tenant := a.In(row.ID)
	for _, role := range app.Roles() {
		newUser(t, a, role+"@example.com", row.Slug, role)
	}
	status := http.StatusGone
	hook := apptest.NewHook(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) })
	w := webhook(t, tenant, hook.URL, "render.failed")
	send := func() {
		t.Helper()
		d, err := tenant.TestWebhook(ctx, nil, w.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tenant.Deliver(ctx, d.ID); err != nil {
			t.Fatal(err)
		}
	}
	mails := func() int { return count(t, pool, `SELECT count(*) FROM mails WHERE kind = 'webhook'`) }
	waiting, err := tenant.TestWebhook(ctx, nil, w.ID)
	if err != nil {
		t.Fatal(err)
	}
	send()
	if w, err = tenant.Webhook(ctx, w.ID); err != nil || w.Enabled || !strings.Contains(*w.DisabledReason, "410 Gone") || mails() != 1 {
		t.Errorf("%+v, %d mails, %v", w, mails(), err)
	}
	m, err := a.WriteMail(ctx, newest(t, pool, "owner@example.com"))
	if err != nil || m.Path != "/t/acme/webhooks/"+w.ID || !strings.Contains(m.Lines[0], hook.URL) {
		t.Errorf("%+v, %v", m, err)
	}
	// What waits is not sent any more, nothing new is made, and nothing is tried by hand.
	if _, err := tenant.Deliver(ctx, waiting.ID); app.KindOf(err) != app.Conflict {
		t.Errorf("%v", err)
	}
	if waiting, err = tenant.Delivery(ctx, w.ID, waiting.ID); err != nil || waiting.Status != app.Failed || *waiting.Error != "the webhook is disabled" {
		t.Errorf("%+v, %v", waiting, err)
	}
	designs, err := tenant.Designs(ctx, app.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: designs.Data[0].ID, Variables: map[string]string{"title": "t", "kicker": "k", "author": "a", "date": "d", "accent": "#000"}})
	if err == nil {
		err = tenant.FailRender(ctx, r, "it is broken")
	}
	if n := count(t, pool, `SELECT count(*) FROM deliveries`); n != 2 || err != nil {
		t.Errorf("%d deliveries, %v", n, err)
	}
	if _, err := tenant.TestWebhook(ctx, nil, w.ID); app.KindOf(err) != app.Conflict {
		t.Errorf("%v", err)
	}
	if _, err := tenant.ResendDelivery(ctx, nil, w.ID, waiting.ID); app.KindOf(err) != app.Conflict {
		t.Errorf("%v", err)
	}

	on := true
	if w, err = tenant.ChangeWebhook(ctx, w.ID, app.WebhookRequest{Enabled: &on}); err != nil || !w.Enabled || w.DisabledReason != nil {
		t.Errorf("%+v, %v", w, err)
	}
	if _, err := a.WriteMail(ctx, newest(t, pool, "owner@example.com")); app.KindOf(err) != app.NotFound {
		t.Errorf("a mail that has lost its reason: %v", err)
	}
	status = http.StatusBadGateway
	fail := func(days int) {
		t.Helper()
		send()
		exec(t, pool, fmt.Sprintf(`UPDATE webhooks SET failing_since = now() - interval '%d days 1 minute'`, days))
		d, err := tenant.TestWebhook(ctx, nil, w.ID)
		if err != nil {
			t.Fatal(err)
		}
		for tries := 7; tries <= 8; tries++ { // the last but one, and the last
			exec(t, pool, fmt.Sprintf(`UPDATE deliveries SET tries = %d, next_attempt_at = now() WHERE id = '%s'`, tries-1, d.ID))
			if _, err := tenant.Deliver(ctx, d.ID); err != nil {
				t.Fatal(err)
			}
			if w, err = tenant.Webhook(ctx, w.ID); err != nil || tries == 7 && !w.Enabled {
				t.Errorf("%+v, %v", w, err)
			}
		}
	}
	if fail(2); !w.Enabled || mails() != 1 {
		t.Errorf("after two days: %+v", w)
	}
	if fail(3); w.Enabled || *w.DisabledReason != "nothing has got there for 3 days" || mails() != 2 {
		t.Errorf("after three days: %+v, %d mails", w, mails())
	}

	// The addresses of batches are each batch's own business.
	if _, err := tenant.WebhookSecret(ctx, app.BatchesWebhook); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]error{
		"change": second(tenant.ChangeWebhook(ctx, app.BatchesWebhook, app.WebhookRequest{Enabled: &on})),
		"delete": tenant.DeleteWebhook(ctx, app.BatchesWebhook),
		"test":   second(tenant.TestWebhook(ctx, nil, app.BatchesWebhook)),
	} {
		if app.KindOf(change) != app.Conflict {
			t.Errorf("%s: %v", name, change)
		}
	}
}

// For a day after a secret is replaced both are good, and then the new one alone.
func TestWebhookSecrets(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	hook := apptest.NewHook(t, nil)
	w := webhook(t, tenant, hook.URL, "render.failed")
	again, err := tenant.RotateWebhookSecret(ctx, nil, w.ID)
	if err != nil || again.Secret == w.Secret || again.RotatedAt == nil {
		t.Fatalf("%+v, %v", again, err)
	}
	if now, err := tenant.WebhookSecret(ctx, w.ID); err != nil || now != again.Secret {
		t.Errorf("%s, %v", now, err)
	}
	send := func() apptest.Told {
		t.Helper()
		d, err := tenant.TestWebhook(ctx, nil, w.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tenant.Deliver(ctx, d.ID); err != nil {
			t.Fatal(err)
		}
		return <-hook.Got
	}
	m := send()
	m.Verify(t, w.Secret)
	m.Verify(t, again.Secret)
	exec(t, pool, `UPDATE webhooks SET rotated_at = now() - interval '25 hours'`)
	if m = send(); strings.Contains(m.Header.Get("webhook-signature"), " ") {
		t.Errorf("%v", m.Header)
	}
	m.Verify(t, again.Secret)
}

// A process that ends while it sends is told of in the delivery; the next one sends the
// message again, with the same id, and that one attempt is not the server's fault.
func TestDeliveryCut(t *testing.T) {
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	asked := 0
	hook := apptest.NewHook(t, func(w http.ResponseWriter, r *http.Request) {
		switch asked++; asked {
		case 1:
			<-r.Context().Done()
		case 2:
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	w := webhook(t, tenant, hook.URL, "render.failed")
	d, err := tenant.TestWebhook(t.Context(), nil, w.ID)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := tenant.Deliver(ctx, d.ID)
		ended <- err
	}()
	first := <-hook.Got
	stop()
	if err := <-ended; err != context.Canceled {
		t.Fatal(err)
	}
	if wait, err := tenant.Deliver(t.Context(), d.ID); wait < 5*time.Second || wait > 6*time.Second || err != nil { // as after the first
		t.Fatalf("%s, %v", wait, err)
	}
	exec(t, pool, `UPDATE deliveries SET next_attempt_at = now()`)
	if wait, err := tenant.Deliver(t.Context(), d.ID); wait != 0 || err != nil {
		t.Fatalf("%s, %v", wait, err)
	}
	if again := <-hook.Got; again.Header.Get("webhook-id") != first.Header.Get("webhook-id") || string(again.Body) != string(first.Body) {
		t.Errorf("%v, and then %v", first, again)
	}
	d, err = tenant.Delivery(t.Context(), w.ID, d.ID)
	if err != nil || d.Status != app.Delivered || len(d.Attempts) != 3 || !strings.Contains(d.Attempts[0].Error, "our server ended") || d.Attempts[2].ResponseCode != 200 || d.Error != nil {
		t.Errorf("%+v, %v", d, err)
	}
}

// An address that leads elsewhere than to a public server by https is refused when it
// is given, as far as it tells; the same in each place that takes one.
func TestWebhookAddresses(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	designs, err := tenant.Designs(ctx, app.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	w := webhook(t, tenant, "https://127.0.0.1/", "render.failed")
	// Here what is not of this machine is what is not public there; see the tests of remote.
	for _, address := range []string{"", "http://127.0.0.1/", "https://10.0.0.1/", "https://[::ffff:192.168.0.1]/", "https://ada:secret@127.0.0.1/", "ftp://127.0.0.1/", "https:///x", "//x", "https://127.0.0.1/" + strings.Repeat("a", 2000)} {
		_, made := tenant.CreateWebhook(ctx, nil, app.WebhookRequest{URL: &address, Events: app.WebhookEvents()})
		_, changed := tenant.ChangeWebhook(ctx, w.ID, app.WebhookRequest{URL: &address})
		_, batch := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: designs.Data[0].ID, Rows: []map[string]string{{}}, WebhookURL: address})
		for where, err := range map[string]error{"url": made, "url ": changed, "webhook_url": batch} {
			if where == "webhook_url" && address == "" {
				continue // none
			}
			e, _ := err.(*app.Error)
			if e == nil || e.Kind != app.Invalid || e.Fields[0].Field != strings.TrimSpace(where) {
				t.Errorf("%s %q: %v", where, address, err)
			}
		}
	}
	for _, events := range [][]string{{}, {"render.eaten"}, {"webhook.test"}} {
		url := "https://127.0.0.1/"
		if _, err := tenant.CreateWebhook(ctx, nil, app.WebhookRequest{URL: &url, Events: events}); app.KindOf(err) != app.Invalid {
			t.Errorf("%v: %v", events, err)
		}
	}
	for range 19 {
		webhook(t, tenant, "https://127.0.0.1/", "render.failed")
	}
	url := "https://127.0.0.1/"
	if _, err := tenant.CreateWebhook(ctx, nil, app.WebhookRequest{URL: &url, Events: app.WebhookEvents()}); app.KindOf(err) != app.Conflict {
		t.Errorf("one more: %v", err)
	}
}

func webhook(t *testing.T, tenant app.Tenant, url string, events ...string) app.Webhook {
	t.Helper()
	w, err := tenant.CreateWebhook(context.Background(), nil, app.WebhookRequest{URL: &url, Events: events})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// deliver sends all that waits, and answers with what the server got.
func deliver(t *testing.T, tenant app.Tenant, hook *apptest.Hook) (got []apptest.Told) {
	t.Helper()
	ctx := context.Background()
	all, err := tenant.Webhooks(ctx, app.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range append(all.Data, app.Webhook{ID: app.BatchesWebhook}) {
		sent, err := tenant.Deliveries(ctx, w.ID, app.PageRequest{})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range sent.Data {
			if d.Status != app.Pending {
				continue
			}
			if wait, err := tenant.Deliver(ctx, d.ID); err != nil || wait != 0 {
				t.Fatalf("%s, %v", wait, err)
			}
			got = append(got, <-hook.Got)
		}
	}
	return got
}

func took(t *testing.T, got []apptest.Told, path, kind string) apptest.Told {
	t.Helper()
	i := slices.IndexFunc(got, func(m apptest.Told) bool {
		return m.Path == path && strings.Contains(string(m.Body), `"type":"`+kind+`"`)
	})
	if i < 0 {
		t.Fatalf("%s was not told of %s, but %d other things", path, kind, len(got))
	}
	return got[i]
}

func second[T any](_ T, err error) error { return err }
