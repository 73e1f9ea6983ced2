package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is who the servers run as: ourselves, or for root somebody without
// rights, as Postgres refuses to run as root.
type account struct {
	name       string
	uid, gid   int
	credential *syscall.Credential // nil: ourselves
}

func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(found.Uid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(found.Gid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("user %s: %w", name, err)
		}
		return account{name: name, uid: int(uid), gid: int(gid),
			credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return account{}, errors.New("servers cannot run as root, and this system has no user postgres or nobody: start as an ordinary user")
}

// command prepares a program to run as the account, in its own process group,
// so that Ctrl-C in the terminal reaches us alone and we stop it in order.
// The environment is bare: PGDATA, PGPORT and the like belong to other servers.
func (a account) command(ctx context.Context, dir, libraries string, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "HOME=" + dir}
	if libraries != "" {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+libraries)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: a.credential}
	return cmd
}

// own gives a file or folder to the account.
func (a account) own(path string) error {
	if a.credential == nil {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// enter checks that the account can get into a folder: one of root's own may
// lie below a folder that is closed to all others.
func (a account) enter(dir string) error {
	if a.credential == nil {
		return nil
	}
	if err := a.command(context.Background(), dir, "", "/bin/sh", "-c", ":").Run(); err != nil {
		return fmt.Errorf("the user %s cannot enter %s: choose a folder outside closed ones", a.name, dir)
	}
	return nil
}
