package apptest_test

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
)

// What clients feel of backups: the slowest hundredth of 200 requests a second while
// backups are made one after another, against the same without them.
//
//	go test -run xxx -bench WhileBackup -benchtime 1x ./app/apptest
func BenchmarkWhileBackup(b *testing.B) {
	binary, dir := apptest.Binary(b, "bench"), apptest.Dir(b)
	server := apptest.Serve(b, binary, dir, "--rate-limit", "0", "--backup-every", "0")
	api := apptest.API{URL: server.URL, Key: apptest.Key(b, binary, dir)}
	var design app.Design
	api.Call(b, "POST", "/designs", map[string]any{"name": "Card", "document": json.RawMessage(apptest.File(b, "country-card.json"))}, 201, &design)
	inDatabase(b, dir, func(pool *pgxpool.Pool) error {
		_, err := pool.Exec(b.Context(), `
			INSERT INTO design_versions (tenant_id, design_id, version, name, document)
			SELECT tenant_id, id, v, name, to_json((SELECT string_agg(md5(random()::text || v || g), '') FROM generate_series(1, 250) g))
			FROM designs, generate_series(2, 25000) v WHERE id = $1`, design.ID)
		if err != nil {
			return err
		}
		_, err = pool.Exec(b.Context(), "VACUUM ANALYZE") // nobody else is to do that meanwhile
		return err
	})
	release := status(b, dir)[0].Release
	const span = 20 * time.Second
	var plain, beside []time.Duration
	for b.Loop() {
		steady(b, api, release, lasting(time.Second))
		plain = append(plain, steady(b, api, release, lasting(span))...)

		more, done, backups := lasting(span), make(chan bool), 0
		go func() { // whole ones: each of their parts is felt otherwise
			defer close(done)
			for more() {
				out, err := exec.Command(binary, "backup", "create", "--dir", dir).CombinedOutput()
				if err != nil {
					b.Errorf("%v: %s", err, out)
					return
				}
				backups++
			}
		}()
		beside = append(beside, steady(b, api, release, func() bool {
			select {
			case <-done:
				return false
			default:
				return true
			}
		})...)
		b.ReportMetric(float64(backups), "backups")
	}
	p99 := func(all []time.Duration) float64 {
		slices.Sort(all)
		return float64(all[len(all)*99/100].Microseconds()) / 1000
	}
	b.ReportMetric(p99(plain), "ms-p99")
	b.ReportMetric(p99(beside), "ms-p99-backup")
	b.ReportMetric(p99(beside)/p99(plain), "x-plain")
	apptest.Must(b, binary, dir, "stop")
}

// lasting is true for a while.
func lasting(span time.Duration) func() bool {
	end := time.Now().Add(span)
	return func() bool { return time.Now().Before(end) }
}

// steady asks 200 times a second, whether or not those before are answered.
func steady(b *testing.B, api apptest.API, release string, more func() bool) (took []time.Duration) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var asking sync.WaitGroup
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for more() {
		at := <-tick.C
		asking.Go(func() {
			ask(b, client, api, release)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(at))
		})
	}
	asking.Wait()
	return took
}
