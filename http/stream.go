package http

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"majestic/app"
	"majestic/http/views"
)

// heartbeat keeps a silent stream from being taken for dead.
const heartbeat = 15 * time.Second

// streamRender sends the card of a render now and after each change, until it is
// finished.
func (s *Server) streamRender(w http.ResponseWriter, r *http.Request, v visit) error {
	made, err := v.Render(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	d, err := v.RenderedDesign(r.Context(), made)
	if err != nil {
		return err
	}
	return s.stream(w, r, made.Status, made.Finished(), func(ctx context.Context, out *stream) (bool, error) {
		err := v.FollowRender(ctx, s.o.Events, made.ID, func(now app.Render) error {
			made = now
			return out.html(r.Context(), now.Status, "render", views.RenderCard(v.here.Slug, d.Name, now))
		})
		return made.Finished(), err
	})
}

// stream sends events until follow says that it is over. A client that is cut off
// connects again, here or at another release, and gets what has changed meanwhile:
// the id of an event names a state of the thing, and each process knows it.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, state string, over bool, follow func(context.Context, *stream) (over bool, err error)) error {
	out := &stream{w, http.NewResponseController(w), r.Header.Get("Last-Event-ID")}
	if over && out.seen == state {
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
	for ctx.Err() == nil {
		beat, end := context.WithTimeout(ctx, heartbeat)
		over, err := follow(beat, out)
		end()
		if err != nil && !errors.Is(err, context.Canceled) {
			entryOf(r).err = err // the answer has begun: the browser connects again
			return nil
		}
		switch {
		case over:
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
	w    http.ResponseWriter
	rc   *http.ResponseController
	seen string // the id of the last event that the client has
}

// html sends a part of a page as the event of a state, unless the client has it.
func (s *stream) html(ctx context.Context, id, event string, part templ.Component) error {
	if id == s.seen {
		return nil
	}
	var b bytes.Buffer
	if err := part.Render(ctx, &b); err != nil {
		return fmt.Errorf("write the event: %w", err)
	}
	return s.send(id, event, b.Bytes())
}

// json does the same for a program.
func (s *stream) json(id, event string, v any) error {
	if id == s.seen {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write the event: %w", err)
	}
	return s.send(id, event, b)
}

func (s *stream) send(id, event string, data []byte) error {
	s.seen = id
	fmt.Fprintf(s.w, "id: %s\nevent: %s\n", id, event)
	for line := range bytes.Lines(data) {
		fmt.Fprintf(s.w, "data: %s\n", bytes.TrimRight(line, "\r\n"))
	}
	fmt.Fprint(s.w, "\n")
	return s.rc.Flush()
}

func (s *stream) comment() {
	fmt.Fprint(s.w, ": \n\n")
	s.rc.Flush()
}

// retry spreads over some seconds when those come back whom we send away.
func (s *stream) retry() {
	fmt.Fprintf(s.w, "retry: %d\n\n", 500+rand.IntN(2000))
	s.rc.Flush()
}
