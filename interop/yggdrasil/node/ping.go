package main

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"
)

const questionBytes = 10

// Of those that ping makes.
func isQuestionOrAnswer(packet []byte) bool {
	return len(packet) == questionBytes && (packet[0] == kindPing || packet[0] == kindPong)
}

// Asks every key until it answers or the time is over.
// Returns the milliseconds until the first answer, by key; who never answered is absent.
func (n *node) ping(keys []string, timeoutMs, everyMs int) (map[string]float64, error) {
	start := time.Now()
	answered := map[string]float64{}
	var mutex sync.Mutex
	complete := make(chan struct{})
	nonce := rand.Uint64()
	question := append(binary.BigEndian.AppendUint64([]byte{kindPing}, nonce), 0)
	wanted := map[string]bool{}
	for _, key := range keys {
		wanted[key] = true
	}
	stop := n.inbox.listen(func(from string, packet []byte) bool {
		if len(packet) < 9 || packet[0] != kindPong || binary.BigEndian.Uint64(packet[1:]) != nonce {
			return false
		}
		mutex.Lock()
		defer mutex.Unlock()
		key := keyText(from)
		if _, again := answered[key]; wanted[key] && !again {
			answered[key] = float64(time.Since(start).Microseconds()) / 1000
			if len(answered) == len(wanted) {
				close(complete)
			}
		}
		return true
	})
	defer stop()
	again := time.NewTicker(time.Duration(max(everyMs, 1)) * time.Millisecond)
	defer again.Stop()
	timeout := time.After(time.Duration(timeoutMs) * time.Millisecond)
	for {
		for key := range wanted {
			mutex.Lock()
			_, done := answered[key]
			mutex.Unlock()
			if !done {
				if err := n.send(key, question); err != nil {
					return nil, err
				}
			}
		}
		select {
		case <-again.C:
			continue
		case <-complete:
		case <-timeout:
		}
		break
	}
	mutex.Lock()
	defer mutex.Unlock()
	return answered, nil
}
