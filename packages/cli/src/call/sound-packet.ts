/** The kind of sound that this command sends and takes: raw 16-bit PCM behind a little header of our own. */
export const SOUND_TYPE = 'audio/L16'
/** Sound in one packet. */
export const PACKET_MS = 20

const HEADER_BYTES = 8

/**
 * A packet of this demonstration, and of nothing else: `sequence u32be | timestamp u32be, ms | samples`. The samples are
 * 16-bit PCM in network byte order (RFC 3551 §4.5.11), channels interleaved. No samples: the sender has nothing more to
 * play. Call packets have neither number nor time, so without the header nobody could tell what is missing.
 */
export interface SoundPacket {
  /** Counts up by one from 0, and past 2³² − 1 from 0 again. */
  readonly sequence: number
  /** When its first sample is due, from the beginning of the sound. */
  readonly timestampMs: number
  /** Little-endian, as in a WAV file. */
  readonly samples: Uint8Array
}

export function encodeSound({ sequence, timestampMs, samples }: SoundPacket): Uint8Array {
  const packet = Buffer.alloc(HEADER_BYTES + samples.length)
  packet.writeUInt32BE(sequence >>> 0, 0)
  packet.writeUInt32BE(timestampMs >>> 0, 4)
  packet.set(samples, HEADER_BYTES)
  packet.subarray(HEADER_BYTES).swap16()
  return packet
}

/**
 * @param blockBytes - of one sample of every channel
 * @returns undefined for what cannot be such a packet
 */
export function decodeSound(packet: Uint8Array, blockBytes: number): SoundPacket | undefined {
  const soundBytes = packet.length - HEADER_BYTES
  if (soundBytes < 0 || soundBytes % blockBytes !== 0) return undefined
  const view = new DataView(packet.buffer, packet.byteOffset)
  const samples = Buffer.from(packet.subarray(HEADER_BYTES))
  return { sequence: view.getUint32(0), timestampMs: view.getUint32(4), samples: samples.swap16() }
}
