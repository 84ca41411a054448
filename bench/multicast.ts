import { findGo } from '../interop/go.js'
import { buildModel } from '../interop/multicast/go.js'
import { buildOriginal } from '../interop/multicast/original.js'
import { loadNote } from './lib/load.js'
import type { Report, Row } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import { PER_CPU_SECOND } from './lib/spin.js'
import { buildGoEnd } from './multicast/go-end.js'
import { memoryRows } from './multicast/memory.js'
import { packetRows } from './multicast/packets.js'
import { type GoRivals, roundTripRows, sessionRows } from './multicast/round-trips.js'
import { streamRows } from './multicast/streams.js'

// Sessions over IPv4 groups of the loopback interface, in processes of their own, beside bare datagrams between two groups
// and beside Go programs that do the same; and what a packet costs. Nothing leaves this machine.

export async function run(settings: Settings): Promise<Report> {
  const { go, notes } = rivals()
  const rows: Row[] = [
    ...(await packetRows(settings)),
    ...(await roundTripRows(settings, go)),
    ...(await sessionRows(settings, go)),
    ...(await streamRows(settings)),
    ...(await memoryRows(settings, go?.bare)),
  ]
  return {
    rows,
    notes: [
      `seal, open: ${PER_CPU_SECOND}; ours is a whole packet with a nonce by chance, the other the calls of node:crypto alone`,
      'roundTrip: 100 bytes asked and answered, one at a time, between two processes; dgram-echo: as many bytes, never looked at; -sealed: opened and sealed, and nothing else',
      ...notes,
      'session: opened with both signatures checked, and used once; the limits per source and per peer are raised',
      'stream: 64 KiB bodies, 16 under way; net: TCP, which encrypts nothing',
      loadNote(),
    ],
  }
}

function rivals(): { go: GoRivals | undefined; notes: readonly string[] } {
  if (findGo() === undefined) {
    process.stderr.write('bench: multicast: LEFT OUT: the Go programs: no Go here\n')
    return { go: undefined, notes: ['LEFT OUT: the Go programs: no Go here'] }
  }
  const original = buildOriginal()
  const loopName = 'programs' in original ? 'go-original' : 'go-model'
  const loop = 'programs' in original ? original.programs : buildModel()
  const what =
    'programs' in original
      ? 'the published programs'
      : 'a model of the published programs, which this machine cannot have'
  const notes = [
    'go-bare: a Go program of ours that does only this, as fast as Go can be',
    `${loopName}: ${what}, -loop: 26 bytes asked with the same packet each time, 19 answered, both printed`,
  ]
  return { go: { loopName, loop, bare: buildGoEnd() }, notes }
}
