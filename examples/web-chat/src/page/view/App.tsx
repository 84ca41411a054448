import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { AddPerson } from './AddPerson.js'
import { Confirm } from './Confirm.js'
import { Conversation } from './Conversation.js'
import { Gate } from './Gate.js'
import { Icon } from './Icon.js'
import { Knocks } from './Knocks.js'
import { OwnLink } from './OwnLink.js'
import { People } from './People.js'
import { SettingsDialog } from './Settings.js'
import { useChat } from './use-chat.js'

export type Window = 'link' | 'add' | 'settings'

export function App(): JSX.Element {
  const { chat, state } = useChat()
  const [open, setOpen] = useState<Window | undefined>(undefined)
  const close = (): void => setOpen(undefined)
  if (state.phase.name !== 'ready') return <Gate phase={state.phase} />
  return (
    <div class={state.selected === undefined ? 'chat' : 'chat talking'}>
      <People onOpen={setOpen} />
      <Conversation onOpen={setOpen} />
      <Knocks />
      {open === 'link' && <OwnLink onClose={close} />}
      {open === 'add' && <AddPerson onClose={close} />}
      {open === 'settings' && <SettingsDialog onClose={close} />}
      {state.candidate !== undefined && open === undefined && <Confirm candidate={state.candidate} />}
      <div class="notice" role="status" aria-live="polite" data-shown={state.notice !== ''}>
        {state.notice !== '' && (
          <>
            <span>{state.notice}</span>
            <button type="button" class="quiet" aria-label="Hide this" onClick={() => chat.notify('')}>
              <Icon name="close" />
            </button>
          </>
        )}
      </div>
    </div>
  )
}
