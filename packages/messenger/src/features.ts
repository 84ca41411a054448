import type { Generation } from '@mimirjs/wire'
import { MessengerError } from './error.js'

/** How attachments travel: not at all, inside the message, or announced by it and fetched apart. */
export type Carriage = 'none' | 'inline' | 'announced'

/** What the apps of one generation can do between two people. What is missing is refused, never sent in the hope that it works. */
export interface Features {
  readonly images: Carriage
  readonly files: Carriage
  readonly voice: Carriage
  readonly reactions: boolean
  readonly contactRequests: boolean
  readonly calls: boolean
  /** Strangers may connect, to ask for contact; what else they send stays with them until they are let in. */
  readonly strangersConnect: boolean
}

/** Source: current protocol §21. */
export const FEATURES: Readonly<Record<Generation, Features>> = {
  classic: {
    images: 'inline',
    files: 'none',
    voice: 'none',
    reactions: false,
    contactRequests: false,
    calls: false,
    strangersConnect: false,
  },
  overlay: {
    images: 'inline',
    files: 'inline',
    voice: 'none',
    reactions: true,
    contactRequests: false,
    calls: true,
    strangersConnect: false,
  },
  current: {
    images: 'announced',
    files: 'announced',
    voice: 'announced',
    reactions: true,
    contactRequests: true,
    calls: true,
    strangersConnect: true,
  },
}

/** What the apps can do in groups, whatever generation they speak between two people. */
export const GROUP_FEATURES: Features = {
  images: 'inline',
  files: 'inline',
  voice: 'none',
  reactions: true,
  contactRequests: false,
  calls: false,
  strangersConnect: false,
}

/** What to say when a generation lacks something: `unsupported`, with the generation and those that have it. */
export function unsupported(generation: Generation | 'group', feature: keyof Features, what: string): MessengerError {
  if (generation === 'group') return new MessengerError('unsupported', `groups carry no ${what}`)
  const capable = Object.entries(FEATURES)
    .filter(([, features]) => features[feature] !== false && features[feature] !== 'none')
    .map(([name]) => name)
  return new MessengerError(
    'unsupported',
    `generation ${generation} has no ${what}: it takes generation ${capable.join(' or ')}`,
  )
}
