package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"
)

type selfReport struct {
	Key            hexBytes `json:"key"`
	Address        string   `json:"address"`
	RoutingEntries uint64   `json:"routingEntries"`
	MTU            uint64   `json:"mtu"`
	Listen         []string `json:"listen"`
}

func (n *node) self() selfReport {
	self := n.core.GetSelf()
	return selfReport{hexBytes(self.Key), n.core.Address().String(), self.RoutingEntries, n.core.MTU(), n.listening}
}

type peerReport struct {
	URI      string   `json:"uri"`
	Up       bool     `json:"up"`
	Inbound  bool     `json:"inbound"`
	Key      hexBytes `json:"key"`
	Port     uint64   `json:"port"`
	Priority uint8    `json:"priority"`
	Cost     uint64   `json:"cost"`
	// Absent when there was none.
	Error     string  `json:"error,omitempty"`
	LatencyMs float64 `json:"latencyMs"`
	RxBytes   uint64  `json:"rxBytes"`
	TxBytes   uint64  `json:"txBytes"`
}

func (n *node) peers() []peerReport {
	reports := []peerReport{}
	for _, peer := range n.core.GetPeers() {
		report := peerReport{
			URI: peer.URI, Up: peer.Up, Inbound: peer.Inbound, Key: hexBytes(peer.Key), Port: peer.Port,
			Priority: peer.Priority, Cost: peer.Cost, RxBytes: peer.RXBytes, TxBytes: peer.TXBytes,
			LatencyMs: float64(peer.Latency) / float64(time.Millisecond),
		}
		if peer.LastError != nil {
			report.Error = peer.LastError.Error()
		}
		reports = append(reports, report)
	}
	return reports
}

type treeReport struct {
	Key      hexBytes `json:"key"`
	Parent   hexBytes `json:"parent"`
	Sequence uint64   `json:"sequence"`
}

func (n *node) tree() []treeReport {
	reports := []treeReport{}
	for _, entry := range n.core.GetTree() {
		reports = append(reports, treeReport{hexBytes(entry.Key), hexBytes(entry.Parent), entry.Sequence})
	}
	return reports
}

type pathReport struct {
	Key      hexBytes `json:"key"`
	Path     []uint64 `json:"path"`
	Sequence uint64   `json:"sequence"`
}

func (n *node) paths() []pathReport {
	reports := []pathReport{}
	for _, entry := range n.core.GetPaths() {
		reports = append(reports, pathReport{hexBytes(entry.Key), append([]uint64{}, entry.Path...), entry.Sequence})
	}
	return reports
}

type sessionReport struct {
	Key      hexBytes `json:"key"`
	RxBytes  uint64   `json:"rxBytes"`
	TxBytes  uint64   `json:"txBytes"`
	UptimeMs int64    `json:"uptimeMs"`
}

func (n *node) sessions() []sessionReport {
	reports := []sessionReport{}
	for _, session := range n.core.GetSessions() {
		report := sessionReport{hexBytes(session.Key), session.RXBytes, session.TXBytes, session.Uptime.Milliseconds()}
		reports = append(reports, report)
	}
	return reports
}

type cpuReport struct {
	CPUMs float64 `json:"cpuMs"`
}

// What this process has used so far, all threads, user and system.
func cpuTime() (cpuReport, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return cpuReport{}, err
	}
	micros := func(t syscall.Timeval) float64 { return float64(t.Sec)*1e6 + float64(t.Usec) }
	return cpuReport{(micros(usage.Utime) + micros(usage.Stime)) / 1000}, nil
}

type memoryReport struct {
	ResidentBytes uint64 `json:"residentBytes"`
	HeapBytes     uint64 `json:"heapBytes"`
}

// What this process holds, after what is free has been given back.
func memory() (memoryReport, error) {
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	// Pages: all, resident, and more.
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return memoryReport{}, err
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return memoryReport{}, fmt.Errorf("/proc/self/statm: %q", text)
	}
	pages, err := strconv.ParseUint(string(fields[1]), 10, 64)
	return memoryReport{pages * uint64(os.Getpagesize()), stats.HeapAlloc}, err
}
