export interface WavOptions {
  sampleRate?: number
  channelCount?: number
  /** Instead of 16-bit PCM. */
  kind?: number
  bits?: number
  /** Between the description and the sound. */
  extra?: Buffer
}

/** Little-endian samples, no two alike within a second. */
export function tone(sampleCount: number, seed = 1): Buffer {
  const samples = Buffer.alloc(2 * sampleCount)
  for (let at = 0; at < sampleCount; at++) samples.writeInt16LE(((at + seed) * 7_919) % 32_768, 2 * at)
  return samples
}

export function chunk(name: string, body: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.write(name, 'latin1')
  header.writeUInt32LE(body.length, 4)
  return Buffer.concat([header, body, Buffer.alloc(body.length % 2)])
}

export function description({ sampleRate = 8_000, channelCount = 1, kind = 1, bits = 16 }: WavOptions = {}): Buffer {
  const body = Buffer.alloc(16)
  const block = (channelCount * bits) / 8
  body.writeUInt16LE(kind, 0)
  body.writeUInt16LE(channelCount, 2)
  body.writeUInt32LE(sampleRate, 4)
  body.writeUInt32LE((sampleRate * block) >>> 0, 8)
  body.writeUInt16LE(block, 12)
  body.writeUInt16LE(bits, 14)
  return body
}

export function riff(...chunks: Buffer[]): Buffer {
  return chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), ...chunks]))
}

export function wav(samples: Buffer, options: WavOptions = {}): Buffer {
  return riff(chunk('fmt ', description(options)), options.extra ?? Buffer.alloc(0), chunk('data', samples))
}
