package screenshots

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// wire is how we and chromedp speak to a Chrome: a pipe in each direction, with CBOR.
// chromedp's own has JSON, where a picture is base64 text, and a document is read and
// written letter by letter by Chrome and by us: a fifth of what a shot costs.
type wire struct {
	in      *bufio.Reader
	ends    []io.Closer
	writing sync.Mutex
	out     io.Writer

	mu   sync.Mutex
	last int64
	asks map[int64]chan map[string]any // each waits for its answer
	lost func(error)                   // called when nothing more is read, and why
}

// Our calls are numbered from here on, chromedp's up to here.
const firstCall = 1 << 30

// maxMessage is more than the largest picture takes.
const maxMessage = 1 << 28

func newWire(in io.ReadCloser, out io.WriteCloser, lost func(error)) *wire {
	return &wire{in: bufio.NewReader(in), ends: []io.Closer{in, out}, out: out, last: firstCall, asks: map[int64]chan map[string]any{}, lost: lost}
}

// Allocate has chromedp use the wire; it is a chromedp.Allocator whose browser runs.
func (w *wire) Allocate(ctx context.Context, options ...chromedp.BrowserOption) (*chromedp.Browser, error) {
	return chromedp.NewBrowserTransport(ctx, w, options...)
}

// Wait belongs to Allocate: who started the process waits for its end.
func (w *wire) Wait() {}

// call asks a page for what is large, or tells it: what comes back may hold bytes. When
// ctx ends first, so does the wire: a Chrome that hangs reads no more.
func (w *wire) call(ctx context.Context, page target.SessionID, method string, params map[string]any) (map[string]any, error) {
	answer := make(chan map[string]any, 1)
	w.mu.Lock()
	w.last++
	id := w.last
	w.asks[id] = answer
	w.mu.Unlock()
	inTime := context.AfterFunc(ctx, func() { w.Close() })
	err := w.write(map[string]any{"id": id, "sessionId": string(page), "method": method, "params": params})
	var message map[string]any
	if err == nil {
		select {
		case <-ctx.Done():
		case message = <-answer:
		}
	}
	if !inTime() {
		return nil, context.Cause(ctx)
	}
	if err == nil {
		err = failure(message)
	}
	result, _ := message["result"].(map[string]any)
	return result, err
}

// Read gives chromedp its next message. Those to us go to who waits for them.
func (w *wire) Read(_ context.Context, m *cdproto.Message) error {
	for {
		message, err := w.read()
		if err != nil {
			go w.lost(err)
			return err
		}
		id, _ := message["id"].(int64)
		if id > firstCall {
			w.mu.Lock()
			if answer, ok := w.asks[id]; ok {
				answer <- message
				delete(w.asks, id)
			}
			w.mu.Unlock()
			continue
		}
		method, _ := message["method"].(string)
		session, _ := message["sessionId"].(string)
		m.ID, m.Method, m.SessionID = id, cdproto.MethodType(method), target.SessionID(session)
		if err := failure(message); err != nil {
			errors.As(err, &m.Error)
			return nil
		}
		if m.Params, err = text(message["params"]); err == nil {
			m.Result, err = text(message["result"])
		}
		return err
	}
}

// Write sends a message of chromedp's.
func (w *wire) Write(_ context.Context, m *cdproto.Message) error {
	message := map[string]any{"id": m.ID, "method": string(m.Method)}
	if m.SessionID != "" {
		message["sessionId"] = string(m.SessionID)
	}
	if m.Params != nil {
		var params any
		decoder := json.NewDecoder(bytes.NewReader(m.Params))
		decoder.UseNumber()
		if err := decoder.Decode(&params); err != nil {
			return fmt.Errorf("%s: %w", m.Method, err)
		}
		message["params"] = params
	}
	return w.write(message)
}

// Close ends a Chrome that is well, too.
func (w *wire) Close() (err error) {
	for _, end := range w.ends {
		err = errors.Join(err, end.Close())
	}
	return err
}

func (w *wire) read() (map[string]any, error) {
	head, err := w.in.Peek(envelopeHead)
	if err != nil {
		return nil, err
	}
	size, err := envelopeSize(head)
	if err != nil {
		return nil, err
	}
	if size > maxMessage {
		return nil, fmt.Errorf("a message of Chrome has %d bytes", size)
	}
	data := make([]byte, envelopeHead+size)
	if _, err := io.ReadFull(w.in, data); err != nil {
		return nil, err
	}
	value, err := parseCBOR(data)
	if err != nil {
		return nil, err
	}
	message, ok := value.(map[string]any)
	if !ok {
		return nil, errNotCBOR
	}
	return message, nil
}

func (w *wire) write(message map[string]any) error {
	data, err := appendCBOR(nil, message)
	if err != nil {
		return err
	}
	w.writing.Lock()
	defer w.writing.Unlock()
	if _, err := w.out.Write(data); err != nil {
		return fmt.Errorf("write to Chrome: %w", err)
	}
	return nil
}

// failure is the error that Chrome answers with.
func failure(message map[string]any) error {
	is, failed := message["error"].(map[string]any)
	if !failed {
		return nil
	}
	code, _ := is["code"].(int64)
	words, _ := is["message"].(string)
	return &cdproto.Error{Code: code, Message: words}
}

// text is a part of a message as JSON; nil when there is none.
func text(part any) ([]byte, error) {
	if part == nil {
		return nil, nil
	}
	return json.Marshal(part)
}
