package screenshots

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// Fingerprint is what pictures depend on besides their pages: of two that are
// equal, the same page comes out the same.
type Fingerprint struct {
	Chromium string // the version, as in 156.0.8078.79
	Fonts    string // a hash of the files, in their order, and of what pages know them by
	Flags    string // a hash of how Chrome is started, and of the scripts that look at a page before it is taken
}

// Picture is what became of a shot, and what drew it.
type Picture struct {
	Data []byte
	By   Fingerprint
}

// fingerprint is all of it but the version, which a browser tells when it is there.
func fingerprint(fonts []Font, prepare string) (f Fingerprint, err error) {
	all := sha256.New()
	io.WriteString(all, fontsConf)
	for _, font := range fonts {
		fmt.Fprintf(all, "\x00%s\x00%d\x00%t\x00", font.Family, font.Weight, font.Italic)
		file, err := os.Open(font.File)
		if err != nil {
			return f, fmt.Errorf("a font cannot be read, run `app setup`: %w", err)
		}
		_, err = io.Copy(all, file)
		file.Close()
		if err != nil {
			return f, fmt.Errorf("a font cannot be read: %w", err)
		}
	}
	f.Fonts = short(all.Sum(nil))

	how := sha256.New()
	fmt.Fprintf(how, "%q %q %q %q", flags(), environment, ready, prepare)
	f.Flags = short(how.Sum(nil))
	return f, nil
}

func short(sum []byte) string { return hex.EncodeToString(sum[:6]) }
