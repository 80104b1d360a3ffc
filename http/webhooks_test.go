package http_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

func TestWebhooksAPI(t *testing.T) {
	s := newSite(t)
	ctx := context.Background()
	hook := apptest.NewHook(t, nil)
	var w, again app.Webhook
	body := `{"url":"` + hook.URL + `/hook","events":["batch.succeeded","render.failed"]}`
	made := s.api("POST", "/webhooks", body, "Idempotency-Key", "k").want(t, 201)
	made.json(t, &w)
	if !strings.HasPrefix(w.Secret, "whsec_") || !w.Enabled || len(w.Events) != 2 || made.Header.Get("Cache-Control") != "no-store" || !strings.HasSuffix(made.Header.Get("Location"), "/api/v1/webhooks/"+w.ID) {
		t.Errorf("%s, %v", made.body, made.Header)
	}
	replay := s.api("POST", "/webhooks", body, "Idempotency-Key", "k").want(t, 201)
	if replay.json(t, &again); again.ID != w.ID || again.Secret != w.Secret || replay.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("not replayed: %s", replay.body)
	}
	for _, path := range []string{"/webhooks", "/webhooks/" + w.ID} {
		if got := s.api("GET", path, nil).want(t, 200); strings.Contains(got.body, "secret") || !strings.Contains(got.body, `"disabled_reason":null`) {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	for _, bad := range []string{`{}`, `{"url":"http://127.0.0.1/","events":["render.failed"]}`, `{"url":"https://10.0.0.1/","events":["render.failed"]}`, `{"url":"https://127.0.0.1/","events":["x"]}`, `{"url":7,"events":[]}`, `{"url":"https://127.0.0.1/","events":["render.failed"],"enabled":true}`} {
		if p := s.api("POST", "/webhooks", bad).problem(t, 422); len(p.Errors) == 0 {
			t.Errorf("%s: %+v", bad, p)
		}
	}
	changed := s.api("PATCH", "/webhooks/"+w.ID, `{"events":["render.canceled"]}`).want(t, 200)
	if changed.json(t, &again); len(again.Events) != 1 || again.URL != w.URL || !again.Enabled || strings.Contains(changed.body, "secret") {
		t.Errorf("%s", changed.body)
	}
	s.api("PATCH", "/webhooks/"+w.ID, `{"enabled":false}`).want(t, 200)
	s.api("POST", "/webhooks/"+w.ID+"/test", nil).problem(t, 409)
	s.api("PATCH", "/webhooks/"+w.ID, `{"enabled":true,"events":[]}`).problem(t, 422)
	s.api("PATCH", "/webhooks/"+w.ID, `{"enabled":true}`).want(t, 200)

	var d, same app.Delivery
	sent := s.api("POST", "/webhooks/"+w.ID+"/test", nil, "Idempotency-Key", "t").want(t, 202)
	sent.json(t, &d)
	if d.Status != app.Pending || d.NextAttemptAt == nil || !strings.HasSuffix(sent.Header.Get("Location"), "/webhooks/"+w.ID+"/deliveries/"+d.ID) || !strings.Contains(sent.body, `"payload":{"type":"webhook.test",`) {
		t.Errorf("%s", sent.body)
	}
	if s.api("POST", "/webhooks/"+w.ID+"/test", nil, "Idempotency-Key", "t").want(t, 202).json(t, &same); same.ID != d.ID {
		t.Errorf("not replayed: %+v", same)
	}
	if _, err := s.tenant.Deliver(ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	(<-hook.Got).Verify(t, w.Secret)
	var l app.List[app.Delivery]
	if s.api("GET", "/webhooks/"+w.ID+"/deliveries?limit=1", nil).want(t, 200).json(t, &l); len(l.Data) != 1 || l.Next != nil || l.Data[0].Status != app.Delivered || *l.Data[0].ResponseCode != 200 || len(l.Data[0].Attempts) != 1 {
		t.Errorf("%+v", l)
	}
	if s.api("POST", "/webhooks/"+w.ID+"/deliveries/"+d.ID+"/resend", nil).want(t, 202).json(t, &same); same.EventID != d.EventID || same.Status != app.Pending {
		t.Errorf("%+v", same)
	}

	s.api("GET", "/webhooks/"+w.ID+"/deliveries/"+d.ID, nil).want(t, 200)
	s.api("GET", "/webhooks/batches/deliveries/"+d.ID, nil).problem(t, 404)
	s.api("POST", "/webhooks/batches/deliveries/"+d.ID+"/resend", nil).problem(t, 404)

	var secret struct{ Secret string }
	s.api("POST", "/webhooks/"+w.ID+"/rotate", nil).want(t, 200).json(t, &again)
	if s.api("GET", "/webhooks/"+w.ID+"/secret", nil).want(t, 200).json(t, &secret); secret.Secret != again.Secret || again.Secret == w.Secret {
		t.Errorf("%+v, %+v", secret, again)
	}

	// A batch's own address is signed with a secret that every batch's has.
	x := makeThings(t, s.tenant, "Card")
	row := `"rows":[{"name":"a","accent":"#000"}]`
	var b app.Batch
	s.api("POST", "/batches", `{"design":"`+x.design+`",`+row+`,"webhook_url":"`+hook.URL+`/own"}`).want(t, 202).json(t, &b)
	if p := s.api("POST", "/batches", `{"design":"`+x.design+`",`+row+`,"webhook_url":"https://10.0.0.1/"}`).problem(t, 422); p.Errors[0].Field != "webhook_url" {
		t.Errorf("%+v", p)
	}
	if b.WebhookURL != hook.URL+"/own" {
		t.Errorf("%+v", b)
	}
	s.api("DELETE", "/batches/"+b.ID, nil).want(t, 200)
	s.api("GET", "/webhooks/batches/deliveries", nil).want(t, 200).json(t, &l)
	if len(l.Data) != 1 || l.Data[0].Type != "batch.canceled" || l.Data[0].URL != b.WebhookURL {
		t.Fatalf("%+v", l)
	}
	if _, err := s.tenant.Deliver(ctx, l.Data[0].ID); err != nil {
		t.Fatal(err)
	}
	s.api("GET", "/webhooks/batches/secret", nil).want(t, 200).json(t, &secret)
	(<-hook.Got).Verify(t, secret.Secret)
	if got := s.api("GET", "/webhooks", nil).want(t, 200); strings.Count(got.body, `"id"`) != 2 { // ours, and one of the things
		t.Errorf("%s", got.body)
	}
	s.api("DELETE", "/webhooks/batches", nil).problem(t, 409)

	key, err := s.tenant.CreateAPIKey(ctx, "reader", app.ReadScope, nil)
	if err != nil {
		t.Fatal(err)
	}
	writer := s.key
	s.key = key
	s.api("GET", "/webhooks/"+w.ID, nil).want(t, 200)
	s.api("GET", "/webhooks/batches/deliveries", nil).want(t, 200)
	s.api("GET", "/webhooks/"+w.ID+"/secret", nil).problem(t, 403)
	s.api("POST", "/webhooks", body).problem(t, 403)
	s.api("POST", "/webhooks/"+w.ID+"/deliveries/"+d.ID+"/resend", nil).problem(t, 403)
	s.api("DELETE", "/webhooks/"+w.ID, nil).problem(t, 403)
	s.key = writer
	s.api("DELETE", "/webhooks/"+w.ID, nil).want(t, 204)
	s.api("GET", "/webhooks/"+w.ID, nil).problem(t, 404)
	if _, err := s.tenant.Deliver(ctx, d.ID); app.KindOf(err) != app.NotFound {
		t.Errorf("a message to nobody: %v", err)
	}
}

func TestWebhooksPage(t *testing.T) {
	s := newSite(t)
	if text := parse(t, s.page("/t/acme/webhooks").want(t, 200).body).one(t, "main").text(); !strings.Contains(text, "No webhooks yet") {
		t.Errorf("the empty page says %s", text)
	}
	wrong := parse(t, s.post("/t/acme/webhooks", url.Values{"url": {"http://<b>"}}).want(t, 422).body)
	if in := wrong.one(t, "input", "name=url"); in.attr("value") != "http://<b>" || in.attr("aria-invalid") != "true" || wrong.one(t, "p", "id=url-fault").text() == "" || wrong.one(t, "p", "id=events-fault").text() == "" {
		t.Error("the faults are not beside what is wrong")
	}
	status := 500
	hook := apptest.NewHook(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	made := s.post("/t/acme/webhooks", url.Values{"url": {hook.URL + "/<b>"}, "events": {"render.failed"}}).want(t, 201)
	page := parse(t, made.body)
	secret := page.one(t, "code", "class=secret").text()
	if made.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(secret, "whsec_") || strings.Contains(made.body, "/<b>") {
		t.Errorf("the secret %q, %v", secret, made.Header)
	}
	all := parse(t, s.page("/t/acme/webhooks").want(t, 200).body).one(t, "section", "aria-label=Webhooks")
	here := all.all("a")[0].attr("href")
	if !strings.Contains(all.text(), hook.URL+"/<b> render.failed · added") {
		t.Errorf("the list says %s", all.text())
	}
	plain := s.page(here).want(t, 200)
	if strings.Contains(plain.body, secret) || !strings.Contains(plain.body, "Nothing was sent yet") {
		t.Error("the page shows the secret, or does not say that nothing was sent")
	}
	if shown := s.post(here+"/secret", nil).want(t, 200); parse(t, shown.body).one(t, "code", "class=secret").text() != secret || shown.Header.Get("Cache-Control") != "no-store" {
		t.Error("the secret is not shown")
	}
	other := parse(t, s.post(here+"/rotate", nil).want(t, 200).body).one(t, "code", "class=secret").text()
	if other == secret {
		t.Error("the secret is as it was")
	}

	s.post(here+"/test", nil).want(t, 303)
	sent, err := s.tenant.Deliveries(context.Background(), strings.TrimPrefix(here, "/t/acme/webhooks/"), app.PageRequest{})
	if err != nil || len(sent.Data) != 1 {
		t.Fatalf("%+v, %v", sent, err)
	}
	if _, err := s.tenant.Deliver(context.Background(), sent.Data[0].ID); err != nil {
		t.Fatal(err)
	}
	(<-hook.Got).Verify(t, other)
	list := parse(t, s.page(here).body).one(t, "section", "aria-labelledby=deliveries-title")
	if text := list.text(); !strings.Contains(text, "webhook.test") || !strings.Contains(text, "Trying again Send now Its server answers 500.") || !strings.Contains(text, "1 attempt") || !strings.Contains(text, "500 after") {
		t.Errorf("the page says %s", text)
	}
	status = 200
	s.post(list.one(t, "form").attr("action"), nil).want(t, 303)
	if _, err := s.tenant.Deliver(context.Background(), sent.Data[0].ID); err != nil {
		t.Fatal(err)
	}
	if text := parse(t, s.page(here).body).one(t, "section", "aria-labelledby=deliveries-title").text(); !strings.Contains(text, "Delivered Send again 2 attempts") {
		t.Errorf("the page says %s", text)
	}

	s.post(here+"/disable", nil).want(t, 303)
	if refused := parse(t, s.post(here+"/test", nil).want(t, 409).body); !strings.Contains(refused.one(t, "p", "role=alert").text(), "enable it first") {
		t.Errorf("it is told: %s", refused.text())
	}
	s.post(here+"/enable", nil).want(t, 303)
	if wrong := parse(t, s.post(here, url.Values{"url": {"https://10.0.0.1/"}, "events": {"batch.failed"}}).want(t, 422).body); wrong.one(t, "input", "name=url").attr("value") != "https://10.0.0.1/" || wrong.one(t, "p", "id=url-fault").text() == "" {
		t.Error("the fault is not beside the address")
	}
	s.post(here, url.Values{"url": {hook.URL}, "events": {"batch.failed"}}).want(t, 303)
	if page = parse(t, s.page(here).body); page.one(t, "h1").text() != hook.URL || len(page.all("input", "name=events", "checked")) != 1 {
		t.Errorf("the page is %s", page.text())
	}
	s.post("/t/acme/webhooks/batches/secret", nil).want(t, 200)
	s.page("/t/acme/webhooks/batches").want(t, 200)
	s.post("/t/acme/webhooks/batches/delete", nil).want(t, 409)
	s.post(here+"/delete", nil).want(t, 303)
	s.page(here).want(t, 404)

	s.cookie = s.member(app.Viewer)
	s.page("/t/acme/webhooks").want(t, 403)
	if len(parse(t, s.page("/t/acme/").body).all("a", "href=/t/acme/webhooks")) != 0 {
		t.Error("a viewer is led to the webhooks")
	}
}
