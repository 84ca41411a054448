import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createSigner } from '@mimirjs/crypto'
import {
  decodeMediatorError,
  decodeResponsePayload,
  encodeMediatorInit,
  encodeRequestFrame,
  type MediatorCommandName,
  type MediatorRequests,
  MediatorResponseReader,
  type MediatorResponses,
  MediatorStatus,
} from '@mimirjs/wire/mediator'
import { chatIdOf, type FanOutPlace, memberSeed } from './fan-out.js'

/** One connection to a mediator, driven with the codec alone, so that the load costs as little as it can. */
export interface RawClient {
  readonly socket: Socket
  request<K extends MediatorCommandName>(command: K, value: MediatorRequests[K]): Promise<MediatorResponses[K]>
  /** From now on the socket belongs to the caller, who reads what comes. */
  release(): Socket
}

/** Connect and log in. @param member - whose key, see {@link memberSeed} */
export async function logIn(port: number, member: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  socket.write(encodeMediatorInit('tlv-push'))
  const client = rawClient(socket)
  const signer = createSigner(memberSeed(member))
  const { publicKey } = signer
  const { nonce } = await client.request('getNonce', { publicKey })
  await client.request('auth', { publicKey, nonce, signature: signer.sign(nonce) })
  return client
}

/** A connection that hears one room; how it begins does not count. */
export async function subscribeRoom(place: FanOutPlace, room: number, member: number): Promise<Socket> {
  const client = await logIn(place.port, member)
  await client.request('subscribe', { chatId: chatIdOf(room) })
  return client.release()
}

function rawClient(socket: Socket): RawClient {
  const reader = new MediatorResponseReader({ dialect: 'tlv-push' })
  let answered: ((frame: { status: number; payload: Uint8Array }) => void) | undefined
  let failed: ((error: Error) => void) | undefined
  const read = (chunk: Buffer): void => {
    reader.push(chunk)
    for (let frame = reader.next(); frame !== undefined; frame = reader.next())
      if (frame.status !== MediatorStatus.push) answered?.(frame)
  }
  const closed = (): void => failed?.(new Error('the mediator closed the connection'))
  socket.on('data', read)
  socket.on('error', closed)
  socket.on('close', closed)
  return {
    socket,
    request(command, value) {
      return new Promise((resolve, reject) => {
        failed = reject
        answered = ({ status, payload }) => {
          if (status === MediatorStatus.ok) resolve(decodeResponsePayload('tlv-push', command, payload))
          else reject(new Error(`${command}: ${decodeMediatorError(payload)}`))
        }
        socket.write(encodeRequestFrame('tlv-push', 1, command, value))
      })
    },
    release() {
      socket.off('data', read)
      return socket
    },
  }
}
