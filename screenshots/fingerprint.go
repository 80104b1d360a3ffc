package screenshots

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Fingerprint is what pictures depend on besides their pages: of two that are
// equal, the same page comes out the same.
type Fingerprint struct {
	Chromium  string // the version, as in 156.0.8078.79
	Libraries string // a hash of the shared libraries that it loads, as they are packaged
	Fonts     string // a hash of the files, in their order, and of what pages know them by
	Flags     string // a hash of how Chrome is started, and of the scripts that look at a page before it is taken
}

// Changes says in words what is otherwise in another.
func (f Fingerprint) Changes(to Fingerprint) (words []string) {
	if f.Chromium != to.Chromium {
		words = append(words, fmt.Sprintf("Chromium %s -> %s", f.Chromium, to.Chromium))
	}
	for _, part := range []struct{ name, was, is string }{
		{"Chromium's libraries", f.Libraries, to.Libraries},
		{"the set of fonts", f.Fonts, to.Fonts},
		{"Chromium's flags and the scripts for pages", f.Flags, to.Flags},
	} {
		if part.was != part.is {
			words = append(words, part.name)
		}
	}
	return words
}

// Picture is what became of a shot, and what drew it.
type Picture struct {
	Data []byte
	By   Fingerprint
}

// Key names what becomes of a shot: two that are equal make the same file.
func (s Shot) Key(by Fingerprint) []byte {
	key := sha256.New()
	fmt.Fprintf(key, "%q %d %d %g %s %d %t %t ", by, s.Width, s.Height, s.Scale, s.Format, s.Quality, s.Transparent, s.Optimize)
	io.WriteString(key, s.HTML)
	return key.Sum(nil)
}

// Fingerprint is that of a pool that would be started now; no browser is.
func (o Options) Fingerprint() (f Fingerprint, err error) {
	p, err := o.place()
	if err != nil {
		return f, err
	}
	defer p.close()
	fonts, err := p.fonts(o.Fonts)
	if err != nil {
		return f, err
	}
	if f, err = fingerprint(fonts, o.Prepare); err != nil {
		return f, err
	}
	if f.Libraries, err = p.weigh(); err != nil {
		return f, err
	}
	f.Chromium, err = p.version()
	return f, err
}

// fingerprint is what is known of it before there is a browser.
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
	if err := json.NewEncoder(how).Encode(view{1, 1, 2, false}.metrics()); err != nil {
		return f, err
	}
	f.Flags = short(how.Sum(nil))
	return f, nil
}

func short(sum []byte) string { return hex.EncodeToString(sum[:6]) }
