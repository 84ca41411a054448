//go:build !linux

// The line needs Linux: TUN devices in network namespaces.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "emulator: needs Linux, for TUN devices in network namespaces")
	os.Exit(1)
}
