package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// aptPatience keeps apt-get from waiting for minutes on a closed network.
func aptPatience() []string {
	return []string{"-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20"}
}

// unpack gets a product without root on Debian and Ubuntu: apt-get, with state
// and cache of our own, fetches the packages this system lacks, checking their
// signatures as ever, and dpkg-deb unpacks them side by side. Nothing of the
// system is changed.
func unpack(ctx context.Context, o Options, p product, dir string) (programs, error) {
	for _, tool := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return programs{}, err
		}
	}
	apt, root := filepath.Join(dir, "apt"), unpacked(dir)
	archives := filepath.Join(apt, "archives")
	if err := errors.Join(os.RemoveAll(apt), os.RemoveAll(root)); err != nil {
		return programs{}, err
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(apt, "lists", "partial"), 0o755),
		os.MkdirAll(filepath.Join(archives, "partial"), 0o755), makeOpen(dir), makeOpen(root)); err != nil {
		return programs{}, err
	}
	o.logger().Info("fetching a server", "server", p.name, "package", p.pkg["apt-get"], "into", dir)
	if err := download(ctx, o, p, apt); err != nil {
		return programs{}, err
	}
	if err := extract(ctx, archives, root); err != nil {
		return programs{}, err
	}
	found, ok := lookUnpacked(ctx, p, dir)
	if !ok {
		return programs{}, fmt.Errorf("%s: the unpacked packages do not run here, or are too old", p.pkg["apt-get"])
	}
	return found, os.RemoveAll(apt)
}

// download lets apt-get work out and fetch the packages the system lacks.
func download(ctx context.Context, o Options, p product, apt string) error {
	options := append(aptPatience(),
		"-o", "Dir::State::lists="+filepath.Join(apt, "lists"),
		"-o", "Dir::Cache="+apt, "-o", "Dir::Cache::archives="+filepath.Join(apt, "archives"),
		"-o", "Debug::NoLocking=1", "-o", "Acquire::Languages=none")
	options = append(options, o.apt...)
	// One failing source need not be the one we want from, so the outcome of
	// the update is told by the download.
	update := run(ctx, append([]string{"apt-get", "update"}, options...)...)
	command := append([]string{"apt-get", "install", "-y", "--download-only", "--no-install-recommends"}, options...)
	if err := run(ctx, append(command, p.pkg["apt-get"])...); err != nil {
		return errors.Join(update, err)
	}
	return nil
}

// extract unpacks every archive except the C library, which must stay the one
// that belongs to the system's loader, and LLVM, large and never used: our
// servers compile no queries.
func extract(ctx context.Context, archives, root string) error {
	debs, err := filepath.Glob(filepath.Join(archives, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range debs {
		name := filepath.Base(deb)
		if strings.HasPrefix(name, "libc6_") || strings.HasPrefix(name, "libllvm") {
			continue
		}
		if err := run(ctx, "dpkg-deb", "-x", deb, root); err != nil {
			return err
		}
	}
	return nil
}

// unpacked is the root that packages are unpacked to.
func unpacked(dir string) string { return filepath.Join(dir, "unpacked") }

// lookUnpacked looks among the unpacked packages, which bring the libraries
// that the system lacks.
func lookUnpacked(ctx context.Context, p product, dir string) (programs, bool) {
	root := unpacked(dir)
	binaries := globBelow(root, "usr/lib/postgresql/*/bin", "usr/bin")
	libraries := globBelow(root, "usr/lib/*-linux-gnu*", "lib/*-linux-gnu*", "usr/lib", "lib")
	return p.look(ctx, binaries, strings.Join(libraries, ":"))
}

func globBelow(root string, patterns ...string) []string {
	var all []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			continue // only for a malformed pattern
		}
		all = append(all, found...)
	}
	return all
}
