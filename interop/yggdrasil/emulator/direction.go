//go:build linux

package main

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Larger than every packet of a TUN device with the usual size.
const maxPacketBytes = 65_535

// So many packets are between the queue and the arrival at most; more than any delay and rate of a test needs.
const maxUnderWay = 65_536

type counters struct {
	Packets uint64 `json:"packets"`
	Lost    uint64 `json:"lost"`
	// The queue was full.
	Dropped uint64 `json:"dropped"`
}

type underWay struct {
	packet []byte
	leaves time.Time
	due    time.Time
}

// One way of the line.
type direction struct {
	from, to *end
	arrivals chan underWay

	mutex    sync.Mutex
	settings settings
	random   *rand.Rand
	counters counters
	// When the last packet that was let in has left the queue.
	free time.Time
}

func newDirection(from, to *end, seed uint64, settings settings) *direction {
	return &direction{
		from: from, to: to, settings: settings,
		random:   rand.New(rand.NewPCG(seed, seed)),
		arrivals: make(chan underWay, maxUnderWay),
	}
}

func (d *direction) set(settings settings) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.settings = settings
}

func (d *direction) count() counters {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.counters
}

func (d *direction) forward() {
	go d.deliver()
	buffer := make([]byte, maxPacketBytes)
	for {
		length, err := d.from.device.Read(buffer)
		if err != nil {
			return
		}
		if packet, ok := d.admit(buffer[:length], time.Now()); ok {
			d.arrivals <- packet
		}
	}
}

// The queue in front of the line drops what comes when it is full; what left the queue may get lost on the way.
func (d *direction) admit(packet []byte, now time.Time) (underWay, bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.counters.Packets++
	if d.free.Before(now) {
		d.free = now
	}
	leaves := d.free
	if rate := d.settings.BytesPerSecond; rate > 0 {
		waiting := d.free.Sub(now).Seconds() * rate
		if waiting+float64(len(packet)) > float64(d.settings.QueueBytes) {
			d.counters.Dropped++
			return underWay{}, false
		}
		leaves = d.free.Add(time.Duration(float64(len(packet)) / rate * float64(time.Second)))
		d.free = leaves
	}
	if d.random.Float64() < d.settings.Loss {
		d.counters.Lost++
		return underWay{}, false
	}
	return underWay{append([]byte{}, packet...), leaves, leaves.Add(d.settings.delay())}, true
}

func (d *direction) deliver() {
	for packet := range d.arrivals {
		if wait := time.Until(packet.due); wait > 0 {
			time.Sleep(wait)
		}
		if _, err := d.to.device.Write(packet.packet); err != nil {
			return
		}
	}
}
