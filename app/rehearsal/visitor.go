package rehearsal

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"majestic/upgrade/load"
)

// visitor is a customer of the copy, who makes a design and, after each change, comes
// again and draws all that it has made there.
type visitor struct {
	instance *load.Instance
	key      string
	designs  []string
}

const document = `{"version":1,"pages":[{"width":240,"height":80,"elements":[
	{"id":"title","type":"text","x":8,"y":8,"width":224,"height":64,"text":"Hello {{name}}","size":24}]}]}`

// come looks whether the server is well and makes a design.
func (v *visitor) come(ctx context.Context) error {
	for _, path := range []string{"/readyz", "/version", "/signin"} {
		if err := v.ask(ctx, "GET", path, nil, nil); err != nil {
			return err
		}
	}
	if v.key == "" {
		if err := v.register(ctx); err != nil {
			return err
		}
	}
	var design struct{ ID string }
	if err := v.ask(ctx, "POST", "/api/v1/designs", map[string]any{"name": "Rehearsal", "document": json.RawMessage(document)}, &design); err != nil {
		return err
	}
	v.designs = append(v.designs, design.ID)
	return nil
}

// comeAgain draws designs as well: not the first time, since what was rendered is
// compared between the releases.
func (v *visitor) comeAgain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := v.come(ctx); err != nil {
		return err
	}
	for _, id := range v.designs {
		if err := v.draw(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// register makes a workspace and a key to it.
func (v *visitor) register(ctx context.Context) error {
	var tenant struct{ Slug string }
	var key struct{ Key string }
	said, err := v.instance.Run(ctx, "tenant", "create", "Rehearsal "+rand.Text()[:8], "--json")
	if err == nil {
		err = json.Unmarshal(said, &tenant)
	}
	if err == nil {
		said, err = v.instance.Run(ctx, "apikey", "create", "--tenant", tenant.Slug, "--json")
	}
	if err == nil {
		err = json.Unmarshal(said, &key)
	}
	v.key = key.Key
	return err
}

func (v *visitor) draw(ctx context.Context, design string) error {
	var r struct{ ID, Status, Error string }
	err := v.ask(ctx, "POST", "/api/v1/renders", map[string]any{"design": design, "variables": map[string]string{"name": "Ada"}}, &r)
	for err == nil && (r.Status == "queued" || r.Status == "running") {
		select {
		case <-ctx.Done():
			return fmt.Errorf("a render is %s, and does not end", r.Status)
		case <-time.After(100 * time.Millisecond):
			err = v.ask(ctx, "GET", "/api/v1/renders/"+r.ID, nil, &r)
		}
	}
	if err == nil && r.Status != "succeeded" {
		return fmt.Errorf("a render has %s: %s", r.Status, r.Error)
	}
	if err != nil {
		return err
	}
	return v.ask(ctx, "GET", "/api/v1/renders/"+r.ID+"/file", nil, nil)
}

// ask fails unless the answer is of the kind 2xx.
func (v *visitor) ask(ctx context.Context, method, path string, body, into any) error {
	var text io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		text = bytes.NewReader(b)
	}
	q, err := http.NewRequestWithContext(ctx, method, "http://"+v.instance.Address+path, text)
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Authorization", "Bearer "+v.key)
	q.Close = true // a connection that is kept would keep the old release
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	said, err := io.ReadAll(a.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if a.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s answers %s: %.500s", method, path, a.Status, said)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(said, into)
}
