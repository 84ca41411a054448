// Transfers in a process of their own that dies at one exact step.
import { join } from 'node:path'
import { createSigner } from '@mimirjs/crypto'
import { steadyClock, Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { fromHex, toHex } from '@mimirjs/wire'
import { MessageType } from '@mimirjs/wire/peer'
import { FileServerClient } from '../../../src/file-server/client.js'
import type { FaultPoint } from '../../../src/files/faults.js'
import { openSqliteStore } from '../../../src/store-sqlite.js'
import { NetworkPerson } from './network.js'

export interface CrashOptions {
  readonly folder: string
  /** 64 hex digits. */
  readonly seed: string
  readonly point: FaultPoint
  /** How often the step may pass before. */
  readonly passes: number
  /** Somebody who listens. */
  readonly other?: { readonly peer: string; readonly address: string }
  /** Fetch the file of this message of theirs. */
  readonly message?: { readonly guid: string; readonly payload: string }
  /** Send this file to them, and listen. */
  readonly path?: string
  readonly fileServer?: { readonly key: string; readonly address: string }
}

export type CrashReport =
  | { readonly event: 'listening'; readonly address: string }
  | { readonly event: 'sent'; readonly guid: string; readonly payload: string }

const { folder, seed, point, passes, other, message, path, fileServer } = JSON.parse(process.argv[2]!) as CrashOptions
process.on('disconnect', () => process.exit(0))

let left = passes
function faults(reached: FaultPoint): void {
  if (reached !== point || left-- > 0) return
  process.kill(process.pid, 'SIGKILL')
  // The signal is on its way; nothing may happen any more.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

const transport = tcp()
const signer = createSigner(fromHex(seed))
const me = new NetworkPerson({
  transport,
  signer,
  folder,
  store: openSqliteStore(join(folder, 'messenger.sqlite')),
  faults,
  limits: { countMs: 0, rangeBytes: 300_000 },
  ...(fileServer === undefined
    ? {}
    : {
        fileServer: fileServer.key,
        connectFileServer: () =>
          new FileServerClient({
            dial: (signal) => new Transports([transport]).dial(fileServer.address, { signal }),
            signer,
            clock: steadyClock,
          }),
      }),
})
await me.person.transfers.start()
if (other !== undefined) me.addresses.set(other.peer, other.address)
if (other !== undefined && message !== undefined) {
  const payload = fromHex(message.payload)
  await me.person.receive(other.peer, { guid: BigInt(message.guid), payload, messageType: MessageType.file })
  await me.person.transfers.download(other.peer, BigInt(message.guid))
  // It was to die on the way.
  process.exit(0)
}
if (path !== undefined) {
  process.send!({ event: 'listening', address: await me.listen('tcp://127.0.0.1:0') } satisfies CrashReport)
  const { guid, payload } = await me.person.send(other!.peer, { path })
  process.send!({ event: 'sent', guid: String(guid), payload: toHex(payload) } satisfies CrashReport)
}
