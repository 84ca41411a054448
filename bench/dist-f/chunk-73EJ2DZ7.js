// lib/meter.ts
var WARM_UP_SHARE = 0.3;
var CLOCK_STRIDE = 64;
var Meter = class {
  #durationMs;
  #stride;
  #warmUpEndMs;
  #startMs = 0;
  #messages = 0;
  #untilClock = 0;
  #elapsedMs = 0;
  constructor({ depth, durationMs }) {
    this.#durationMs = durationMs;
    this.#stride = Math.min(depth, CLOCK_STRIDE);
    this.#warmUpEndMs = performance.now() + durationMs * WARM_UP_SHARE;
  }
  /** So many more are acknowledged. @returns `true` when the time is over: send nothing more */
  acknowledged(count) {
    if (this.#elapsedMs > 0) return true;
    this.#messages += count;
    this.#untilClock -= count;
    if (this.#untilClock > 0) return false;
    this.#untilClock = this.#stride;
    const nowMs = performance.now();
    if (this.#startMs === 0) {
      this.#messages = 0;
      if (nowMs >= this.#warmUpEndMs) this.#startMs = nowMs;
      return false;
    }
    if (nowMs - this.#startMs < this.#durationMs) return false;
    this.#elapsedMs = nowMs - this.#startMs;
    return true;
  }
  get result() {
    return { messages: this.#messages, elapsedMs: this.#elapsedMs };
  }
};

export {
  Meter
};
//# sourceMappingURL=chunk-73EJ2DZ7.js.map
