/** Every subject of `pnpm bench`, in the order of the report, with the packages of ours it measures. */
export const SUBJECTS = {
  codec: ['wire'],
  crypto: ['crypto'],
  frames: ['wire', 'crypto', 'transport', 'peer'],
  text: ['wire', 'crypto', 'transport', 'peer'],
  connect: ['wire', 'crypto', 'transport', 'peer'],
  memory: ['wire', 'crypto', 'transport', 'peer'],
  tracker: ['wire', 'crypto', 'transport', 'store', 'tracker'],
  messenger: ['wire', 'crypto', 'transport', 'store', 'peer', 'resolver-client', 'messenger'],
  files: ['wire', 'crypto', 'transport', 'store', 'peer', 'resolver-client', 'messenger'],
  mediator: ['wire', 'crypto', 'transport', 'store', 'mediator'],
  'mediator-store': ['wire', 'crypto', 'transport', 'store', 'mediator'],
  pow: ['crypto'],
} as const satisfies Record<string, readonly string[]>

export type SubjectName = keyof typeof SUBJECTS

/** Promised by the documents; their subject is not there yet. */
export const LATER: Readonly<Record<string, string>> = {
  yggdrasil: 'the overlay node',
}

/** Subjects that another one brings along when it is asked for. */
export const ALONG: Partial<Record<SubjectName, readonly SubjectName[]>> = { mediator: ['mediator-store', 'pow'] }
