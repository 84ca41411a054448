import { MAX_SEGMENT_BYTES, WINDOW_BYTES } from './constants.js'

/** What a segment cost and brought, told to {@link RateControl.onArrival}. */
export interface RateSample {
  readonly nowMs: number
  /** Bytes that are known to have arrived with this acknowledgement. */
  readonly freshBytes: number
  /** Bytes that had arrived in all, now and when the segment that tells it left. */
  readonly delivered: number
  readonly deliveredBefore: number
  /** Place of that segment among all that have left, and of the last one that has. */
  readonly position: number
  readonly lastPosition: number
  /** Time between these two, in ms; 0 when it cannot be told. */
  readonly intervalMs: number
  readonly isAppLimited: boolean
  /** -1 when it cannot be told. */
  readonly roundTripMs: number
  readonly inFlightBytes: number
}

/** Bytes on the way at first, and at least. yggdrasil protocol §10.5 */
const FIRST_BYTES = 32_768
const LEAST_BYTES = 8192
/** The least on the way leaves within this time, or within four round trips: however low a rate was measured. */
const LEAST_PACE_MS = 200
/** Rates are remembered for so many round trips. */
const RATE_ROUNDS = 10
/** Doubling in every round needs 2 / ln 2. */
const STARTUP_GAIN = 2.885
/** More than this is growth. */
const GROWTH = 1.1
const CYCLE: readonly number[] = [1.25, 0.75, 1, 1, 1, 1, 1, 1]
/** In a steady state twice what the path holds may be on the way: acknowledgements come in bursts. */
const STEADY_GAIN = 2
/** The shortest round trip is measured anew when it is this old, with little on the way for this long. */
const ROUND_TRIP_AGE_MS = 10_000
const PROBE_MS = 200
/** Round trips longer than usual by this and a quarter come from a queue. */
const QUEUE_MS = 4
/** So many losses in one round are not by chance. */
const MANY_SEGMENTS = 3
const MANY_PART = 0.08
/** A queue too short to show in round trips holds no more than this makes of what is on the way. */
const SHORT_QUEUE_GAIN = 1.25
/** Timers are no finer than this. */
const TIMER_MS = 1

type Mode = 'startup' | 'drain' | 'steady' | 'probe'

/**
 * How much may be on the way, and how fast it leaves. The path is modelled by two measurements, the rate at which bytes
 * arrive and the shortest round trip, and what is on the way is held near their product, as BBR does. Losses alone do
 * not slow it down: over an overlay they say little about how full the path is.
 */
export class RateControl {
  /** Most bytes on the way. */
  windowBytes: number = FIRST_BYTES
  /** Bytes per ms; 0 while unknown: then nothing is spread. */
  paceBytesPerMs = 0
  minRoundTripMs: number = Number.POSITIVE_INFINITY
  /** Most that the other side has ever had room for. */
  #mostBytes: number = WINDOW_BYTES
  #minRoundTripAtMs = 0
  /** Highest rate of each of the last rounds, in a ring. */
  readonly #rates = new Float64Array(RATE_ROUNDS)
  #round = 0
  #roundEnd = 0
  #rate = 0
  #mode: Mode = 'startup'
  #fullRate = 0
  #fullRounds = 0
  /** Bytes on the way at which a queue was found full, and the round of that. */
  #ceilingBytes: number = Number.POSITIVE_INFINITY
  #lossRound = -1
  /** Transmissions of the last round, and losses noticed in this one. */
  #roundSegments = 0
  #lostSegments = 0
  /** Most bytes on the way in this round and in the last one. */
  #peakNowBytes = 0
  #peakBeforeBytes = 0
  #lastRoundTripMs = -1
  /** Shortest round trip of this round. */
  #roundTripMs = Number.POSITIVE_INFINITY
  #cycle = 0
  #cycleSinceMs = 0
  /** The last position when this phase began, and the rate when more was tried last. */
  #cycleSince = 0
  #triedRate = 0
  #probeUntilMs = -1
  #windowBeforeBytes = 0
  /** Bytes that arrived beyond the rate in this burst, and the most of it in this and the last span of rounds. */
  #burstSinceMs = 0
  #burstBytes = 0
  readonly #bursts = [0, 0]
  #burstRound = 0

  /** Bytes that arrive in one ms, as far as known. */
  get bytesPerMs(): number {
    return this.#rate
  }

  get mode(): Mode {
    return this.#mode
  }

  /** The other side has room for so many. */
  allow(windowBytes: number): void {
    if (windowBytes > this.#mostBytes) this.#mostBytes = windowBytes
  }

  /** A first measurement, of the opening. */
  start(roundTripMs: number, nowMs: number): void {
    this.minRoundTripMs = roundTripMs
    this.#minRoundTripAtMs = nowMs
    if (roundTripMs > 0) this.paceBytesPerMs = (STARTUP_GAIN * this.windowBytes) / roundTripMs
  }

  onArrival(sample: RateSample): void {
    const isNewRound = sample.position > this.#roundEnd
    const lostSegments = this.#lostSegments
    if (isNewRound) {
      this.#roundSegments = sample.lastPosition - this.#roundEnd
      this.#lostSegments = 0
      this.#peakBeforeBytes = this.#peakNowBytes
      this.#peakNowBytes = 0
      this.#roundEnd = sample.lastPosition
      this.#round++
      this.#rates[this.#round % RATE_ROUNDS] = 0
      if (this.#round > this.#lossRound + 1) this.#ceilingBytes += segmentBytes(this.windowBytes)
    }
    if (sample.inFlightBytes > this.#peakNowBytes) this.#peakNowBytes = sample.inFlightBytes
    if (sample.roundTripMs >= 0) this.#lastRoundTripMs = sample.roundTripMs
    this.#measureRate(sample)
    this.#measureRoundTrip(sample)
    const extraBytes = this.#measureBurst(sample)
    if (this.#mode === 'startup') this.#checkFull(sample, isNewRound, lostSegments)
    const pathBytes = this.#pathBytes
    if (this.#mode === 'drain' && sample.inFlightBytes <= pathBytes) this.#becomeSteady(sample)
    if (this.#mode === 'steady') this.#turnCycle(sample, pathBytes)
    this.#adjust(sample, pathBytes, extraBytes)
  }

  /**
   * Segments were lost. While round trips are as short as ever and the losses few, that was chance; otherwise a queue is
   * full, and shared perhaps.
   */
  onLoss(segments: number): void {
    this.#lostSegments += segments
    if (this.#lossRound === this.#round) return
    const isMany = this.#lostSegments >= MANY_SEGMENTS && this.#lostSegments >= MANY_PART * this.#roundSegments
    const isQueueing = this.#lastRoundTripMs > this.#queueingMs
    if (!isMany && !isQueueing) return
    // Less may be on the way, and slowly more again.
    this.#lossRound = this.#round
    const pathBytes = this.#pathBytes * (isQueueing ? 1 : SHORT_QUEUE_GAIN)
    this.#ceilingBytes = Math.max(LEAST_BYTES, pathBytes, 0.7 * Math.min(this.#ceilingBytes, this.#peakBytes))
  }

  /** Nothing came back for long. */
  onTimeout(): void {
    if (this.windowBytes > LEAST_BYTES) this.#windowBeforeBytes = this.windowBytes
    this.windowBytes = LEAST_BYTES
  }

  /** What was missing has arrived, or was never lost. */
  onRecovered(): void {
    this.windowBytes = Math.max(this.windowBytes, this.#windowBeforeBytes)
    this.#windowBeforeBytes = 0
  }

  get #peakBytes(): number {
    return Math.max(this.#peakNowBytes, this.#peakBeforeBytes)
  }

  /** What the path holds; 0 while unknown. */
  get #pathBytes(): number {
    return this.#rate === 0 ? 0 : this.#rate * this.minRoundTripMs
  }

  /** Longer round trips come from a queue. */
  get #queueingMs(): number {
    return 1.25 * this.minRoundTripMs + QUEUE_MS
  }

  #measureRate(sample: RateSample): void {
    if (sample.freshBytes === 0 || sample.intervalMs <= 0 || sample.intervalMs < this.minRoundTripMs * 0.99) return
    const rate = (sample.delivered - sample.deliveredBefore) / sample.intervalMs
    // One that says nothing about the path is no first word about it either.
    if (sample.isAppLimited && (this.#rate === 0 || rate < this.#rate)) return
    const slot = this.#round % RATE_ROUNDS
    if (rate > this.#rates[slot]!) this.#rates[slot] = rate
    let highest = 0
    for (let index = 0; index < RATE_ROUNDS; index++) highest = Math.max(highest, this.#rates[index]!)
    // Rounds that told nothing, because nothing was to be sent, take nothing away.
    if (highest > 0) this.#rate = highest
  }

  #measureRoundTrip(sample: RateSample): void {
    const { roundTripMs, nowMs, inFlightBytes } = sample
    const isOld = nowMs - this.#minRoundTripAtMs > ROUND_TRIP_AGE_MS
    if (roundTripMs >= 0 && (roundTripMs <= this.minRoundTripMs || (isOld && this.#mode === 'probe'))) {
      this.minRoundTripMs = roundTripMs
      this.#minRoundTripAtMs = nowMs
    }
    if (isOld && this.#mode === 'steady' && roundTripMs >= 0 && inFlightBytes <= this.#probeBytes()) {
      // Little is on the way as it is.
      this.minRoundTripMs = roundTripMs
      this.#minRoundTripAtMs = nowMs
    } else if (isOld && this.#mode === 'steady') {
      this.#mode = 'probe'
      this.#probeUntilMs = -1
      this.#windowBeforeBytes = this.windowBytes
    }
    if (this.#mode !== 'probe') return
    if (this.#probeUntilMs < 0) {
      if (inFlightBytes <= this.#probeBytes()) this.#probeUntilMs = nowMs + Math.max(PROBE_MS, this.minRoundTripMs)
    } else if (nowMs >= this.#probeUntilMs) {
      this.#minRoundTripAtMs = nowMs
      this.onRecovered()
      this.#becomeSteady(sample)
    }
  }

  /** Acknowledgements come together behind a link that waits: what lies in such a burst has to be on the way besides. */
  #measureBurst({ nowMs, freshBytes }: RateSample): number {
    if (this.#round - this.#burstRound >= RATE_ROUNDS) {
      this.#bursts[1] = this.#bursts[0]!
      this.#bursts[0] = 0
      this.#burstRound = this.#round
    }
    let expectedBytes = this.#rate * (nowMs - this.#burstSinceMs)
    if (this.#burstBytes <= expectedBytes) {
      this.#burstBytes = 0
      this.#burstSinceMs = nowMs
      expectedBytes = 0
    }
    this.#burstBytes = Math.min(this.#burstBytes + freshBytes, this.#mostBytes)
    this.#bursts[0] = Math.max(this.#bursts[0]!, Math.min(this.#burstBytes - expectedBytes, this.windowBytes))
    return Math.max(this.#bursts[0], this.#bursts[1]!)
  }

  #checkFull(sample: RateSample, isNewRound: boolean, lostSegments: number): void {
    if (!isNewRound) {
      if (sample.roundTripMs >= 0) this.#roundTripMs = Math.min(this.#roundTripMs, sample.roundTripMs)
      return
    }
    const isQueueing = this.#roundTripMs > this.#queueingMs
    this.#roundTripMs = Number.POSITIVE_INFINITY
    if (sample.isAppLimited || this.#rate === 0) return
    if (this.#rate >= this.#fullRate * 1.25) {
      this.#fullRate = this.#rate
      this.#fullRounds = 0
    } else if (++this.#fullRounds >= 3 || (isQueueing && lostSegments > 0)) {
      this.#mode = 'drain'
    }
  }

  #becomeSteady(sample: RateSample): void {
    this.#mode = 'steady'
    this.#triedRate = this.#rate
    this.#beginPhase(2, sample)
  }

  /**
   * Once in a while a little more is sent, and then a little less, so that the queue which that made is gone again. What
   * brought more brings still more at once.
   */
  #turnCycle(sample: RateSample, pathBytes: number): void {
    const { nowMs } = sample
    const gain = CYCLE[this.#cycle]!
    const isLong = nowMs - this.#cycleSinceMs > this.minRoundTripMs
    const isAnswered = isLong && sample.position > this.#cycleSince
    const isOver = gain === 1 ? isLong : isAnswered || (gain < 1 && sample.inFlightBytes <= pathBytes)
    if (!isOver) return
    const isMore = gain >= 1 && this.#rate >= GROWTH * this.#triedRate && this.#lostSegments === 0
    this.#beginPhase(isMore ? 0 : (this.#cycle + 1) % CYCLE.length, sample)
  }

  #beginPhase(cycle: number, { nowMs, lastPosition }: RateSample): void {
    this.#cycle = cycle
    this.#cycleSinceMs = nowMs
    this.#cycleSince = lastPosition
    if (cycle === 0) this.#triedRate = this.#rate
  }

  #adjust(sample: RateSample, pathBytes: number, extraBytes: number): void {
    if (this.#rate > 0) {
      const gain = this.#paceGain()
      const pace = Math.max(this.#rate * gain, LEAST_BYTES / Math.max(LEAST_PACE_MS, 4 * this.minRoundTripMs))
      if (this.#mode !== 'startup' || pace > this.paceBytesPerMs) this.paceBytesPerMs = pace
    }
    if (this.#mode === 'probe') {
      this.windowBytes = this.#probeBytes()
      return
    }
    const grown = this.windowBytes + sample.freshBytes
    let most = Math.min(this.#mostBytes, this.#ceilingBytes)
    if (this.#mode !== 'startup') {
      const target = STEADY_GAIN * pathBytes + this.#rate * TIMER_MS + extraBytes + 2 * segmentBytes(this.windowBytes)
      most = Math.min(most, target)
    }
    this.windowBytes = Math.max(LEAST_BYTES, Math.min(grown, most))
  }

  #paceGain(): number {
    if (this.#mode === 'startup') return STARTUP_GAIN
    if (this.#mode === 'drain') return 1 / STARTUP_GAIN
    return this.#mode === 'steady' ? CYCLE[this.#cycle]! : 1
  }

  #probeBytes(): number {
    return Math.max(LEAST_BYTES, 0.5 * this.#pathBytes)
  }
}

/**
 * How large segments should be: whole ones on fast paths, smaller ones where a large one would hold up what comes after
 * it for long. The other side can keep 64 behind a gap, so they may not be too small for what is on the way.
 */
export function segmentBytes(windowBytes: number): number {
  return Math.min(MAX_SEGMENT_BYTES, Math.max(4096, (windowBytes >> 4) & ~1023))
}
