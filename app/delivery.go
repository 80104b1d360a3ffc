package app

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// The states of a delivery.
const (
	Pending   = "pending"
	Delivered = "delivered"
	// Failed, as of renders: nobody tries it any more.
)

// Delivery is a message to a webhook. It is sent until it gets there, for a day and
// some hours at most, and then by hand.
type Delivery struct {
	ID            string     `json:"id"`
	WebhookID     string     `json:"webhook"`
	URL           string     `json:"url"`      // where it goes
	EventID       string     `json:"event_id"` // the same however often it is sent
	Type          string     `json:"type"`
	Payload       Payload    `json:"payload"`
	Status        string     `json:"status"`
	ResponseCode  *int       `json:"response_code"` // of the last attempt, like the error
	Error         *string    `json:"error"`
	Attempts      []Attempt  `json:"attempts"`
	NextAttemptAt *time.Time `json:"next_attempt_at"`
	CreatedAt     time.Time  `json:"created_at"`
	FinishedAt    *time.Time `json:"finished_at"`
}

// Payload is what a message says, in JSON.
type Payload string

// MarshalJSON writes it as it is.
func (p Payload) MarshalJSON() ([]byte, error) { return []byte(p), nil }

// UnmarshalJSON takes it as it is.
func (p *Payload) UnmarshalJSON(b []byte) error {
	*p = Payload(b)
	return nil
}

const deliveryColumns = `d.id, d.webhook_id, coalesce(nullif(d.url, ''), w.url) AS url, d.event_id, d.type, d.payload, d.status,
	d.response_code, d.error, d.attempts, d.next_attempt_at, d.created_at, d.finished_at`

const oneDelivery = `SELECT ` + deliveryColumns + ` FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE d.id = $1`

// Deliveries lists a page of a webhook's, newest first.
func (t Tenant) Deliveries(ctx context.Context, webhook string, p PageRequest) (l List[Delivery], err error) {
	err = t.tx(ctx, func(tx pgx.Tx) error {
		w, err := t.findWebhook(ctx, tx, webhook)
		if err != nil {
			return err
		}
		l, err = list(ctx, tx, "deliveries", p, func(d Delivery) string { return d.ID }, `
			SELECT `+deliveryColumns+` FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id
			WHERE d.webhook_id = $3 AND ($1::uuid IS NULL OR (d.created_at, d.id) < (SELECT created_at, id FROM deliveries WHERE id = $1))
			ORDER BY d.created_at DESC, d.id DESC LIMIT $2`, w.ID)
		return err
	})
	return l, err
}

// Delivery reads one of a webhook's.
func (t Tenant) Delivery(ctx context.Context, webhook, id string) (d Delivery, err error) {
	err = t.tx(ctx, func(tx pgx.Tx) error {
		d, err = t.findDelivery(ctx, tx, webhook, id, "")
		return err
	})
	return d, err
}

// TestWebhook sends a message that says nothing but that it is one.
func (t Tenant) TestWebhook(ctx context.Context, once *Once, id string) (Delivery, error) {
	if err := t.may(toEdit); err != nil {
		return Delivery{}, err
	}
	return makeOnce(ctx, t, once, "delivery", oneDelivery, func(tx pgx.Tx) (d Delivery, made string, err error) {
		w, err := t.findWebhook(ctx, tx, id)
		switch {
		case err != nil:
			return d, "", err
		case w.OfBatches():
			return d, "", Errorf(Conflict, "there is no address to try: each batch names its own")
		case !w.Enabled:
			return d, "", Errorf(Conflict, "the webhook is disabled; enable it first")
		}
		to, err := uuid.Parse(w.ID)
		if err != nil {
			return d, "", err
		}
		e := event{testEvent, time.Now(), map[string]string{"webhook": w.ID}}
		ids, err := t.insertDeliveries(ctx, tx, e, receiver{ID: to})
		if err != nil {
			return d, "", err
		}
		d, err = one[Delivery](ctx, tx, "delivery", oneDelivery, ids[0])
		return d, d.ID, err
	})
}

// maxAttempts is how often a message is sent at most, by hand and by itself.
const maxAttempts = 100

// ResendDelivery sends a message again, with the same id: one that waits for its time, now.
func (t Tenant) ResendDelivery(ctx context.Context, once *Once, webhook, id string) (Delivery, error) {
	if err := t.may(toEdit); err != nil {
		return Delivery{}, err
	}
	return makeOnce(ctx, t, once, "delivery", oneDelivery, func(tx pgx.Tx) (Delivery, string, error) {
		d, err := t.findDelivery(ctx, tx, webhook, id, " FOR UPDATE OF d")
		if err != nil {
			return d, "", err
		}
		w, err := t.findWebhook(ctx, tx, d.WebhookID)
		switch {
		case err != nil:
			return d, "", err
		case !w.Enabled:
			return d, "", Errorf(Conflict, "the webhook is disabled; enable it first")
		case len(d.Attempts) >= maxAttempts:
			return d, "", Errorf(Conflict, "this was sent %d times, as often as it may be; ask the API for what it is about", len(d.Attempts))
		}
		if err := t.hurry(ctx, tx, d); err != nil {
			return d, "", err
		}
		if _, err := tx.Exec(ctx, `UPDATE deliveries SET status = 'pending', tries = 0, next_attempt_at = now(), finished_at = NULL WHERE id = $1`, d.ID); err != nil {
			return d, "", fmt.Errorf("send again: %w", err)
		}
		d, err = one[Delivery](ctx, tx, "delivery", oneDelivery, d.ID)
		return d, d.ID, err
	})
}

// hurry has the one job that a pending delivery has work it now, and makes one where it has none.
func (t Tenant) hurry(ctx context.Context, tx pgx.Tx, d Delivery) error {
	job := DeliveryJob{Version: DeliveryJobVersion, TenantID: t.ID(), DeliveryID: d.ID}
	return t.app.unwalled(ctx, tx, func() error {
		if d.Status != Pending {
			if err := t.app.queue.Delivery(ctx, tx, job); err != nil {
				return fmt.Errorf("enqueue: %w", err)
			}
			return nil
		}
		waited, err := t.app.queue.Hurry(ctx, tx, job)
		if err == nil && !waited {
			return Errorf(Conflict, "this is being sent just now; look again in a moment")
		}
		return err
	})
}

// findDelivery finds one of a webhook's.
func (t Tenant) findDelivery(ctx context.Context, tx pgx.Tx, webhook, id, lock string) (d Delivery, err error) {
	w, err := t.findWebhook(ctx, tx, webhook)
	if err != nil {
		return d, err
	}
	u, err := parseID("delivery", id)
	if err != nil {
		return d, err
	}
	return one[Delivery](ctx, tx, "delivery", oneDelivery+` AND d.webhook_id = $2`+lock, u, w.ID)
}
