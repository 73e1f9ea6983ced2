package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"text/tabwriter"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	program := flag.String("pingyi", "bin/pingyi", "the program to measure")
	length := flag.Duration("for", 4*time.Second, "how long each contender is pressed")
	rival := flag.String("rival", "", "be a contender (by-hand, library) instead of measuring")
	part := flag.String("part", "", "measure only this: updates, commits, leases, sending, rest, asking, scoring, files")
	var n sizes
	flag.IntVar(&n.recipients, "recipients", 10_000, "how many people are sent an invitation, and as many thirtieths where the limit is 30")
	flag.IntVar(&n.limit, "limit", 0, "send at this limit only (30 or 1000), to all of -recipients")
	flag.IntVar(&n.leased, "leased", 200_000, "how many deliveries are leased")
	flag.IntVar(&n.asked, "asked", 1_000_000, "how many people are asked when a round opens")
	flag.IntVar(&n.answers, "answers", 10_000_000, "how many answers are scored")
	flag.Parse()
	err := run(ctx, *program, *length, *rival, *part, n)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program string, length time.Duration, rival, only string, n sizes) error {
	if rival != "" {
		return beRival(ctx, rival)
	}
	runtime.GOMAXPROCS(max(1, runtime.NumCPU()/2)) // what is measured runs beside it
	b, err := newBench(ctx, program, n)
	if err != nil {
		return err
	}
	defer b.close()
	for _, part := range []struct {
		name string
		do   func(context.Context, time.Duration) error
	}{{"updates", b.updates}, {"commits", b.commits}, {"leases", b.leases}, {"sending", b.sending}, {"rest", b.rest},
		{"asking", b.asking}, {"scoring", b.scoring}, {"files", b.files}} {
		if only != "" && only != part.name {
			continue
		}
		if err := part.do(ctx, length); err != nil {
			return err
		}
	}
	return nil
}

// table prints rows in columns.
func table(title string, rows ...[]any) error {
	if _, err := fmt.Fprintf(os.Stdout, "\n%s\n", title); err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		for _, cell := range row {
			if _, err := fmt.Fprintf(w, "%v\t", cell); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	return w.Flush()
}
