package apptest

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Hostile are the ways in which a page asks for URL by itself, by their names.
func Hostile() map[string]string {
	return map[string]string{
		"refresh":             `<meta http-equiv=refresh content="0;url=URL">`,
		"refresh, hidden":     `<meta content="0;>;url=URL" content="x>y" name=">" http-equiv=refresh content2="0"><meta name=">" content="0;url=URL" http-equiv=refresh>`,
		"refresh in a frame":  `<iframe srcdoc="&lt;meta http-equiv=refresh content='0;url=URL'>"></iframe>`,
		"prefetch":            `<link rel=prefetch href="URL">`,
		"preconnect":          `<link rel=preconnect href="URL">`,
		"preload":             `<link rel=preload as=image href="URL">`,
		"preload by srcset":   `<link rel=preload as=image imagesrcset="URL 1x">`,
		"module preload":      `<link rel=modulepreload href="URL">`,
		"stylesheet":          `<link rel=stylesheet href="URL">`,
		"icon":                `<link rel=icon href="URL">`,
		"import":              `<style>@import "URL";</style>`,
		"import by url":       `<style>@import url(URL) screen;</style>`,
		"font":                `<style>@font-face { font-family: x; src: url(URL) } p { font-family: x }</style><p>text`,
		"background":          `<div style="background:url(URL)">x</div>`,
		"background, by name": `<table background="URL"><tr><td>x</table>`,
		"cursor":              `<style>html, body, p { cursor: url(URL), auto; height: 100% }</style><p>x`,
		"list":                `<ul style="list-style-image:url(URL)"><li>x</ul>`,
		"content":             `<style>p::before { content: url(URL) }</style><p>x`,
		"border":              `<div style="border:9px solid;border-image:url(URL) 9">x</div>`,
		"mask":                `<div style="mask:url(URL)">x</div>`,
		"shape":               `<div style="float:left;shape-outside:url(URL)">x</div>`,
		"image set":           `<div style="background:image-set('URL' 1x)">x</div>`,
		"filter":              `<div style="filter:url(URL#f)">x</div>`,
		"image":               `<img src="URL">`,
		"srcset":              `<img srcset="URL 1x, URL 2x">`,
		"picture":             `<picture><source srcset="URL"><img></picture>`,
		"input":               `<input type=image src="URL">`,
		"svg image":           `<svg><image href="URL" width=9 height=9 /></svg>`,
		"svg use":             `<svg><use href="URL#a" /></svg>`,
		"svg filter":          `<svg><filter id=f><feImage href="URL" /></filter><rect width=9 height=9 filter="url(#f)" /></svg>`,
		"frame":               `<iframe src="URL"></iframe>`,
		"frame in data":       `<iframe src="data:text/html,<img src='URL'>"></iframe>`,
		"object":              `<object data="URL"></object>`,
		"embed":               `<embed src="URL">`,
		"video":               `<video src="URL" autoplay muted></video>`,
		"source":              `<video autoplay muted><source src="URL"></video>`,
		"poster":              `<video poster="URL"></video>`,
		"audio":               `<audio src="URL" preload=auto></audio>`,
		"script":              `<script src="URL"></script>`,
		"script in svg":       `<svg><script href="URL"></script></svg>`,
		"form":                `<form action="URL"></form><script>document.forms[0].submit()</script>`,
		"ping":                `<a href="#here" ping="URL">x</a><script>document.links[0].click()</script>`,
		"websocket":           `<script>new WebSocket("URL".replace("http", "ws"))</script>`,
		"fetch":               `<img src=x onerror="fetch('URL', {mode: 'no-cors'})">`,
		"beacon":              `<script>navigator.sendBeacon("URL")</script>`,
		"speculation":         `<script type=speculationrules>{"prefetch": [{"source": "list", "urls": ["URL"], "eagerness": "immediate"}]}</script>`,
	}
}

// Ear is a server that counts who connects. At /page it has a page of its own, for
// what browsers ask of no other server.
type Ear struct {
	URL, Page   string
	connections atomic.Int32
	asked       chan string // paths, "" for a connection
}

// Listen starts one; what markup asks for as URL is asked of it.
func Listen(t testing.TB, markup string) *Ear {
	t.Helper()
	e := &Ear{asked: make(chan string, 100)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.asked <- r.URL.Path
		if r.URL.Path == "/page" {
			e.Show(w)
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			e.connections.Add(1)
			e.asked <- ""
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	e.URL = server.URL + "/x"
	e.Page = "<!doctype html><title>x</title>" + strings.ReplaceAll(markup, "URL", e.URL)
	return e
}

// Show answers with the page.
func (e *Ear) Show(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	io.WriteString(w, e.Page)
}

// Connections are how many there were.
func (e *Ear) Connections() int { return int(e.connections.Load()) }

// Await returns when one of the paths has been asked for.
func (e *Ear) Await(ctx context.Context, paths ...string) bool {
	for {
		select {
		case path := <-e.asked:
			if slices.Contains(paths, path) {
				return true
			}
		case <-ctx.Done():
			return false
		}
	}
}

// Navigate takes a person's browser to a page and does not wait for it, which may
// never be done.
func Navigate(browser context.Context, address string) error {
	_, err := chromedp.Call(browser, page.Navigate, page.NavigateParams{URL: address})
	return err
}
