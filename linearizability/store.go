package linearizability

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/traces"
)

// A folder: that of one run, as Jepsen and Maelstrom store it (store/TEST/TIME), in which the best of its files is read; that of many runs,
// which has a link to the latest; or the report of one of etcd's robustness tests, which has a folder for each client.

// candidates are the files of a run that hold its operations, the best first: EDN says everything, a log may lack what was not logged.
var candidates = []string{"history.edn", "history.json", "history.ndjson", "history.txt", "jepsen.log"}

// latest are the links to a run among many.
var latest = []string{"latest", "current"}

// Locate returns the file that holds the history of a folder, and what is to be said of it; a path that is no folder is returned as it
// is. The folder of a report of etcd's robustness tests is returned itself.
func Locate(path string) (file, note string, err error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return path, "", nil // whoever opens it says what is wrong
	}
	if reports(path) != nil {
		return path, "", nil
	}
	if file, also := bestOf(path); file != "" {
		note := fmt.Sprintf("of the folder %s the file %s is read", path, filepath.Base(file))
		if len(also) > 0 {
			note += "; " + listed(also) + " beside it " + plural(len(also), "is", "are") + " of the same run"
		}
		return file, note, nil
	}
	for _, link := range latest {
		if file, _ := bestOf(filepath.Join(path, link)); file != "" {
			return file, fmt.Sprintf("of the runs in the folder %s the %s is read", path, strings.Replace(link, "current", "current one", 1)), nil
		}
	}
	return "", "", nothingIn(path)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// bestOf returns the best file of a folder of one run, plain or compressed, and the names of the others.
func bestOf(folder string) (file string, also []string) {
	for _, name := range candidates {
		for _, end := range []string{"", ".gz", ".zst"} {
			info, err := os.Stat(filepath.Join(folder, name+end))
			switch {
			case err != nil || info.IsDir() || info.Size() == 0:
			case file == "":
				file = filepath.Join(folder, name+end)
			default:
				also = append(also, name+end)
			}
		}
	}
	return file, also
}

// nothingIn is the error of a folder without a history.
func nothingIn(path string) error {
	fault := &traces.InputError{File: path, Message: "a folder without a history: no " + strings.Join(candidates, ", no ") + ", and no client-*/operations.json"}
	if _, err := os.Stat(filepath.Join(path, "test.jepsen")); err == nil {
		return ofBinary(filepath.Join(path, "test.jepsen"), binaries[0].name)
	}
	var runs []string
	for _, pattern := range []string{"*/history.edn", "*/*/history.edn"} {
		found, _ := filepath.Glob(filepath.Join(path, pattern))
		runs = append(runs, found...)
	}
	if len(runs) > 0 {
		slices.Sort(runs)
		fault.Hint = fmt.Sprintf("there are %d runs below, such as %s", len(runs), runs[len(runs)-1])
	}
	return fault
}

// binaryFile names the format of a file that is no text; nil if it is not known to be one.
func binaryFile(path string) error {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil // what can be read only once is not looked into
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	head := make([]byte, 16)
	n, _ := io.ReadFull(f, head)
	for _, b := range binaries {
		if bytes.HasPrefix(head[:n], []byte(b.magic)) {
			return ofBinary(path, b.name)
		}
	}
	if strings.HasSuffix(path, ".fressian") {
		return ofBinary(path, "Jepsen's older binary record of a run (test.fressian)")
	}
	return nil
}

// ofBinary is the error of a binary file of a run.
func ofBinary(path, name string) error {
	fault := &traces.InputError{File: path, Message: "this is " + name + ", and not read"}
	folder := filepath.Dir(path)
	switch file, _ := bestOf(folder); {
	case file != "":
		fault.Hint = "the same operations are in " + file
	default:
		fault.Hint = "Jepsen writes history.edn and history.txt beside it when the run is analyzed: lein run analyze does so again"
	}
	return fault
}
