//go:build !unix

package main

import "context"

// naps are nothing that this system has.
func naps(context.Context) (sleep func(), aside <-chan func()) { return nil, nil }

// atHangup does nothing: no signal says so here.
func atHangup(func()) {}

// atQuit does nothing, for the same reason.
func atQuit(func()) (left func()) { return func() {} }
