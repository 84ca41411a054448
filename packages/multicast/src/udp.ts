export { chooseInterface, type InterfaceChoice, prefixInterface } from './udp/interfaces.js'
export { type MulticastUdpOptions, multicastUdp } from './udp/network.js'
