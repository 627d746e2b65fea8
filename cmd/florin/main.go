// Florin is an event-sourced core for mobile banks in one binary.
//
//	florin serve             the bank: HTTP API, log, read models, in one process
//	florin serve --sandbox   the same with open enrolment and deposits, on localhost
//	florin serve --only core|gateway
//	                         the same in processes of their own, joined by mTLS
//	florin demo              a bank, a phone, attackers and an auditor, in 20 seconds
//	florin phone             a simulated mobile app, for trying the API by hand
//	florin audit             verify, replay, timeline, export: the log as evidence
//	florin projection        list and rebuild the read models
//	florin operator, customer, client, keys
//	                         what is done on the host and nowhere else
//	florin backup, restore   an online copy of the log, and its way back
//	florin bench             figures beside their floors
//	florin simulate rail     a rail to other banks, for trying
//	florin config            the effective configuration
//
// Flags win over FLORIN_* environment, that over a file (--config), that over
// the defaults. Exit status: 0 done, 1 failed or refused, 2 wrong usage. With --json
// the answer is JSON on standard output, and an error one object on a line of
// standard error: {"error": "..."}.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

// The collector gets room: a bank's states are long-lived, and at Go's default a
// fifth of a transfer's CPU goes into collecting what a request has left.
const (
	gcPercent   = 400
	gcFreeBelow = 256 << 20 // bytes of heap, above which it works as hard as it must
)

// threadsPerCore: a transfer passes through five goroutines that work for
// microseconds (group writer, sync, acknowledgement), among others that verify
// signatures for a hundred. With one thread a core the short ones queue behind the
// long ones and the cores wait for the disk; the operating system lets them
// through. Measured with 64 clients on two cores: a quarter more transfers.
const threadsPerCore = 2

func main() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(threadsPerCore * runtime.GOMAXPROCS(0))
	}
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(gcFreeBelow)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
