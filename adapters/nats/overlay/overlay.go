// Package overlay makes a release of nats-server drivable without a copy of it: it writes what `go test -overlay` puts in place of the release's
// raft.go, and one file beside it.
//
// Of raft.go nothing is changed but names: the functions that reach the network, the files and the random source are called
// otherwise, as are those of package os and writeFileWithSync, which snapshots are kept with, and the file beside it ([inside.go.tmpl]) has functions of their names. A release in which one of them is missing, or is declared
// otherwise than is known, is refused: nothing is guessed.
//
// With a list of gates (package rewrite), calls of gates are put into that raft.go besides, and no line of it moves.
//
// [inside.go.tmpl]: https://github.com/raftcheck/raftcheck/blob/main/adapters/nats/overlay/inside.go.tmpl
package overlay

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/raftcheck/raftcheck/adapters/preempt/rewrite"
)

//go:embed inside.go.tmpl
var inside string

// file is the file of package server that Raft is in. Nothing else of the package runs.
const file = "raft.go"

// Write writes the overlay for the nats-server module in the folder module to the folder to, with gates by a list if there is one, and returns the path of the file
// to name after -overlay.
func Write(module, to string, gates rewrite.List) (string, error) {
	raft := filepath.Join(module, "server", file)
	source, err := os.ReadFile(raft)
	if err != nil {
		return "", err
	}
	var gated map[string][]byte
	if gates != nil {
		if gated, _, err = rewrite.Files(filepath.Dir(raft), Path+"/server", gates, file); err != nil {
			return "", err
		}
		source = gated[file]
	}
	r, err := read(raft, source)
	if err != nil {
		return "", err
	}
	renamed, added, err := r.write()
	if err != nil {
		return "", err
	}
	files := map[string][]byte{"raftcheck.go": added}
	maps.Copy(files, gated)
	files[file] = renamed
	places := map[string]string{}
	for name, text := range files {
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
