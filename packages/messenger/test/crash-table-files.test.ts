import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { createRandom } from '@mimirjs/transport/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { FAULT_POINTS, type FaultPoint } from '../src/files/faults.js'
import { createFileServer, type FileServer } from '../src/testing/index.js'
import { compileProgram, type Program } from './support/crash/program.js'
import { Stage, until } from './support/crash/stage.js'

// The rows of the crash table that concern files, from one messenger to another: a real process is killed exactly there.

const bytes = createRandom(16).bytes(350_000)
const LIMITS = { timeout: 60_000 }

let program: Program
let server: FileServer
const folder = mkdtempSync(join(tmpdir(), 'mimir-crash-files-'))
const stages: Stage[] = []
beforeAll(async () => {
  program = await compileProgram(new URL('./support/crash-person.ts', import.meta.url))
  server = await createFileServer({ transports: new Transports([tcp()]), address: 'tcp://127.0.0.1:0', folder })
})
afterAll(async () => {
  await server.close()
  await program.remove()
  rmSync(folder, { recursive: true })
})
afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()))
})

async function setStage(form: 'peer' | 'server'): Promise<Stage> {
  const stage = new Stage(program, 'current')
  stages.push(stage)
  await stage.open({ doomed: 'ask', other: 'ask' }, form === 'server' ? server.address : undefined)
  return stage
}

/** The one file that a side has downloaded, once it is there and nothing is left of how it came. */
async function expectDownload(stage: Stage, who: 'doomed' | 'other'): Promise<void> {
  const downloads = join(stage.folderOf(who), 'downloads')
  await until(async () => names(downloads).length > 0)
  expect(names(downloads)).toEqual(['report.pdf'])
  expect(Buffer.compare(readFileSync(join(downloads, 'report.pdf')), bytes)).toBe(0)
  await until(async () => names(join(stage.folderOf(who), 'files')).length === 0)
}

function names(place: string): string[] {
  try {
    return readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
  } catch {
    return []
  }
}

const RECEIVING = [
  'wanted',
  'part-named',
  'part-synced',
  'part-counted',
  'verified',
  'claimed',
  'landed',
  'completed',
] as const satisfies readonly FaultPoint[]
const SENDING = [
  'staged',
  'serving',
  'upload-starting',
  'uploaded',
  'prepared',
] as const satisfies readonly FaultPoint[]

test('every step of a transfer is a row', () => {
  expect([...RECEIVING, ...SENDING].sort()).toEqual([...FAULT_POINTS].sort())
})

describe.each(['peer', 'server'] as const)('%s form: the receiver of a file dies', LIMITS, (form) => {
  test.each(RECEIVING)('at %s', async (name) => {
    const stage = await setStage(form)
    await stage.arm({ at: 'file', name })
    await stage.other.send(stage.doomedKey, { file: { bytes, name: 'report.pdf' } })
    await stage.death()

    // Its handler was waiting for the file.
    expect((await stage.doomedView()).received).toEqual([expect.stringMatching(/: unhandled$/)])
    await stage.revive('ask')
    await stage.other.send(stage.doomedKey, 'two')
    await stage.quiet()
    expect((await stage.doomedView()).received).toEqual([expect.stringMatching(/: handled$/), 'two: handled'])
    await expectDownload(stage, 'doomed')
    expect((await stage.otherView()).received).toEqual(['re: : handled', 're: two: handled'])
  })
})

describe('the sender of a file dies', LIMITS, () => {
  test('at staged, and has promised nothing', async () => {
    const stage = await setStage('peer')
    await stage.arm({ at: 'file', name: 'staged' })
    await expect(stage.call('send', stage.otherKey, { file: { bytes, name: 'report.pdf' } })).rejects.toThrow()
    await stage.death()
    expect((await stage.doomedView()).sent).toEqual([])
    await stage.revive('ask')
    await stage.revived.send(stage.otherKey, 'two')
    await stage.quiet()
    expect((await stage.otherView()).received).toEqual(['two: handled'])
    expect(names(join(stage.folderOf('doomed'), 'files'))).toEqual([])
  })

  test.each([
    { name: 'serving', form: 'peer', own: 'stored|delivered' },
    { name: 'upload-starting', form: 'server', own: 'preparing' },
    { name: 'uploaded', form: 'server', own: 'preparing' },
    { name: 'prepared', form: 'server', own: 'stored' },
  ] as const)('at $name', async ({ name, form, own }) => {
    const stage = await setStage(form)
    await stage.arm({ at: 'file', name })
    const accepted = stage.call('send', stage.otherKey, { file: { bytes, name: 'report.pdf' } }).then(
      () => true,
      () => false,
    )
    await stage.death()

    const rows = (await stage.doomedView()).sent
    // Nothing was promised unless it is there.
    if (await accepted) expect(rows).toHaveLength(1)
    expect(rows).toEqual([expect.stringMatching(new RegExp(`: (${own})$`))])
    await stage.revive('ask')
    await stage.revived.send(stage.otherKey, 'two')
    await stage.quiet()
    await expectDownload(stage, 'other')
    expect((await stage.doomedView()).sent).toHaveLength(2)
    expect((await stage.otherView()).received).toHaveLength(2)
  })
})
