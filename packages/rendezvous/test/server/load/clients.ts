// Many clients in a process of their own, for the descriptors that they need. Commands come from the test.
import { createSigner, type SeedSigner } from '@mimirjs/crypto'
import { encodeB64u, unsignedEnvelope } from '@mimirjs/wire/rendezvous'
import { WsClient } from '../client.js'
import { relay } from '../support.js'

const LANES = 64

export type Command =
  | { readonly do: 'connect'; readonly address: string; readonly clients: number }
  | { readonly do: 'round'; readonly ctr: number }
  | { readonly do: 'churn'; readonly clients: number }
  | { readonly do: 'leave' }

const signers: SeedSigner[] = []
const clients: WsClient[] = []
let url = ''

function signerOf(number: number): SeedSigner {
  const seed = new Uint8Array(32)
  new DataView(seed.buffer).setUint32(0, number + 1)
  return (signers[number] ??= createSigner(seed))
}

async function each(count: number, run: (number: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await run(next++)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

async function connect(number: number): Promise<void> {
  clients[number] = await WsClient.logIn(url, signerOf(number))
}

/** Everybody says something to their neighbour, and hears something. The server checks no signature. */
async function round(ctr: number): Promise<void> {
  const exp = BigInt(Date.now() + 60_000)
  await each(clients.length, async (number) => {
    const to = (number + 1) % clients.length
    const sid = new Uint8Array(16)
    const [from, recipient] = [signerOf(number).publicKey, signerOf(to).publicKey]
    const body = new Uint8Array(1_000).fill(0x20)
    const bytes = unsignedEnvelope({ kind: 1, from, to: recipient, sid, epoch: 1n, ctr, exp, body })
    clients[number]?.say(relay(encodeB64u(bytes)))
    await clients[to]?.next()
  })
}

async function obey(command: Command): Promise<void> {
  switch (command.do) {
    case 'connect':
      url = command.address
      await each(command.clients, connect)
      break
    case 'round':
      await round(command.ctr)
      break
    case 'churn':
      await each(command.clients, async (number) => {
        clients[number]?.ws.terminate()
        await connect(number)
      })
      break
    case 'leave':
      for (const client of clients) client.ws.close()
      await Promise.all(clients.map((client) => client.closed()))
  }
}

process.on('message', (command: Command) => {
  obey(command).then(
    () => process.send?.('done'),
    (error: unknown) => process.send?.(`failed: ${String(error)}`),
  )
})
process.on('disconnect', () => process.exit())
