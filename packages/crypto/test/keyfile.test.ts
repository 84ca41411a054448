import { execFile, execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadKeyFile, loadOrCreateKeyFile, readKeyFile, writeKeyFile } from '../src/keyfile.js'
import { publicKeyFromSeed } from '../src/node.js'
import { codeOf, SeededBytes, toHex, utf8 } from './helpers.js'

const seed = new SeededBytes(11).bytes(32)
const digits = toHex(seed)
let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mimirjs-keyfile-'))
  path = join(folder, 'identity.key')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('reading', () => {
  test.each([
    ['raw', seed],
    ['pair', Uint8Array.of(...seed, ...publicKeyFromSeed(seed))],
    ['hex', utf8(digits)],
    ['hex', utf8(`${digits}\n`)],
    ['hex', utf8(` \t\r\n${digits.toUpperCase()} \r\n`)],
    ['hex', utf8(`${digits.slice(0, 32)}\n${digits.slice(32)}\n`)],
  ])('%s', (format, content) => {
    writeFileSync(path, content, { mode: 0o600 })
    expect(readKeyFile(path)).toEqual(seed)
    expect(loadKeyFile(path)).toEqual({ seed, format, readableByOthers: false, created: false })
  })

  test.each([
    ['nothing', new Uint8Array(0)],
    ['31 bytes', seed.subarray(1)],
    ['33 bytes', Uint8Array.of(...seed, 10)],
    ['two seeds', Uint8Array.of(...seed, ...seed)],
    ['another public key', Uint8Array.of(...seed, ...publicKeyFromSeed(new Uint8Array(32)))],
    ['63 digits', utf8(digits.slice(1))],
    ['65 digits', utf8(`${digits}0`)],
    ['64 letters', utf8('g'.repeat(64))],
    ['a prefix', utf8(`0x${digits}`)],
    ['PEM', utf8(`-----BEGIN PRIVATE KEY-----\n${digits}\n-----END PRIVATE KEY-----\n`)],
    ['digits and much white space', utf8(digits + ' '.repeat(2_000))],
    ['a megabyte', new Uint8Array(1 << 20)],
  ])('refuses %s and leaves the file as it is', (_, content) => {
    writeFileSync(path, content)
    expect(codeOf(() => readKeyFile(path))).toBe('key-file')
    expect(codeOf(() => loadOrCreateKeyFile(path))).toBe('key-file')
    expect(readFileSync(path).equals(content)).toBe(true)
  })

  test('the error says what was expected and shows nothing of the content', () => {
    writeFileSync(path, digits.slice(1))
    expect(() => readKeyFile(path)).toThrow(/identity[.]key: expected 32 raw bytes.*got 63 bytes/)
    expect(() => readKeyFile(path)).not.toThrow(digits.slice(1, 9))
  })

  test('every prefix of a good file is refused or, at 32 bytes, a seed', () => {
    const pair = Uint8Array.of(...seed, ...publicKeyFromSeed(seed))
    for (let length = 0; length < pair.length; length++) {
      writeFileSync(path, pair.subarray(0, length))
      if (length === 32) expect(readKeyFile(path)).toEqual(seed)
      else expect(codeOf(() => readKeyFile(path))).toBe('key-file')
    }
  })

  test('a missing file, a folder, a way through a file', () => {
    expect(codeOf(() => readKeyFile(path))).toBe('key-file-missing')
    expect(codeOf(() => readKeyFile(folder))).toBe('key-file')
    writeFileSync(path, seed)
    expect(codeOf(() => readKeyFile(join(path, 'below')))).toBe('io')
  })

  test('follows a symbolic link', () => {
    writeFileSync(path, seed)
    symlinkSync(path, join(folder, 'link'))
    expect(readKeyFile(join(folder, 'link'))).toEqual(seed)
  })

  test('does not wait for the writer of a named pipe', () => {
    execFileSync('mkfifo', [path])
    expect(codeOf(() => readKeyFile(path))).toBe('key-file')
  })

  test('tells when others may read the file', () => {
    writeFileSync(path, seed)
    for (const [mode, readableByOthers] of [
      [0o600, false],
      [0o400, false],
      [0o640, true],
      [0o604, true],
      [0o644, true],
    ] as const) {
      chmodSync(path, mode)
      expect(loadKeyFile(path).readableByOthers).toBe(readableByOthers)
    }
  })
})

describe('writing', () => {
  test('makes 32 raw bytes that only the owner may read, and nothing else', () => {
    writeKeyFile(path, seed)
    expect(new Uint8Array(readFileSync(path))).toEqual(seed)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(path).nlink).toBe(1)
    expect(readdirSync(folder)).toEqual(['identity.key'])
  })

  test('never overwrites: not a key, not an empty file, not a folder, not a dangling link', () => {
    const taken = {
      key: () => writeFileSync(path, digits),
      empty: () => writeFileSync(path, ''),
      folder: () => mkdirSync(path),
      link: () => symlinkSync(join(folder, 'nowhere'), path),
    }
    for (const take of Object.values(taken)) {
      take()
      expect(codeOf(() => writeKeyFile(path, seed))).toBe('key-file-exists')
      expect(readdirSync(folder)).toEqual(['identity.key'])
      rmSync(path, { recursive: true })
    }
  })

  test('a folder that is not there, and a seed of another length', () => {
    expect(codeOf(() => writeKeyFile(join(folder, 'none', 'key'), seed))).toBe('io')
    expect(codeOf(() => writeKeyFile(path, seed.subarray(1)))).toBe('argument')
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('loading or creating', () => {
  test('creates once, then loads the same', () => {
    const first = loadOrCreateKeyFile(path)
    expect(first).toMatchObject({ created: true, format: 'raw', readableByOthers: false })
    expect(loadOrCreateKeyFile(path)).toEqual({ ...first, created: false })
    expect(readKeyFile(path)).toEqual(first.seed)
  })

  test('programs that start at once get the same key', async () => {
    const source = new URL('../src/keyfile.ts', import.meta.url).href
    const program = `
      const { loadOrCreateKeyFile } = await import(${JSON.stringify(source)})
      const { seed, created } = loadOrCreateKeyFile(${JSON.stringify(path)})
      console.log(JSON.stringify({ seed: Buffer.from(seed).toString('hex'), created }))`
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
    const runs = await Promise.all(
      Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname })),
    )
    const keys = runs.map(({ stdout }) => JSON.parse(stdout) as { seed: string; created: boolean })
    expect(keys.filter(({ created }) => created)).toHaveLength(1)
    expect(keys.map(({ seed }) => seed)).toEqual(Array(4).fill(toHex(readKeyFile(path))))
    expect(readdirSync(folder)).toEqual(['identity.key'])
  })

  test('does not take the place of a dangling link', () => {
    symlinkSync(join(folder, 'nowhere'), path)
    expect(codeOf(() => loadOrCreateKeyFile(path))).toBe('io')
    expect(readdirSync(folder)).toEqual(['identity.key'])
  })
})
