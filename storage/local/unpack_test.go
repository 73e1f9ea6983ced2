package local

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// aptSource returns options by which apt-get knows one source of packages
// only, and nothing as installed.
func aptSource(t *testing.T, line string) []string {
	t.Helper()
	dir := t.TempDir()
	list, status := filepath.Join(dir, "sources.list"), filepath.Join(dir, "status")
	write(t, list, line+"\n")
	write(t, status, "")
	return []string{
		"-o", "Dir::Etc::sourcelist=" + list, "-o", "Dir::Etc::sourceparts=-",
		"-o", "Dir::State::status=" + status, "-o", "Acquire::http::Proxy=false",
	}
}

// repository serves Debian packages on loopback: file by path, per package.
type repository struct {
	dir   string
	index strings.Builder
}

func (r *repository) add(t *testing.T, name, depends string, files map[string]string) {
	t.Helper()
	root := t.TempDir()
	for path, text := range files {
		script(t, filepath.Join(root, path), text)
	}
	control := fmt.Sprintf("Package: %s\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody\nDescription: for a test\n", name)
	if depends != "" {
		control += "Depends: " + depends + "\n"
	}
	write(t, filepath.Join(root, "DEBIAN", "control"), control)
	deb := filepath.Join(r.dir, name+"_1.0_all.deb")
	if output, err := exec.CommandContext(t.Context(), "dpkg-deb", "--build", root, deb).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb: %v: %s", err, output)
	}
	body := read(t, deb)
	fmt.Fprintf(&r.index, "%sFilename: ./%s\nSize: %d\nSHA256: %x\n\n", control, filepath.Base(deb), len(body), sha256.Sum256([]byte(body)))
	write(t, filepath.Join(r.dir, "Packages"), r.index.String())
}

// Without root, the packages are unpacked into the cache and run from there.
func TestUnpack(t *testing.T) {
	t.Parallel()
	real, err := find(t.Context(), Options{}, redisProduct())
	if err != nil {
		t.Fatal(err)
	}
	cache := shared(t)
	dir := filepath.Join(cache, "redis")
	options := Options{Search: []string{}, Offline: true, Cache: cache}
	if _, err := exec.LookPath("apt-get"); err != nil {
		if _, err := unpack(t.Context(), options, redisProduct(), dir); err == nil {
			t.Error("unpack succeeded on a system without apt-get")
		}
		return
	}
	r := &repository{dir: t.TempDir()}
	r.add(t, "redis-server", "redis-part, libc6", map[string]string{
		"usr/bin/redis-server": `test -e "$(dirname "$0")/redis-part" || exit 1
test -n "$LD_LIBRARY_PATH" || exit 1
LD_LIBRARY_PATH= exec ` + real.path(real.redis) + ` "$@"`,
	})
	r.add(t, "redis-part", "", map[string]string{"usr/bin/redis-part": "exit 0", "usr/lib/here": "exit 0"})
	r.add(t, "libc6", "", map[string]string{"usr/lib/libc.so.6": "exit 1"})
	web := httptest.NewServer(http.FileServer(http.Dir(r.dir)))
	defer web.Close()
	options.apt = aptSource(t, "deb [trusted=yes] "+web.URL+"/ ./")

	found, err := unpack(t.Context(), options, redisProduct(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(found.dir, dir) || found.version != real.version {
		t.Errorf("unpacked %+v, want %s below %s", found, real.version, dir)
	}
	if _, err := os.Stat(filepath.Join(unpacked(dir), "usr/lib/libc.so.6")); !os.IsNotExist(err) {
		t.Errorf("the C library: %v, want it left out", err)
	}
	// Offline and with nothing on the system: what was unpacked serves.
	server := startRedis(t, options)
	if err := redisClient(t, server.URL()).Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}
