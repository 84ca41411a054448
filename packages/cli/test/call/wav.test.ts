import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bytesIn, describeFormat, formatFault } from '../../src/call/wav-format.js'
import { WavReader } from '../../src/call/wav-reader.js'
import { WavWriter } from '../../src/call/wav-writer.js'
import { temporaryFolder } from '../support/folder.js'
import { chunk, description, riff, tone, wav } from '../support/wav.js'

async function read(bytes: Buffer, pieceBytes = 1_000): Promise<{ reader: WavReader; sound: Buffer }> {
  const path = join(temporaryFolder(), 'sound.wav')
  writeFileSync(path, bytes)
  await using reader = await WavReader.open(path)
  const pieces: Buffer[] = []
  for (let piece = await reader.read(pieceBytes); piece.length > 0; piece = await reader.read(pieceBytes))
    pieces.push(piece)
  return { reader, sound: Buffer.concat(pieces) }
}

describe('reading', () => {
  test('the sound, in pieces, with what stands around it left out', async () => {
    const samples = tone(4_003)
    const extra = Buffer.concat([chunk('LIST', Buffer.from('odd')), chunk('fact', Buffer.alloc(4))])
    const bytes = Buffer.concat([wav(samples, { sampleRate: 44_100, extra }), chunk('id3 ', Buffer.alloc(9))])
    const { reader, sound } = await read(bytes)
    expect(reader.format).toEqual({ sampleRate: 44_100, channelCount: 1 })
    expect(reader.dataBytes).toBe(8_006)
    expect(sound.equals(samples)).toBe(true)
  })

  test('the extensible form of PCM, two channels, and no sound at all', async () => {
    const tail = Buffer.concat([
      Buffer.alloc(2),
      Buffer.alloc(6),
      Buffer.from('0100000000001000800000aa00389b71', 'hex'),
    ])
    tail.writeUInt16LE(22, 0)
    const extensible = Buffer.concat([description({ kind: 0xfffe, channelCount: 2 }), tail])
    const { reader, sound } = await read(riff(chunk('fmt ', extensible), chunk('data', tone(4))))
    expect([reader.format.channelCount, sound]).toEqual([2, tone(4)])
    tail.writeUInt16LE(3, 8)
    const float = Buffer.concat([description({ kind: 0xfffe }), tail])
    await expect(read(riff(chunk('fmt ', float), chunk('data', tone(4))))).rejects.toThrow('kind 65534')
    expect((await read(wav(Buffer.alloc(0)))).sound).toHaveLength(0)
  })

  test.each([
    ['an empty file', Buffer.alloc(0), 'it is too short'],
    ['something else', Buffer.from('ID3 and then music'), 'it does not begin as one'],
    ['a RIFF file of another kind', chunk('RIFF', Buffer.from('AVI LIST')), 'it does not begin as one'],
    ['no sound', riff(chunk('fmt ', description())), 'it contains no sound'],
    ['sound without description', riff(chunk('data', tone(2))), 'it does not say what it contains'],
    ['two descriptions', wav(tone(2), { extra: chunk('fmt ', description()) }), 'it says twice what it contains'],
    ['a short description', riff(chunk('fmt ', description().subarray(0, 14)), chunk('data', tone(1))), 'too short'],
    ['compressed sound', wav(tone(2), { kind: 0x55 }), 'the sound is of kind 85, expected PCM (1)'],
    ['24 bits', wav(tone(3), { bits: 24 }), 'the samples have 24 bits, expected 16'],
    ['no channels', wav(tone(2), { channelCount: 0 }), 'it has 0 channels, expected 1 to 8'],
    ['an impossible rate', wav(tone(2), { sampleRate: 4_000_000_000 }), 'it has 4000000000 samples per second'],
    ['half a sample', wav(tone(3), { channelCount: 2 }), 'it ends inside a sample'],
    ['less than it says', wav(tone(100)).subarray(0, 200), "it ends inside its part 'data'"],
    ['parts without end', riff(...Array.from({ length: 65 }, () => chunk('JUNK', Buffer.alloc(0)))), 'no sound'],
  ])('%s is refused in one line', async (_, bytes, why) => {
    const refused = read(bytes)
    await expect(refused).rejects.toMatchObject({ name: 'CliError', code: 'file' })
    await expect(refused).rejects.toThrow(why)
  })

  test('a description that contradicts itself is refused', async () => {
    const bytes = description()
    bytes.writeUInt32LE(1, 8)
    await expect(read(riff(chunk('fmt ', bytes), chunk('data', tone(1))))).rejects.toThrow('contradicts itself')
  })

  test('cut anywhere it is refused, never read in part', async () => {
    const whole = wav(tone(20))
    for (let length = 0; length < whole.length; length++)
      await expect(read(whole.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({ code: 'file' })
  })

  test('no file, and a folder', async () => {
    const folder = temporaryFolder()
    await expect(WavReader.open(join(folder, 'none.wav'))).rejects.toThrow(/cannot read .*none.wav: it does not exist/)
    await expect(WavReader.open(folder)).rejects.toThrow('is not a regular file')
  })
})

describe('writing', () => {
  test('what was written is read again', async () => {
    const path = join(temporaryFolder(), 'out.wav')
    const writer = await WavWriter.create(path)
    const samples = tone(4_000)
    expect(await writer.write(samples.subarray(0, 4_000))).toBe(true)
    expect(await writer.write(samples.subarray(4_000))).toBe(true)
    await writer.finish({ sampleRate: 16_000, channelCount: 2 })
    expect(readFileSync(path).equals(wav(samples, { sampleRate: 16_000, channelCount: 2 }))).toBe(true)
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('nothing is overwritten, and nothing is left behind', async () => {
    const path = join(temporaryFolder(), 'out.wav')
    const writer = await WavWriter.create(path)
    await expect(WavWriter.create(path)).rejects.toMatchObject({ code: 'exists' })
    await writer.discard()
    expect(existsSync(path)).toBe(false)
    mkdirSync(path)
    await expect(WavWriter.create(path)).rejects.toMatchObject({ code: 'exists' })
    await expect(WavWriter.create(join(path, 'none', 'out.wav'))).rejects.toMatchObject({ code: 'file' })
  })

  test('it is no longer than such a file can be', async () => {
    const writer = await WavWriter.create(join(temporaryFolder(), 'out.wav'))
    expect(await writer.write({ length: 0xffff_ffff } as Uint8Array)).toBe(false)
    expect(writer.dataBytes).toBe(0)
    await writer.discard()
  })
})

test('formats', () => {
  const format = { sampleRate: 11_025, channelCount: 2 }
  expect([describeFormat(format), formatFault(format)]).toEqual(['11025 Hz, 2 channels', undefined])
  // 220.5 samples in 20 ms: a whole number of them at every time.
  expect([bytesIn(format, 20), bytesIn(format, 40), bytesIn(format, 1_000)]).toEqual([880, 1_764, 44_100])
  for (const fault of [
    { sampleRate: 0 },
    { sampleRate: -1 },
    { sampleRate: 1e9 },
    { channelCount: 0 },
    { channelCount: 9 },
  ])
    expect(formatFault({ ...format, ...fault })).toMatch(/expected/)
})
