//go:build with_tla

package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the traces in the folder above")

// TestTheTracesInTheFolderAboveAreWhatThisRecords holds the examples to the program that made them.
func TestTheTracesInTheFolderAboveAreWhatThisRecords(t *testing.T) {
	for path, script := range map[string]func(*cluster){"../etcd.ndjson.gz": calm, "../etcd-forgets-its-vote.ndjson.gz": forgetful} {
		var got bytes.Buffer
		if err := record(&got, script); err != nil {
			t.Fatal(err)
		}
		if *update {
			write(t, path, got.Bytes())
		}
		if want := read(t, path); !bytes.Equal(want, got.Bytes()) {
			t.Errorf("%s is not what the program records; go test -tags with_tla -update rewrites it", path)
		}
	}
}

func write(t *testing.T, path string, data []byte) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, packed.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
