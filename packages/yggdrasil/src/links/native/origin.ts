/**
 * Whether a request may come from this page. Programs that are no browsers send no `Origin`. yggdrasil protocol §2.4
 * @param host - the `Host` header
 * @param patterns - `*` lets in all; else host (`*.example.org`) or scheme and host, where `*` stands for anything but `/`
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  patterns: readonly string[],
): boolean {
  if (origin === undefined || patterns.includes('*')) return true
  const [, scheme, originHost] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)$/i.exec(origin) ?? []
  if (scheme === undefined || originHost === undefined) return false
  if (originHost.toLowerCase() === host?.toLowerCase()) return true
  return patterns.some((pattern) => {
    return matches(pattern, pattern.includes('://') ? `${scheme}://${originHost}` : originHost)
  })
}

function matches(pattern: string, text: string): boolean {
  const source = pattern.split('*').map(escapeRegExp).join('[^/]*')
  return new RegExp(`^${source}$`, 'i').test(text)
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
