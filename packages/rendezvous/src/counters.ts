/**
 * What can become of what comes in. Everything but `ok` is dropped without an answer. The first group are the reasons of
 * rendezvous protocol B7, the second those of B10; the others are ours.
 */
export const VERDICTS = [
  'ok',
  'length',
  'version',
  'kind',
  'flags',
  'from', // a key that nobody can have
  'self', // from somebody to himself
  'to', // to somebody else
  'blocked', // the application wants nothing of him
  'expired',
  'exp-too-far',
  'epoch-too-far',
  'stale-epoch', // of an instance of the sender that is over
  'old', // too far behind to be told from a replay
  'replay', // had already: how copies through several servers end
  'signature',
  'body',
  'state', // nobody waits for it
  // A session description that is not applied.
  'sdp-size',
  'fp-format',
  'sdp-syntax',
  'media',
  'no-fingerprint',
  'fingerprint', // or, in a restart, another one than before
  'setup',
  // Ceilings.
  'rate', // more signatures than are checked in the time
  'limit', // no more attempts, links or candidates fit
  'prompt', // asks too often, or too many ask
  // Frames of servers.
  'frame', // no frame that can be, or out of order
  'unknown-frame', // of a type that is not known here
  'server-error', // the server says that it did not relay something
  // Frames of peers.
  'channel-frame', // no frame that can be
  'channel-unknown', // of a type that is not known here
  'chat-repeat', // a message that was delivered before: acknowledged again
] as const

/** One of {@link VERDICTS}. */
export type Verdict = (typeof VERDICTS)[number]

/** How many envelopes and frames had which {@link Verdict}. */
export type Counters = Record<Verdict, number>

export function newCounters(): Counters {
  return Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Counters
}
