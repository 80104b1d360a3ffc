package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Webhook is an address of a tenant's that is told what has come to its end.
type Webhook struct {
	ID             string     `json:"id"`
	URL            string     `json:"url"` // "" is the one that stands for the addresses of batches
	Events         []string   `json:"events"`
	Enabled        bool       `json:"enabled"`
	DisabledReason *string    `json:"disabled_reason"` // null where a person did it
	FailingSince   *time.Time `json:"failing_since"`   // null while what is sent gets there
	Secret         string     `json:"secret,omitempty" db:"-"`
	CreatedAt      time.Time  `json:"created_at"`
	RotatedAt      *time.Time `json:"rotated_at"` // when it got the secret that it has, where that is not the first
	Serial         int        `json:"-" db:"secret"`
}

// BatchesWebhook is the id, beside its own, of the webhook that stands for the
// addresses that batches name for themselves: it has their secret and deliveries.
const BatchesWebhook = "batches"

// OfBatches tells whether it is that one.
func (w Webhook) OfBatches() bool { return w.URL == "" }

const webhookColumns = `id, url, events, enabled, disabled_reason, failing_since, created_at, rotated_at, secret`

// WebhookRequest is what a webhook is made of. A nil field of a change leaves what is there.
type WebhookRequest struct {
	URL     *string
	Events  []string
	Enabled *bool
}

// maxWebhooks is how many a tenant may have.
const maxWebhooks = 20

// CreateWebhook makes a webhook, with its secret in the answer.
func (t Tenant) CreateWebhook(ctx context.Context, once *Once, q WebhookRequest) (w Webhook, err error) {
	if err := t.may(toEdit); err != nil {
		return w, err
	}
	if q.URL == nil {
		q.URL = new(string)
	}
	if q.Events == nil {
		q.Events = WebhookEvents()
	}
	if err := t.checkWebhook(&q); err != nil {
		return w, err
	}
	w, err = makeOnce(ctx, t, once, "webhook", `SELECT `+webhookColumns+` FROM webhooks WHERE id = $1`, func(tx pgx.Tx) (Webhook, string, error) {
		var n int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM webhooks WHERE url <> ''`).Scan(&n); err != nil {
			return w, "", fmt.Errorf("count webhooks: %w", err)
		}
		if n >= maxWebhooks {
			return w, "", Errorf(Conflict, "there are %d webhooks, as many as there may be; delete one first", n)
		}
		made, err := one[Webhook](ctx, tx, "webhook", `INSERT INTO webhooks (tenant_id, url, events) VALUES ($1, $2, $3) RETURNING `+webhookColumns, t.id, *q.URL, q.Events)
		return made, made.ID, err
	})
	if err == nil {
		w.Secret = t.app.webhookSecret(w)
	}
	return w, err
}

// Webhooks lists a page of them, newest first.
func (t Tenant) Webhooks(ctx context.Context, p PageRequest) (List[Webhook], error) {
	return list(ctx, t.sight(), "webhooks", p, func(w Webhook) string { return w.ID }, `
		SELECT `+webhookColumns+` FROM webhooks
		WHERE url <> '' AND ($1::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM webhooks WHERE id = $1))
		ORDER BY created_at DESC, id DESC LIMIT $2`)
}

// Webhook reads one.
func (t Tenant) Webhook(ctx context.Context, id string) (w Webhook, err error) {
	err = t.tx(ctx, func(tx pgx.Tx) error {
		w, err = t.findWebhook(ctx, tx, id)
		return err
	})
	return w, err
}

// ChangeWebhook changes what is given. One that is enabled again starts afresh.
func (t Tenant) ChangeWebhook(ctx context.Context, id string, q WebhookRequest) (w Webhook, err error) {
	if err := t.may(toEdit); err != nil {
		return w, err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		if w, err = t.findWebhook(ctx, tx, id); err != nil {
			return err
		}
		if w.OfBatches() {
			return Errorf(Conflict, "the addresses of batches are named by the batches; here is only their secret to change")
		}
		if err := t.checkWebhook(&q); err != nil {
			return err
		}
		w, err = one[Webhook](ctx, tx, "webhook", `
			UPDATE webhooks SET url = coalesce($2, url), events = coalesce($3, events), enabled = coalesce($4, enabled),
				disabled_reason = CASE WHEN $4 IS NULL THEN disabled_reason END,
				failing_since = CASE WHEN $4 AND NOT enabled OR $2 <> url THEN NULL ELSE failing_since END
			WHERE id = $1 RETURNING `+webhookColumns, w.ID, q.URL, q.Events, q.Enabled)
		return err
	})
	return w, err
}

// DeleteWebhook deletes one, with its deliveries; what is under way is not sent.
func (t Tenant) DeleteWebhook(ctx context.Context, id string) error {
	if err := t.may(toEdit); err != nil {
		return err
	}
	return t.tx(ctx, func(tx pgx.Tx) error {
		w, err := t.findWebhook(ctx, tx, id)
		if err != nil {
			return err
		}
		if w.OfBatches() {
			return Errorf(Conflict, "the addresses of batches are named by the batches; there is nothing to delete")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM webhooks WHERE id = $1`, w.ID); err != nil {
			return fmt.Errorf("delete webhook: %w", err)
		}
		return nil
	})
}

// WebhookSecret is what its messages are signed with.
func (t Tenant) WebhookSecret(ctx context.Context, id string) (string, error) {
	if err := t.may(toEdit); err != nil {
		return "", err
	}
	w, err := t.Webhook(ctx, id)
	if err != nil {
		return "", err
	}
	return t.app.webhookSecret(w), nil
}

// RotateWebhookSecret gives a webhook another secret. For a day its messages are
// signed with both, so that nothing is refused meanwhile.
func (t Tenant) RotateWebhookSecret(ctx context.Context, once *Once, id string) (w Webhook, err error) {
	if err := t.may(toEdit); err != nil {
		return w, err
	}
	w, err = makeOnce(ctx, t, once, "webhook", `SELECT `+webhookColumns+` FROM webhooks WHERE id = $1`, func(tx pgx.Tx) (Webhook, string, error) {
		w, err := t.findWebhook(ctx, tx, id)
		if err != nil {
			return w, "", err
		}
		w, err = one[Webhook](ctx, tx, "webhook", `UPDATE webhooks SET secret = secret + 1, rotated_at = now() WHERE id = $1 RETURNING `+webhookColumns, w.ID)
		return w, w.ID, err
	})
	if err == nil {
		w.Secret = t.app.webhookSecret(w)
	}
	return w, err
}

// findWebhook finds one by its id. That of the batches is made when it is asked for.
func (t Tenant) findWebhook(ctx context.Context, tx pgx.Tx, id string) (Webhook, error) {
	if id != BatchesWebhook {
		u, err := parseID("webhook", id)
		if err != nil {
			return Webhook{}, err
		}
		return one[Webhook](ctx, tx, "webhook", `SELECT `+webhookColumns+` FROM webhooks WHERE id = $1`, u)
	}
	if t.may(toEdit) == nil {
		if err := t.keepBatchesWebhook(ctx, tx); err != nil {
			return Webhook{}, err
		}
	}
	return one[Webhook](ctx, tx, "webhook", `SELECT `+webhookColumns+` FROM webhooks WHERE url = ''`)
}

// keepBatchesWebhook makes the one that stands for the addresses of batches, where there is none.
func (t Tenant) keepBatchesWebhook(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `INSERT INTO webhooks (tenant_id, url, events) VALUES ($1, '', '{}') ON CONFLICT (tenant_id) WHERE url = '' DO NOTHING`, t.id)
	if err != nil {
		return fmt.Errorf("keep the webhook of batches: %w", err)
	}
	return nil
}

// checkWebhook holds a webhook to an address that may be posted to and to events that there are.
func (t Tenant) checkWebhook(q *WebhookRequest) error {
	var faults []Field
	if q.URL != nil {
		*q.URL = strings.TrimSpace(*q.URL)
		if f := t.checkTarget("url", *q.URL); f != nil {
			faults = append(faults, *f)
		}
	}
	if q.Events != nil {
		slices.Sort(q.Events)
		q.Events = slices.Compact(q.Events)
		unknown := slices.ContainsFunc(q.Events, func(e string) bool { return !slices.Contains(WebhookEvents(), e) })
		if len(q.Events) == 0 || unknown {
			faults = append(faults, Field{"events", "must name at least one of " + strings.Join(WebhookEvents(), ", ")})
		}
	}
	if faults != nil {
		return &Error{Kind: Invalid, Message: "the webhook cannot be as given", Fields: faults}
	}
	return nil
}

// maxTarget is how long an address may be.
const maxTarget = 2_000

// checkTarget holds an address to what may be posted to, as far as it tells itself.
func (t Tenant) checkTarget(field, address string) *Field {
	if len(address) > maxTarget {
		return &Field{field, fmt.Sprintf("must have at most %d characters", maxTarget)}
	}
	if complaint := checkAddress(address); complaint != "" {
		return &Field{field, complaint}
	}
	if err := t.app.poster.Check(address); err != nil {
		return &Field{field, "cannot be used: " + err.Error()}
	}
	return nil
}

// disable stops a webhook, and has the owners told.
func (t Tenant) disable(ctx context.Context, tx pgx.Tx, id uuid.UUID, reason string) error {
	stopped, err := tx.Exec(ctx, `UPDATE webhooks SET enabled = false, disabled_reason = $2 WHERE id = $1 AND enabled`, id, reason)
	if err != nil {
		return fmt.Errorf("disable webhook: %w", err)
	}
	if stopped.RowsAffected() == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT email FROM app.find_members() WHERE role = 'owner'`)
	if err != nil {
		return fmt.Errorf("find owners: %w", err)
	}
	owners, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("find owners: %w", err)
	}
	for _, address := range owners {
		if err := t.app.post(ctx, tx, mailRow{Kind: webhookMail, Address: address, WebhookID: &id}); err != nil {
			return err
		}
	}
	return nil
}

// writeDisabled tells an owner of a webhook that is disabled, and still is.
func writeDisabled(ctx context.Context, tx pgx.Tx, row mailRow) (Mail, error) {
	type about struct{ ID, URL, Reason, Slug, Workspace string }
	w, err := one[about](ctx, tx, "webhook", `
		SELECT w.id, w.url, w.disabled_reason AS reason, t.slug, t.name AS workspace FROM webhooks w JOIN tenants t ON t.id = w.tenant_id
		WHERE w.id = $1 AND NOT w.enabled AND w.disabled_reason IS NOT NULL`, row.WebhookID)
	return Mail{
		To: row.Address, Subject: "A webhook of " + w.Workspace + " is disabled",
		Path: "/t/" + w.Slug + "/webhooks/" + w.ID, Label: "See what was sent, and enable it again",
		Lines: []string{
			fmt.Sprintf("Nothing is sent to %s any more, a webhook of the workspace %s: %s.", w.URL, w.Workspace, w.Reason),
			"When its server is well again, enable the webhook on its page. What did not get there can be sent again, one by one.",
		},
	}, err
}
