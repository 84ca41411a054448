import type { Check } from './check.js'
import { type DataPacket, isAuthentic, isFresh, isNotReflected } from './data.js'
import {
  type DeclarationPacket,
  declarationRate,
  declarationSignature,
  hasAcceptablePlace,
  hasOrdinaryKey,
  hasPort,
  isDeclaredByOthers,
  isWanted,
} from './declarations.js'
import {
  hasRoomForPeer,
  hasRoomInAll,
  type InitiationPacket,
  initiationRate,
  initiationSignature,
  isForUs,
  isFreeId,
  isFromOthers,
  isFromPeer,
  isNotFinished,
  isNotLowOrder,
  isNotRepeated,
  overwritesId,
} from './initiations.js'
import {
  isAwaited,
  isFirst,
  isNewCandidate,
  isResponseForUs,
  isResponseNotLowOrder,
  type ResponsePacket,
  responseRate,
  responseSignature,
} from './responses.js'
import type { MachineMode, PolicyAnswer } from './types.js'

/** What the two modes do differently, and nothing else does. The checks run in this order. */
export interface Rules {
  readonly declaration: readonly Check<DeclarationPacket>[]
  readonly initiation: readonly Check<InitiationPacket>[]
  readonly response: readonly Check<ResponsePacket>[]
  readonly data: readonly Check<DataPacket>[]
  /** Whether surplus bytes, which no signature covers, are ignored. */
  readonly allowsSurplus: boolean
  readonly leastDataBytes: number
  /** How many declared places of a peer are used. */
  readonly keptPlaces: number
  /** What a policy would say when there is none. */
  readonly unknownKeys: PolicyAnswer
  /** Whether nonces and answers are remembered. */
  readonly remembersData: boolean
  /** Whether a session may end because nobody uses it. */
  readonly hasTimers: boolean
  /** Whether a response must bear the id of the opening. */
  readonly requiresId: boolean
}

export const RULES: Readonly<Record<MachineMode, Rules>> = {
  // multicast protocol §7.2, §8.2
  hardened: {
    declaration: [
      isDeclaredByOthers,
      hasOrdinaryKey,
      hasAcceptablePlace,
      isWanted,
      declarationRate,
      declarationSignature,
    ],
    initiation: [
      isFromOthers,
      isForUs,
      isFromPeer,
      isFreeId,
      initiationRate,
      initiationSignature,
      isNotRepeated,
      isNotFinished,
      isNotLowOrder,
      hasRoomForPeer,
      hasRoomInAll,
    ],
    response: [isResponseForUs, isAwaited, isNewCandidate, responseRate, responseSignature, isResponseNotLowOrder],
    data: [isNotReflected, isFresh, isAuthentic],
    allowsSurplus: false,
    leastDataBytes: 45,
    keptPlaces: 2,
    unknownKeys: 'ask',
    remembersData: true,
    hasTimers: true,
    requiresId: true,
  },
  // multicast protocol §7.1, §8.1; what would end the original programs is a drop here, and tables stay bounded.
  original: {
    declaration: [isWanted, declarationSignature, hasPort],
    initiation: [isFromPeer, isForUs, initiationSignature, overwritesId, hasRoomInAll],
    response: [isFirst, isResponseForUs, responseSignature, isResponseNotLowOrder],
    data: [isAuthentic],
    allowsSurplus: true,
    leastDataBytes: 29,
    keptPlaces: 1,
    unknownKeys: 'accept',
    remembersData: false,
    hasTimers: false,
    requiresId: false,
  },
}
