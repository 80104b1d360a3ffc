package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// restored is the data of an instance, made of a backup.
func (h host) restored(ctx context.Context, dir string, from Source, n Needs) row {
	data := filepath.Join(dir, "data")
	brought := false
	return row{
		name: "data",
		why:  "it is what the backup has kept",
		check: func() (string, error) {
			entries, err := os.ReadDir(h.path(data))
			switch {
			case err != nil || len(entries) == 0:
				return "", fmt.Errorf("there is nothing in %s", data)
			case brought:
				return "as in " + from.From, nil
			case from.Follow:
				return "", errors.New("it is what it was, and shall be as in " + from.From)
			}
			return "it is there; --follow replaces it", nil
		},
		mend: func() error {
			if err := os.MkdirAll(h.path(dir), 0o755); err != nil {
				return err
			}
			err := n.Restore(ctx, dir, from)
			brought = err == nil
			return err
		},
	}
}

// restored is that of a service, which is stopped before its data are replaced.
func (v *service) restored(ctx context.Context, from Source, n Needs) row {
	r := v.host.restored(ctx, v.dir, from, n)
	mend := r.mend
	r.mend = func() error {
		if from.Follow && v.systemctl("is-active", "--quiet", v.name) == nil {
			if err := v.systemctl("stop", v.name); err != nil {
				return err
			}
		}
		return mend()
	}
	return r
}

// started is the last of a service that was restored: it serves, and anew where its
// data were replaced.
func (v *service) started(anew bool) row {
	return row{
		name: "started",
		why:  "the instance serves",
		check: func() (string, error) {
			if anew || v.systemctl("is-active", "--quiet", v.name) != nil {
				return "", errors.New("it does not run yet")
			}
			return "by systemd", nil
		},
		mend: func() error {
			anew = false
			return v.systemctl("start", v.name)
		},
	}
}
