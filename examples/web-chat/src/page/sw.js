// Keeps the page itself, so that it opens without a network: what is written then is sent later. Nothing of a
// conversation passes through here. The network comes first, for a page of yesterday should not outlive a fix of today.

/** What the page loads. The build puts the names here, which change with what is in them. */
const ASSETS = __ASSETS__
/** One per release: the page and all that it loads are kept together, or not at all. The build puts a hash of all here. */
const CACHE = 'web-chat __RELEASE__'
/** How long the network may take to begin an answer that we have an older one for. */
const PATIENCE_MS = 3000

self.addEventListener('install', (event) => event.waitUntil(keep().then(() => self.skipWaiting())))
self.addEventListener('activate', (event) => event.waitUntil(forgetOlder().then(() => self.clients.claim())))

self.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method === 'GET' && new URL(request.url).origin === self.location.origin)
    event.respondWith(answer(request))
})

async function keep() {
  const cache = await caches.open(CACHE)
  await cache.addAll([new Request('/', { cache: 'no-cache' }), '/icon.svg', ...ASSETS])
}

async function forgetOlder() {
  const names = await caches.keys()
  await Promise.all(
    names.filter((name) => name.startsWith('web-chat') && name !== CACHE).map((name) => caches.delete(name)),
  )
}

async function answer(request) {
  const cache = await caches.open(CACHE)
  const kept = await cache.match(request.mode === 'navigate' ? '/' : request)
  if (kept === undefined) return fetch(request)
  // What has such a name never changes.
  if (ASSETS.includes(new URL(request.url).pathname)) return kept
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), PATIENCE_MS)
  try {
    const response = await fetch(request, { signal: late.signal })
    return response.status >= 500 ? kept : response
  } catch {
    return kept
  } finally {
    clearTimeout(timer)
  }
}
