package http

import (
	"context"
	"net/http"
	"time"

	"majestic/app"
	"majestic/http/views"
)

// streamProgress tells a program how far a batch is.
func (s *Server) streamProgress(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	return s.followProgress(w, r, t, func(out *stream, p app.Progress) error {
		for i := range p.Last {
			s.link(&p.Last[i])
		}
		return out.json(p.State(), "batch", p)
	})
}

// streamBatch sends a page the part of it that moves.
func (s *Server) streamBatch(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.followProgress(w, r, v.Tenant, func(out *stream, p app.Progress) error {
		return out.html(r.Context(), p.State(), "batch", views.BatchProgress(v.here.Slug, p))
	})
}

// between events there is some time: rows may be drawn faster than anybody reads.
const between = time.Second / 2

// followProgress streams a batch until it is finished.
func (s *Server) followProgress(w http.ResponseWriter, r *http.Request, t app.Tenant, send func(*stream, app.Progress) error) error {
	now, err := t.Progress(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.stream(w, r, now.State(), now.Finished(), func(ctx context.Context, out *stream) (bool, error) {
		err := t.FollowProgress(ctx, s.o.Events, now.ID, func(p app.Progress) error {
			now = p
			if err := send(out, p); err != nil || p.Finished() {
				return err
			}
			select {
			case <-ctx.Done():
			case <-time.After(between):
			}
			return nil
		})
		return now.Finished(), err
	})
}
