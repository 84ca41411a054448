//go:build linux

// A slow and lossy line between two network namespaces: each has one end of it, a TUN device, and every packet that
// leaves one waits here before it arrives at the other. Settings from the environment, one line of JSON on stdout when
// the line is up, then one line of JSON on stdin for each command and one on stdout for each answer. The namespaces have no names:
// programs enter them through the files in the first line, and they are gone with the last program.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"
)

// The ends of the line, in network namespaces of their own.
var addresses = [2]string{"10.77.0.1", "10.77.0.2"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "emulator:", err)
		os.Exit(1)
	}
}

// EMULATOR_DELAY_MS: each way, default 0. EMULATOR_LOSS: share of packets that is lost each way, default 0.
// EMULATOR_RATE: bytes per second each way, default without limit. EMULATOR_QUEUE: bytes that may wait for their turn, default 250,000.
// EMULATOR_SEED: of the losses, default 1.
func run() error {
	settings, seed, err := settingsFromEnvironment()
	if err != nil {
		return err
	}
	ends := [2]*end{}
	for index, address := range addresses {
		if ends[index], err = openEnd(address, addresses[1-index]); err != nil {
			return err
		}
	}
	there := newDirection(ends[0], ends[1], seed, settings)
	back := newDirection(ends[1], ends[0], seed+1, settings)
	go there.forward()
	go back.forward()
	answers := json.NewEncoder(os.Stdout)
	ready := map[string]any{"ready": true, "addresses": addresses, "namespaces": [2]string{ends[0].namespace, ends[1].namespace}}
	if err := answers.Encode(ready); err != nil {
		return err
	}
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		// What it does not name stays as it was.
		command := command{Settings: settings}
		if err := json.Unmarshal(commands.Bytes(), &command); err != nil {
			return fmt.Errorf("a command is not JSON: %w", err)
		}
		settings = command.Settings
		there.set(settings)
		back.set(settings)
		answer := map[string]any{"id": command.ID, "result": [2]counters{there.count(), back.count()}}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
	return commands.Err()
}

type command struct {
	ID       uint64   `json:"id"`
	Settings settings `json:"settings"`
}

type settings struct {
	DelayMs        float64 `json:"delayMs"`
	Loss           float64 `json:"loss"`
	BytesPerSecond float64 `json:"bytesPerSecond"`
	QueueBytes     int     `json:"queueBytes"`
}

func (s settings) delay() time.Duration {
	return time.Duration(s.DelayMs * float64(time.Millisecond))
}

func settingsFromEnvironment() (settings, uint64, error) {
	var failed error
	number := func(name string, fallback float64) float64 {
		text := os.Getenv(name)
		if text == "" {
			return fallback
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil || value < 0 {
			failed = fmt.Errorf("%s: expected a number from 0 on, got %q", name, text)
		}
		return value
	}
	from := settings{
		DelayMs:        number("EMULATOR_DELAY_MS", 0),
		Loss:           number("EMULATOR_LOSS", 0),
		BytesPerSecond: number("EMULATOR_RATE", 0),
		QueueBytes:     int(number("EMULATOR_QUEUE", 250_000)),
	}
	seed := uint64(number("EMULATOR_SEED", 1))
	return from, seed, failed
}
