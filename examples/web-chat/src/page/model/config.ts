/** What the server that gave us the page says. */
export interface Config {
  readonly servers: readonly string[]
  readonly iceServers: readonly RTCIceServer[]
}

const KEY = 'web-chat-config'
/** How long the server may take when we know what it said last. */
const PATIENCE_MS = 3_000

/** Without a network the page opens with what it was told last, and with nothing when that is not known either. */
export async function loadConfig(): Promise<Config> {
  const known = recall()
  try {
    const how = known === undefined ? {} : { signal: AbortSignal.timeout(PATIENCE_MS) }
    const response = await fetch('/config.json', how)
    if (!response.ok) throw new Error(`the server answered ${response.status}`)
    const text = await response.text()
    const config = parseConfig(text)
    keep(text)
    return config
  } catch {
    return known ?? { servers: [], iceServers: [] }
  }
}

/** @throws {Error} for what is no configuration: a page of a proxy, for example */
function parseConfig(text: string): Config {
  const { servers, iceServers } = JSON.parse(text) as Partial<Record<keyof Config, unknown>>
  if (!Array.isArray(servers) || !servers.every((url) => typeof url === 'string'))
    throw new Error('expected a list of servers')
  if (!Array.isArray(iceServers)) throw new Error('expected a list of ICE servers')
  return { servers, iceServers: iceServers as RTCIceServer[] }
}

function recall(): Config | undefined {
  try {
    return parseConfig(localStorage.getItem(KEY) ?? '')
  } catch {
    return undefined
  }
}

/** As well as it can be: some browsers forbid it, or have no room. */
function keep(text: string): void {
  try {
    localStorage.setItem(KEY, text)
  } catch {
    // Then we are told again the next time.
  }
}
