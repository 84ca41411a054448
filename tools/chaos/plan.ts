import type { StreamFaults } from '@mimirjs/transport/testing'
import type { Generation } from '@mimirjs/wire'
import type { Kind } from './content.js'

export interface PersonPlan {
  readonly name: string
  /** Each is a process with a folder of its own; they share the key. */
  readonly devices: number
  /** Their files go to the file server; those of others are asked of them. */
  readonly usesFileServer: boolean
}

/** What a run consists of. */
export interface Plan {
  readonly generation: Generation
  readonly people: readonly PersonPlan[]
  readonly faults: StreamFaults
  /** How often which kind is sent, in relation to the others. */
  readonly kinds: Readonly<Partial<Record<Kind, number>>>
  readonly hasFileServer: boolean
  /** Cuts and moves for each kill. */
  readonly cutsPerKill: number
  readonly movesPerKill: number
  /** How long everything may take to arrive after the last fault. */
  readonly settleMs: number
}

export const PLAIN: Plan = {
  generation: 'classic',
  people: ['ann', 'ben', 'cat'].map((name) => ({ name, devices: 1, usesFileServer: false })),
  faults: { splitBytes: 64, delayMs: 3, cutAfterBytes: 200_000 },
  kinds: { text: 1 },
  hasFileServer: false,
  cutsPerKill: 0,
  movesPerKill: 0,
  settleMs: 120_000,
}

export const MIXED: Plan = {
  generation: 'current',
  people: [
    { name: 'ann', devices: 1, usesFileServer: false },
    { name: 'ben', devices: 1, usesFileServer: false },
    // Whoever asks for a file cannot know which of two devices has it; the file server has it for both.
    { name: 'cat', devices: 2, usesFileServer: true },
  ],
  // An upload begins anew when its stream is cut, so streams live long enough for the largest now and then.
  faults: { splitBytes: 4_096, delayMs: 3, cutAfterBytes: 8_000_000, cutChance: 0.5 },
  kinds: {
    text: 55,
    large: 3,
    reply: 12,
    reaction: 8,
    edit: 12,
    delete: 3,
    contact: 1,
    image: 1,
    file: 1,
    voice: 1,
  },
  hasFileServer: true,
  cutsPerKill: 2,
  movesPerKill: 0.2,
  settleMs: 240_000,
}
