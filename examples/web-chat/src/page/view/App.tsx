import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { AddPerson } from './AddPerson.js'
import { Confirm } from './Confirm.js'
import { Conversation } from './Conversation.js'
import { Gate } from './Gate.js'
import { Notice, Overlay } from './Overlay.js'
import { OwnLink } from './OwnLink.js'
import { People } from './People.js'
import { SettingsDialog } from './Settings.js'
import { useChat } from './use-chat.js'

export type Window = 'link' | 'add' | 'settings'

export function App(): JSX.Element {
  const { state } = useChat()
  const [open, setOpen] = useState<Window | undefined>(undefined)
  const close = (): void => setOpen(undefined)
  // Whoever lets somebody in wants to see them, and whoever opens a link is to be asked.
  useEffect(close, [state.selected, state.candidate])
  if (state.phase.name !== 'ready')
    return (
      <>
        <Gate phase={state.phase} />
        <Notice />
      </>
    )
  const { candidate } = state
  return (
    <div class={state.selected === undefined ? 'chat' : 'chat talking'}>
      <People onOpen={setOpen} />
      <Conversation onOpen={setOpen} />
      <Overlay />
      {open === 'link' && <OwnLink onClose={close} />}
      {open === 'add' && <AddPerson onClose={close} />}
      {open === 'settings' && <SettingsDialog onClose={close} />}
      {candidate !== undefined && open === undefined && <Confirm key={candidate.person} candidate={candidate} />}
    </div>
  )
}
