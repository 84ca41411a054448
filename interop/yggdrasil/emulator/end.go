//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

const deviceName = "line"

// One end of the line: a TUN device in a network namespace of its own.
type end struct {
	device *os.File
	// The file by which other processes enter the namespace.
	namespace string
}

func openEnd(address, other string) (*end, error) {
	type opened struct {
		end *end
		err error
	}
	done := make(chan opened)
	go func() {
		// Never unlocked: the thread belongs to the namespace and ends with this function.
		runtime.LockOSThread()
		end, err := openEndHere(address, other)
		done <- opened{end, err}
	}()
	result := <-done
	return result.end, result.err
}

func openEndHere(address, other string) (*end, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("a network namespace: %w", err)
	}
	namespace, err := unix.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("the network namespace: %w", err)
	}
	device, err := openDevice()
	if err != nil {
		return nil, err
	}
	if err := configure(address, other); err != nil {
		return nil, err
	}
	return &end{device, fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), namespace)}, nil
}

func openDevice() (*os.File, error) {
	file, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq(deviceName)
	if err != nil {
		return nil, err
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(file, unix.TUNSETIFF, request); err != nil {
		return nil, fmt.Errorf("a TUN device: %w", err)
	}
	return os.NewFile(uintptr(file), "/dev/net/tun"), nil
}

func configure(address, other string) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	set := func(name string, what uint, change func(*unix.Ifreq) error) error {
		request, err := unix.NewIfreq(name)
		if err == nil {
			err = change(request)
		}
		if err == nil {
			err = unix.IoctlIfreq(socket, what, request)
		}
		if err != nil {
			return fmt.Errorf("device %s: %w", name, err)
		}
		return nil
	}
	inet := func(text string) func(*unix.Ifreq) error {
		return func(request *unix.Ifreq) error { return request.SetInet4Addr(net.ParseIP(text).To4()) }
	}
	up := func(request *unix.Ifreq) error {
		request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
		return nil
	}
	for _, step := range []func() error{
		func() error { return set("lo", unix.SIOCSIFFLAGS, up) },
		func() error { return set(deviceName, unix.SIOCSIFADDR, inet(address)) },
		func() error { return set(deviceName, unix.SIOCSIFDSTADDR, inet(other)) },
		func() error { return set(deviceName, unix.SIOCSIFFLAGS, up) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
