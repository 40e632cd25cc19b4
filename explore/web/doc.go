// Package web shows an explore.World to one person's browser, and a trace beside it.
//
// A [Site] is what is shown; [Site.Handler] answers requests. Every state has an address, which holds the way to it, so that two tabs do not
// disturb each other, what was done can be taken back by going back, and nothing is remembered of who looks. All of it works without a script;
// with one, the progress of a search is told as it goes.
//
// Nobody else is to see or steer what runs here: whoever asks must know the token, which is in every address, must have asked for this machine
// by its own name (a name from elsewhere that leads here is refused, which is how pages of others would get in), and must not be a page
// of another origin. What traces and programs say is data in pages, never markup and never script.
package web
