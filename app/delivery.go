package app

import (
	"context"
	"fmt"
	"math/rand/v2"
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

// Attempt is a try to deliver.
type Attempt struct {
	At           time.Time `json:"at"`
	Milliseconds *int      `json:"milliseconds"` // that it took; null while it is under way
	ResponseCode int       `json:"response_code,omitempty"`
	Error        string    `json:"error,omitempty"`
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

// Deliver sends a delivery whose time has come. It answers with how long it is until
// the next attempt, 0 when there is none.
func (t Tenant) Deliver(ctx context.Context, id string) (wait time.Duration, err error) {
	s, err := t.beginAttempt(ctx, id)
	if err != nil || s.wait > 0 {
		return s.wait, err
	}
	began := time.Now()
	answer, failure := t.app.poster.Post(ctx, Message{Address: s.URL, Headers: t.app.sign(s.webhook, s.EventID, string(s.Payload), began), Body: []byte(s.Payload)})
	if failure != nil && ctx.Err() != nil {
		return 0, ctx.Err() // we are stopping: whoever comes next sends it again
	}
	return t.endAttempt(context.WithoutCancel(ctx), s, answer, failure, time.Since(began))
}

// GiveUpDelivery ends a delivery for a reason of ours.
func (t Tenant) GiveUpDelivery(ctx context.Context, id, reason string) error {
	return t.tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE deliveries SET status = 'failed', error = $2, next_attempt_at = NULL, finished_at = now() WHERE id = $1 AND status = 'pending'`, id, reason)
		if err != nil {
			return fmt.Errorf("give up delivery: %w", err)
		}
		return nil
	})
}

// sending is a delivery that is under way.
type sending struct {
	Delivery
	webhook Webhook
	tries   int // with this one
	wait    time.Duration
}

// unseen is what is said of an attempt whose end nobody saw.
const unseen = "our server ended before there was an answer; it was sent again"

// beginAttempt notes that an attempt is made, so that one that is cut is seen as well.
func (t Tenant) beginAttempt(ctx context.Context, id string) (s sending, err error) {
	stopped := false
	err = t.tx(ctx, func(tx pgx.Tx) error {
		if s.Delivery, err = one[Delivery](ctx, tx, "delivery", oneDelivery+` FOR UPDATE OF d`, id); err != nil {
			return err
		}
		if s.Status != Pending {
			return Errorf(Conflict, "the delivery is %s already", s.Status)
		}
		if s.webhook, err = t.findWebhook(ctx, tx, s.WebhookID); err != nil {
			return err
		}
		if stopped = !s.webhook.Enabled; stopped {
			return nil
		}
		type row struct {
			Tries int
			Early float64
		}
		now, err := one[row](ctx, tx, "delivery", `SELECT tries, extract(epoch FROM next_attempt_at - now())::float8 AS early FROM deliveries WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if s.wait = time.Duration(now.Early * float64(time.Second)); s.wait > time.Second {
			return nil
		}
		s.wait, s.tries = 0, now.Tries+1
		if n := len(s.Attempts); n > 0 && s.Attempts[n-1].Milliseconds == nil {
			s.Attempts[n-1].Milliseconds, s.Attempts[n-1].Error = new(int), unseen
			s.tries = now.Tries // that one was ours to lose
		}
		s.Attempts = append(s.Attempts, Attempt{At: time.Now().UTC()})
		if _, err := tx.Exec(ctx, `UPDATE deliveries SET tries = $2, attempts = $3 WHERE id = $1`, id, s.tries, s.Attempts); err != nil {
			return fmt.Errorf("begin attempt: %w", err)
		}
		return nil
	})
	if err == nil && stopped {
		if err = t.GiveUpDelivery(ctx, id, "the webhook is disabled"); err == nil {
			err = Errorf(Conflict, "the webhook is disabled")
		}
	}
	return s, err
}

// retries are the times between attempts: a day and three and a half hours in all.
func retries() []time.Duration {
	return []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 10 * time.Hour}
}

const (
	maxWait      = 12 * time.Hour     // that a server may ask for
	failingLimit = 3 * 24 * time.Hour // after which a webhook is disabled
	gone         = 410                // the code of who wants no more
)

// endAttempt notes how an attempt came out. The webhook goes first: who deletes one
// locks it before its deliveries, too.
func (t Tenant) endAttempt(ctx context.Context, s sending, a Answer, failure error, took time.Duration) (wait time.Duration, err error) {
	last := &s.Attempts[len(s.Attempts)-1]
	ms := int(took.Milliseconds())
	last.Milliseconds, last.ResponseCode = &ms, a.Code
	status := Pending
	switch {
	case failure != nil:
		last.Error = failure.Error()
	case a.Code >= 200 && a.Code < 300:
		status = Delivered
	default:
		last.Error = fmt.Sprintf("its server answers %d", a.Code)
	}
	steps := retries()
	switch {
	case status == Delivered:
	case a.Code == gone || s.tries > len(steps):
		status = Failed
	default:
		wait = steps[s.tries-1]
		wait = max(wait+rand.N(wait/5), min(a.Wait, maxWait))
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		if err := t.noteHealth(ctx, tx, s.webhook, status, a.Code); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			UPDATE deliveries SET status = $2, attempts = $3, response_code = nullif($4, 0), error = nullif($5, ''),
				next_attempt_at = CASE WHEN $2 = 'pending' THEN now() + $6::interval END, finished_at = CASE WHEN $2 <> 'pending' THEN now() END
			WHERE id = $1`, s.ID, status, s.Attempts, a.Code, last.Error, wait)
		if err != nil {
			return fmt.Errorf("end attempt: %w", err)
		}
		return nil
	})
	return wait, err
}

// noteHealth remembers since when nothing gets to a webhook, and disables one that
// wants no more, or that a message was given up for after days without any that did.
func (t Tenant) noteHealth(ctx context.Context, tx pgx.Tx, w Webhook, status string, code int) error {
	if w.OfBatches() {
		return nil
	}
	id, err := uuid.Parse(w.ID)
	if err != nil {
		return err
	}
	if code == gone {
		return t.disable(ctx, tx, id, "its server answered 410 Gone, which says that it wants no more")
	}
	sql := `UPDATE webhooks SET failing_since = now() WHERE id = $1 AND failing_since IS NULL`
	if status == Delivered {
		sql = `UPDATE webhooks SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL`
	}
	if _, err := tx.Exec(ctx, sql, id); err != nil {
		return fmt.Errorf("note health of webhook: %w", err)
	}
	if status != Failed {
		return nil
	}
	type row struct{ Long bool }
	failing, err := one[row](ctx, tx, "webhook", `SELECT coalesce(failing_since < now() - $2::interval, false) AS long FROM webhooks WHERE id = $1`, id, failingLimit)
	if KindOf(err) == NotFound {
		return nil // deleted meanwhile
	}
	if err != nil || !failing.Long {
		return err
	}
	return t.disable(ctx, tx, id, fmt.Sprintf("nothing has got there for %d days", failingLimit/(24*time.Hour)))
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
