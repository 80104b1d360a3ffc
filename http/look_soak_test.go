//go:build soak

package http_test

import "testing"

// Each page in all ways. With LOOK it leaves pictures in a folder, for people to look at:
//
//	LOOK=/tmp/look go test -tags soak -run TestLookInAllWays ./http
func TestLookInAllWays(t *testing.T) {
	lookAround(t, func(int) []view {
		return []view{{wide, []bool{false, true}}, {narrow, []bool{false, true}}}
	})
}
