package load

import (
	"cmp"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Record is what became of one request.
type Record struct {
	Sort       string
	ID         string
	Effect     bool      // the server counts it
	Start, End time.Time // it is due; its answer is whole
	Status     int
	Release    string // that answered: X-Release
	Err        error
}

// Failure is how some requests failed.
type Failure struct {
	Sort  string `json:"sort"`
	Error string `json:"error"`
	Count int    `json:"count"`
}

// Effects are what was asked of the server to be done once each, and what was done.
type Effects struct {
	Sent         int `json:"sent"`
	Acknowledged int `json:"acknowledged"`
	Executed     int `json:"executed"`
	Lost         int `json:"lost"`  // acknowledged, and not done
	Twice        int `json:"twice"` // done more than once
}

// Span is a time between two moments.
type Span struct{ From, To time.Time }

// Failures are the requests of a span that failed, most frequent first.
func Failures(records []Record, s Span) (all []Failure) {
	for _, r := range within(records, s) {
		if r.Err == nil {
			continue
		}
		f := Failure{r.Sort, plain(r.Err), 1}
		if i := slices.IndexFunc(all, func(o Failure) bool { return o.Sort == f.Sort && o.Error == f.Error }); i >= 0 {
			all[i].Count++
		} else {
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b Failure) int { return b.Count - a.Count })
	return all
}

// failed counts failures: of requests, and of streams.
func failed(all []Failure) (requests, streams int) {
	for _, f := range all {
		if f.Sort == streamSort {
			streams += f.Count
		} else {
			requests += f.Count
		}
	}
	return requests, streams
}

// refused counts the failures of connections that nobody wanted.
func refused(records []Record, s Span) (n int) {
	for _, r := range within(records, s) {
		if errors.Is(r.Err, syscall.ECONNREFUSED) {
			n++
		}
	}
	return n
}

// account holds the effects that were asked for against those that happened, by id.
func account(records []Record, executed map[string]int) (e Effects) {
	for _, r := range records {
		if !r.Effect {
			continue
		}
		e.Sent++
		n := executed[r.ID]
		if n > 0 {
			e.Executed++
		}
		if n > 1 {
			e.Twice++
		}
		if r.Err == nil {
			e.Acknowledged++
			if n == 0 {
				e.Lost++
			}
		}
	}
	return e
}

// Gap is the longest time in a span without a success.
func Gap(records []Record, s Span) (longest time.Duration) {
	var ends []time.Time
	for _, r := range within(records, s) {
		if r.Err == nil && r.Sort != streamSort {
			ends = append(ends, r.End)
		}
	}
	slices.SortFunc(ends, time.Time.Compare)
	last := s.From
	for _, end := range append(ends, s.To) {
		longest = max(longest, end.Sub(last))
		last = end
	}
	return longest
}

// latencies are what the successes of a span took, the shortest first. Slow ones
// are left out.
func latencies(records []Record, s Span) (all []time.Duration) {
	for _, r := range within(records, s) {
		if r.Err == nil && r.Sort != streamSort && !strings.HasPrefix(r.Sort, "slow") {
			all = append(all, r.End.Sub(r.Start))
		}
	}
	slices.Sort(all)
	return all
}

func within(records []Record, s Span) (all []Record) {
	for _, r := range records {
		if !r.End.Before(s.From) && !r.End.After(s.To) {
			all = append(all, r)
		}
	}
	return all
}

// plain is an error without what differs from one to the next.
func plain(err error) string {
	for _, known := range []error{syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return "closed without an answer"
	}
	if errors.Is(err, net.ErrClosed) { // by us
		return "no answer within " + patience.String()
	}
	return err.Error()
}

// quantile is a value of a sorted list: 0.5 the median, 1 the largest.
func quantile[T cmp.Ordered](sorted []T, q float64) (v T) {
	if len(sorted) == 0 {
		return v
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
