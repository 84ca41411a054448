// A table of steps: each prints one line, a failing one its whole output.

import { stripVTControlCharacters } from 'node:util'

/**
 * What a step returns: nothing when it passed; otherwise some of these.
 * @typedef {object} Verdict
 * @property {string} [detail] it passed, and this is worth a line
 * @property {string} [failed] it failed, and this is its output
 * @property {string} [leftOut] this machine cannot do it, for this reason
 * @property {readonly string[]} [missing] it passed, but these parts were left out
 * @typedef {Verdict | undefined | void} Outcome
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
    /** @type {Verdict} */
    let outcome
    try {
      outcome = (await step.run()) ?? {}
    } catch (error) {
      outcome = { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
    const missing = outcome.leftOut === undefined ? (outcome.missing ?? []) : [outcome.leftOut]
    if (missing.length > 0 && MIMIR_CI && outcome.failed === undefined) {
      outcome = { failed: `MIMIR_CI=1: nothing may be left out, but this was:\n${missing.join('\n')}` }
    }
    leftOut.push(...missing.map((reason) => `${step.name}: ${reason}`))
    const took = seconds(performance.now() - stepStartedMs).padStart(8)
    /** @param {string} mark @param {string} text */
    const line = (mark, text) => console.log(`${mark.padEnd(8)} ${step.name.padEnd(width)} ${took}  ${text}`)
    if (outcome.failed !== undefined) {
      failed.push(step.name)
      line('FAILED', step.about)
      console.log(indent(stripVTControlCharacters(outcome.failed)))
    } else if (outcome.leftOut !== undefined) {
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
 * The usual outcome of a program: failed with its output unless it ended with 0. Lines in which it says that it left
 * something out are passed on.
 * @param {import('./process.mjs').Result} result
 * @param {(result: import('./process.mjs').Result) => string} [detail] default: the last line that says how many passed
 * @returns {Verdict}
 */
export function outcomeOf(result, detail) {
  const text = stripVTControlCharacters(result.output)
  if (result.code !== 0) return { failed: `${text}\nexit code ${result.code}` }
  const missing = [...text.matchAll(/^left out(?: on this machine)?: (.*)$/gm)].map(([, what = '']) => what)
  const counted = detail?.(result) ?? text.match(/^.*\b\d+ (\w+ )?passed.*$/gm)?.at(-1)
  return { missing, ...(counted === undefined ? {} : { detail: counted.trim() }) }
}
