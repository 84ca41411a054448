/** How the samples of a WAV file are laid out: 16-bit signed PCM, little-endian, channels interleaved. */
export interface WavFormat {
  /** Per second and channel. */
  readonly sampleRate: number
  readonly channelCount: number
}

export const BYTES_PER_SAMPLE = 2
const [MIN_RATE, MAX_RATE, MAX_CHANNELS] = [1_000, 192_000, 8]

/** What is wrong with a format, as the end of a sentence; `undefined` when we can handle it. It may come from anybody. */
export function formatFault({ sampleRate, channelCount }: WavFormat): string | undefined {
  if (!(Number.isInteger(sampleRate) && sampleRate >= MIN_RATE && sampleRate <= MAX_RATE))
    return `${sampleRate} samples per second, expected ${MIN_RATE} to ${MAX_RATE}`
  if (!(Number.isInteger(channelCount) && channelCount >= 1 && channelCount <= MAX_CHANNELS))
    return `${channelCount} channels, expected 1 to ${MAX_CHANNELS}`
  return undefined
}

/** Bytes of one sample of every channel. */
export function blockBytes({ channelCount }: WavFormat): number {
  return channelCount * BYTES_PER_SAMPLE
}

export function bytesPerSecond(format: WavFormat): number {
  return format.sampleRate * blockBytes(format)
}

/** Whole samples of all channels in this time, in bytes. */
export function bytesIn(format: WavFormat, durationMs: number): number {
  return Math.floor((format.sampleRate * durationMs) / 1_000) * blockBytes(format)
}

/** `44100 Hz, 1 channel` */
export function describeFormat({ sampleRate, channelCount }: WavFormat): string {
  return `${sampleRate} Hz, ${channelCount} channel${channelCount === 1 ? '' : 's'}`
}
