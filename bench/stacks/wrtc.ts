import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { DataChannelLike, PeerConnectionLike } from '@mimirjs/rendezvous'
import { nodePlatform } from '@mimirjs/rendezvous/node'
import { listenOnLoopback } from '../lib/loopback.js'
import { acknowledge, type Pipe, PipeChannel } from '../lib/pipe.js'
import type { Stack } from '../lib/stack.js'

/** As many as ours sends at once. */
const MESSAGE_BYTES = 16_384
const CONFIG = { iceServers: [], iceTransportPolicy: 'all' } as const

/** The library itself: offer and answer are handed over a bare TCP connection, signed by nobody. */
export function wrtcStack(): Stack {
  const platform = nodePlatform()
  return {
    async serve() {
      const server = createServer((socket) => {
        socket.on('error', () => socket.destroy())
        answerOn(socket, () => platform.createPeerConnection(CONFIG)).catch(() => socket.destroy())
      })
      return String(await listenOnLoopback(server))
    },
    async connect(address) {
      const pc = await platform.createPeerConnection(CONFIG)
      const channel = makeChannel(pc)
      const socket = connect({ port: Number(address), host: '127.0.0.1', noDelay: true })
      await once(socket, 'connect')
      socket.on('error', () => socket.destroy())
      socket.write(`${JSON.stringify(await described(pc, await pc.createOffer()))}\n`)
      await pc.setRemoteDescription(JSON.parse(await lineOf(socket)) as { type: 'answer'; sdp: string })
      await opened(channel)
      return new PipeChannel(
        channelPipe(channel, () => {
          pc.close()
          socket.resetAndDestroy()
        }),
        'plain',
      )
    },
  }
}

/** Both ends in one process, which hand each other their descriptions as they are. */
export function wrtcInProcessStack(): Stack {
  const platform = nodePlatform()
  return {
    serve: () => Promise.resolve(''),
    async connect() {
      const [ours, theirs] = [await platform.createPeerConnection(CONFIG), await platform.createPeerConnection(CONFIG)]
      const [near, far] = [makeChannel(ours), makeChannel(theirs)]
      acknowledge(
        channelPipe(far, () => {}),
        'plain',
      )
      await theirs.setRemoteDescription(await described(ours, await ours.createOffer()))
      await ours.setRemoteDescription(await described(theirs, await theirs.createAnswer()))
      await Promise.all([opened(near), opened(far)])
      return new PipeChannel(
        channelPipe(near, () => {
          ours.close()
          theirs.close()
        }),
        'plain',
      )
    },
  }
}

async function answerOn(socket: Socket, makeConnection: () => Promise<PeerConnectionLike>): Promise<void> {
  const pc = await makeConnection()
  socket.on('close', () => pc.close())
  const channel = makeChannel(pc)
  acknowledge(
    channelPipe(channel, () => pc.close()),
    'plain',
  )
  await pc.setRemoteDescription(JSON.parse(await lineOf(socket)) as { type: 'offer'; sdp: string })
  socket.write(`${JSON.stringify(await described(pc, await pc.createAnswer()))}\n`)
}

function makeChannel(pc: PeerConnectionLike): DataChannelLike {
  const channel = pc.createDataChannel('bench', { negotiated: true, id: 0, ordered: true, protocol: '' })
  channel.binaryType = 'arraybuffer'
  return channel
}

/** The description with all its candidates: there is no server to ask, so they are there at once. */
async function described<Description extends { readonly type: 'offer' | 'answer'; readonly sdp: string }>(
  pc: PeerConnectionLike,
  { type, sdp }: Description,
): Promise<{ readonly type: 'offer' | 'answer'; readonly sdp: string }> {
  const gathered = new Promise<void>((resolve) => {
    pc.onicecandidate = ({ candidate }) => {
      if (candidate === null) resolve()
    }
  })
  await pc.setLocalDescription({ type, sdp })
  await gathered
  return { type, sdp: pc.localDescription?.sdp ?? '' }
}

async function opened(channel: DataChannelLike): Promise<void> {
  if (channel.readyState === 'open') return
  await new Promise<void>((resolve, reject) => {
    channel.onopen = resolve
    channel.onclose = () => reject(new Error('the channel closed before it was open'))
  })
}

/** What the other side says until its line ends; it says nothing else. */
async function lineOf(socket: Socket): Promise<string> {
  let text = ''
  while (!text.endsWith('\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    text += chunk.toString()
  }
  return text
}

function channelPipe(channel: DataChannelLike, reset: () => void): Pipe {
  return {
    write: (bytes) => {
      for (let at = 0; at < bytes.length; at += MESSAGE_BYTES)
        channel.send(bytes.subarray(at, at + MESSAGE_BYTES) as Uint8Array<ArrayBuffer>)
    },
    onData: (handler) => {
      channel.onmessage = ({ data }) => handler(new Uint8Array(data as ArrayBuffer))
    },
    reset,
  }
}
