package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"majestic/app"
	"majestic/http/views"
)

// heartbeat keeps a silent stream from being taken for dead.
const heartbeat = 15 * time.Second

// streamRender sends the card of a render now and after each change, until it is
// finished. A browser that is cut off connects again, here or at another release,
// and gets the card if that has changed meanwhile.
func (s *Server) streamRender(w http.ResponseWriter, r *http.Request, v visit) error {
	made, err := v.Render(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	d, err := v.RenderedDesign(r.Context(), made)
	if err != nil {
		return err
	}
	seen := r.Header.Get("Last-Event-ID") // the status that a browser has, which was cut off
	if made.Finished() && seen == made.Status {
		w.WriteHeader(http.StatusNoContent) // it need not come back: HTML, server-sent events, 9.2.3
		return nil
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep the events to itself
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	out := stream{w, http.NewResponseController(w)}
	out.rc.Flush() // the browser knows at once that it is connected, also when nothing is new

	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		select {
		case <-s.leaving(r):
			cancel()
		case <-ctx.Done():
		}
	}()
	status := seen
	for ctx.Err() == nil {
		beat, end := context.WithTimeout(ctx, heartbeat)
		err := v.FollowRender(beat, s.o.Events, made.ID, func(now app.Render) error {
			made = now
			if now.Status == status {
				return nil
			}
			status = now.Status
			return out.card(r.Context(), v.here.Slug, d.Name, now)
		})
		end()
		if err != nil && !errors.Is(err, context.Canceled) {
			entryOf(r).err = err // the answer has begun: the browser connects again
			return nil
		}
		switch {
		case made.Finished():
			return nil
		case ctx.Err() == nil:
			out.comment()
		}
	}
	out.retry()
	return nil
}

// stream writes server-sent events.
type stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func (s stream) card(ctx context.Context, slug, design string, r app.Render) error {
	var b bytes.Buffer
	if err := views.RenderCard(slug, design, r).Render(ctx, &b); err != nil {
		return fmt.Errorf("write the card: %w", err)
	}
	fmt.Fprintf(s.w, "id: %s\nevent: render\n", r.Status)
	for line := range bytes.Lines(b.Bytes()) {
		fmt.Fprintf(s.w, "data: %s\n", bytes.TrimRight(line, "\r\n"))
	}
	fmt.Fprint(s.w, "\n")
	return s.rc.Flush()
}

func (s stream) comment() {
	fmt.Fprint(s.w, ": \n\n")
	s.rc.Flush()
}

// retry spreads over some seconds when those come back whom we send away.
func (s stream) retry() {
	fmt.Fprintf(s.w, "retry: %d\n\n", 500+rand.IntN(2000))
	s.rc.Flush()
}
