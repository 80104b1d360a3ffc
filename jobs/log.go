package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"majestic/app/logs"
)

// logged has each line about a job tell which it is and whose, and tells how each
// came out. The names of the first two attributes are River's own.
func logged(log *slog.Logger) river.WorkerMiddlewareFunc {
	return func(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) (err error) {
		ctx = logs.With(ctx, append([]slog.Attr{slog.Int64("job_id", job.ID), slog.String("kind", job.Kind)}, subject(job)...)...)
		began := time.Now()
		defer func() {
			if v := recover(); v != nil {
				log.ErrorContext(ctx, "a job panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
				panic(v) // River counts the attempt
			}
		}()
		err = work(ctx)
		level, outcome := judge(job, err)
		attrs := []slog.Attr{slog.String("outcome", outcome), slog.Int("attempt", job.Attempt), slog.Duration("duration", time.Since(began))}
		if level > slog.LevelInfo {
			attrs = append(attrs, slog.String("err", err.Error()))
		}
		log.LogAttrs(ctx, level, "job", attrs...)
		return err
	}
}

func judge(job *rivertype.JobRow, err error) (slog.Level, string) {
	switch snooze := new(river.JobSnoozeError); {
	case err == nil:
		return slog.LevelInfo, "done"
	case errors.As(err, &snooze):
		return slog.LevelDebug, "put off" // again and again, while it waits
	case job.Attempt >= job.MaxAttempts:
		return slog.LevelError, "given up"
	default:
		return slog.LevelWarn, "tried again"
	}
}

// subject is what a job's arguments say it is about.
func subject(job *rivertype.JobRow) (attrs []slog.Attr) {
	var ids struct{ Tenant, Render, Batch, Mail, Delivery string }
	if json.Unmarshal(job.EncodedArgs, &ids) != nil {
		return nil // the worker says what is wrong with it
	}
	for _, a := range []slog.Attr{slog.String("tenant", ids.Tenant), slog.String("render", ids.Render), slog.String("batch", ids.Batch), slog.String("mail", ids.Mail), slog.String("delivery", ids.Delivery)} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	return attrs
}
