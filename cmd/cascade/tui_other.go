//go:build !unix

package main

// suspend is nothing that this system has.
var suspend func()

// atHangup does nothing: no signal says so here.
func atHangup(func()) {}
