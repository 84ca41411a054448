/**
 * What can become of a datagram. Those that begin with `drop:` leave no trace but a count: nothing is ever sent because
 * of them. Reasons are those of multicast protocol §7.2; `key`, `limit` and `duplicate` are ours.
 */
export const VERDICTS = [
  // Address declarations.
  'register', // its address is now the peer's newest
  // Session initiations, as the responder.
  'respond', // a session was made and is being answered
  'resend', // the same initiation again: the same answer again
  // Session initiations, as the initiator.
  'open', // the first acceptable response
  'candidate', // a further one with another key: an original responder makes one for each repeat
  // Session data.
  'deliver',
  'repeat', // a packet that was answered before: the same answer again, and no delivery
  // Everything else.
  'drop:empty', // no byte
  'drop:type', // no packet of this protocol
  'drop:length',
  'drop:self', // signed with our own key
  'drop:key', // a public key of small order, under which anybody can sign
  'drop:address', // no group or port that may be declared, or one of the other address family
  'drop:policy', // the application does not want it, did not say yet, or no more peers fit
  'drop:rate',
  'drop:signature',
  'drop:destination', // for another key
  'drop:unknown-peer', // from a key that declared no address
  'drop:session-id', // taken by another session
  'drop:confirmed', // data came already, so nobody waits for this answer
  'drop:replay', // of a session that is over
  'drop:low-order', // an ephemeral key that gives everybody the same secret
  'drop:limit', // no more sessions fit
  'drop:duplicate', // a response that was accepted before, or an initiation that was doubled on the way
  'drop:unknown-session', // none of this id, or over
  'drop:reflected', // one of our own packets
  'drop:nonce', // used before in this session
  'drop:tag', // not authentic
] as const

export type Verdict = (typeof VERDICTS)[number]

/** How many datagrams had which {@link Verdict}. */
export type Counters = Record<Verdict, number>

export function newCounters(): Counters {
  return Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Counters
}
