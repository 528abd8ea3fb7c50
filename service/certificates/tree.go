// Rebuilds the tree over all entries of this bundle with Go's own packages, and compares its root with the signed checkpoint.
// VERIFY.txt says how to run it: note and tlog are copied out of the Go toolchain, and nothing is fetched.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"tree/note"
	"tree/tlog"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	log.SetFlags(0)
	read := func(name string) []byte { return must(os.ReadFile(filepath.Join(os.Args[1], name))) }

	key := must(note.NewVerifier(strings.TrimSuffix(string(read("vkey")), "\n")))
	signed := must(note.Open(read("checkpoint"), note.VerifierList(key)))
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != key.Name() {
		log.Fatal("the checkpoint is another log's")
	}
	size := must(strconv.ParseInt(lines[1], 10, 64))
	if size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		log.Fatal("the size is not spelled as a number is")
	}

	var stored []tlog.Hash
	hashes := tlog.HashReaderFunc(func(places []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(places))
		for i, place := range places {
			found[i] = stored[place]
		}
		return found, nil
	})
	for next := int64(0); next < size; {
		width := size - next
		if width > 256 {
			width = 256
		}
		path := tlog.Tile{H: 8, L: -1, N: next / 256, W: int(width)}.Path()
		data := read(strings.Replace(path, "tile/8/data/", "tile/entries/", 1)) // C2SP tlog-tiles names it so
		for end := next + width; next < end; next++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				log.Fatalf("entry %d is cut off", next)
			}
			entry := data[2 : 2+binary.BigEndian.Uint16(data)]
			stored = append(stored, must(tlog.StoredHashes(next, entry, hashes))...)
			data = data[2+len(entry):]
		}
		if len(data) != 0 {
			log.Fatalf("bytes are left behind entry %d", next-1)
		}
	}
	root := must(tlog.TreeHash(size, hashes))
	if base64.StdEncoding.EncodeToString(root[:]) != lines[2] {
		log.Fatal("the checkpoint was signed for OTHER entries")
	}
	fmt.Printf("the checkpoint was signed for exactly these %d entries\n", size)
}
