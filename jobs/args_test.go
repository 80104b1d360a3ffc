package jobs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/riverqueue/river"

	"majestic/app"
)

// Jobs outlive the release that made them: the arguments of every version that
// was ever released are kept here as they were written, and today's code reads
// them all. What it writes is the newest of them to the letter; who changes that
// raises the version and adds a file.
func TestArguments(t *testing.T) {
	const tenant, id = "0198b0f2-0000-7000-8000-000000000001", "0198b0f2-0000-7000-8000-000000000002"
	for _, kind := range []struct {
		version int
		today   river.JobArgs
		read    func([]byte) (tenant, id string, err error)
	}{
		{app.RenderJobVersion, app.RenderJob{Version: app.RenderJobVersion, TenantID: tenant, RenderID: id}, func(b []byte) (string, string, error) {
			var args app.RenderJob
			err := json.Unmarshal(b, &args)
			return args.TenantID, args.RenderID, err
		}},
		{app.BatchJobVersion, app.BatchJob{Version: app.BatchJobVersion, TenantID: tenant, BatchID: id}, func(b []byte) (string, string, error) {
			var args app.BatchJob
			err := json.Unmarshal(b, &args)
			return args.TenantID, args.BatchID, err
		}},
		{app.MailJobVersion, app.MailJob{Version: app.MailJobVersion, MailID: id}, func(b []byte) (string, string, error) {
			var args app.MailJob
			err := json.Unmarshal(b, &args)
			return tenant, args.MailID, err // it has none
		}},
		{app.DeliveryJobVersion, app.DeliveryJob{Version: app.DeliveryJobVersion, TenantID: tenant, DeliveryID: id}, func(b []byte) (string, string, error) {
			var args app.DeliveryJob
			err := json.Unmarshal(b, &args)
			return args.TenantID, args.DeliveryID, err
		}},
	} {
		for v := 1; v <= kind.version; v++ {
			golden, err := os.ReadFile(filepath.Join("testdata", "args", fmt.Sprintf("%s.v%d.json", kind.today.Kind(), v)))
			if err != nil {
				t.Error(err)
				continue
			}
			if readTenant, readID, err := kind.read(golden); err != nil || readTenant != tenant || readID != id {
				t.Errorf("%s, version %d: read as %s, %s: %v", kind.today.Kind(), v, readTenant, readID, err)
			}
			written, err := json.Marshal(kind.today)
			if v == kind.version && (err != nil || !bytes.Equal(written, bytes.TrimSpace(golden))) {
				t.Errorf("%s is written as %s: raise its version, and add a golden file", kind.today.Kind(), written)
			}
		}
	}
}
