package screenshots

import "golang.org/x/sys/unix"

// flags is Chrome's command line. Its sandbox stays on, and so do its crash handlers:
// with --disable-crashpad-for-testing the network service dies in a loop, of a
// descriptor that it takes for its own.
func flags() []string {
	return []string{
		"--headless",
		"--no-first-run",
		"--no-default-browser-check",
		"--hide-scrollbars", // a page a pixel too tall would show one
		"--mute-audio",

		// The wall: every request goes to a proxy that is not there, loopback's too,
		// and no name is looked up.
		"--proxy-server=http://127.0.0.1:9",
		"--proxy-bypass-list=<-loopback>",
		"--host-resolver-rules=MAP * ~NOTFOUND",

		// Chrome's own errands.
		"--disable-background-networking",
		"--disable-component-update",
		"--disable-default-apps",
		"--disable-domain-reliability",
		"--disable-extensions",
		"--disable-sync",
		"--metrics-recording-only",
		"--no-pings",
		"--password-store=basic", // else it asks the desktop's keyring

		// Two processes and 100 MB for nothing: a page to come, and the address bar's list.
		"--disable-features=SpareRendererForSitePerProcess,WebUIOmniboxPopup,WebUIOmniboxFullPopup,WebUIOmniboxAimPopup",

		// The same pixels on every machine.
		"--disable-gpu", // a graphics card rounds differently
		"--force-color-profile=srgb",

		// A blur is computed anew for each tile that it touches: with the usual ones of
		// 256 pixels, a text with a soft shadow took 14 s at scale 4, and takes 2.
		"--default-tile-width=2048",
		"--default-tile-height=2048",

		// Nobody looks at our windows, and all of them must draw.
		"--disable-background-timer-throttling",
		"--disable-backgrounding-occluded-windows",
		"--disable-renderer-backgrounding",
		"--disable-hang-monitor", // its dialog has no one to answer it; Capture has a limit
	}
}

// environment is Chrome's, besides its folders.
const environment = "PATH=/usr/bin:/bin TZ=UTC LANG=C.UTF-8 " +
	"GIO_MODULE_DIR=/nonexistent" // plugins that read a desktop's settings

// smallSharedMemory is true in most containers. Chrome crashes when /dev/shm is
// full (bugs.debian.org/1072299); its files then go to TMPDIR, which is slower.
func smallSharedMemory() bool {
	const enough = 1 << 30
	var fs unix.Statfs_t
	err := unix.Statfs("/dev/shm", &fs)
	return err != nil || fs.Bavail*uint64(fs.Bsize) < enough
}
