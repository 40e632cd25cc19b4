// Package overlay makes a release of nats-server drivable without a copy of it: it writes what `go test -overlay` puts in place of the release's
// raft.go, and one file beside it.
//
// Of raft.go nothing is changed but names: the functions that reach the network, the files and the random source are called
// otherwise, as are those of package os and writeFileWithSync, which snapshots are kept with, and the file beside it ([inside.go.tmpl]) has functions of their names. A release in which one of them is missing, or is declared
// otherwise than is known, is refused: nothing is guessed.
//
// [inside.go.tmpl]: https://github.com/raftcheck/raftcheck/blob/main/adapters/nats/overlay/inside.go.tmpl
package overlay

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed inside.go.tmpl
var inside string

// Write writes the overlay for the nats-server module in the folder module to the folder to, and returns the path of the file to name after -overlay.
func Write(module, to string) (string, error) {
	raft := filepath.Join(module, "server", "raft.go")
	source, err := os.ReadFile(raft)
	if err != nil {
		return "", err
	}
	r, err := read(raft, source)
	if err != nil {
		return "", err
	}
	renamed, added, err := r.write()
	if err != nil {
		return "", err
	}
	places := map[string]string{}
	for name, text := range map[string][]byte{"raft.go": renamed, "raftcheck.go": added} {
		path := filepath.Join(to, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return "", err
		}
		places[filepath.Join(module, "server", name)] = path
	}
	list, err := json.MarshalIndent(map[string]any{"Replace": places}, "", "\t")
	if err != nil {
		return "", err
	}
	path := filepath.Join(to, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

// write returns raft.go with other names, and the file that has the old ones.
func (r *release) write() (renamed, added []byte, err error) {
	rest, at := r.source, 0
	for _, p := range r.places {
		renamed = append(renamed, rest[:p.at-at]...)
		renamed = append(renamed, p.name...)
		rest, at = rest[p.end-at:], p.end
	}
	renamed = append(renamed, rest...)

	var b strings.Builder
	t, err := template.New("inside.go.tmpl").Funcs(template.FuncMap{"declare": r.declare, "has": r.has, "method": r.method, "uses": r.uses, "suffix": func() string { return suffix }}).Parse(inside)
	if err != nil {
		return nil, nil, err
	}
	if err := t.Execute(&b, nil); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", r.path, err)
	}
	added, err = format.Source([]byte(b.String()))
	return renamed, added, err
}
