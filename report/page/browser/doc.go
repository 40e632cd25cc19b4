// Package browser holds pages to what a browser makes of them. It is a module of its own, since it drives Chromium; its tests are behind the tag
// browser, and .ci/browser fetches what they need and runs them.
package browser
