package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// WebhookEvents are those that webhooks are told of. Rows of a batch are told of
// with the batch.
func WebhookEvents() []string {
	return []string{"render.succeeded", "render.failed", "render.canceled", "batch.succeeded", "batch.failed", "batch.canceled"}
}

// testEvent is sent by hand, to try a webhook.
const testEvent = "webhook.test"

// event is what a message says.
type event struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

// Poster brings messages to other people's servers, under rules of its own.
type Poster interface {
	// Check tells what is wrong with an address, as far as it tells itself.
	Check(address string) error
	// Post brings a message to a server, which may refuse it: its answer tells.
	Post(ctx context.Context, m Message) (Answer, error)
}

// Message is what is posted to another server.
type Message struct {
	Address string
	Headers map[string]string
	Body    []byte // JSON
}

// Answer is what that server says.
type Answer struct {
	Code int
	Wait time.Duration // that it asks for before the next message, 0 for none
}

// tellOfRender tells that a render has come to its end. Nobody asked for thumbnails.
func (t Tenant) tellOfRender(ctx context.Context, tx pgx.Tx, r Render) error {
	if r.BatchID != nil || r.Thumbnail {
		return nil
	}
	if r.Status == Succeeded && t.app.fileURL != nil {
		url := t.app.fileURL(r.ID)
		r.FileURL = &url
	}
	return t.tell(ctx, tx, event{"render." + r.Status, *r.FinishedAt, r}, "")
}

// tellOfBatch tells that a batch has, and the address that it named for itself, too.
func (t Tenant) tellOfBatch(ctx context.Context, tx pgx.Tx, id string) error {
	b, err := one[Batch](ctx, tx, "batch", `SELECT `+batchColumns+` FROM batches b WHERE b.id = $1`, id)
	if err != nil {
		return err
	}
	return t.tell(ctx, tx, event{"batch." + b.Status, *b.FinishedAt, b}, b.WebhookURL)
}

// receiver is a webhook that is told something; url is that of a batch.
type receiver struct {
	ID  uuid.UUID
	URL string
}

// tell has an event sent to all that want it, once each, when the transaction commits.
func (t Tenant) tell(ctx context.Context, tx pgx.Tx, e event, own string) error {
	rows, err := tx.Query(ctx, `
		SELECT id, CASE WHEN url = '' THEN $2 ELSE '' END AS url FROM webhooks
		WHERE enabled AND ($1 = ANY(events) OR url = '' AND $2 <> '') FOR KEY SHARE`, e.Type, own)
	if err != nil {
		return fmt.Errorf("find webhooks: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[receiver])
	if err != nil {
		return fmt.Errorf("find webhooks: %w", err)
	}
	if len(all) == 0 {
		return nil
	}
	if err := t.forgetDeliveries(ctx, tx); err != nil {
		return err
	}
	_, err = t.insertDeliveries(ctx, tx, e, all...)
	return err
}

// insertDeliveries makes a delivery to each receiver, and the jobs that work them.
// Unlike other work of a tenant's it is made by whichever release ends the render:
// a tenant moves to another without it.
func (t Tenant) insertDeliveries(ctx context.Context, tx pgx.Tx, e event, to ...receiver) (ids []string, err error) {
	body, err := writeEvent(e)
	if err != nil {
		return nil, err
	}
	webhooks, urls := make([]uuid.UUID, len(to)), make([]string, len(to))
	for i, r := range to {
		webhooks[i], urls[i] = r.ID, r.URL
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO deliveries (tenant_id, webhook_id, url, event_id, type, payload)
		SELECT $1, v.webhook, v.url, $2, $3, $4 FROM unnest($5::uuid[], $6::text[]) AS v (webhook, url) RETURNING id::text`,
		t.id, "msg_"+strings.ReplaceAll(uuid.NewString(), "-", ""), e.Type, body, webhooks, urls)
	if err != nil {
		return nil, fmt.Errorf("insert deliveries: %w", err)
	}
	if ids, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return nil, fmt.Errorf("insert deliveries: %w", err)
	}
	return ids, t.app.unwalled(ctx, tx, func() error {
		for _, id := range ids {
			if err := t.app.queue.Delivery(ctx, tx, DeliveryJob{Version: DeliveryJobVersion, TenantID: t.ID(), DeliveryID: id}); err != nil {
				return fmt.Errorf("enqueue: %w", err)
			}
		}
		return nil
	})
}

// deliveriesKept is how long one reads what was sent.
const deliveriesKept = 30 * 24 * time.Hour

func (t Tenant) forgetDeliveries(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
		DELETE FROM deliveries WHERE id IN (
			SELECT id FROM deliveries WHERE tenant_id = $1 AND created_at < now() - $2::interval AND status <> 'pending'
			ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED)`, t.id, deliveriesKept)
	if err != nil {
		return fmt.Errorf("forget deliveries: %w", err)
	}
	return nil
}

// writeEvent writes a message as the API writes its answers.
func writeEvent(e event) (string, error) {
	e.Timestamp = e.Timestamp.UTC()
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if err := out.Encode(e); err != nil {
		return "", fmt.Errorf("write event: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
