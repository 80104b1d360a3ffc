package app

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"runtime"
	"sync"

	"golang.org/x/sync/singleflight"

	"majestic/app/images"
)

// maxPixelBytes is what is kept of images made: a few hundred.
const maxPixelBytes = 128 << 20

// darkroom makes images as the browser gets them, and keeps the last ones: the rows
// of a batch show the same logo.
type darkroom struct {
	turns  chan struct{} // held while an image is decoded: one of 25 megapixels takes 300 MB
	flight singleflight.Group

	mu    sync.Mutex
	bytes int
	uses  int
	made  map[string]*made
}

type made struct {
	url  string
	used int // the higher, the later
}

func newDarkroom() *darkroom {
	return &darkroom{turns: make(chan struct{}, runtime.NumCPU()), made: map[string]*made{}}
}

// url is a data: URL, made once for all who ask for the same key.
func (d *darkroom) url(ctx context.Context, key string, load func(context.Context) (mediaType string, data []byte, err error)) (string, error) {
	if url, ok := d.find(key); ok {
		return url, nil
	}
	url, err, _ := d.flight.Do(key, func() (any, error) {
		mediaType, data, err := load(context.WithoutCancel(ctx)) // it may not be for the first alone
		if err != nil {
			return "", err
		}
		url := "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(data)
		d.keep(key, url)
		return url, nil
	})
	return url.(string), err
}

func (d *darkroom) find(key string) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m, ok := d.made[key]
	if !ok {
		return "", false
	}
	d.uses++
	m.used = d.uses
	return m.url, true
}

func (d *darkroom) keep(key, url string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.made[key]; ok {
		return
	}
	d.uses++
	d.made[key] = &made{url, d.uses}
	for d.bytes += len(url); d.bytes > maxPixelBytes; {
		oldest := key
		for k, m := range d.made {
			if m.used < d.made[oldest].used {
				oldest = k
			}
		}
		d.bytes -= len(d.made[oldest].url)
		delete(d.made, oldest)
	}
}

// check reads the type and the size from an image's bytes, and what is to be kept of them.
func (d *darkroom) check(ctx context.Context, data []byte) (file images.File, err error) {
	if len(data) > MaxAssetBytes {
		return file, Errorf(TooLarge, "the image is larger than %d MiB; make it smaller and upload it again", MaxAssetBytes>>20)
	}
	err = d.decode(ctx, func() (err error) {
		file, err = images.Check(data)
		return err
	})
	if ctx.Err() != nil {
		return file, ctx.Err()
	}
	if err != nil {
		return file, &Error{Kind: Invalid, Message: "the file cannot be used as an image", Fields: []Field{{"file", err.Error()}}}
	}
	return file, nil
}

// checkFetched does the same for what an address led to, and sums it up.
func (d *darkroom) checkFetched(ctx context.Context, address string, data []byte) (file images.File, sha string, err error) {
	if file, err = d.check(ctx, data); err != nil {
		if e, ok := errors.AsType[*Error](err); ok && len(e.Fields) > 0 {
			err = Errorf(Invalid, "the image at %s %s", quote(address), e.Fields[0].Message)
		}
		return file, "", err
	}
	sum := sha256.Sum256(file.Data)
	return file, hex.EncodeToString(sum[:]), nil
}

// decode has its turn at what takes much memory.
func (d *darkroom) decode(ctx context.Context, do func() error) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case d.turns <- struct{}{}:
	}
	defer func() { <-d.turns }()
	return do()
}

// fit makes the pixels of a box.
func (d *darkroom) fit(ctx context.Context, data []byte, box images.Box) (mediaType string, file []byte, err error) {
	err = d.decode(ctx, func() (err error) {
		mediaType, file, err = images.Pixels(data, box)
		return err
	})
	return mediaType, file, err
}
