import type { FuzzTarget } from './target.js'
import { filesTargets } from './targets-files.js'
import { machineTargets } from './targets-machines.js'
import { mediatorMachineTargets } from './targets-mediator-machines.js'
import { multicastTargets } from './targets-multicast.js'
import { multicastMachineTargets } from './targets-multicast-machine.js'
import { multicastStreamTargets } from './targets-multicast-stream.js'
import { rendezvousTargets } from './targets-rendezvous.js'
import { rendezvousLegacyTargets } from './targets-rendezvous-legacy.js'
import { rendezvousMachineTargets } from './targets-rendezvous-machine.js'
import { trackerTargets } from './targets-tracker.js'
import { wireTargets } from './targets-wire.js'
import { yggdrasilTargets } from './targets-yggdrasil.js'
import { yggdrasilRouterTargets } from './targets-yggdrasil-router.js'
import { yggdrasilStreamTargets } from './targets-yggdrasil-stream.js'

/** Everything that eats bytes of strangers. A package adds a file with its own rows and one line here. */
export const TARGETS: readonly FuzzTarget[] = [
  ...wireTargets,
  ...machineTargets,
  ...filesTargets,
  ...mediatorMachineTargets,
  ...trackerTargets,
  ...multicastTargets,
  ...multicastMachineTargets,
  ...multicastStreamTargets,
  ...rendezvousTargets,
  ...rendezvousLegacyTargets,
  ...rendezvousMachineTargets,
  ...yggdrasilTargets,
  ...yggdrasilRouterTargets,
  ...yggdrasilStreamTargets,
]
