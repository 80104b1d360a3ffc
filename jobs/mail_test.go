package jobs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/jobs"
)

// A mail is sent when the transaction that asked for it has committed, tried again when
// that fails, and not when it would never do. It is no job of the tenant's.
func TestMail(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	mailer := outbox{make(chan app.Mail, 9), make(chan error, 9)}
	runner, err := jobs.NewRunner(jobs.Options{Pool: pool, App: a, Mailer: mailer, Release: apptest.Release, Client: "majestic-1-test", Log: apptest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	invite := func(email string) {
		t.Helper()
		if _, err := tenant.Invite(ctx, app.User{Name: "Ada"}, email, app.Viewer); err != nil {
			t.Fatal(err)
		}
	}
	state := func() (state string) {
		t.Helper()
		if err := pool.QueryRow(ctx, `SELECT state FROM river_job ORDER BY id DESC LIMIT 1`).Scan(&state); err != nil {
			t.Fatal(err)
		}
		return state
	}
	until := func(want string) {
		t.Helper()
		for began := time.Now(); state() != want; {
			if time.Since(began) > time.Minute {
				t.Fatalf("the job is %s, not %s", state(), want)
			}
			if _, err := pool.Exec(ctx, `SELECT pg_sleep(0.02)`); err != nil {
				t.Fatal(err)
			}
		}
	}
	invite("bob@example.com")
	b, err := jobs.Count(ctx, pool, apptest.Release)
	if err != nil || b.Available != 1 || b.Unknown != 0 || len(b.Tenants) != 0 {
		t.Fatalf("%+v, %v", b, err)
	}
	mailer.answers <- errors.New("the server is away")
	if err := runner.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer runner.Stop(ctx)
	first := <-mailer.sent
	mailer.answers <- nil
	if second := <-mailer.sent; second.To != "bob@example.com" || second.Path == first.Path {
		t.Errorf("%+v, and then %+v", first, second)
	}
	until("completed")
	all, err := tenant.Invitations(ctx)
	if err != nil || len(all) != 1 || all[0].SentAt == nil {
		t.Errorf("%+v, %v", all, err)
	}

	invite("nowhere@example.com")
	mailer.answers <- app.Errorf(app.Invalid, "nobody there")
	<-mailer.sent
	until("cancelled")

	// Withdrawn before it is sent: nothing is.
	if err := tenant.Withdraw(ctx, all[0].ID); err != nil {
		t.Fatal(err)
	}
	if all, err = tenant.Invitations(ctx); err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	if err := tenant.Withdraw(ctx, all[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, `UPDATE river_job SET state = 'available', finalized_at = NULL WHERE state = 'cancelled'`); err != nil {
		t.Fatal(err)
	}
	until("completed")
	if len(mailer.sent) != 0 {
		t.Errorf("sent %+v", <-mailer.sent)
	}
}

// outbox takes mails, and answers each as it is told.
type outbox struct {
	sent    chan app.Mail
	answers chan error
}

func (o outbox) Send(ctx context.Context, m app.Mail) error {
	o.sent <- m
	return <-o.answers
}
