// What can be seen of the programs from outside: bytes, hop limits, times, files, lines. It tells that the model is one,
// and that our examples are like the originals.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { publicKeyFromSeed } from '@mimirjs/crypto'
import { fromHex, toHex } from '@mimirjs/wire'
import { decodeSessionInitiation } from '@mimirjs/wire/multicast'
import { describe, expect, inject, test } from 'vitest'
import { Program } from '../../../../interop/multicast/program.js'
import { formatGroup } from '../../src/address/text.js'
import { writeConfig } from '../../src/config-file.js'
import { ANSWER } from './support/actor-protocol.js'
import { withFolder } from './support/folder.js'
import { onLane } from './support/lanes.js'
import {
  CLIENT_PORT,
  commandsOf,
  EXAMPLES,
  OurNode,
  SERVER_PORT,
  startClientOn,
  startServerOn,
} from './support/parties.js'
import { Watcher } from './support/watcher.js'

interface Side {
  readonly seed: string
  readonly group: string
}

interface Transcript {
  readonly name: string
  readonly client: Side
  readonly server: Side
  readonly datagrams: readonly { readonly hex: string }[]
}

const transcripts = JSON.parse(
  readFileSync(new URL('../../../../vectors/sequences/multicast-transcripts.json', import.meta.url), 'utf8'),
) as readonly Transcript[]
const watch = inject('watch')

/** Of the original's IPv6 datagrams: multicast protocol §3. Node cannot set it. */
const TRAFFIC_CLASS = 0xe0
/** How far a repetition may be from its time on a machine that is busy. */
const LATE_MS = 600

const THEIRS = Object.entries(inject('counterparts')).map(([name, programs]) => ({ name, ...commandsOf(programs) }))
const ALL = [...THEIRS, { name: 'examples', ...EXAMPLES }]

function configOf({ seed, group }: Side): Uint8Array {
  const bytes = fromHex(group)
  const isIpv4 = bytes[0] === 0
  return writeConfig({
    ipv4Group: isIpv4 ? bytes.subarray(12) : Uint8Array.of(224, 0, 230, 1),
    ipv6Group: isIpv4 ? fromHex('ff1e0000000000000000000000000001') : bytes,
    seed: fromHex(seed),
  })
}

describe.concurrent.each(ALL)('the client of the $name', (commands) => {
  test.each(['ipv4', 'ipv6'] as const)('says over %s what the vectors say, again after 1 and 2 s', (family) =>
    onLane('veth', async (lane) => {
      const { client, server, datagrams } = transcriptOf(family)
      const group = formatGroup(fromHex(server.group))
      const publicKey = toHex(publicKeyFromSeed(fromHex(server.seed)))
      await using watcher = await Watcher.open(watch, lane, 'theirs', group, SERVER_PORT)
      await withFolder(async (folder) => {
        writeFileSync(path.join(folder, 'client.conf'), configOf(client))
        await using _client = startClientOn(lane, 'ours', commands, family, { address: group, publicKey }, { folder })
        const seen = await watcher.seen(6)
        for (const { sourcePort, hopLimit, trafficClass } of seen) {
          expect({ sourcePort, hopLimit }).toEqual({ sourcePort: CLIENT_PORT, hopLimit: 255 })
          expect(trafficClass).toBe(family === 'ipv6' && commands.name !== 'examples' ? TRAFFIC_CLASS : 0)
        }
        const [declaration = '', initiation = ''] = seen.map(({ payload }) => payload)
        expect(declaration).toBe(datagrams[0]?.hex)
        const { src, dst } = decodeSessionInitiation(fromHex(initiation))
        expect([toHex(src), toHex(dst)]).toEqual([toHex(publicKeyFromSeed(fromHex(client.seed))), publicKey])
        expect(seen.map(({ payload }) => payload)).toEqual([1, 2, 3].flatMap(() => [declaration, initiation]))
        const startMs = seen[0]?.atMs ?? 0
        for (const [index, expectedMs] of [0, 0, 1000, 1000, 3000, 3000].entries()) {
          const lateMs = (seen[index]?.atMs ?? 0) - startMs - expectedMs
          expect(Math.abs(lateMs), `datagram ${index}`).toBeLessThan(LATE_MS)
        }
      })
    }),
  )

  test('says what is wrong with its command line, and ends', () =>
    onLane('veth', async (lane) => {
      const run = async (...flags: readonly string[]): Promise<readonly string[]> => {
        await using program = Program.start([...commands.client, ...flags], { namespace: lane.theirs })
        expect(await program.ended).toBe(1)
        return withoutTimes(program.stderr)
      }
      const publicKey = toHex(publicKeyFromSeed(new Uint8Array(32)))
      const whom = ['-addr', 'ff1e::1', '-publ', publicKey]
      expect((await run('-addr', 'nowhere', '-publ', publicKey)).join('\n')).toMatch(/^failed to parse peer ip: /)
      expect((await run('-addr', 'ff1e::1', '-publ', 'abc')).join('\n')).toMatch(/^failed to parse peer key: /)
      const said = await run('-ifi', 'nope', ...whom)
      expect(said.slice(0, 3)).toEqual(['interfaces include:', ' - lo', expect.stringMatching(/^ - eth0/)])
      expect(said[3]).toMatch(/^network interface invalid: /)
    }))
})

test.concurrent.each(['ipv4', 'ipv6'] as const)('a node of ours sends over %s with hop limit 255', (family) =>
  onLane('veth', async (lane) => {
    const { client, server, datagrams } = transcriptOf(family)
    const group = formatGroup(fromHex(server.group))
    await using watcher = await Watcher.open(watch, lane, 'theirs', group, SERVER_PORT)
    const own = { group: formatGroup(fromHex(client.group)), seed: client.seed, port: CLIENT_PORT }
    await using node = await OurNode.open(lane, { ...own, attempts: 2, unitMs: 250 })
    const url = `mp2p://${toHex(publicKeyFromSeed(fromHex(server.seed)))}@${group.includes(':') ? `[${group}]` : group}:1024`
    await expect(node.connect(url)).rejects.toThrow(/no-response|answer/)
    const [first, , third] = await watcher.seen(4)
    expect(first).toMatchObject({ payload: datagrams[0]?.hex, sourcePort: CLIENT_PORT, hopLimit: 255, trafficClass: 0 })
    expect(third?.payload).toBe(first?.payload)
  }),
)

describe.concurrent.each(ALL)('the server of the $name', (commands) => {
  test('keeps its key and groups in 84 bytes, with which it comes back', () =>
    onLane('veth', (lane) =>
      withFolder(async (folder) => {
        const file = path.join(folder, 'server.conf')
        const start = async (...flags: readonly string[]): Promise<string[]> => {
          const command = [...commands.server, '-ifi', lane.interface, ...flags]
          await using program = Program.start(command, { namespace: lane.theirs, folder })
          await program.line(/^my publ: /)
          return [...program.stdout]
        }
        const [first, second] = [await start(), await start('-ipv4')]
        const bytes = readFileSync(file)
        expect(bytes.length).toBe(84)
        expect(statSync(file).mode & 0o777).toBe(commands.name === 'examples' ? 0o600 : 0o755)
        const [ipv4, ipv6] = [bytes.subarray(0, 4), bytes.subarray(4, 20)].map(formatGroup)
        const publ = `my publ: ${toHex(bytes.subarray(52))}`
        expect(first).toEqual([`using: ${ipv6}`, `my addr: ${ipv6}`, publ])
        expect(second).toEqual([`using: ${ipv4}`, `my addr: ${ipv4}`, publ])
        writeFileSync(file, bytes.subarray(0, 83))
        await using program = Program.start([...commands.server, '-ifi', lane.interface], {
          namespace: lane.theirs,
          folder,
        })
        expect(await program.ended).toBe(1)
      }),
    ))

  test.each(ALL.filter(({ name }) => name !== commands.name))('starts with the file of the $name', (other) =>
    onLane('veth', (lane) =>
      withFolder(async (folder) => {
        const said: string[][] = []
        for (const { server } of [other, commands]) {
          await using program = Program.start([...server, '-ifi', lane.interface], { namespace: lane.theirs, folder })
          await program.line(/^my publ: /)
          said.push([...program.stdout])
        }
        expect(said[1]).toEqual(said[0])
      }),
    ),
  )
})

test.concurrent.each(
  ALL.flatMap((server) => ALL.filter((client) => server !== client).map((client) => ({ server, client }))),
)('with -v, the server of the $server.name and the client of the $client.name say what they do', ({ server, client }) =>
  onLane('veth', async (lane) => {
    await using started = await startServerOn(lane, 'theirs', server, 'ipv6', ['-v'])
    await using asking = startClientOn(lane, 'ours', client, 'ipv6', started, { flags: ['-v'] })
    expect(await asking.ended, asking.said).toBe(0)
    expect(asking.stdout.at(-1)).toBe(ANSWER)
    expect(withoutTimes(asking.stderr)).toEqual([
      'sending session initiation payload',
      'received response payload',
      'sending session data',
      'received response payload',
    ])
    await started.program.errorLine(/sending session response$/)
    expect(withoutTimes(started.program.stderr)).toEqual([
      'received payload',
      expect.stringMatching(/^registering peer \{IP:ff1e:.* Port:1025 Zone:\}$/),
      'received payload',
      'sending session initiation response',
      'received payload',
      'sending session response',
    ])
  }),
)

function transcriptOf(name: string): Transcript {
  const found = transcripts.find((transcript) => transcript.name === name)
  if (found === undefined) throw new Error(`no transcript ${name} among the vectors`)
  return found
}

/** Lines of a log, each of which must begin as Go's do. */
function withoutTimes(lines: readonly string[]): string[] {
  return lines.map((line) => {
    expect(line).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /)
    return line.slice(20)
  })
}
