package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// folder is the place of one server on disk: a lock, and a home that belongs
// to the account it runs as.
type folder struct {
	path      string
	home      string
	lock      *os.File
	temporary bool
}

func (f *folder) logFile() string { return filepath.Join(f.path, "log") }

// openFolder makes or reopens the folder for a server of the given name.
// Temporary folders whose server and owner are gone are swept away first.
func openFolder(o Options, a account, name string) (*folder, error) {
	if o.Dir != "" {
		dir, err := filepath.Abs(o.Dir)
		if err != nil {
			return nil, err
		}
		// A folder that is there keeps the rights its owner gave it.
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			if err := makeOpen(dir); err != nil {
				return nil, err
			}
		}
		return lockFolder(filepath.Join(dir, name), a, false)
	}
	cache, err := o.cache()
	if err != nil {
		return nil, err
	}
	servers := filepath.Join(cache, "servers")
	if err := makeOpen(servers); err != nil {
		return nil, err
	}
	// Held while sweeping and making: a new folder is never seen unlocked.
	gate, err := lockFile(filepath.Join(servers, ".lock"), true)
	if err != nil {
		return nil, err
	}
	defer gate.Close()
	if err := sweep(servers); err != nil {
		return nil, err
	}
	path, err := os.MkdirTemp(servers, name+"-")
	if err != nil {
		return nil, err
	}
	return lockFolder(path, a, true)
}

func lockFolder(path string, a account, temporary bool) (*folder, error) {
	if err := makeOpen(path); err != nil {
		return nil, err
	}
	lock, err := lockFile(filepath.Join(path, "lock"), false)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("%s is in use by another process: stop it or choose another folder", path)
	}
	if err != nil {
		return nil, err
	}
	f := &folder{path: path, home: filepath.Join(path, "home"), lock: lock, temporary: temporary}
	if err := errors.Join(os.MkdirAll(f.home, 0o700), a.own(f.home), a.enter(f.home)); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// makeOpen makes a folder that the account can pass through to what is its
// own, whatever our umask says. Everything in it is private in itself.
func makeOpen(path string) error {
	return errors.Join(os.MkdirAll(path, 0o755), os.Chmod(path, 0o755))
}

// openTree lets the account read and run all that lies in a folder, as
// makeOpen does for one.
func openTree(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		// Who may do a thing ourselves, others may too, but for writing.
		mode := info.Mode().Perm()
		return os.Chmod(path, mode|(mode>>3|mode>>6)&0o055)
	})
}

// close gives the folder up, and removes it where it is temporary.
func (f *folder) close() error {
	var err error
	if f.temporary {
		err = os.RemoveAll(f.path)
	}
	return errors.Join(err, ignoreClosed(f.lock.Close()))
}

// sweep removes the folders nobody holds: their owner died together with the
// keeper, as when a whole machine or container goes down.
func sweep(servers string) error {
	entries, err := os.ReadDir(servers)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		path := filepath.Join(servers, entry.Name())
		lock, err := lockFile(filepath.Join(path, "lock"), false)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(os.RemoveAll(path), lock.Close()); err != nil {
			return fmt.Errorf("sweep %s: %w", path, err)
		}
	}
	return nil
}

// lockFile opens path and locks it until the file is closed, waiting for the
// lock where asked.
func lockFile(path string, wait bool) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	for {
		err = syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return file, nil
}
