package app

import (
	"fmt"
	"slices"
	"testing"
)

func TestPick(t *testing.T) {
	var all []candidate
	for i := range 30 { // the newest first; the oldest is used most
		all = append(all, candidate{ID: fmt.Sprint(i), Uses: i, MadeOf: []string{"text"}})
	}
	all[20].MadeOf = []string{"text", "rect shadow"}
	all[21].MadeOf = []string{"rect shadow"}
	all[22].MadeOf = []string{"pdf"}
	var ids []string
	for _, c := range pick(all, 8) {
		ids = append(ids, c.ID)
	}
	if want := []string{"29", "0", "28", "1", "20", "22", "2", "3"}; !slices.Equal(ids, want) {
		t.Errorf("picked %v, not %v", ids, want)
	}
	if got := pick(all, 100); len(got) != 30 {
		t.Errorf("picked %d of 30", len(got))
	}
	if got := pick(nil, 5); got != nil {
		t.Errorf("picked %v of nothing", got)
	}
}
