package main

import (
	"encoding/binary"
	"errors"
	"time"
)

// As many packets as the receiver takes: a window of them is under way, and it acknowledges every few.
type load struct {
	PacketBytes   int `json:"packetBytes"`
	WindowPackets int `json:"windowPackets"`
	AckEvery      int `json:"ackEvery"`
	WarmUpMs      int `json:"warmUpMs"`
	DurationMs    int `json:"durationMs"`
}

type loadReport struct {
	// Acknowledged inside the measured time.
	Packets   uint64  `json:"packets"`
	ElapsedMs float64 `json:"elapsedMs"`
	Lost      uint64  `json:"lost"`
	// Acknowledged in all, warm-up included.
	All uint64 `json:"all"`
}

// What is under way counts as lost after this silence, and the window is filled anew.
const loadStall = 200 * time.Millisecond

func (n *node) runLoad(key string, run load) (loadReport, error) {
	if run.PacketBytes < loadHeaderBytes || run.PacketBytes > maxPacketBytes || run.WindowPackets < run.AckEvery || run.AckEvery < 1 {
		return loadReport{}, errors.New("load: wrong sizes")
	}
	acknowledged := make(chan uint64, 1024)
	stop := n.inbox.listen(func(from string, packet []byte) bool {
		if len(packet) != 9 || packet[0] != kindLoadAck || keyText(from) != key {
			return false
		}
		select {
		case acknowledged <- binary.BigEndian.Uint64(packet[1:]):
		default:
		}
		return true
	})
	defer stop()
	packet := make([]byte, run.PacketBytes)
	packet[0] = kindLoad
	binary.BigEndian.PutUint16(packet[1:], uint16(run.AckEvery))

	var report loadReport
	// The receiver goes on counting from one run to the next: the first acknowledgement says where it stands.
	var base, received, sent, lost uint64
	known := false
	start := time.Now()
	measureFrom := start.Add(time.Duration(run.WarmUpMs) * time.Millisecond)
	var measuredSince time.Time
	var receivedThen, lostThen uint64
	silence := time.NewTimer(loadStall)
	defer silence.Stop()
	for {
		for sent-received-lost < uint64(run.WindowPackets) {
			if err := n.send(key, packet); err != nil {
				return report, err
			}
			sent++
		}
		silence.Reset(loadStall)
		select {
		case count := <-acknowledged:
			if !known {
				known = true
				base = count - min(count, uint64(run.AckEvery))
			}
			received = count - base
			if received+lost > sent {
				lost = sent - min(sent, received)
			}
		case <-silence.C:
			lost = sent - received
		}
		now := time.Now()
		if measuredSince.IsZero() {
			if known && now.After(measureFrom) {
				measuredSince, receivedThen, lostThen = now, received, lost
			} else if now.Sub(measureFrom) > 10*time.Second {
				return report, errors.New("load: no acknowledgement came")
			}
		} else if now.Sub(measuredSince) >= time.Duration(run.DurationMs)*time.Millisecond {
			report.Packets = received - receivedThen
			report.All = received
			report.Lost = lost - min(lost, lostThen)
			report.ElapsedMs = float64(now.Sub(measuredSince).Microseconds()) / 1000
			return report, nil
		}
	}
}
