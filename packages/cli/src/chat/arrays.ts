/** The index of the last element that fits; -1 for none. */
export function lastIndex<T>(list: readonly T[], fits: (element: T) => boolean): number {
  for (let at = list.length - 1; at >= 0; at--) if (fits(list[at] as T)) return at
  return -1
}

export function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most))
}
