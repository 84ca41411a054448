// The drop box as it is, over TCP: hostile names, a killed process, a full disk's worth.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { safeName } from '../../examples/drop-box/src/names.js'
import { IN_ORDER, newFolder, openPerson, reach, startBot, until } from './support/bot-process.js'

const TIMEOUT_MS = 60_000

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
}

function makeFile(index: number): { bytes: Uint8Array; name: string } {
  const bytes = new Uint8Array(100_000 + index).map((_, at) => (at * 31 + index) & 0xff)
  return { bytes, name: `file ${index}.bin` }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test.each(['overlay', 'current'] as const)(
  '%s: every file is kept once and has one receipt, although the box is killed',
  { timeout: TIMEOUT_MS },
  async (generation) => {
    const dropFolder = newFolder()
    const env = {
      BOT_FOLDER: newFolder(),
      BOT_LISTEN: 'tcp://127.0.0.1:0',
      BOT_GENERATION: generation,
      DROP_FOLDER: dropFolder,
    }
    let box = startBot('drop-box', env)
    const { address, publicKey } = await reach(box)
    const ann = await openPerson({ generation })
    ann.messenger.addAddress(publicKey, address)
    const files = Array.from({ length: 12 }, (_, index) => makeFile(index))
    for (const [index, file] of files.entries()) {
      await ann.messenger.send(publicKey, index % 2 ? { file } : { image: file, text: 'for you' })
      if (index % 4 !== 3) continue
      // Killed as soon as something new is there: some are kept and have no receipt yet.
      await until(() => filesIn(dropFolder).length > index / 2)
      expect(await box.end('SIGKILL')).toBe('SIGKILL')
      box = startBot('drop-box', env)
      ann.messenger.addAddress(publicKey, (await reach(box)).address)
    }
    // The box does not know where she is: with nothing left to deliver she would not come again.
    await ann.say(publicKey, 'is that all?')
    await until(() => ann.heard.length === files.length + 1)
    const receipts = files.map(({ bytes, name }) => `Kept ${name}: ${bytes.length} bytes, SHA-256 ${sha256(bytes)}`)
    expect(ann.heard).toEqual([...receipts, 'Send me a file, and I keep it.'])
    const kept = filesIn(dropFolder)
    expect(new Set(kept.map((file) => sha256(readFileSync(file))))).toEqual(
      new Set(files.map(({ bytes }) => sha256(bytes))),
    )
    expect(kept).toHaveLength(files.length)
    expect(await box.end('SIGTERM')).toBe(IN_ORDER)
    expect(box.errors()).toBe('')
  },
)

test('the sender chooses no place, and the room ends', { timeout: TIMEOUT_MS }, async () => {
  const dropFolder = newFolder()
  const env = { BOT_FOLDER: newFolder(), BOT_LISTEN: 'tcp://127.0.0.1:0', DROP_FOLDER: dropFolder, DROP_MAX_MIB: '1' }
  writeFileSync(path.join(dropFolder, 'was here before'), new Uint8Array(600_000))
  const box = startBot('drop-box', env)
  const { address, publicKey } = await reach(box)
  const ann = await openPerson({ generation: 'overlay' })
  ann.messenger.addAddress(publicKey, address)
  await ann.say(
    publicKey,
    'hello',
    { file: { name: '../../etc/pass wd\n', bytes: Uint8Array.of(1) } },
    { file: { name: 'much.bin', bytes: new Uint8Array(500_000) } },
    { file: { name: 'little.bin', bytes: new Uint8Array(400_000) } },
  )
  await until(() => ann.heard.length === 4)
  expect(ann.heard).toEqual([
    'Send me a file, and I keep it.',
    expect.stringMatching(/^Kept pass wd: 1 bytes/),
    'There is no room left for much.bin.',
    expect.stringMatching(/^Kept little.bin: 400000 bytes/),
  ])
  const names = filesIn(dropFolder).map((file) => path.relative(dropFolder, file).split(path.sep).join('/'))
  const person = ann.messenger.publicKey.slice(0, 32)
  expect(names).toHaveLength(3)
  expect(names.filter((name) => name.startsWith(`${person}/`))).toEqual([
    expect.stringMatching(/^[0-9a-f]{32}\/[0-9a-f]{16}-(pass_wd|little\.bin)$/),
    expect.stringMatching(/^[0-9a-f]{32}\/[0-9a-f]{16}-(pass_wd|little\.bin)$/),
  ])
  expect(await box.end('SIGTERM')).toBe(IN_ORDER)
})

test.each([
  ['report.pdf', 'report.pdf'],
  ['..', 'unnamed'],
  ['', 'unnamed'],
  ['a/b\\c:d*?.txt', 'a_b_c_d_.txt'],
  ['-rf $(reboot) `x`.sh', 'rf_reboot_x_.sh'],
  ['.profile', 'profile'],
  ['Grüße an 你好.txt', 'Grüße_an_你好.txt'],
  [`${'x'.repeat(300)}.png`, `${'x'.repeat(96)}.png`],
])('the name %j becomes %j', (name, safe) => {
  expect(safeName(name)).toBe(safe)
})
