package screenshots

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
)

func TestWire(t *testing.T) {
	p := startPool(t, Options{Tabs: 1})
	between(t, p, func(tab *tab) {
		b := tab.browser.Load()
		for _, want := range []string{"", "plain", "Größe ♂ 😀", strings.Repeat("ä", 100_000)} {
			var got string
			if err := b.evaluate(b.ctx, `"`+want+`"`, &got); err != nil || got != want {
				t.Errorf("%.20q has become %.20q: %v", want, got, err)
			}
		}
		_, err := b.process.call(b.ctx, b.target.SessionID, "Page.dance", nil)
		if no, ok := errors.AsType[*cdproto.Error](err); !ok || !strings.Contains(no.Message, "Page.dance") {
			t.Errorf("what it cannot do: %v", err)
		}
		if _, err := b.process.call(b.ctx, "nobody", "Page.enable", nil); err == nil {
			t.Error("a page that is not there answers")
		}

		syscall.Kill(leaderOf(b), syscall.SIGSTOP)
		ctx, cancel := context.WithTimeout(b.ctx, time.Second)
		defer cancel()
		large := map[string]any{"frameId": string(b.frame), "html": strings.Repeat("x", 1<<20)} // more than the pipe takes
		if _, err := b.process.call(ctx, b.target.SessionID, "Page.setDocumentContent", large); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one that hangs: %v", err)
		}
		if _, err := b.process.call(b.ctx, b.target.SessionID, "Page.enable", nil); err == nil {
			t.Error("it goes on after a part of a message")
		}
	})
	if !bytes.Equal(capture(t, p, page100("\xffé")), capture(t, p, page100("\uFFFDé"))) {
		t.Error("what is no UTF-8 is drawn otherwise than as what stands for it")
	}
}

// Of all that a Chrome says in its life the first is kept.
func TestWords(t *testing.T) {
	var w words
	if _, err := io.Copy(&w, strings.NewReader("no display\n"+strings.Repeat("x", 1<<20))); err != nil {
		t.Fatal(err)
	}
	if said := w.String(); !strings.HasPrefix(said, "no display\n") || len(said) > 16<<10 {
		t.Errorf("%d bytes: %.20q", len(said), said)
	}
}

// What is no message of Chrome's ends the wire.
func TestWireRefuses(t *testing.T) {
	head := func(size uint32) []byte { return binary.BigEndian.AppendUint32(envelopeBegin[:], size) }
	for name, data := range map[string][]byte{
		"JSON":             []byte(`{"id":1,"result":{}}` + "\x00"),
		"an end":           {},
		"half a head":      head(2)[:5],
		"half a message":   append(head(9), cborMap),
		"too large a one":  head(maxMessage + 1),
		"what is no map":   append(head(1), cborNull),
		"an endless value": append(head(1), cborMap),
	} {
		from, to, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(data); err != nil {
			t.Fatal(err)
		}
		to.Close()
		lost := make(chan error, 1)
		w := newWire(from, to, func(err error) { lost <- err })
		if err := w.Read(t.Context(), new(cdproto.Message)); err == nil || <-lost != err {
			t.Errorf("%s: %v", name, err)
		}
		w.Close()
	}
}
