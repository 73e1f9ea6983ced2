// Package local runs private Postgres and Redis servers for the demo and the
// tests. It imports nothing else of Pingyi and hands out URLs.
//
// A server listens on a free port of the loopback address only, asks for a
// random password, and keeps its data in a folder of its own below the user's
// cache ([Options].Dir chooses another). Servers of the system are never
// touched, and any number of private ones may run side by side.
//
// # Where the binaries come from
//
// PATH and the usual folders of distributions are searched first. Where a
// server is missing, root gets it from the system's package manager, without
// the system starting one of its own. An ordinary user of Debian or Ubuntu
// gets the same packages unpacked into the cache; elsewhere Postgres comes by
// the embedded-postgres library, and Redis may be replaced by miniredis
// ([Options].Substitute). When all of that fails, [MissingError] is one line
// that names the command to run.
//
// # No orphans
//
// Each server is the child of a small shell script that waits on a pipe held
// by this process. However this process ends, kill -9 included, the pipe
// closes, the script stops the server and removes temporary data. A folder
// stays locked as long as anything of its server lives; what a crash of the
// whole machine leaves behind is swept away by the next start.
//
// Postgres refuses to run as root, so root's servers run as "postgres" or
// "nobody", with their data under /var/cache/pingyi, which these can enter.
package local
