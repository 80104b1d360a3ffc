package http

import (
	"net/http/httptest"
	"strconv"
	"testing"
)

func TestLimitsAreBounded(t *testing.T) {
	l := newLimits(0.01)
	for i := range maxLimits + 50 {
		if err := l.take(httptest.NewRecorder(), strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.keys) > maxLimits {
		t.Errorf("%d keys are remembered", len(l.keys))
	}
}

func TestLimitsForgetTheIdleFirst(t *testing.T) {
	l := newLimits(0.01)
	if err := l.take(httptest.NewRecorder(), "busy"); err != nil {
		t.Fatal(err)
	}
	for i := range maxLimits + 50 {
		l.of(strconv.Itoa(i)) // seen, and with all its requests left
	}
	if err := l.take(httptest.NewRecorder(), "busy"); err == nil {
		t.Error("a key that had used up its requests was forgotten")
	}
}
