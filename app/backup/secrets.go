package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"majestic/app"
)

// How a backup holds the secrets of its instance.
const (
	noSecrets     = "none"
	sealedSecrets = "sealed" // encrypted to a recipient of age's
	plainSecrets  = "plain"
)

// secrets are what makes an instance the same to those who know it.
type secrets struct {
	SecretKey string `json:"secret_key"`
	Settings  string `json:"settings"` // app.toml, whole
}

// packSecrets writes the secrets: encrypted when there is somebody to encrypt them to,
// else only when that is wished.
func (k *Keeper) packSecrets(half, settings string, wished bool) (how string, err error) {
	if k.Recipient == "" && !wished {
		return noSecrets, nil
	}
	key, err := k.Secret()
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(secrets{string(key), settings})
	if err != nil {
		return "", err
	}
	if k.Recipient == "" {
		return plainSecrets, write(filepath.Join(half, secretsFile), text)
	}
	recipients, err := age.ParseRecipients(strings.NewReader(strings.ReplaceAll(k.Recipient, ",", "\n")))
	if err != nil {
		return "", app.Errorf(app.Invalid, "BACKUP_RECIPIENT is not a recipient of age's: %v; age-keygen makes one, which begins with age1", err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, recipients...)
	if err == nil {
		_, err = w.Write(text)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		return "", fmt.Errorf("encrypt the secrets: %w", err)
	}
	return sealedSecrets, write(filepath.Join(half, sealedFile), sealed.Bytes())
}

// Identity is what opens the secrets of a backup.
type Identity struct {
	File    string `name:"identity" help:"The file with age's identity that opens the backup's secrets; - is standard input." placeholder:"FILE"`
	Without bool   `name:"without-secrets" help:"Restore without the secrets; links that were signed are then void."`
}

// open reads the secrets of a backup; nil is that it holds none.
func (b Backup) open(with Identity) (*secrets, error) {
	var text []byte
	var err error
	switch {
	case b.Secrets == noSecrets || with.Without:
		return nil, nil
	case b.Secrets == plainSecrets:
		text, err = os.ReadFile(filepath.Join(b.Path, secretsFile))
	case with.File == "":
		return nil, app.Errorf(app.Invalid, "the backup's secrets are encrypted; name the file that opens them with --identity FILE, or go without them: --without-secrets")
	default:
		text, err = b.unseal(with.File)
	}
	if err != nil {
		return nil, err
	}
	var s secrets
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("read the backup's secrets: %w", err)
	}
	return &s, nil
}

func (b Backup) unseal(file string) ([]byte, error) {
	var err error
	keys := os.Stdin
	if file != "-" {
		keys, err = os.Open(file)
	}
	if err != nil {
		return nil, app.Errorf(app.Invalid, "the identity cannot be read: %v", err)
	}
	defer keys.Close()
	identities, err := age.ParseIdentities(keys)
	if err != nil {
		return nil, app.Errorf(app.Invalid, "%s holds no identity of age's: %v; it is the file that age-keygen has written", file, err)
	}
	sealed, err := os.Open(filepath.Join(b.Path, sealedFile))
	if err != nil {
		return nil, err
	}
	defer sealed.Close()
	r, err := age.Decrypt(sealed, identities...)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
		return nil, app.Errorf(app.Invalid, "the backup's secrets were encrypted to another key than that in %s; name the right one, or go without them: --without-secrets", file)
	}
	if err != nil {
		return nil, fmt.Errorf("open the backup's secrets: %w", err)
	}
	return io.ReadAll(r)
}
