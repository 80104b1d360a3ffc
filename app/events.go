package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// channel is the one Postgres channel on which every process says what changed.
const channel = "app"

// Events wakes those who wait for a thing to change, whichever process changed
// it. It carries no news itself: who is woken reads the row again, so a wake-up
// too many is harmless and none is lost.
type Events struct {
	pool *pgxpool.Pool
	log  *slog.Logger
	stop context.CancelFunc
	done chan struct{}

	mu      sync.Mutex
	waiting map[string]map[chan struct{}]bool
}

// StartEvents listens until Close.
func StartEvents(pool *pgxpool.Pool, log *slog.Logger) *Events {
	ctx, stop := context.WithCancel(context.Background())
	e := &Events{pool: pool, log: log, stop: stop, done: make(chan struct{}), waiting: map[string]map[chan struct{}]bool{}}
	go e.run(ctx)
	return e
}

// Close stops listening; twice is harmless.
func (e *Events) Close() {
	e.stop()
	<-e.done
}

// Subscribe wakes the channel after every change of a topic, until cancel.
func (e *Events) Subscribe(topic string) (wake <-chan struct{}, cancel func()) {
	c := make(chan struct{}, 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waiting[topic] == nil {
		e.waiting[topic] = map[chan struct{}]bool{}
	}
	e.waiting[topic][c] = true
	return c, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.waiting[topic], c)
		if len(e.waiting[topic]) == 0 {
			delete(e.waiting, topic)
		}
	}
}

func (e *Events) run(ctx context.Context) {
	defer close(e.done)
	for ctx.Err() == nil {
		err := e.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		e.log.Warn("lost the line to the database's events, connecting again", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (e *Events) listen(ctx context.Context) error {
	pooled, err := e.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	// Out of the pool: a session that listens must never serve a query of another.
	conn := pooled.Hijack()
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `LISTEN `+channel); err != nil {
		return err
	}
	e.wakeAll() // what changed while nobody listened
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		e.wake(n.Payload)
	}
}

func (e *Events) wake(topic string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.waiting[topic] {
		poke(c)
	}
}

func (e *Events) wakeAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, topic := range e.waiting {
		for c := range topic {
			poke(c)
		}
	}
}

// poke wakes without waiting: one wake-up outstanding says as much as two.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// notify tells every process, when the transaction commits, that a topic changed.
func notify(ctx context.Context, tx pgx.Tx, topic string) error {
	if _, err := tx.Exec(ctx, `SELECT pg_notify($1, $2)`, channel, topic); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

// follow calls read now and after every change of a topic, until it says done,
// fails, or ctx ends (which is no error).
func (e *Events) follow(ctx context.Context, topic string, read func() (done bool, err error)) error {
	wake, cancel := e.Subscribe(topic)
	defer cancel()
	for {
		done, err := read()
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return nil
		}
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		}
	}
}
