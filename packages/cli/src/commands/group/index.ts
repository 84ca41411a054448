import type { Command } from 'commander'
import type { Shell } from '../../shell.js'
import { createCommand, declineCommand, invitesCommand, joinCommand } from './joining.js'
import {
  banCommand,
  inviteCommand,
  listCommand,
  membersCommand,
  plainCommands,
  roleCommand,
  updateCommand,
} from './members.js'
import { historyCommand, sendCommand } from './talking.js'

export function groupCommand(shell: Shell): Command {
  const group = shell
    .setDefault(shell.command('group', 'groups at a mediator: make them, join them, talk in them'), listCommand(shell))
    .addHelpText(
      'after',
      `
Examples:
  export MIMIR_MEDIATORS=8a88e3dd…@tcp://[200:…]:5042
  mimir group create Hiking
  mimir group invite hiking alice
  mimir group send hiking "Saturday, eight o'clock"
  mimir group join hiking --home ./alice
  mimir listen                              prints what is said in groups, too`,
    )
  for (const command of [
    createCommand,
    invitesCommand,
    joinCommand,
    declineCommand,
    membersCommand,
    inviteCommand,
    banCommand,
    roleCommand,
    updateCommand,
    sendCommand,
    historyCommand,
  ])
    group.addCommand(command(shell))
  for (const command of plainCommands(shell)) group.addCommand(command)
  return group
}
