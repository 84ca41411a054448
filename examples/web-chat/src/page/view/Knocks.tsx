import type { JSX } from 'preact'
import { useChat } from './use-chat.js'

/**
 * People we do not know who want to talk. Until we say yes they learn nothing of us, not even that we are there. The place is
 * there before somebody is: else some screen readers would not tell of them.
 */
export function Knocks(): JSX.Element {
  const { chat, state } = useChat()
  return (
    <section class="knocks" aria-label="Who knocks" aria-live="polite">
      {state.knocks.map(({ peer, name, fingerprint }) => (
        <div key={peer} class="card knock" role="alertdialog" aria-label={`${name || 'Somebody'} wants to talk to you`}>
          <p>
            <strong>{name || 'Somebody without a name'}</strong> wants to talk to you. The name is what they say; the
            fingerprint is who they are:
          </p>
          <p class="fingerprint">{fingerprint}</p>
          <div class="row">
            <button type="button" onClick={() => void chat.answerKnock(peer, 'accept')}>
              Talk to them
            </button>
            <button type="button" class="plain" onClick={() => void chat.answerKnock(peer, 'decline')}>
              Not now
            </button>
            <button type="button" class="plain" onClick={() => void chat.answerKnock(peer, 'block')}>
              Block
            </button>
          </div>
        </div>
      ))}
    </section>
  )
}
