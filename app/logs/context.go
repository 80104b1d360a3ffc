package logs

import (
	"context"
	"log/slog"
	"sync"
)

// With begins something that lines can be about, such as a request or a job: each
// line that is logged with the context tells these attributes, and what Note adds.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	outer, _ := ctx.Value(subjectKey{}).(*subject)
	return context.WithValue(ctx, subjectKey{}, &subject{outer: outer, attrs: attrs})
}

// Note adds to what the last With has begun what has become known of it since.
// Lines of those who hold an older context tell it, too.
func Note(ctx context.Context, attrs ...slog.Attr) {
	if s, ok := ctx.Value(subjectKey{}).(*subject); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.attrs = append(s.attrs, attrs...)
	}
}

type subjectKey struct{}

// subject is what lines are about, and what that is a part of.
type subject struct {
	outer *subject
	mu    sync.Mutex
	attrs []slog.Attr
}

// contextual adds to each line what its context knows.
type contextual struct{ slog.Handler }

func (h contextual) Handle(ctx context.Context, r slog.Record) error {
	if s, ok := ctx.Value(subjectKey{}).(*subject); ok {
		r = r.Clone()
		s.tell(&r)
	}
	return h.Handler.Handle(ctx, r)
}

// tell adds the attributes, outermost first. What the line says itself stands:
// a name twice in one object is no JSON for everybody.
func (s *subject) tell(r *slog.Record) {
	if s.outer != nil {
		s.outer.tell(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.attrs {
		if !told(r, a.Key) {
			r.AddAttrs(a)
		}
	}
}

func told(r *slog.Record, key string) (yes bool) {
	r.Attrs(func(a slog.Attr) bool {
		yes = a.Key == key
		return !yes
	})
	return yes
}

func (h contextual) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextual{h.Handler.WithAttrs(attrs)}
}

func (h contextual) WithGroup(name string) slog.Handler {
	return contextual{h.Handler.WithGroup(name)}
}
