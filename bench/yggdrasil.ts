import { readFileSync } from 'node:fs'
import { buildPrograms, whyNoLine } from '../interop/yggdrasil/go.js'
import { loadNote } from './lib/load.js'
import type { Report, Row } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import { joinRows } from './overlay/join.js'
import { counted, memoryRows } from './overlay/memory.js'
import { sessionRows } from './overlay/sessions.js'
import { streamRows } from './overlay/streams.js'
import { transitRows } from './overlay/transit.js'

// Our overlay node beside yggdrasil-go, which the same load drives: nodes in processes of their own, over loopback TCP. Streams
// go over an emulated line between two network namespaces, beside the kernel's TCP over the same line.

export async function run(settings: Settings): Promise<Report> {
  const { node, emulator } = buildPrograms()
  const noLine = whyNoLine()
  if (noLine !== undefined) process.stderr.write(`bench: yggdrasil: LEFT OUT: the streams over a line: ${noLine}\n`)
  const rows: Row[] = [
    ...(await sessionRows(node, settings)),
    ...(await transitRows(node, settings)),
    ...(noLine === undefined ? await streamRows(emulator, settings) : []),
    ...(await memoryRows(node, settings)),
    ...(await joinRows(node, settings)),
  ]
  const { sessions, nodes } = counted(settings)
  const notes = [
    'session, transit: packets that the receiver acknowledges, a window under way; session: who sends is named first, cpu is that of both ends; transit: between two Go nodes, cpu is that of the middle',
    ...(noLine === undefined
      ? [
          'stream: 100 Mbit/s, 50 ms there and back, losses on both ways; the link below our stream is TCP over the same line',
          `kernel-tcp: its congestion control is ${congestionControl()}`,
        ]
      : [`LEFT OUT: stream: ${noLine}`]),
    `memory: growth by ${sessions} idle sessions, each with its path, and by ${nodes} idle nodes with one link; process: with one node`,
    'join: from starting a process to the first answer of a node behind a third one',
    loadNote(),
  ]
  return { rows, notes }
}

/** Namespaces take over what the system has. */
function congestionControl(): string {
  return readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim()
}
