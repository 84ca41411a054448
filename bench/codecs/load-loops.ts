let loaded = 0

/** A fresh instance of the loops: the query makes it a module of its own. */
export function loadLoops(): Promise<typeof import('./loops.js')> {
  return import(new URL(`./loops.js?${++loaded}`, import.meta.url).href) as Promise<typeof import('./loops.js')>
}
