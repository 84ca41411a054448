import { createTracker } from '@mimirjs/tracker'
import { Yggdrasil } from '@mimirjs/yggdrasil'

const node = await Yggdrasil.start({ seed: new Uint8Array(32).fill(5), peers: ['tls://192.0.2.1:443'] })
const tracker = await createTracker({
  generation: 'current',
  address: 'ygg://[::]:69',
  transport: node.datagramTransport,
  store: 'tracker.sqlite',
  sync: {
    streams: node.streams,
    peers: [
      'ygg://0000118d965a512ce8a37896957ef15b4108f89a9954ae9365448c6bf049c48d:69',
      'ygg://000044c35636ae819b55ef3f4d5008dd0125fb70baa5fc0f8a94a3671ef8c649:69',
    ],
  },
})
tracker.on('peerUp', ({ peer }) => console.log('talking to', peer))
export {}
