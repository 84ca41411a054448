// Keeps the page itself, so that it opens without a network: what is written then is sent later. Nothing of a
// conversation passes through here. The network comes first, for a page of yesterday should not outlive a fix of today.
const CACHE = 'web-chat'
const PATIENCE_MS = 3000

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method === 'GET' && new URL(request.url).origin === self.location.origin)
    event.respondWith(answer(request))
})

async function answer(request) {
  const cache = await caches.open(CACHE)
  const key = request.mode === 'navigate' ? '/' : request
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) })
    if (response.ok) await cache.put(key, response.clone())
    return response
  } catch (error) {
    const kept = await cache.match(key)
    if (kept === undefined) throw error
    return kept
  }
}
