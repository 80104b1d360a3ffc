package jobs

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"riverqueue.com/riverui"
)

// NewUI is River's own page of all jobs, below a path. It shows those of all tenants
// and lets them be cancelled and tried again, so who gets there must be an operator.
// Its background service counts jobs all day for a page that is seldom open: it is
// not started, and the page counts when it is asked.
func NewUI(pool *pgxpool.Pool, path string, log *slog.Logger) (http.Handler, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	ui, err := riverui.NewHandler(&riverui.HandlerOpts{Endpoints: riverui.NewEndpoints(client, nil), Logger: log, Prefix: path})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return ui, nil
}
