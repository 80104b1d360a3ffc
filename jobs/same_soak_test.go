//go:build soak

package jobs_test

import "testing"

// After 200 other designs in the same tabs, and in 20 fresh Chromes.
func TestSameBytesAlways(t *testing.T) { sameBytes(t, 200, 20) }
