import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from '@mimirjs/crypto'
import { type FileSample, transfer } from './lib/file-processes.js'
import { loadNote, quietly } from './lib/load.js'
import { interleave, mediansOf } from './lib/rounds.js'
import { costRow, type Report, rateRow } from './lib/rows.js'
import type { Settings } from './lib/settings.js'

// A file from one process to another, disk to disk, over loopback TCP. The floor pipes the bytes through a socket and
// neither encrypts nor checks anything; the rival does what scp does: it encrypts. Ours authenticates the peer, hashes the
// file while it comes in, and moves it into place when the hash is right; hashing it for the announcement happens before,
// when it is sent, and is not part of the time, only of the memory.

const CONTENDERS = ['mimir', 'net', 'tls'] as const
const MIB = 1_048_576
const FILE_MIB = { full: 256, quick: 4 } as const
/** The same with a file so many times as large must not take more memory. */
const LARGE_FACTOR = 8

export async function run(settings: Settings): Promise<Report> {
  const fileMib = settings.quick ? FILE_MIB.quick : FILE_MIB.full
  const folder = await mkdtemp(join(tmpdir(), 'mimir-bench-'))
  try {
    const small = await makeFile(join(folder, 'small'), fileMib)
    const large = await makeFile(join(folder, 'large'), fileMib * LARGE_FACTOR)
    const samples = await interleave(CONTENDERS, settings.rounds, (carrier) =>
      quietly({ ...settings, tries: 1 }, [], () => inFolder(folder, (place) => transfer(carrier, small, place))),
    )
    const mibPerS = mediansOf(samples, ({ elapsedMs }) => (fileMib / elapsedMs) * 1000)
    const cpuSPerGib = mediansOf(samples, ({ cpuMs }) => (cpuMs / 1000) * (1024 / fileMib))
    const peakMib = mediansOf(samples, ({ peakBytes }) => peakBytes / MIB)
    const whole = await inFolder(folder, (place) => transfer('mimir', large, place))
    const rows = [
      rateRow('files.rate/net', 'MiB/s', mibPerS.mimir, mibPerS.net),
      rateRow('files.rate/tls', 'MiB/s', mibPerS.mimir, mibPerS.tls),
      costRow('files.cpu/net', 's/GiB', cpuSPerGib.mimir, cpuSPerGib.net),
      costRow('files.cpu/tls', 's/GiB', cpuSPerGib.mimir, cpuSPerGib.tls),
      costRow(`files.memory.${LARGE_FACTOR}x/1x`, 'MiB', whole.peakBytes / MIB, peakMib.mimir, MEMORY_TARGET),
    ]
    return { rows, notes: [sizeNote(fileMib, whole), loadNote()] }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Memory that grew with the file would show as 1/8; resident memory of two processes is never the same twice. */
const MEMORY_TARGET = 0.8

function sizeNote(fileMib: number, { elapsedMs }: FileSample): string {
  const rate = ((fileMib * LARGE_FACTOR) / elapsedMs) * 1000
  return `${fileMib} MiB per transfer; ${fileMib * LARGE_FACTOR} MiB once, at ${rate.toFixed(0)} MiB/s; CPU and memory of both processes`
}

async function makeFile(path: string, mib: number): Promise<string> {
  await using file = await open(path, 'w')
  const piece = randomBytes(MIB)
  for (let i = 0; i < mib; i++) {
    piece[i % MIB]! ^= 1
    await file.write(piece)
  }
  return path
}

async function inFolder<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(parent, 'transfer-'))
  await mkdir(join(folder, 'sender'))
  await mkdir(join(folder, 'receiver'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
