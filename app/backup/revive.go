package backup

import (
	"bytes"
	"context"
	"os"
	"os/exec"

	"majestic/app"
)

// Revival is how an instance is made of what was brought from another machine.
type Revival struct {
	From           string // a backup, or the other instance's folder
	Follow         bool   // replace what is there
	Identity       string // a file with the age identity that opens the secrets, "" for none
	WithoutSecrets bool
}

// Revive brings the backup, and restores it with the rights of the account that owns
// the instance's folder, which may not read what only we can.
func (k *Keeper) Revive(ctx context.Context, r Revival) error {
	b, err := k.Bring(r.From)
	if err != nil {
		return err
	}
	args := []string{"backup", "restore", b.Path, "--dir", k.Dir}
	if r.Follow {
		args = append(args, "--force")
	}
	if r.WithoutSecrets {
		args = append(args, "--without-secrets")
	}
	restore := exec.CommandContext(ctx, "/proc/self/exe", args...)
	if r.Identity != "" {
		identity, err := os.ReadFile(r.Identity)
		if err != nil {
			return app.Errorf(app.Invalid, "the identity cannot be read: %v", err)
		}
		restore.Args = append(restore.Args, "--identity=-")
		restore.Stdin = bytes.NewReader(identity)
	}
	restore.Stdout, restore.Stderr = os.Stderr, os.Stderr
	if err := restore.Run(); err != nil {
		return app.Errorf(app.Unavailable, "the backup %s could not be restored; see to what is said above, and say it again", b.Path)
	}
	return nil
}
