// A table of steps: each prints one line, a failing one its whole output.

import { stripVTControlCharacters } from 'node:util'

/**
 * What a step returns: nothing or `detail` when it passed, `failed` with its output, `leftOut` with a reason.
 * @typedef {{ detail?: string | undefined, failed?: string | undefined, leftOut?: string | undefined } | undefined | void} Outcome
 * @typedef {{ name: string, about: string, run: () => Promise<Outcome> | Outcome }} Step
 */

const MIMIR_CI = process.env.MIMIR_CI === '1'

/** @param {number} ms */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`
}

/**
 * Run the steps one after another; a failure does not stop the others.
 * @param {readonly Step[]} steps
 */
export async function runSteps(steps) {
  const startedMs = performance.now()
  const width = Math.max(...steps.map((step) => step.name.length))
  let passed = 0
  /** @type {string[]} */
  const failed = []
  /** @type {string[]} */
  const leftOut = []
  for (const step of steps) {
    const stepStartedMs = performance.now()
    /** @type {NonNullable<Exclude<Outcome, void>>} */
    let outcome
    try {
      outcome = (await step.run()) ?? {}
    } catch (error) {
      outcome = { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
    if (outcome.leftOut !== undefined && MIMIR_CI) {
      outcome = { failed: `left out: ${outcome.leftOut}\nMIMIR_CI=1: nothing may be left out\n` }
    }
    const took = seconds(performance.now() - stepStartedMs).padStart(8)
    /** @param {string} mark @param {string} text */
    const line = (mark, text) => console.log(`${mark.padEnd(8)} ${step.name.padEnd(width)} ${took}  ${text}`)
    if (outcome.failed !== undefined) {
      failed.push(step.name)
      line('FAILED', step.about)
      console.log(indent(outcome.failed))
    } else if (outcome.leftOut !== undefined) {
      leftOut.push(`${step.name}: ${outcome.leftOut}`)
      line('left out', outcome.leftOut)
    } else {
      passed++
      line('ok', outcome.detail ?? step.about)
    }
  }
  console.log(`\ntook ${seconds(performance.now() - startedMs)}`)
  for (const reason of leftOut) console.log(`left out on this machine: ${reason}`)
  if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`)
  console.log(`${passed} passed, ${failed.length} failed`)
  return failed.length === 0
}

/** @param {string} text */
function indent(text) {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}

/**
 * The usual outcome of a program: failed with its output unless it ended with 0.
 * @param {import('./process.mjs').Result} result
 * @param {(result: import('./process.mjs').Result) => string | undefined} [detail]
 * @returns {Outcome}
 */
export function outcomeOf(result, detail) {
  if (result.code !== 0) return { failed: `${result.output}\nexit code ${result.code}` }
  const text = detail?.(result)
  return text === undefined ? undefined : { detail: text }
}

/** The last line that says how many passed. @param {import('./process.mjs').Result} result */
export function counted({ output }) {
  return stripVTControlCharacters(output)
    .match(/^.*\b\d+ (\w+ )?passed.*$/gm)
    ?.at(-1)
    ?.trim()
}
