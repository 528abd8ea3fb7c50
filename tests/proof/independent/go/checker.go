// Reads questions, one JSON object a line, and answers each with what Go's own sumdb/note and tlog say. Nothing of ours is in here.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"checker/note"
	"checker/tlog"
)

type question struct {
	Ask     string   `json:"ask"`
	Note    []byte   `json:"note"`
	Vkeys   []string `json:"vkeys"`
	Entry   []byte   `json:"entry"`
	Entries [][]byte `json:"entries"`
	Index   int64    `json:"index"`
	Size    int64    `json:"size"`
	Old     int64    `json:"old"`
	Hashes  [][]byte `json:"hashes"`
	Root    []byte   `json:"root"`
	OldRoot []byte   `json:"old_root"`
	Path    string   `json:"path"`
	Tiles   map[string][]byte `json:"tiles"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var q question
		answer := ""
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if got, err := reply(q); err != nil {
			answer = "no: " + strings.ReplaceAll(err.Error(), "\n", " ")
		} else {
			answer = "yes: " + got
		}
		fmt.Println(answer)
	}
}

func hash(data []byte) (h tlog.Hash) {
	copy(h[:], data)
	return
}

func hashes(all [][]byte) []tlog.Hash {
	found := make([]tlog.Hash, len(all))
	for i, each := range all {
		found[i] = hash(each)
	}
	return found
}

func spelled(h tlog.Hash) string { return base64.StdEncoding.EncodeToString(h[:]) }

func reply(q question) (string, error) {
	switch q.Ask {
	case "note":
		var known []note.Verifier
		for _, vkey := range q.Vkeys {
			one, err := note.NewVerifier(vkey)
			if err != nil {
				return "", err
			}
			known = append(known, one)
		}
		opened, err := note.Open(q.Note, note.VerifierList(known...))
		if err != nil {
			return "", err
		}
		return opened.Sigs[0].Name, nil
	case "checkpoint": // Go calls a log's head a tree; its first line differs from ours and nothing else
		lines := strings.SplitN(string(q.Note), "\n", 2)
		if len(lines) != 2 {
			return "", errors.New("one line")
		}
		tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + lines[1]))
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%d %s", tree.N, spelled(tree.Hash)), nil
	case "record":
		return "", tlog.CheckRecord(hashes(q.Hashes), q.Size, hash(q.Root), q.Index, tlog.RecordHash(q.Entry))
	case "tree":
		return "", tlog.CheckTree(hashes(q.Hashes), q.Size, hash(q.Root), q.Old, hash(q.OldRoot))
	case "path":
		tile, err := tlog.ParseTilePath(q.Path)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%d %d %d", tile.L, tile.N, tile.W), nil
	case "root": // build the tree as Go stores it, then read the root back through the tiles that we handed over
		var stored []tlog.Hash
		read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
			var found []tlog.Hash
			for _, index := range indexes {
				found = append(found, stored[index])
			}
			return found, nil
		})
		for i, entry := range q.Entries {
			added, err := tlog.StoredHashes(int64(i), entry, read)
			if err != nil {
				return "", err
			}
			stored = append(stored, added...)
		}
		root, err := tlog.TreeHash(int64(len(q.Entries)), read)
		if err != nil {
			return "", err
		}
		if len(q.Entries) > 0 {
			through := tlog.TileHashReader(tlog.Tree{N: int64(len(q.Entries)), Hash: root}, shelf(q.Tiles))
			indexes := make([]int64, len(q.Entries))
			for i := range indexes {
				indexes[i] = tlog.StoredHashIndex(0, int64(i))
			}
			if _, err := through.ReadHashes(indexes); err != nil {
				return "", err
			}
		}
		return spelled(root), nil
	}
	return "", errors.New("an unknown question")
}


type shelf map[string][]byte

func (s shelf) Height() int { return 8 }
func (s shelf) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		// Go's paths name the height; C2SP tlog-tiles fixes it at 8 and leaves it out.
		data, ok := s[strings.Replace(tile.Path(), "tile/8/", "tile/", 1)]
		if !ok {
			return nil, fmt.Errorf("no tile %s", tile.Path())
		}
		found = append(found, data)
	}
	return found, nil
}
func (s shelf) SaveTiles(tiles []tlog.Tile, data [][]byte) {}
