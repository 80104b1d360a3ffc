package screenshots

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Remember keeps the fingerprint in a file, and says in words what has changed
// since the last that was kept there.
func (f Fingerprint) Remember(file string) (changes []string, err error) {
	was, err := Recall(file)
	if err != nil {
		return nil, err
	}
	if was == f {
		return nil, nil
	}
	if was != (Fingerprint{}) {
		changes = was.Changes(f)
	}
	b, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	temp, err := os.CreateTemp(filepath.Dir(file), ".runtime-*")
	if err != nil {
		return nil, fmt.Errorf("remembering what draws: %w", err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(b)
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return nil, fmt.Errorf("remembering what draws: %w", err)
	}
	return changes, errors.Join(os.Rename(temp.Name(), file), flush(filepath.Dir(file)))
}

// Recall is the fingerprint that was kept in a file; of none, nothing.
func Recall(file string) (f Fingerprint, err error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err != nil {
		return f, fmt.Errorf("recalling what drew: %w", err)
	}
	return f, nil
}
