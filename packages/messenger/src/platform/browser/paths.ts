// Paths of the files that a messenger keeps in its database: as POSIX has them, and every one is absolute.

export const sep = '/'

export function isAbsolute(path: string): boolean {
  return path.startsWith(sep)
}

export function resolve(path: string): string {
  const parts: string[] = []
  for (const part of path.split(sep)) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return sep + parts.join(sep)
}

/** A separator at the end stays there. */
export function join(...parts: readonly string[]): string {
  const joined = parts.filter((part) => part !== '').join(sep)
  const path = resolve(joined)
  const whole = joined.endsWith(sep) && path !== sep ? path + sep : path
  return isAbsolute(joined) ? whole : whole.slice(1)
}

export function dirname(path: string): string {
  const clean = withoutEnd(path)
  const at = clean.lastIndexOf(sep)
  if (at < 0) return '.'
  return at === 0 ? sep : clean.slice(0, at)
}

export function basename(path: string): string {
  const clean = withoutEnd(path)
  return clean.slice(clean.lastIndexOf(sep) + 1)
}

/** With its dot; empty for none, and for a name that only begins with one. */
export function extname(path: string): string {
  const name = basename(path)
  const at = name.lastIndexOf('.')
  return at <= 0 ? '' : name.slice(at)
}

/** @returns what leads from one absolute path to another; begins with `..` for one outside */
export function relative(from: string, to: string): string {
  const [base, path] = [resolve(from), resolve(to)]
  if (path === base) return ''
  const inside = base === sep ? sep : base + sep
  return path.startsWith(inside) ? path.slice(inside.length) : `..${path}`
}

function withoutEnd(path: string): string {
  return path.length > 1 && path.endsWith(sep) ? path.slice(0, -1) : path
}
