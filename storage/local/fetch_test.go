package local

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// archive is what the repository of embedded-postgres serves: a zip that holds
// a tar.xz of the server. Ours holds scripts that run the real programs.
func archive(t *testing.T, real programs) []byte {
	t.Helper()
	var files bytes.Buffer
	pack := tar.NewWriter(&files)
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		text := "#!/bin/sh\nunset LD_LIBRARY_PATH\nexec " + real.path(name) + " \"$@\"\n"
		if err := pack.WriteHeader(&tar.Header{Name: "bin/" + name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := pack.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := pack.Close(); err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	outer := zip.NewWriter(&jar)
	inner, err := outer.Create("postgres-test.txz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inner.Write(storeXZ(files.Bytes())); err != nil {
		t.Fatal(err)
	}
	if err := outer.Close(); err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}

// storeXZ wraps data as an .xz stream of one block, uncompressed
// (https://tukaani.org/xz/xz-file-format.txt; the standard library has no xz).
func storeXZ(data []byte) []byte {
	sum := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) }
	pad := func(b []byte) []byte { return append(b, make([]byte, (4-len(b)%4)%4)...) }
	flags := []byte{0, 1} // checked by CRC32
	out := slices.Concat([]byte("\xfd7zXZ\x00"), flags, sum(flags))

	header := []byte{2, 0, 0x21, 1, 16, 0, 0, 0} // 12 bytes with its sum, one filter: LZMA2
	block := slices.Concat(header, sum(header))
	control := byte(1) // an uncompressed chunk that resets the dictionary
	for rest := data; len(rest) > 0; control = 2 {
		n := min(len(rest), 1<<16)
		block = append(block, control)
		block = binary.BigEndian.AppendUint16(block, uint16(n-1))
		block = append(block, rest[:n]...)
		rest = rest[n:]
	}
	block = append(block, 0)
	unpadded := len(block) + 4
	out = slices.Concat(out, pad(block), sum(data))

	index := binary.AppendUvarint([]byte{0, 1}, uint64(unpadded))
	index = pad(binary.AppendUvarint(index, uint64(len(data))))
	index = append(index, sum(index)...)
	footer := append(binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1)), flags...)
	return slices.Concat(out, index, sum(footer), footer, []byte("YZ"))
}

// maven serves one archive under whatever name the library asks for.
func maven(t *testing.T, jar []byte, checksum string) string {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := jar
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			body = []byte(checksum)
		}
		if !strings.Contains(r.URL.Path, string(embeddedVersion)) || len(body) == 0 {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

func TestFetch(t *testing.T) {
	t.Parallel()
	real, err := find(t.Context(), Options{}, postgresProduct())
	if err != nil {
		t.Fatal(err)
	}
	jar := archive(t, real)
	digest := sha256.Sum256(jar)
	checksum := hex.EncodeToString(digest[:])

	t.Run("good", func(t *testing.T) {
		t.Parallel()
		cache := shared(t)
		options := Options{Search: []string{}, Offline: true, NoSync: true, Cache: cache, Repository: maven(t, jar, checksum)}
		dir := filepath.Join(cache, "postgresql")
		if _, err := fetch(t.Context(), options, postgresProduct(), dir); err != nil {
			t.Fatal(err)
		}
		// Offline and with nothing on the system: what was fetched serves.
		p := startPostgres(t, options)
		if got := ask(t, p.URL("postgres"), "SELECT 'it runs'"); got != "it runs" {
			t.Errorf("got %q", got)
		}
		if command, err := p.server.command(1); err != nil || !strings.HasPrefix(command[0], dir) {
			t.Errorf("runs %v (%v), want it from %s", command, err, dir)
		}
	})
	for name, repository := range map[string]string{
		"nothing there":  maven(t, nil, ""),
		"wrong checksum": maven(t, jar, strings.Repeat("0", 64)),
		"not an archive": maven(t, []byte("<html>"), ""),
		"closed network": "http://127.0.0.1:1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if _, err := fetch(t.Context(), Options{Repository: repository}, postgresProduct(), dir); err == nil {
				t.Error("fetch succeeded")
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}
