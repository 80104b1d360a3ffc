// Package load puts an even load on a server while its releases replace each
// other, and keeps account of what became of each request. Requests are sent at a
// rate, whether answers come or not, over a network that takes its time, and
// nothing is ever sent twice: what a client of another kind would quietly repeat
// is a failure here.
//
// The server is any program that uses package upgrade.
package load

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Plan is a load.
type Plan struct {
	Address     string        // of the server, as host:port
	Rate        float64       // requests a second
	RTT         time.Duration // what a round trip takes
	Connections int           // that are kept alive
	Mix         []Sort
	Streams     int                  // of server-sent events, always open
	Stream      func() *http.Request // opens one
}

// Sort is one sort of request.
type Sort struct {
	Name    string
	Share   int                           // of all requests, against the other sorts'
	Keep    bool                          // it goes over a connection that is kept alive
	Early   time.Duration                 // from the connection to the first byte
	Pause   time.Duration                 // between the halves of the body
	Effect  bool                          // the server counts what it does, by id
	Request func(id string) *http.Request // the id is no other request's
}

// streamSort is the name of the streams among the records.
const streamSort = "stream"

// Mixed is the usual mix: most requests over connections that are kept, one in
// thirteen over a new one, some over connections that lie open for a while before
// their first byte, and a few whose body comes slowly.
func Mixed(get, post func(id string) *http.Request) []Sort {
	return []Sort{
		{Name: "get", Share: 200, Keep: true, Request: get},
		{Name: "post", Share: 100, Keep: true, Effect: true, Request: post},
		{Name: "new get", Share: 18, Request: get},
		{Name: "new post", Share: 8, Effect: true, Request: post},
		{Name: "early get", Share: 10, Early: 20 * time.Millisecond, Request: get},
		{Name: "slow post", Share: 2, Keep: true, Pause: 1500 * time.Millisecond, Effect: true, Request: post},
	}
}

// Run is a load under way.
type Run struct {
	plan   Plan
	client *client
	stop   context.CancelFunc
	all    sync.WaitGroup

	mu      sync.Mutex
	records []Record
}

// Start puts the load on, until Stop.
func Start(p Plan) *Run {
	ctx, stop := context.WithCancel(context.Background())
	r := &Run{plan: p, client: newClient(p), stop: stop}
	r.all.Go(func() { r.send(ctx) })
	for range p.Streams {
		r.all.Go(func() { r.stream(ctx) })
	}
	return r
}

// Stop sends nothing more and returns when all that was sent is answered.
func (r *Run) Stop() []Record {
	r.stop()
	r.all.Wait()
	r.client.close()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.records
}

func (r *Run) send(ctx context.Context) {
	next, began, step := deck(r.plan.Mix), time.Now(), time.Duration(float64(time.Second)/r.plan.Rate)
	for i := 0; ; i++ {
		due := began.Add(time.Duration(i) * step)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		s, id := next(), r.client.name+"-"+strconv.Itoa(i)
		r.all.Go(func() {
			rec := Record{Sort: s.Name, ID: id, Effect: s.Effect, Start: due}
			rec.Status, rec.Release, rec.Err = r.client.do(s, s.Request(id))
			r.keep(rec)
		})
	}
}

// stream opens a stream again and again, as a page does that people come back to.
func (r *Run) stream(ctx context.Context) {
	for ctx.Err() == nil {
		look, leave := context.WithTimeout(ctx, time.Duration(2000+rand.IntN(6000))*time.Millisecond)
		rec := Record{Sort: streamSort, Start: time.Now()}
		rec.Status, rec.Release, rec.Err = r.client.watch(look, r.plan.Stream())
		leave()
		r.keep(rec)
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (r *Run) keep(rec Record) {
	rec.End = time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, rec)
}

// deck deals the sorts by their shares, well mixed, the same in every run.
func deck(mix []Sort) func() Sort {
	var cards []Sort
	for _, s := range mix {
		for range s.Share {
			cards = append(cards, s)
		}
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(cards), func(i, j int) { cards[i], cards[j] = cards[j], cards[i] })
	i := -1
	return func() Sort {
		i++
		return cards[i%len(cards)]
	}
}
