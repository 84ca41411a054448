import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { otherProfileUrl, profileOf } from '../model/settings.js'
import type { Phase } from '../model/state.js'
import { Form } from './Form.js'
import { useChat } from './use-chat.js'

/** What stands before the conversations: a name, a passphrase, or why there are none. */
export function Gate({ phase }: { readonly phase: Phase }): JSX.Element {
  return (
    <main class="gate">
      <div class="card">
        <h1>Mimir web chat</h1>
        <Inside phase={phase} />
      </div>
    </main>
  )
}

function Inside({ phase }: { readonly phase: Phase }): JSX.Element | null {
  switch (phase.name) {
    case 'starting':
      return <p role="status">Opening…</p>
    case 'welcome':
      return <Welcome />
    case 'locked':
      return <Locked isNew={phase.isNew} isWrong={phase.isWrong} />
    case 'elsewhere':
      return <Elsewhere />
    case 'failed':
      return <Failed message={phase.message} />
    default:
      return null
  }
}

function Welcome(): JSX.Element {
  const { chat } = useChat()
  const [name, setName] = useState('')
  const { hasPassphrase } = chat.settings
  return (
    <Form act={() => chat.rename(name)}>
      <p>
        Messages go from browser to browser, encrypted; those over a ws:// address are not. Your key was just made here,
        and stays in this browser{hasPassphrase ? ', under your passphrase' : ''}: there is no account
        {hasPassphrase ? '' : ' and no password'}.
      </p>
      <label>
        What should others call you?
        <input
          name="name"
          value={name}
          maxLength={64}
          required
          autocomplete="nickname"
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Start</button>
    </Form>
  )
}

/** A new passphrase is asked for twice: there is no way around one that was mistyped. */
function Locked({ isNew, isWrong }: { readonly isNew: boolean; readonly isWrong: boolean }): JSX.Element {
  const { chat } = useChat()
  const [passphrase, setPassphrase] = useState('')
  const [again, setAgain] = useState('')
  const open = async (): Promise<string> => {
    if (isNew && passphrase !== again) return 'The two are not the same.'
    await chat.open(passphrase)
    return ''
  }
  return (
    <Form act={open}>
      <p>
        This browser cannot lock a key away by itself, so your key is kept encrypted under a passphrase.
        {isNew && ' Nobody can tell you what it was: write it down.'}
      </p>
      <Passphrase label="Passphrase" isNew={isNew} isWrong={isWrong} value={passphrase} onInput={setPassphrase} />
      {isNew && <Passphrase label="The same again" isNew isWrong={isWrong} value={again} onInput={setAgain} />}
      {isWrong && (
        <p id="wrong" class="bad" role="alert">
          That passphrase does not fit.
        </p>
      )}
      <button type="submit">Open</button>
    </Form>
  )
}

interface PassphraseProps {
  readonly label: string
  readonly isNew: boolean
  readonly isWrong: boolean
  readonly value: string
  readonly onInput: (value: string) => void
}

function Passphrase({ label, isNew, isWrong, value, onInput }: PassphraseProps): JSX.Element {
  return (
    <label>
      {label}
      <input
        type="password"
        required
        value={value}
        autocomplete={isNew ? 'new-password' : 'current-password'}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? 'wrong' : undefined}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  )
}

function Elsewhere(): JSX.Element {
  const other = otherProfileUrl(profileOf(location.search), location.hash)
  return (
    <>
      <p>You are open in another window of this browser. A key can be in one place at a time.</p>
      <div class="row">
        <a class="button" href={other}>
          Be somebody else here
        </a>
        <button type="button" class="plain" onClick={() => location.reload()}>
          Try again
        </button>
      </div>
    </>
  )
}

function Failed({ message }: { readonly message: string }): JSX.Element {
  return (
    <>
      <p role="alert" class="bad">
        This did not work: {message}
      </p>
      <button type="button" onClick={() => location.reload()}>
        Try again
      </button>
    </>
  )
}
