package http

import (
	"net/http"

	"majestic/app"
	"majestic/http/views"
)

// webhookBody is a webhook as it is asked for, or what of it is to change.
type webhookBody struct {
	URL     *string  `json:"url"`
	Events  []string `json:"events"`
	Enabled *bool    `json:"enabled"`
}

// secretBody is what a webhook's messages are signed with.
type secretBody struct {
	Secret string `json:"secret"`
}

func (s *Server) listWebhooks(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	webhooks, err := t.Webhooks(r.Context(), page)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, webhooks)
}

func (s *Server) createWebhook(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	var in struct {
		URL    *string  `json:"url"`
		Events []string `json:"events"`
	}
	body, err := readJSON(w, r, maxBody, &in)
	if err != nil {
		return err
	}
	once, err := onceOf(r, body)
	if err != nil {
		return err
	}
	made, err := t.CreateWebhook(r.Context(), once, app.WebhookRequest{URL: in.URL, Events: in.Events})
	if err != nil {
		return err
	}
	sayReplayed(w, once)
	w.Header().Set("Location", s.o.BaseURL+"/api/v1/webhooks/"+made.ID)
	return writeSecret(w, http.StatusCreated, made)
}

func (s *Server) getWebhook(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	found, err := t.Webhook(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, found)
}

func (s *Server) patchWebhook(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	var in webhookBody
	if _, err := readJSON(w, r, maxBody, &in); err != nil {
		return err
	}
	changed, err := t.ChangeWebhook(r.Context(), r.PathValue("id"), app.WebhookRequest(in))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, changed)
}

func (s *Server) deleteWebhook(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	if err := t.DeleteWebhook(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) getSecret(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	secret, err := t.WebhookSecret(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeSecret(w, http.StatusOK, secretBody{secret})
}

func (s *Server) rotateSecret(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	once, err := onceOfEmpty(w, r)
	if err != nil {
		return err
	}
	changed, err := t.RotateWebhookSecret(r.Context(), once, r.PathValue("id"))
	if err != nil {
		return err
	}
	sayReplayed(w, once)
	return writeSecret(w, http.StatusOK, changed)
}

func (s *Server) testWebhook(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	once, err := onceOfEmpty(w, r)
	if err != nil {
		return err
	}
	made, err := t.TestWebhook(r.Context(), once, r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.writeDelivery(w, r, once, made)
}

func (s *Server) listDeliveries(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	deliveries, err := t.Deliveries(r.Context(), r.PathValue("id"), page)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, deliveries)
}

func (s *Server) getDelivery(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	found, err := t.Delivery(r.Context(), r.PathValue("id"), r.PathValue("delivery"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, found)
}

func (s *Server) resendDelivery(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	once, err := onceOfEmpty(w, r)
	if err != nil {
		return err
	}
	again, err := t.ResendDelivery(r.Context(), once, r.PathValue("id"), r.PathValue("delivery"))
	if err != nil {
		return err
	}
	return s.writeDelivery(w, r, once, again)
}

func (s *Server) showWebhooks(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.webhooks(w, r, v, http.StatusOK, views.WebhooksPage{Events: app.WebhookEvents()})
}

// postWebhook shows the new webhook with its secret.
func (s *Server) postWebhook(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	page := views.WebhooksPage{URL: r.PostForm.Get("url"), Events: r.PostForm["events"]}
	made, err := v.CreateWebhook(r.Context(), nil, app.WebhookRequest{URL: &page.URL, Events: append([]string{}, page.Events...)}) // none ticked is none, and not all
	if refused(r, err) {
		said := s.note(w, r, err)
		if page.Faults = byField(said.fields); said.fields == nil {
			page.Message = sentence(said.message)
		}
		return s.webhooks(w, r, v, said.status, page)
	}
	if err != nil {
		return err
	}
	return s.webhook(w, r, v, http.StatusCreated, views.WebhookPage{Webhook: made})
}

func (s *Server) showWebhook(w http.ResponseWriter, r *http.Request, v visit) error {
	found, err := v.Webhook(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.webhook(w, r, v, http.StatusOK, views.WebhookPage{Webhook: found})
}

func (s *Server) postWebhookChange(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	url, events := r.PostForm.Get("url"), append([]string{}, r.PostForm["events"]...)
	return s.toWebhook(w, r, v, views.WebhookPage{URL: &url, Events: events}, func() error {
		_, err := v.ChangeWebhook(r.Context(), r.PathValue("id"), app.WebhookRequest{URL: &url, Events: events})
		return err
	})
}

func (s *Server) postWebhookEnable(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.switchWebhook(w, r, v, true)
}

func (s *Server) postWebhookDisable(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.switchWebhook(w, r, v, false)
}

func (s *Server) postWebhookDelete(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := v.DeleteWebhook(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "webhooks"))
}

// revealSecret answers a form, so that no secret stands in a page that is only opened.
func (s *Server) revealSecret(w http.ResponseWriter, r *http.Request, v visit) error {
	found, err := v.Webhook(r.Context(), r.PathValue("id"))
	if err == nil {
		found.Secret, err = v.WebhookSecret(r.Context(), r.PathValue("id"))
	}
	if err != nil {
		return err
	}
	return s.webhook(w, r, v, http.StatusOK, views.WebhookPage{Webhook: found})
}

func (s *Server) postRotate(w http.ResponseWriter, r *http.Request, v visit) error {
	changed, err := v.RotateWebhookSecret(r.Context(), nil, r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.webhook(w, r, v, http.StatusOK, views.WebhookPage{Webhook: changed})
}

func (s *Server) postTest(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.toWebhook(w, r, v, views.WebhookPage{}, func() error {
		_, err := v.TestWebhook(r.Context(), nil, r.PathValue("id"))
		return err
	})
}

func (s *Server) postResend(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.toWebhook(w, r, v, views.WebhookPage{}, func() error {
		_, err := v.ResendDelivery(r.Context(), nil, r.PathValue("id"), r.PathValue("delivery"))
		return err
	})
}

func (s *Server) switchWebhook(w http.ResponseWriter, r *http.Request, v visit, on bool) error {
	return s.toWebhook(w, r, v, views.WebhookPage{}, func() error {
		_, err := v.ChangeWebhook(r.Context(), r.PathValue("id"), app.WebhookRequest{Enabled: &on})
		return err
	})
}

// toWebhook does something to a webhook and goes back to its page, or says there why it was not done.
func (s *Server) toWebhook(w http.ResponseWriter, r *http.Request, v visit, page views.WebhookPage, do func() error) error {
	err := do()
	if !refused(r, err) {
		if err != nil {
			return err
		}
		return seeOther(w, views.Workspace(v.here.Slug, "webhooks", r.PathValue("id")))
	}
	said := s.note(w, r, err)
	if page.Faults = byField(said.fields); said.fields == nil {
		page.Message = sentence(said.message)
	}
	if page.Webhook, err = v.Webhook(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return s.webhook(w, r, v, said.status, page)
}

func (s *Server) webhooks(w http.ResponseWriter, r *http.Request, v visit, status int, page views.WebhooksPage) error {
	all, err := v.Webhooks(r.Context(), app.PageRequest{Limit: 100}) // more than there may be
	if err != nil {
		return err
	}
	page.Webhooks = all.Data
	return show(w, r, status, views.Webhooks(s.shellFor(v, "Webhooks"), page))
}

// webhook shows one. With its secret the page is nobody's to keep.
func (s *Server) webhook(w http.ResponseWriter, r *http.Request, v visit, status int, page views.WebhookPage) error {
	all, err := v.Deliveries(r.Context(), page.Webhook.ID, app.PageRequest{After: r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	page.Deliveries, page.Next = all.Data, nextOf(all)
	if page.URL == nil {
		page.URL, page.Events = &page.Webhook.URL, page.Webhook.Events
	}
	if page.Webhook.Secret != "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	return show(w, r, status, views.WebhookOf(s.shellFor(v, "Webhook"), page))
}

// writeSecret answers with what nobody on the way shall keep.
func writeSecret(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, status, v)
}

func (s *Server) writeDelivery(w http.ResponseWriter, r *http.Request, once *app.Once, d app.Delivery) error {
	sayReplayed(w, once)
	w.Header().Set("Location", s.o.BaseURL+"/api/v1/webhooks/"+r.PathValue("id")+"/deliveries/"+d.ID)
	return writeJSON(w, http.StatusAccepted, d)
}
