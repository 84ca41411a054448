import type { MachineSession } from '../../../src/machine/index.js'
import { client, server } from './identity.js'
import { Party, type PartyOptions, settle } from './party.js'

export const JACK = 'Hi this is Jack : )'
export const HELLO = 'Hello server, how are you?'

/** A client with a session to a server, and what went over the network for it. */
export interface Pair {
  readonly initiator: Party
  readonly responder: Party
  readonly session: MachineSession
  readonly declaration: Uint8Array
  readonly initiation: Uint8Array
  readonly response: Uint8Array
}

/** The session is open; the responder has seen no data yet. */
export function openPair(responderOptions: PartyOptions = {}, initiatorOptions: PartyOptions = {}): Pair {
  const responder = new Party(server, { reply: JACK, seed: 2, ...responderOptions })
  const initiator = new Party(client, initiatorOptions)
  const session = initiator.connect(server.address)
  const [declaration, initiation] = initiator.takeBytes()
  if (declaration === undefined || initiation === undefined) throw new Error('nothing was sent')
  responder.receive(declaration)
  responder.receive(initiation)
  const [response] = responder.takeBytes()
  if (response === undefined) throw new Error('there was no response')
  initiator.receive(response)
  return { initiator, responder, session, declaration, initiation, response }
}

/** A request was answered, too. */
export function confirmedPair(
  responderOptions: PartyOptions = {},
  initiatorOptions: PartyOptions = {},
): Pair & { readonly question: Uint8Array; readonly answer: Uint8Array } {
  const pair = openPair(responderOptions, initiatorOptions)
  const { initiator, responder, session } = pair
  initiator.request(session, HELLO)
  const [question] = initiator.takeBytes()
  if (question === undefined) throw new Error('nothing was asked')
  responder.receive(question)
  const [answer] = responder.takeBytes()
  if (answer === undefined) throw new Error('there was no answer')
  initiator.receive(answer)
  return { ...pair, question, answer }
}

/** Ask, let everything arrive, and say what came back. */
export function ask(
  { initiator, responder, session }: Pick<Pair, 'initiator' | 'responder' | 'session'>,
  text: string,
): unknown {
  const result = initiator.request(session, text)
  settle(initiator, responder)
  return result.answer
}
