import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'

interface FormProps {
  readonly class?: string
  /** What it is for. Resolves with what went wrong, empty for nothing. */
  readonly act: () => Promise<string>
  readonly children: ComponentChildren
}

/** A form that says itself what went wrong: anywhere else a dialog would hide it. */
export function Form({ class: name, act, children }: FormProps): JSX.Element {
  const [problem, setProblem] = useState('')
  const submit = (event: Event): void => {
    event.preventDefault()
    setProblem('')
    void act().then(setProblem)
  }
  return (
    <form class={name} onSubmit={submit}>
      {children}
      {problem !== '' && (
        <p class="bad" role="alert">
          {problem}
        </p>
      )}
    </form>
  )
}
