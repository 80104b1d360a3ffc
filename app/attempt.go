package app

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Attempt is a try to deliver.
type Attempt struct {
	At           time.Time `json:"at"`
	Milliseconds *int      `json:"milliseconds"` // that it took; null while it is under way
	ResponseCode int       `json:"response_code,omitempty"`
	Error        string    `json:"error,omitempty"`
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
