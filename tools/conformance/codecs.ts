import type { CodecTable } from './codec.js'
import { filesCodecs } from './codecs-files.js'
import { linkCodecs } from './codecs-link.js'
import { mediatorCodecs } from './codecs-mediator.js'
import { multicastCodecs } from './codecs-multicast.js'
import { peerCodecs } from './codecs-peer.js'
import { rendezvousCodecs } from './codecs-rendezvous.js'
import { rendezvousLegacyCodecs } from './codecs-rendezvous-legacy.js'
import { tlvCodecs } from './codecs-tlv.js'
import { trackerCodecs } from './codecs-tracker.js'
import { yggdrasilCodecs } from './codecs-yggdrasil.js'

/** Every codec that vectors can name. A protocol adds a file with its own table and one line here. */
export const CODECS: CodecTable = {
  ...tlvCodecs,
  ...peerCodecs,
  ...filesCodecs,
  ...mediatorCodecs,
  ...linkCodecs,
  ...trackerCodecs,
  ...multicastCodecs,
  ...rendezvousLegacyCodecs,
  ...rendezvousCodecs,
  ...yggdrasilCodecs,
}
