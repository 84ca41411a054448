/** What a window remembers beside the messenger. Nothing of it is secret. */
export interface Settings {
  /** Rendezvous servers that were added by hand. */
  readonly servers: readonly string[]
  /** `ws://` addresses of people, by key. */
  readonly addresses: Readonly<Record<string, string>>
  readonly theme: Theme
  /** Our key is kept under a passphrase, which was chosen before. */
  readonly hasPassphrase: boolean
}

export type Theme = 'system' | 'light' | 'dark'

const DEFAULTS: Settings = { servers: [], addresses: {}, theme: 'system', hasPassphrase: false }

/** The settings of one person of this browser. Damaged ones are as good as none. */
export function loadSettings(profile: string): Settings {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(keyOf(profile)) ?? '{}') as Partial<Settings>) }
  } catch {
    return DEFAULTS
  }
}

/** @throws {DOMException} where the browser forbids it, or has no room */
export function saveSettings(profile: string, settings: Settings): void {
  localStorage.setItem(keyOf(profile), JSON.stringify(settings))
}

const keyOf = (profile: string): string => `web-chat:${profile}`

/** Which person of this browser a window is: one browser may hold several. */
export function profileOf(search: string): string {
  const wanted = new URLSearchParams(search).get('me') ?? ''
  return /^[a-z0-9]{1,16}$/.test(wanted) ? wanted : '1'
}

/** Where a window becomes somebody else. */
export function otherProfileUrl(profile: string, hash: string): string {
  return `?me=${/^\d+$/.test(profile) ? Number(profile) + 1 : 2}${hash}`
}
