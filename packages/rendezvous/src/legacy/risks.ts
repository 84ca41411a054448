/**
 * What an application has to tell its user before it uses `pim-legacy`, in plain words. No setting takes these away:
 * they are in the bytes. rendezvous protocol A12, A13
 */
export const LEGACY_RISKS: readonly string[] = [
  'Signatures use SHA-1, and other people may have keys of 1024 bits: a strong attacker can forge them.',
  'One key both signs and decrypts.',
  'A bad server can pass a challenge on and log in elsewhere as you; it can then hold back what is meant for you.',
  'Messages carry no time: a bad server can repeat old ones, which disturbs a connection that is being made.',
  'Servers see who talks to whom, and the network addresses of both.',
]
