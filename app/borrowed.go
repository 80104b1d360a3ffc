package app

import (
	"context"
	"sync"
)

// maxBorrowedBytes is what is held of images for the next rows that show them.
const maxBorrowedBytes = 128 << 20

// borrowed are images for a job outside of any workspace: addresses lead to them,
// and they are held in memory for a while.
type borrowed struct {
	remote   Remote
	darkroom *darkroom

	mu    sync.Mutex
	bytes int
	held  map[string]held // by address
	order []string        // of the addresses, the oldest first
}

type held struct {
	source
	data []byte
}

// BorrowImages looks images up for one job that is nobody's.
func BorrowImages(remote Remote) *Images {
	b := &borrowed{remote: remote, darkroom: newDarkroom(), held: map[string]held{}}
	return &Images{shelf: b, darkroom: b.darkroom, known: map[string]source{}}
}

func (b *borrowed) find(ctx context.Context, address string) (source, error) {
	if !IsAddress(address) {
		return source{}, Errorf(NotFound, "there is no such asset here")
	}
	from, err, _ := b.darkroom.flight.Do("fetch "+address, func() (any, error) {
		if h, ok := b.get(address); ok {
			return h.source, nil
		}
		answer, err := b.remote.Fetch(ctx, address, "")
		if err != nil {
			return source{}, err
		}
		file, sum, err := b.darkroom.checkFetched(ctx, address, answer.Data)
		if err != nil {
			return source{}, err
		}
		from := source{address, file.MediaType, sum}
		b.hold(held{from, file.Data})
		return from, nil
	})
	return from.(source), err
}

func (b *borrowed) read(_ context.Context, address string) ([]byte, error) {
	h, ok := b.get(address)
	if !ok {
		return nil, Errorf(NotFound, "the image is not held any more")
	}
	return h.data, nil
}

func (b *borrowed) get(address string) (held, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h, ok := b.held[address]
	return h, ok
}

func (b *borrowed) hold(h held) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held[h.key], b.order = h, append(b.order, h.key)
	for b.bytes += len(h.data); b.bytes > maxBorrowedBytes; b.order = b.order[1:] {
		b.bytes -= len(b.held[b.order[0]].data)
		delete(b.held, b.order[0])
	}
}
