//go:build soak

package backup_test

import "testing"

func TestSoakCreateKilled(t *testing.T) { killCreates(t, newHouse(t), 20) }

func TestSoakRestoreKilled(t *testing.T) { killRestores(t, newHouse(t), 20) }
