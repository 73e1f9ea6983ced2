// Command pingyi asks people in Telegram how well they are served and turns the answers into scores.
//
// Every subcommand is a small file of its own that only wires the packages of the house together.
// Data goes to stdout and everything else to stderr; the exit code is 0 for done, 1 for failed and
// 2 for wrong use.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, stop, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
	stop()
	os.Exit(code)
}
