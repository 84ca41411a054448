import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { type ContentOptions, decodeText, MAX_TEXT_BYTES, readContent } from '../src/content.js'
import type { CliIo } from '../src/io.js'
import { Patience } from '../src/patience.js'
import { Terminal } from './support/terminal.js'

const usage = (message: string): unknown =>
  expect.objectContaining({ code: 'usage', exitCode: 2, message: expect.stringContaining(message) as string })

const never = new AbortController().signal

function read(io: CliIo, words: readonly string[], options: ContentOptions, patience = new Patience(never)) {
  return readContent(io, words, options, 'overlay', patience)
}

describe('what is to be sent', () => {
  test('words', async () => {
    expect(await read(new Terminal(), ['see', 'you'], {})).toEqual({ text: 'see you' })
    expect(await read(new Terminal(), ['yes'], { replyTo: '-5' })).toEqual({ text: 'yes', replyTo: '-5' })
  })

  test('a new text, a reaction', async () => {
    expect(await read(new Terminal(), ['better'], { edit: '5' })).toEqual({ edit: '5', text: 'better' })
    expect(await read(new Terminal(), [], { react: '👍', replyTo: '5' })).toEqual({ reaction: '👍', replyTo: '5' })
    await expect(read(new Terminal(), [], { react: '👍' })).rejects.toThrow(usage('--reply-to') as Error)
  })

  test('a file that is only announced is not read here', async () => {
    const patience = new Patience(never)
    const content = await readContent(new Terminal(), ['look'], { file: '/a/b.pdf' }, 'current', patience)
    expect(content).toEqual({ file: { path: '/a/b.pdf', mimeType: 'application/pdf' }, text: 'look' })
  })

  test('standard input, without its last line end', async () => {
    expect(await read(new Terminal({ stdin: 'a\nb\n' }), ['-'], {})).toEqual({ text: 'a\nb' })
    expect(await read(new Terminal({ stdin: 'a\r\n' }), ['-'], {})).toEqual({ text: 'a' })
  })

  test('nothing at all', async () => {
    await expect(read(new Terminal(), [], {})).rejects.toThrow(usage('nothing to send') as Error)
    await expect(read(new Terminal({ stdin: '\n' }), ['-'], {})).rejects.toThrow(usage('nothing') as Error)
  })

  test('standard input that is too long is not read to its end', async () => {
    const longest = 'x'.repeat(MAX_TEXT_BYTES)
    expect(await read(new Terminal({ stdin: `${longest}\n` }), ['-'], {})).toEqual({ text: longest })
    const terminal = new Terminal({ stdin: `${longest}xx` })
    await expect(read(terminal, ['-'], {})).rejects.toThrow(usage('longer than') as Error)
  })

  test('standard input that is no text', async () => {
    const terminal = new Terminal({ stdin: new Uint8Array([0xff, 0xfe]) })
    await expect(read(terminal, ['-'], {})).rejects.toThrow(usage('not UTF-8') as Error)
  })

  test('standard input that does not end is given up when the time is, or the person', async () => {
    const stop = new AbortController()
    for (const [why, end] of [
      ['stopped before', () => stop.abort()],
      ['not within 1 ms', (patience: Patience) => patience.limit(1)],
    ] as const) {
      const stdin = new PassThrough()
      stdin.write('the beginning')
      const patience = new Patience(why === 'stopped before' ? stop.signal : never)
      const reading = read({ ...new Terminal(), stdin }, ['-'], {}, patience)
      end(patience)
      await expect(reading).rejects.toThrow(
        expect.objectContaining({
          code: 'not-read',
          exitCode: 1,
          message: `nothing is accepted, because standard input did not end: ${why}`,
        }),
      )
      expect(stdin.destroyed).toBe(true)
    }
  })

  test('bytes as text, nothing replaced and nothing left out', () => {
    expect(decodeText(Buffer.from('\ufeffmeow'))).toBe('\ufeffmeow')
    expect(() => decodeText(new Uint8Array([0x6d, 0xff]))).toThrow(TypeError)
  })

  test('a file and an image, with and without caption', async () => {
    const terminal = new Terminal()
    writeFileSync(join(terminal.cwd, 'Cat.PNG'), 'meow')
    const file = { bytes: new Uint8Array(Buffer.from('meow')), name: 'Cat.PNG', mimeType: 'image/png' }
    expect(await read(terminal, [], { image: 'Cat.PNG' })).toEqual({ image: file, text: '' })
    expect(await read(terminal, ['a', 'cat'], { file: './Cat.PNG' })).toEqual({ file, text: 'a cat' })
  })

  test('a file that is missing, a folder, or too large', async () => {
    const terminal = new Terminal()
    mkdirSync(join(terminal.cwd, 'folder'))
    const large = join(terminal.cwd, 'large')
    writeFileSync(large, '')
    truncateSync(large, 10_485_761)
    await expect(read(terminal, [], { file: 'missing' })).rejects.toThrow(
      expect.objectContaining({
        code: 'file',
        exitCode: 5,
        message: expect.stringContaining('does not exist') as string,
      }),
    )
    await expect(read(terminal, [], { file: 'folder' })).rejects.toThrow('not a regular file')
    if (process.platform !== 'win32') {
      execFileSync('mkfifo', [join(terminal.cwd, 'pipe')])
      await expect(read(terminal, [], { file: 'pipe' })).rejects.toThrow('not a regular file')
    }
    await expect(read(terminal, [], { file: 'large' })).rejects.toThrow(usage('10485760 bytes') as Error)
    await expect(read(terminal, [], { image: 'large' })).rejects.toThrow(usage('5242880 bytes') as Error)
    truncateSync(large, 10_485_760)
    expect(await read(terminal, [], { file: 'large' })).toHaveProperty('file.bytes.length', 10_485_760)
  })
})

test('a file of the system, which says that it is empty, is read to its end', async () => {
  const path = existsSync('/proc/self/status') ? '/proc/self/status' : import.meta.filename
  const content = await read(new Terminal(), [], { file: path })
  expect(content).toMatchObject({ file: { bytes: expect.any(Uint8Array) } })
  expect((content as { file: { bytes: Uint8Array } }).file.bytes.length).toBeGreaterThan(200)
})
