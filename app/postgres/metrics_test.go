package postgres_test

import (
	"testing"

	"majestic/app/apptest"
)

func TestMetrics(t *testing.T) {
	db := apptest.Database(t)
	before := apptest.Measure(t, db.Metrics()...)
	conn, err := db.Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	m := apptest.Measure(t, db.Metrics()...)
	for name, want := range map[string]float64{
		`majestic_database_connections{state="acquired"}`: 1, `majestic_database_connections{state="idle"}`: 0,
		`majestic_database_connections{state="constructing"}`: 0, "majestic_database_connections_max": float64(db.Pool.Config().MaxConns),
		"majestic_database_acquires_total": before["majestic_database_acquires_total"] + 1,
	} {
		if got, ok := m[name]; !ok || got != want {
			t.Errorf("%s is %v, not %v", name, got, want)
		}
	}
	if before[`majestic_database_connections{state="idle"}`] != 1 || before["majestic_database_waits_total"] < 1 || before["majestic_database_wait_seconds_total"] <= 0 {
		t.Errorf("%v", before) // the first connection was waited for
	}
}
