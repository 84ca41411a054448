import {
  decodeStreamPacket,
  encodeStreamPacket,
  StreamFlag,
  type StreamPacket,
} from '../../../src/wire/stream-packet.js'
import type { Path } from './simulation.js'

const { syn: SYN, ack: ACK, fin: FIN, rst: RST, datagram: DATAGRAM } = StreamFlag

/** A packet in words: `SYN`, `ACK 5`, `DATA 0+5`, `FIN 5`, `RST`. */
export function say(bytes: Uint8Array): string {
  const { flags, seq, ack, data } = decodeStreamPacket(bytes)
  if ((flags & DATAGRAM) !== 0) return `DATAGRAM ${data.length}`
  if ((flags & RST) !== 0) return 'RST'
  if ((flags & SYN) !== 0) return (flags & ACK) !== 0 ? 'SYN-ACK' : 'SYN'
  if ((flags & FIN) !== 0) return `FIN ${seq}`
  return data.length > 0 ? `DATA ${seq}+${data.length}` : `ACK ${ack}`
}

/** What goes over a path, from now on, as `ms what`. */
export function listenTo(path: Path): string[] {
  const lines: string[] = []
  path.log = (bytes, nowMs) => lines.push(`${Math.round(nowMs)} ${say(bytes)}`)
  return lines
}

/** Lose the packets that these words begin with, each so many times. */
export function lose(path: Path, ...words: readonly string[]): void {
  const left = [...words]
  path.drop = (bytes) => {
    const index = left.findIndex((word) => say(bytes).startsWith(word))
    if (index < 0) return false
    left.splice(index, 1)
    return true
  }
}

/** A packet between client port 49152 and service port 42, from the client unless said. */
export function packet(flags: number, fields: Partial<StreamPacket> = {}): Uint8Array {
  const ports = { sourcePort: 49_152, destinationPort: 42 }
  return encodeStreamPacket({ ...ports, seq: 0, ack: 0, flags, window: 524_288, data: new Uint8Array(0), ...fields })
}

/** The same from the service. */
export function answer(flags: number, fields: Partial<StreamPacket> = {}): Uint8Array {
  return packet(flags, { sourcePort: 42, destinationPort: 49_152, ...fields })
}
