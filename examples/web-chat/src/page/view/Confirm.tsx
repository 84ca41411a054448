import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Candidate } from '../model/state.js'
import { fingerprintOf } from '../model/words.js'
import { Dialog } from './Dialog.js'
import { Form } from './Form.js'
import { useChat } from './use-chat.js'

/** A link names somebody: nobody is added, and no server is talked to, without a yes. */
export function Confirm({ candidate }: { readonly candidate: Candidate }): JSX.Element {
  const { chat } = useChat()
  const [name, setName] = useState(candidate.name)
  const [useServers, setUseServers] = useState(true)
  const servers = chat.newServers(candidate)
  return (
    <Dialog title={`Add ${candidate.name || 'this person'}?`} onClose={() => chat.dismissCandidate()}>
      <Form act={() => chat.add({ ...candidate, name: name.trim() }, useServers && servers.length > 0)}>
        <label>
          What do you call them?
          <input value={name} maxLength={64} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <p class="hint">
          Their fingerprint, to compare by voice: <span class="fingerprint">{fingerprintOf(candidate.peer)}</span>
        </p>
        {servers.length > 0 && (
          <label class="check">
            <input
              type="checkbox"
              checked={useServers}
              onChange={(event) => setUseServers(event.currentTarget.checked)}
            />
            Also meet at {servers.join(', ')}, which sees your address and with whom you talk, not what
          </label>
        )}
        <div class="row">
          <button type="submit">Add</button>
          <button type="button" class="plain" onClick={() => chat.dismissCandidate()}>
            No
          </button>
        </div>
      </Form>
    </Dialog>
  )
}
