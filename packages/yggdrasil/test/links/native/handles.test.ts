import path from 'node:path'
import { expect, it } from 'vitest'
import { bothUp, nativeNode, rawClient, temporaryFolder } from './support.js'

/** Handles of sockets of this process. */
function handles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|Pipe|TLS)/.test(name))
}

// One after the other, in a process of their own: what is counted belongs to all of them.
it.each(['tcp', 'tls', 'ws', 'unix'])('nothing is left open of %s links after close()', async (scheme) => {
  const before = handles().length
  const a = nativeNode()
  const b = nativeNode()
  const uri = await a.links.listen(
    scheme === 'unix' ? `unix://${path.join(temporaryFolder(), 'ygg.sock')}` : `${scheme}://127.0.0.1:0`,
  )
  const c = nativeNode()
  b.links.addPeer(uri)
  c.links.addPeer(`${uri}?password=wrong`)
  a.links.addPeer('tcp://127.0.0.1:1')
  await bothUp(a, b)
  await expect.poll(() => c.links.peers()[0]?.state).toBe('waiting')
  if (scheme !== 'unix') await rawClient(uri)
  const open = handles().length
  await Promise.all([b.links.close(), a.links.close(), c.links.close()])
  expect(open).toBeGreaterThan(before + 2)
  // The client that belongs to the test sees the end a little later.
  await expect.poll(() => handles().length).toBeLessThanOrEqual(before)
})
