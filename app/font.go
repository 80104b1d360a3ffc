package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"majestic/app/sfnt"
)

// MaxFonts is how many fonts a tenant may upload.
const MaxFonts = 200

// Font is an uploaded file: one face of a family that only its tenant's designs may use.
type Font struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"` // of the file
	Family    string    `json:"family"`
	Weight    int       `json:"weight"`
	MaxWeight int       `json:"max_weight"` // more than Weight in a variable font
	Italic    bool      `json:"italic"`
	Format    string    `json:"format"`
	Bytes     int64     `json:"bytes"`
	SHA256    string    `json:"sha256" db:"sha256"`
	CreatedAt time.Time `json:"created_at"`
}

const fontColumns = `id, name, family, weight, max_weight, italic, format, bytes, sha256, created_at`

// CreateFont keeps a font under the family, weight and slant that it names itself.
func (t Tenant) CreateFont(ctx context.Context, once *Once, name string, data []byte) (f Font, err error) {
	if err := t.may(toEdit); err != nil {
		return f, err
	}
	read, err := checkFont(data)
	if err != nil {
		return f, err
	}
	sum := sha256.Sum256(data)
	return makeOnce(ctx, t, once, "font", `SELECT `+fontColumns+` FROM fonts WHERE id = $1`, func(tx pgx.Tx) (Font, string, error) {
		f, err := one[Font](ctx, tx, "font", `
			INSERT INTO fonts (tenant_id, name, family, weight, max_weight, italic, format, bytes, sha256)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE (SELECT count(*) FROM fonts) < $10 RETURNING `+fontColumns,
			t.id, fileName(name, "font"), read.Family, read.Weight, read.MaxWeight, read.Italic, read.Format, len(data), hex.EncodeToString(sum[:]), MaxFonts)
		switch {
		case violates(err, "fonts_face"):
			return f, "", Errorf(Conflict, "the font %s is here already; delete that one first if this is to take its place", faceName(read))
		case KindOf(err) == NotFound:
			return f, "", Errorf(Conflict, "there are %d fonts here, the most that are kept; delete some that no design uses", MaxFonts)
		case err != nil:
			return f, "", fmt.Errorf("insert font: %w", err)
		}
		if err := t.app.objects.Put(ctx, t.fontKey(f.ID), data); err != nil {
			return f, "", fmt.Errorf("keep font: %w", err)
		}
		// A new face may be nearer to what designs ask of the family.
		if err := outdateLinks(ctx, tx); err != nil {
			return f, "", err
		}
		return f, f.ID, outdate(ctx, tx, `design_id IN (SELECT d.id FROM `+designTables+` WHERE `+writtenIn+`)`, f.Family)
	})
}

// Font reads what is known of a font.
func (t Tenant) Font(ctx context.Context, id string) (f Font, err error) {
	u, err := parseID("font", id)
	if err != nil {
		return f, err
	}
	return one[Font](ctx, t.sight(), "font", `SELECT `+fontColumns+` FROM fonts WHERE id = $1`, u)
}

// Fonts lists a page of fonts, newest first.
func (t Tenant) Fonts(ctx context.Context, p PageRequest) (l List[Font], err error) {
	return list(ctx, t.sight(), "fonts", p, func(f Font) string { return f.ID }, `
		SELECT `+fontColumns+` FROM fonts
		WHERE $1::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM fonts WHERE id = $1)
		ORDER BY created_at DESC, id DESC LIMIT $2`)
}

// FontFaces are all fonts of the tenant, family by family.
func (t Tenant) FontFaces(ctx context.Context) (all []Font, err error) {
	err = t.tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+fontColumns+` FROM fonts ORDER BY family, italic, weight, id`)
		if err != nil {
			return fmt.Errorf("read fonts: %w", err)
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[Font])
		return err
	})
	return all, err
}

// OpenFont opens a font's bytes.
func (t Tenant) OpenFont(ctx context.Context, id string) (Font, io.ReadSeekCloser, error) {
	f, err := t.Font(ctx, id)
	if err != nil {
		return f, nil, err
	}
	file, err := t.app.objects.Open(ctx, t.fontKey(f.ID))
	if err != nil {
		return f, nil, fmt.Errorf("open font %s: %w", f.ID, err)
	}
	return f, file, nil
}

// writtenIn tells of a design whether a text of it is in the family $1.
const writtenIn = `jsonb_path_exists(v.document::jsonb, '$.pages[*].elements[*] ? (@.font == $family && !(@.hidden == true))', jsonb_build_object('family', $1::text))`

// DeleteFont takes a font away, unless a design is written in its family: another
// face would be drawn there, and nobody had chosen it.
func (t Tenant) DeleteFont(ctx context.Context, id string) error {
	if err := t.may(toEdit); err != nil {
		return err
	}
	u, err := parseID("font", id)
	if err != nil {
		return err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		f, err := one[Font](ctx, tx, "font", `SELECT `+fontColumns+` FROM fonts WHERE id = $1 FOR UPDATE`, u)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT d.name FROM designs d JOIN design_versions v ON v.design_id = d.id AND v.version IN (d.version, d.published_version)
			WHERE d.deleted_at IS NULL AND `+writtenIn+`
			GROUP BY d.id ORDER BY d.created_at, d.id LIMIT 4`, f.Family)
		if err != nil {
			return fmt.Errorf("look for the font's designs: %w", err)
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("look for the font's designs: %w", err)
		}
		if len(names) > 0 {
			return Errorf(Conflict, "designs are written in %s: %s; give their texts another font, then delete this one", f.Family, some(names, 3))
		}
		if _, err := tx.Exec(ctx, `DELETE FROM fonts WHERE id = $1`, u); err != nil {
			return fmt.Errorf("delete font: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.app.objects.Remove(ctx, t.fontKey(id))
}

func (t Tenant) fontKey(id string) string { return path.Join(t.ID(), "fonts", id) }

// checkFonts finds out whether every family of a document's texts is here, and
// holds those that were uploaded until the transaction ends. Paths begin with prefix.
func (t Tenant) checkFonts(ctx context.Context, tx pgx.Tx, prefix string, doc Document) error {
	wanted := slices.DeleteFunc(doc.Fonts(), func(name string) bool { _, ok := FindFamily(name); return ok })
	if len(wanted) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT family FROM fonts WHERE family = ANY($1) FOR KEY SHARE`, wanted)
	if err != nil {
		return fmt.Errorf("look for fonts: %w", err)
	}
	here, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for fonts: %w", err)
	}
	return doc.CheckFonts(prefix, here)
}

// Fonts are the families that a document's texts name, each once; hidden ones ask for nothing.
func (d Document) Fonts() (families []string) {
	for _, page := range d.Pages {
		for _, e := range page.Elements {
			if e.Type == Text && !e.Hidden && !slices.Contains(families, e.Font) {
				families = append(families, e.Font)
			}
		}
	}
	return families
}

// CheckFonts names the texts whose family is neither everywhere nor among the uploaded ones.
func (d Document) CheckFonts(prefix string, uploaded []string) error {
	var r report
	for p, page := range d.Pages {
		for i, e := range page.Elements {
			if _, ok := FindFamily(e.Font); e.Type != Text || e.Hidden || ok || slices.Contains(uploaded, e.Font) {
				continue
			}
			r.add(fmt.Sprintf("%spages[%d].elements[%d].font", prefix, p, i),
				fmt.Sprintf("element %s: there is no font %s here; GET /api/v1/families and `app fonts` list those that are everywhere, POST /api/v1/fonts brings others", quote(e.ID), quote(e.Font)))
		}
	}
	return r.err("the design")
}

func checkFont(data []byte) (f sfnt.Font, err error) {
	if len(data) > sfnt.MaxBytes {
		return f, Errorf(TooLarge, "the font is larger than %d MiB; subset it, or send it as woff2", sfnt.MaxBytes>>20)
	}
	refuse := func(message string) error {
		return &Error{Kind: Invalid, Message: "the file cannot be used as a font: it " + message, Fields: []Field{{"file", message}}}
	}
	if f, err = sfnt.Parse(data); err != nil {
		return f, refuse(err.Error())
	}
	for _, ours := range Families() {
		if strings.EqualFold(ours.Name, f.Family) {
			return f, refuse("is called " + ours.Name + ", which is here already: designs may use it as it is")
		}
	}
	return f, nil
}

func faceName(f sfnt.Font) string {
	name := fmt.Sprintf("%s %d", f.Family, f.Weight)
	if f.MaxWeight > f.Weight {
		name += fmt.Sprintf("-%d", f.MaxWeight)
	}
	if f.Italic {
		name += " italic"
	}
	return name
}

// some are the first names of a list, and a word for the others.
func some(names []string, most int) string {
	if len(names) > most {
		names = append(slices.Clone(names[:most]), "and others")
	}
	return strings.Join(names, ", ")
}
