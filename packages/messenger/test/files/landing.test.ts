import { linkSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MessengerError } from '../../src/error.js'
import { type Arrival, Landing } from '../../src/files/landing.js'
import { type BreakableDisk, breakableDisk } from './support/breakable-disk.js'
import { createContext } from './support/context.js'
import { filesIn, newFolder } from './support/folders.js'
import './support/cleanup.js'

const CONTENT = 'what has arrived'

function setUp() {
  const folder = newFolder()
  const disk: BreakableDisk = breakableDisk()
  const claims: string[] = []
  const points: string[] = []
  const context = createContext(folder, {
    disk,
    fault: async (point) => {
      points.push(point)
    },
  })
  mkdirSync(context.places.in, { recursive: true })
  mkdirSync(context.places.downloads)
  let arrivals = 0
  const arrive = (name: string, content = CONTENT, isExact = false): Arrival => {
    const from = join(context.places.in, `part-${arrivals++}.part`)
    writeFileSync(from, content, { mode: 0o600 })
    return {
      from,
      isExact,
      sizeBytes: content.length,
      target: join(context.places.downloads, name),
      claim: async (path) => {
        claims.push(path)
      },
    }
  }
  const at = (name: string): string => join(context.places.downloads, name)
  return {
    landing: new Landing(context),
    context,
    disk,
    claims,
    points,
    arrive,
    at,
    downloads: context.places.downloads,
  }
}

test('a file gets its name after that was written down', async () => {
  const { landing, arrive, at, claims, points } = setUp()
  expect(await landing.land(arrive('a.txt'))).toBe(at('a.txt'))
  expect(readFileSync(at('a.txt'), 'utf8')).toBe(CONTENT)
  expect(statSync(at('a.txt')).mode & 0o777).toBe(0o600)
  expect(claims).toEqual([at('a.txt')])
  expect(points).toEqual(['claimed', 'landed'])
})

test('the folder for downloads is made', async () => {
  const folder = newFolder()
  const context = createContext(folder)
  mkdirSync(context.places.in, { recursive: true })
  writeFileSync(join(context.places.in, 'x'), CONTENT)
  const arrival = { from: join(context.places.in, 'x'), isExact: false, sizeBytes: 16, claim: async () => {} }
  const path = await new Landing(context).land({ ...arrival, target: join(context.places.downloads, 'a') })
  expect(path).toBe(join(folder, 'downloads', 'a'))
  // No other folder is.
  const elsewhere = new Landing(context).land({ ...arrival, target: join(folder, 'not', 'there') })
  await expect(elsewhere).rejects.toMatchObject({ code: 'file', message: expect.stringContaining('does not exist') })
})

test('what is there is never replaced, be it a file, a folder, or a link to nowhere', async () => {
  const { landing, arrive, at } = setUp()
  writeFileSync(at('a.txt'), 'mine')
  mkdirSync(at('a (1).txt'))
  symlinkSync(at('nowhere'), at('a (2).txt'))
  expect(await landing.land(arrive('a.txt'))).toBe(at('a (3).txt'))
  expect(readFileSync(at('a.txt'), 'utf8')).toBe('mine')
  expect(filesIn(at('a (1).txt'))).toEqual([])
  expect(() => statSync(at('nowhere'))).toThrow('ENOENT')
})

test('files that arrive together get names of their own', async () => {
  const { landing, arrive, at, downloads, claims } = setUp()
  const paths = await Promise.all(
    Array.from({ length: 20 }, (_, index) => landing.land(arrive('a.txt', `file ${index}`))),
  )
  expect(new Set(paths).size).toBe(20)
  expect(new Set(claims).size).toBe(20)
  expect(filesIn(downloads)).toHaveLength(20)
  for (const [index, path] of paths.entries()) expect(readFileSync(path, 'utf8')).toBe(`file ${index}`)
  expect(new Set(paths)).toContain(at('a (19).txt'))
})

test('a name that somebody takes between the look and the link is given up', async () => {
  const { landing, arrive, at, claims } = setUp()
  const arrival = arrive('a.txt')
  const claim = async (path: string): Promise<void> => {
    claims.push(path)
    if (claims.length === 1) writeFileSync(path, 'mine')
  }
  expect(await landing.land({ ...arrival, claim })).toBe(at('a (1).txt'))
  expect(readFileSync(at('a.txt'), 'utf8')).toBe('mine')
  expect(claims).toEqual([at('a.txt'), at('a (1).txt')])
})

test('what the last process landed and did not say is recognised by its bytes, on no other occasion', async () => {
  const { landing, arrive, at, claims, downloads } = setUp()
  const known = arrive('a.txt', CONTENT, true)
  linkSync(known.from, at('a.txt'))
  expect(await landing.land(known)).toBe(at('a.txt'))
  expect(claims).toEqual([at('a.txt')])
  expect(filesIn(downloads)).toEqual(['a.txt'])
  // Same length, other bytes.
  expect(await landing.land(arrive('a.txt', 'what has ARRIVED', true))).toBe(at('a (1).txt'))
  // Same bytes, but nobody chose this very name.
  expect(await landing.land(arrive('a.txt', CONTENT, false))).toBe(at('a (2).txt'))
  // Same bytes behind a link.
  symlinkSync(at('a.txt'), at('b.txt'))
  expect(await landing.land(arrive('b.txt', CONTENT, true))).toBe(at('b (1).txt'))
})

test('to another file system it is copied first, and never seen half', async () => {
  const { landing, arrive, at, disk, downloads, context } = setUp()
  disk.devices.set(context.places.in, 7)
  const arrival = arrive('a.txt')
  expect(await landing.land(arrival)).toBe(at('a.txt'))
  expect(filesIn(downloads)).toEqual(['a.txt'])
  expect(readFileSync(at('a.txt'), 'utf8')).toBe(CONTENT)
  const story = disk.calls.filter(({ path }) => path.startsWith(downloads)).map(({ call }) => call)
  expect(story.indexOf('datasync')).toBeGreaterThan(story.indexOf('copy'))
  expect(story.indexOf('link')).toBeGreaterThan(story.indexOf('datasync'))
})

test('a border within what passes for one file system is found by the link', async () => {
  const { landing, arrive, at, disk, downloads } = setUp()
  let links = 0
  disk.fail('link', 'EXDEV', () => links++ === 0)
  expect(await landing.land(arrive('a.txt'))).toBe(at('a.txt'))
  expect(filesIn(downloads)).toEqual(['a.txt'])
})

test('a border that is everywhere is an error, not a loop', async () => {
  const { landing, arrive, disk, downloads } = setUp()
  disk.fail('link', 'EXDEV')
  await expect(landing.land(arrive('a.txt'))).rejects.toMatchObject({ code: 'file' })
  disk.fail('link', undefined)
  const again = arrive('a.txt')
  await landing.land({ ...again, from: join(again.from, '..', 'part-0.part') })
  expect(filesIn(downloads)).toEqual(['a.txt'])
})

test.each(['EPERM', 'ENOSYS', 'ENOTSUP'])('without links (%s) the name is taken first', async (code) => {
  const { landing, arrive, at, disk, downloads } = setUp()
  disk.fail('link', code)
  writeFileSync(at('a.txt'), 'mine')
  const arrival = arrive('a.txt')
  expect(await landing.land(arrival)).toBe(at('a (1).txt'))
  expect(readFileSync(at('a (1).txt'), 'utf8')).toBe(CONTENT)
  expect(filesIn(downloads)).toEqual(['a (1).txt', 'a.txt'])
})

test('a folder that takes nothing is said in words, and the next landing works', async () => {
  const { landing, arrive, at, disk, downloads } = setUp()
  disk.fail('link', 'EACCES')
  disk.fail('open', 'EACCES', (path) => path === at('a.txt'))
  await expect(landing.land(arrive('a.txt'))).rejects.toMatchObject({
    code: 'file',
    message: `cannot put a file into ${downloads.slice(0, -1)}: permission denied; allow this program to use it, or choose another place`,
  })
  disk.fail('link', undefined)
  expect(await landing.land(arrive('b.txt'))).toBe(at('b.txt'))
})

test('a claim that fails is the failure, and nothing has the name', async () => {
  const { landing, arrive, downloads } = setUp()
  const claim = (): Promise<void> => Promise.reject(new MessengerError('store', 'no'))
  await expect(landing.land({ ...arrive('a.txt'), claim })).rejects.toMatchObject({ code: 'store' })
  expect(filesIn(downloads)).toEqual([])
})
