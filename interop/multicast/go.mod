module mimirjs/interop/multicast

go 1.25.0

require golang.org/x/net v0.56.0

require golang.org/x/sys v0.46.0 // indirect
