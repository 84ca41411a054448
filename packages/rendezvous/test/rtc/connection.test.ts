import { sha256 } from '@mimirjs/crypto'
import { createClock } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { describe, expect, test } from 'vitest'
import { RtcConnection } from '../../src/rtc/connection.js'
import type { IceCandidate, PeerConnectionLike, SessionDescription } from '../../src/rtc/types.js'
import { FakeChannel } from '../support/fake-channel.js'

/** A peer connection played by hand, which writes down what is asked of it. */
class FakePeerConnection implements PeerConnectionLike {
  connectionState = 'new'
  iceGatheringState = 'new'
  localDescription: SessionDescription | null = null
  sctp: PeerConnectionLike['sctp'] = null
  onicecandidate: PeerConnectionLike['onicecandidate'] = null
  onicegatheringstatechange: (() => void) | null = null
  onconnectionstatechange: (() => void) | null = null
  ondatachannel: PeerConnectionLike['ondatachannel'] = null
  readonly asked: string[] = []
  readonly channel = new FakeChannel('connecting')

  createDataChannel(label: string, init: object): FakeChannel {
    this.asked.push(`channel ${label} ${JSON.stringify(init)}`)
    return this.channel
  }
  async createOffer(options?: object): Promise<SessionDescription> {
    this.asked.push(`createOffer ${JSON.stringify(options)}`)
    return { type: 'offer', sdp: 'v=0' }
  }
  async createAnswer(): Promise<SessionDescription> {
    this.asked.push('createAnswer')
    return { type: 'answer', sdp: 'v=0' }
  }
  async setLocalDescription(description: SessionDescription): Promise<void> {
    this.asked.push(`local ${description.type}`)
    this.localDescription = { ...description, sdp: `${description.sdp} gathered` }
  }
  async setRemoteDescription({ type, sdp }: SessionDescription): Promise<void> {
    this.asked.push(`remote ${type}`)
    if (sdp === 'bad') throw new TypeError('no description')
  }
  async addIceCandidate({ candidate }: IceCandidate): Promise<void> {
    this.asked.push(`candidate ${candidate}`)
    if (candidate === 'bad') throw new TypeError('no candidate')
  }
  close(): void {
    this.asked.push('close')
  }
  find(candidate: string | undefined): void {
    this.onicecandidate?.({
      candidate: candidate === undefined ? null : { candidate, sdpMid: '0', sdpMLineIndex: null },
    })
  }
}

function made(canReadCertificates?: boolean) {
  const pc = new FakePeerConnection()
  const clock = createClock()
  const told: unknown[] = []
  const platform = {
    canRestartIce: true,
    ...(canReadCertificates !== undefined && { canReadCertificates }),
    webSocket: () => {
      throw new TypeError('not needed')
    },
    createPeerConnection: async (config: object) => {
      pc.asked.push(JSON.stringify(config))
      return pc
    },
  }
  const config = {
    iceServers: [{ urls: 'turn:192.0.2.1', username: 'u', credential: 'c' }],
    iceTransportPolicy: 'relay',
  } as const
  const connection = new RtcConnection(
    { platform, config, clock, gatherMs: 2000, closeMs: 2000, logger: undefined },
    {
      described: (sdp) => told.push(sdp),
      failed: (error) => told.push(String(error)),
      candidates: (candidates, isEnd) => told.push([candidates, isEnd]),
      channelOpen: (fp) => told.push(['open', fp]),
      channelText: (text) => told.push(text),
      channelBinary: (bytes) => told.push(bytes.length),
      channelClosed: () => told.push('channel closed'),
      state: (state) => told.push(state),
      incoming: ({ label }) => told.push(['incoming', label]),
    },
  )
  return { pc, clock, told, connection }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve()
}

describe('descriptions', () => {
  test('the offer goes out when all candidates are found; servers and policy are passed through', async () => {
    const { pc, told, connection } = made()
    connection.offer(false)
    await turns()
    pc.find('early')
    expect(told).toEqual([])
    pc.find(undefined)
    await turns()
    expect(told).toEqual(['v=0 gathered'])
    expect(pc.asked).toEqual([
      '{"iceServers":[{"urls":"turn:192.0.2.1","username":"u","credential":"c"}],"iceTransportPolicy":"relay"}',
      'channel rendezvous {"negotiated":true,"id":0,"ordered":true,"protocol":"rendezvous.1"}',
      'createOffer {}',
      'local offer',
    ])
  })

  test('or when the platform says so, without a last candidate', async () => {
    const { pc, told, connection } = made()
    connection.offer(false)
    await turns()
    for (const state of ['gathering', 'complete']) {
      expect(told).toEqual([])
      pc.iceGatheringState = state
      pc.onicegatheringstatechange?.()
      await turns()
    }
    expect(told).toEqual(['v=0 gathered'])
  })

  test('or after two seconds, and what is found later follows', async () => {
    const { pc, clock, told, connection } = made()
    connection.answer('v=0')
    await turns()
    clock.advance(1999)
    await turns()
    expect(told).toEqual([])
    clock.advance(1)
    await turns()
    pc.find('late')
    pc.find('')
    pc.find(undefined)
    pc.iceGatheringState = 'complete'
    pc.onicegatheringstatechange?.()
    expect(told).toEqual(['v=0 gathered', [[{ candidate: 'late', sdpMid: '0' }], false], [[], true]])
    expect(pc.asked.slice(2)).toEqual(['remote offer', 'createAnswer', 'local answer'])
  })

  test('steps come one after the other, and a candidate that is not taken is passed over', async () => {
    const { pc, told, connection } = made()
    connection.offer(false)
    connection.setAnswer('v=0')
    connection.addCandidates([{ candidate: 'bad' }, { candidate: 'good' }])
    connection.offer(true)
    await turns()
    expect(pc.asked.at(-1)).toBe('local offer')
    pc.find(undefined)
    await turns()
    pc.find(undefined)
    await turns()
    expect(pc.asked.slice(3)).toEqual([
      'local offer',
      'remote answer',
      'candidate bad',
      'candidate good',
      'createOffer {"iceRestart":true}',
      'local offer',
    ])
    expect(told).toEqual(['v=0 gathered', 'v=0 gathered'])
  })

  test('a description that is not taken is a failure', async () => {
    const { told, connection } = made()
    connection.answer('bad')
    await turns()
    expect(told).toEqual(['TypeError: no description'])
  })
})

describe('the channel', () => {
  async function open(canReadCertificates?: boolean) {
    const all = made(canReadCertificates)
    all.connection.answer('v=0')
    await turns()
    return all
  }

  test('it is told open, with the certificate of the other side, before anything that came', async () => {
    const { pc, told } = await open()
    const certificate = Uint8Array.of(1, 2, 3)
    pc.sctp = { transport: { getRemoteCertificates: () => [certificate.buffer] } }
    pc.channel.bring('early')
    pc.channel.open()
    pc.channel.bring(new Uint8Array(5))
    expect(told).toEqual([['open', toHex(sha256(certificate))], 'early', 5])
  })

  test('without a certificate where the platform gives none', async () => {
    for (const transport of [
      {},
      { getRemoteCertificates: () => [] },
      { getRemoteCertificates: () => [new ArrayBuffer(0)] },
    ]) {
      const { pc, told } = await open()
      pc.sctp = { transport }
      pc.channel.open()
      expect(told).toEqual([['open', undefined]])
    }
    const { pc, told } = await open(false)
    Object.defineProperty(pc, 'sctp', { get: () => expect.unreachable('looked at') })
    pc.channel.open()
    expect(told).toEqual([['open', undefined]])
  })

  test('states are told once each', async () => {
    const { pc, told } = await open()
    for (const state of ['connecting', 'connected', 'connected', 'disconnected', 'closed', 'failed']) {
      pc.connectionState = state
      pc.onconnectionstatechange?.()
    }
    expect(told).toEqual(['connected', 'disconnected', 'failed'])
  })

  test('sending on a channel that has closed does nothing', async () => {
    const { pc, connection } = await open()
    connection.sendText('too early')
    pc.channel.open()
    connection.sendText('one')
    pc.channel.readyState = 'closing'
    connection.sendBytes(new Uint8Array(1))
    expect(pc.channel.sent).toEqual(['one'])
  })
})

describe('closing', () => {
  test('in order: the channel first, then the connection when the other side has all', async () => {
    const { pc, clock, connection } = made()
    connection.answer('v=0')
    await turns()
    pc.channel.open()
    void connection.close(true)
    await turns()
    expect([pc.channel.closes, pc.asked.includes('close')]).toEqual([1, false])
    pc.channel.onclose?.()
    await turns()
    expect([pc.asked.at(-1), clock.nextDueMs]).toEqual(['close', undefined])
  })

  test('or two seconds later', async () => {
    const { pc, clock, connection } = made()
    connection.answer('v=0')
    await turns()
    pc.find(undefined)
    await turns()
    pc.channel.open()
    const closing = connection.close(true)
    clock.advance(2000)
    await closing
    expect(pc.asked.at(-1)).toBe('close')
  })

  test('at once, and nothing is told or done after it', async () => {
    for (const steps of [0, 1]) {
      const { pc, told, connection } = made()
      connection.offer(false)
      connection.setAnswer('v=0')
      // After one step the peer connection is being made.
      for (let step = 0; step < steps; step++) await Promise.resolve()
      await connection.close(false)
      await turns()
      expect([pc.asked.slice(1), told]).toEqual([steps === 0 ? [] : ['close'], []])
    }
  })
})
