package jobs_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/jobs"
)

// From the commit that enqueues a job until a worker that had nothing to do works it:
// mails, since they need no browser, now and then. Its limit: the notification of a
// commit alone.
//
//	go test -run xxx -bench Pickup -benchtime 300x ./jobs
func BenchmarkPickup(b *testing.B) {
	a, pool := apptest.App(b)
	sent := make(chan time.Time, 1)
	r, err := jobs.NewRunner(jobs.Options{Pool: pool, App: a, Mailer: mailer(func() { sent <- time.Now() }), Release: apptest.Release, Client: "majestic-1-bench", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	if err := r.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer r.Stop(context.Background())
	queue, err := jobs.NewQueue(pool, apptest.Release)
	if err != nil {
		b.Fatal(err)
	}
	listener, err := pool.Acquire(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Release()
	if _, err := listener.Exec(b.Context(), `LISTEN pickup`); err != nil {
		b.Fatal(err)
	}
	var picked, heard []time.Duration
	for b.Loop() {
		time.Sleep(time.Duration(20+rand.IntN(60)) * time.Millisecond)
		var committed time.Time
		err := pgx.BeginFunc(b.Context(), pool, func(tx pgx.Tx) error {
			var id string
			if err := tx.QueryRow(b.Context(), `INSERT INTO mails (kind, address) VALUES ('moved', 'ada@example.com') RETURNING id::text`).Scan(&id); err != nil {
				return err
			}
			err := queue.Mail(b.Context(), tx, app.MailJob{Version: app.MailJobVersion, MailID: id})
			committed = time.Now()
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		picked = append(picked, (<-sent).Sub(committed))
		began := time.Now()
		if _, err := pool.Exec(b.Context(), `NOTIFY pickup`); err != nil {
			b.Fatal(err)
		}
		if _, err := listener.Conn().WaitForNotification(b.Context()); err != nil {
			b.Fatal(err)
		}
		heard = append(heard, time.Since(began))
	}
	at := func(all []time.Duration, percent int) float64 {
		slices.Sort(all)
		return float64(all[(len(all)-1)*percent/100].Microseconds()) / 1000
	}
	b.ReportMetric(at(picked, 50), "ms-p50")
	b.ReportMetric(at(picked, 99), "ms-p99")
	b.ReportMetric(at(heard, 50), "ms-listen-p50")
	b.ReportMetric(at(heard, 99), "ms-listen-p99")
}

type mailer func()

func (m mailer) Send(context.Context, app.Mail) error {
	m()
	return nil
}
