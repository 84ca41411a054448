package mp2p

import (
	"crypto/rand"
	"errors"
	"net"
)

// NewIPv6Group draws a transient group of global scope.
func NewIPv6Group() net.IP {
	group := make(net.IP, net.IPv6len)
	rand.Read(group)
	group[0], group[1] = 0xff, 0x1e
	return group
}

// NewIPv4Group draws one as the originals do: the second byte is any.
func NewIPv4Group() net.IP {
	group := make(net.IP, net.IPv4len)
	rand.Read(group)
	group[0] = 224
	group[2] |= 0xe0
	return group
}

// NewPrefixGroup makes a group below the network of the first interface that has one, and names the interface. The
// prefix length in it is that of the originals, 128, whatever the network's is.
func NewPrefixGroup() (net.IP, *net.Interface, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, nil, err
	}
	for index := range interfaces {
		candidate := &interfaces[index]
		if candidate.Flags&net.FlagUp == 0 || candidate.Flags&net.FlagMulticast == 0 {
			continue
		}
		addresses, err := candidate.Addrs()
		if err != nil {
			return nil, nil, err
		}
		for _, address := range addresses {
			network, ok := address.(*net.IPNet)
			if !ok || network.IP.To4() != nil || !network.IP.IsGlobalUnicast() {
				continue
			}
			group := make(net.IP, net.IPv6len)
			rand.Read(group[12:])
			group[0], group[1], group[3] = 0xff, 0x3e, 0x80
			copy(group[4:12], network.IP.Mask(network.Mask))
			return group, candidate, nil
		}
	}
	return nil, nil, errors.New("no interface has a network to make a group below")
}
