package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

// After so many silences one after the other an echo is over.
const maxStalls = 5

// Packets of many sizes to somebody who returns them, each compared when it comes back.
type echoRun struct {
	Count    int    `json:"count"`
	MinBytes int    `json:"minBytes"`
	MaxBytes int    `json:"maxBytes"`
	Seed     uint64 `json:"seed"`
	// So many bytes are under way at most; one packet always may be.
	WindowBytes int `json:"windowBytes"`
	// What has not come back after such a silence is lost; after maxStalls of them one after the other the run ends.
	StallMs int `json:"stallMs"`
}

type echoReport struct {
	Sent     int     `json:"sent"`
	Returned int     `json:"returned"`
	Lost     int     `json:"lost"`
	Wrong    int     `json:"wrong"`
	Bytes    int     `json:"bytes"`
	Ms       float64 `json:"ms"`
}

func (n *node) runEcho(key string, run echoRun) (echoReport, error) {
	if run.Count < 1 || run.MinBytes < 1 || run.MaxBytes < run.MinBytes || run.MaxBytes > maxPacketBytes {
		return echoReport{}, errors.New("echo: wrong sizes")
	}
	returned := make(chan []byte, run.Count)
	stop := n.inbox.listen(func(from string, packet []byte) bool {
		if keyText(from) != key {
			return false
		}
		select {
		case returned <- append([]byte{}, packet...):
		default:
		}
		return true
	})
	defer stop()
	start := time.Now()
	var report echoReport
	var waiting [][]byte
	waitingBytes := 0
	take := func(count int) {
		for _, packet := range waiting[:count] {
			waitingBytes -= len(packet)
		}
		waiting = waiting[count:]
	}
	for stalls := 0; report.Returned+report.Lost < run.Count && stalls < maxStalls; {
		for report.Sent < run.Count {
			packet := packetOf(run, report.Sent)
			if waitingBytes > 0 && waitingBytes+len(packet) > run.WindowBytes {
				break
			}
			if err := n.send(key, packet); err != nil {
				return report, err
			}
			report.Sent++
			report.Bytes += len(packet)
			waiting = append(waiting, packet)
			waitingBytes += len(packet)
		}
		select {
		case packet := <-returned:
			// What comes arrives in order, so those before it are lost; it may be left from finding each other as well.
			index := slices.IndexFunc(waiting, func(sent []byte) bool { return bytes.Equal(sent, packet) })
			if index < 0 {
				if !isQuestionOrAnswer(packet) {
					report.Wrong++
				}
				continue
			}
			stalls = 0
			report.Lost += index
			report.Returned++
			take(index + 1)
		case <-time.After(time.Duration(run.StallMs) * time.Millisecond):
			stalls++
			report.Lost += len(waiting)
			take(len(waiting))
		}
	}
	report.Ms = float64(time.Since(start).Microseconds()) / 1000
	return report, nil
}

// Size and content of a packet follow from the seed and its index alone. The sizes lie evenly on a logarithmic scale.
func packetOf(run echoRun, index int) []byte {
	random := splitMix{run.Seed<<32 ^ uint64(index)}
	size := sizeBetween(run.MinBytes, run.MaxBytes, &random)
	packet := make([]byte, 0, size+8)
	for len(packet) < size {
		packet = binary.LittleEndian.AppendUint64(packet, random.next())
	}
	return packet[:size]
}

// A doubling is drawn first and then a size within it.
func sizeBetween(least, most int, random *splitMix) int {
	doublings := 0
	for least<<(doublings+1) <= most {
		doublings++
	}
	low := least << (random.next() % uint64(doublings+1))
	high := min(2*low-1, most)
	return low + int(random.next()%uint64(high-low+1))
}

type splitMix struct{ state uint64 }

func (r *splitMix) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
