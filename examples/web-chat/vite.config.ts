import { defineConfig, type Plugin } from 'vite'
import { serviceWorker } from './src/build/service-worker.js'

const release: Plugin = {
  name: 'service-worker',
  generateBundle(_options, bundle) {
    const assets = Object.keys(bundle).filter((name) => name.startsWith('assets/'))
    const source = serviceWorker(
      import.meta.dirname,
      assets.map((name) => `/${name}`),
    )
    this.emitFile({ type: 'asset', fileName: 'sw.js', source })
  },
}

export default defineConfig({
  plugins: [release],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // One page for browsers of today: they have modules, WebCrypto with Ed25519 or a fallback of ours, and WebRTC.
  build: {
    outDir: 'dist/page',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
