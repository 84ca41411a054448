/** What became of what servers and people sent. Only `accepted` has any further effect. rendezvous protocol A13 */
export const LEGACY_VERDICTS = [
  'accepted', // a signal that was acted upon, or asked about
  'glare', // an offer that crossed ours, which goes on
  'frame', // no frame, or one of a type or size that cannot be
  'message', // no message inside
  'rate', // faster than the limits
  'to', // for somebody else
  'from', // from no key in the normal form, one of a size that is refused, or ourselves
  'signature', // not signed by whom it names
  'repeat', // seen before
  'signal', // signed, but no signal
  'sdp', // a description that is not applied
  'policy', // from somebody who is not wanted, or asked about too often
  'state', // nothing waits for it
  'limit', // no room for one more
] as const

/** One of {@link LEGACY_VERDICTS}. */
export type LegacyVerdict = (typeof LEGACY_VERDICTS)[number]

/** How many messages had which verdict. */
export type LegacyCounters = Record<LegacyVerdict, number>

export function newLegacyCounters(): LegacyCounters {
  return Object.fromEntries(LEGACY_VERDICTS.map((verdict) => [verdict, 0])) as LegacyCounters
}
