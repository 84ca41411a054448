import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MAX_TEXT_BYTES, readContent } from '../src/content.js'
import { Terminal } from './support/terminal.js'

const usage = (message: string): unknown =>
  expect.objectContaining({ code: 'usage', exitCode: 2, message: expect.stringContaining(message) as string })

describe('what is to be sent', () => {
  test('words', async () => {
    expect(await readContent(new Terminal(), ['see', 'you'], {})).toEqual({ text: 'see you' })
    expect(await readContent(new Terminal(), ['yes'], { replyTo: '-5' })).toEqual({ text: 'yes', replyTo: '-5' })
  })

  test('standard input, without its last line end', async () => {
    expect(await readContent(new Terminal({ stdin: 'a\nb\n' }), ['-'], {})).toEqual({ text: 'a\nb' })
    expect(await readContent(new Terminal({ stdin: 'a\r\n' }), ['-'], {})).toEqual({ text: 'a' })
  })

  test('nothing at all', async () => {
    await expect(readContent(new Terminal(), [], {})).rejects.toThrow(usage('nothing to send') as Error)
    await expect(readContent(new Terminal({ stdin: '\n' }), ['-'], {})).rejects.toThrow(usage('nothing') as Error)
  })

  test('standard input that is too long is not read to its end', async () => {
    const longest = 'x'.repeat(MAX_TEXT_BYTES)
    expect(await readContent(new Terminal({ stdin: `${longest}\n` }), ['-'], {})).toEqual({ text: longest })
    const terminal = new Terminal({ stdin: `${longest}xx` })
    await expect(readContent(terminal, ['-'], {})).rejects.toThrow(usage('longer than') as Error)
  })

  test('standard input that is no text', async () => {
    const terminal = new Terminal({ stdin: new Uint8Array([0xff, 0xfe]) })
    await expect(readContent(terminal, ['-'], {})).rejects.toThrow(usage('not UTF-8') as Error)
  })

  test('a file and an image, with and without caption', async () => {
    const terminal = new Terminal()
    writeFileSync(join(terminal.cwd, 'Cat.PNG'), 'meow')
    const file = { bytes: new Uint8Array(Buffer.from('meow')), name: 'Cat.PNG', mimeType: 'image/png' }
    expect(await readContent(terminal, [], { image: 'Cat.PNG' })).toEqual({ image: file, text: '' })
    expect(await readContent(terminal, ['a', 'cat'], { file: './Cat.PNG' })).toEqual({ file, text: 'a cat' })
  })

  test('a file that is missing, a folder, or too large', async () => {
    const terminal = new Terminal()
    mkdirSync(join(terminal.cwd, 'folder'))
    const large = join(terminal.cwd, 'large')
    writeFileSync(large, '')
    truncateSync(large, 10_485_761)
    await expect(readContent(terminal, [], { file: 'missing' })).rejects.toThrow(
      expect.objectContaining({
        code: 'file',
        exitCode: 5,
        message: expect.stringContaining('does not exist') as string,
      }),
    )
    await expect(readContent(terminal, [], { file: 'folder' })).rejects.toThrow('not a regular file')
    await expect(readContent(terminal, [], { file: 'large' })).rejects.toThrow(usage('10485760 bytes') as Error)
    await expect(readContent(terminal, [], { image: 'large' })).rejects.toThrow(usage('5242880 bytes') as Error)
    truncateSync(large, 10_485_760)
    expect(await readContent(terminal, [], { file: 'large' })).toHaveProperty('file.bytes.length', 10_485_760)
  })
})
