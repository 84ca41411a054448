export { GROUP_BYTES, type GroupRules, isAcceptableGroup, isAcceptablePort, isIpv4Group, mapIpv4 } from './accept.js'
export { generateIpv4Group, generateIpv6Group, generatePrefixGroup, type RandomBytes } from './generate.js'
export {
  formatGroup,
  formatMulticastAddress,
  type MulticastAddress,
  parseGroup,
  parseMulticastAddress,
} from './text.js'
