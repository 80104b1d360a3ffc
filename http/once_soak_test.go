//go:build soak

package http_test

import "testing"

func TestOneEffectOfManyMore(t *testing.T) { oneEffect(t, 200) }
