package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"majestic/app"
)

// Mailer sends a mail.
type Mailer interface {
	Send(ctx context.Context, m app.Mail) error
}

type mailWorker struct {
	river.WorkerDefaults[app.MailJob]
	app    *app.App
	mailer Mailer
}

// mutedWait is how soon a job looks again whether the instance may act outside.
const mutedWait = time.Minute

// Work writes a mail and sends it. Each attempt writes it anew: no link of it is kept
// that could be sent again.
func (w *mailWorker) Work(ctx context.Context, job *river.Job[app.MailJob]) error {
	if job.Args.Version > app.MailJobVersion {
		return river.JobSnooze(unknownWait)
	}
	if w.app.Muted() {
		return river.JobSnooze(mutedWait)
	}
	m, err := w.app.WriteMail(ctx, job.Args.MailID)
	if settled(err) {
		return nil
	}
	if err == nil {
		err = w.mailer.Send(ctx, m)
	}
	if app.KindOf(err) == app.Invalid {
		return river.JobCancel(err) // the next time would be no better
	}
	if err != nil {
		return fmt.Errorf("mail %s: %w", job.Args.MailID, err)
	}
	return w.app.SentMail(ctx, job.Args.MailID)
}
