package static_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"majestic/app/apptest"
)

// TestEditorModules runs what is written in testdata in a browser: the modules of
// the editor that know nothing of a page.
func TestEditorModules(t *testing.T) {
	server := httptest.NewServer(http.FileServerFS(os.DirFS(".")))
	t.Cleanup(server.Close)
	ctx := apptest.Browser(t, 200, 200)
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/testdata/")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"clipboard", "cropping", "document", "geometry", "history", "merging", "selection", "snapping", "variables"} {
		t.Run(name, func(t *testing.T) {
			type result struct{ Name, Error string }
			results, err := chromedp.Run(ctx, chromedp.Evaluate[[]result](
				`Promise.all([import("/testdata/is.js"), import("/testdata/`+name+`.js")]).then(([{run}, {tests}]) => run(tests))`, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatal(err)
			}
			if len(results) == 0 {
				t.Error("there is nothing in it")
			}
			for _, r := range results {
				if r.Error != "" {
					t.Errorf("%s: %s", r.Name, r.Error)
				}
			}
		})
	}
}
