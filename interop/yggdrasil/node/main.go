// A real yggdrasil-go node, core only, steered from outside: settings from the environment, one line of JSON on stdout
// when it is ready, then one line of JSON on stdin for each command and one on stdout for each answer.
package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/gologme/log"
	"github.com/yggdrasil-network/yggdrasil-go/src/config"
	"github.com/yggdrasil-network/yggdrasil-go/src/core"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}

// YGG_SEED: 64 hex digits, default a new key. YGG_LISTEN, YGG_PEERS: URIs, separated by blanks; in YGG_LISTEN port 0 is a free one.
// YGG_ALLOWED: public keys that may connect, separated by blanks, default all. YGG_LOG: levels for stderr, such as "info debug".
func run() error {
	node, err := startNode()
	if err != nil {
		return err
	}
	defer node.core.Stop()
	answers := newLines(os.Stdout)
	answers.write(map[string]any{
		"ready":     true,
		"publicKey": hex.EncodeToString(node.core.PublicKey()),
		"address":   node.core.Address().String(),
		"listen":    node.listening,
	})
	for _, peer := range strings.Fields(os.Getenv("YGG_PEERS")) {
		if err := node.addPeer(peer); err != nil {
			return fmt.Errorf("YGG_PEERS: %s: %w", peer, err)
		}
	}
	return obey(node, answers)
}

func startNode() (*node, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := rand.Read(seed); err != nil {
		return nil, err
	}
	if given := os.Getenv("YGG_SEED"); given != "" {
		decoded, err := hex.DecodeString(given)
		if err != nil || len(decoded) != ed25519.SeedSize {
			return nil, fmt.Errorf("YGG_SEED: expected %d hex digits", 2*ed25519.SeedSize)
		}
		seed = decoded
	}
	options := []core.SetupOption{core.NodeInfo{"name": "mimirjs interop"}, core.NodeInfoPrivacy(true)}
	for _, allowed := range strings.Fields(os.Getenv("YGG_ALLOWED")) {
		key, err := hex.DecodeString(allowed)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("YGG_ALLOWED: expected %d hex digits, got %q", 2*ed25519.PublicKeySize, allowed)
		}
		options = append(options, core.AllowedPublicKey(key))
	}
	logger := log.New(os.Stderr, "", log.Ltime|log.Lmicroseconds)
	for _, level := range strings.Fields(os.Getenv("YGG_LOG")) {
		logger.EnableLevel(level)
	}
	started, err := startCore(seed, logger, options)
	if err != nil {
		return nil, err
	}
	node := newNode(started)
	for _, uri := range strings.Fields(os.Getenv("YGG_LISTEN")) {
		if err := node.listen(uri); err != nil {
			return nil, fmt.Errorf("YGG_LISTEN: %s: %w", uri, err)
		}
	}
	go node.receive()
	return node, nil
}

func startCore(seed []byte, logger core.Logger, options []core.SetupOption) (*core.Core, error) {
	settings := config.NodeConfig{PrivateKey: config.KeyBytes(ed25519.NewKeyFromSeed(seed))}
	if err := settings.GenerateSelfSignedCertificate(); err != nil {
		return nil, err
	}
	return core.New(settings.Certificate, logger, options...)
}

// Idle nodes in this process, each with a new key and one peer.
func (n *node) startMore(count int, peer string) error {
	for range count {
		seed := make([]byte, ed25519.SeedSize)
		if _, err := rand.Read(seed); err != nil {
			return err
		}
		started, err := startCore(seed, nil, []core.SetupOption{core.Peer{URI: peer}})
		if err != nil {
			return err
		}
		n.more = append(n.more, started)
	}
	return nil
}

// Commands run beside each other: a long one does not hold up the others.
func obey(node *node, answers *lines) error {
	commands := bufio.NewScanner(os.Stdin)
	commands.Buffer(nil, 1<<20)
	for commands.Scan() {
		var command command
		if err := json.Unmarshal(commands.Bytes(), &command); err != nil {
			return fmt.Errorf("a command is not JSON: %w", err)
		}
		go func() {
			result, err := node.do(command)
			if err != nil {
				answers.write(map[string]any{"id": command.ID, "error": err.Error()})
			} else {
				answers.write(map[string]any{"id": command.ID, "result": result})
			}
		}()
	}
	return commands.Err()
}

// Whole lines, from several goroutines.
type lines struct {
	mutex  sync.Mutex
	output *json.Encoder
}

func newLines(output *os.File) *lines {
	encoder := json.NewEncoder(output)
	encoder.SetEscapeHTML(false)
	return &lines{output: encoder}
}

func (l *lines) write(value any) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if err := l.output.Encode(value); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}

// With the port that was free in place of 0.
func boundURI(uri *url.URL, bound string) string {
	if uri.Scheme == "unix" {
		return uri.String()
	}
	withPort := *uri
	withPort.Host = bound
	withPort.RawQuery = ""
	return withPort.String()
}
