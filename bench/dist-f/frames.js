// lib/actor.ts
import { fork } from "node:child_process";
import { once } from "node:events";
var ACTOR = new URL("./actor.js", import.meta.url);
var CALL_TIMEOUT_MS = 12e4;
var Actor = class {
  #child;
  #label;
  #waiting = /* @__PURE__ */ new Map();
  #lastId = 0;
  constructor(stack, role) {
    this.#label = `${stack} ${role}`;
    this.#child = fork(ACTOR, [stack], { execArgv: ["--expose-gc"], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#child.on("message", (message) => this.#answered(message));
    this.#child.on("exit", (code, signal) => this.#failAll(new Error(`${this.#label} ended (${signal ?? code})`)));
  }
  get pid() {
    return this.#child.pid;
  }
  call(method, ...[argument]) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`${this.#label} did not answer "${method}" in ${CALL_TIMEOUT_MS} ms`));
      }, CALL_TIMEOUT_MS);
      const settle = () => clearTimeout(timer);
      this.#waiting.set(id, {
        resolve: (result) => {
          settle();
          resolve(result);
        },
        reject: (error) => {
          settle();
          reject(error);
        }
      });
      const message = { id, method, argument };
      this.#child.send(message);
    });
  }
  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
  #answered(message) {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ("error" in message) waiting?.reject(new Error(`${this.#label}: ${message.error}`));
    else waiting?.resolve(message.result);
  }
  #failAll(error) {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
};
async function withPair(stack, work) {
  const server = new Actor(stack, "server");
  const client = new Actor(stack, "client");
  try {
    const address = await server.call("serve");
    return await work({ server, client, address, pids: [server.pid, client.pid] });
  } finally {
    await Promise.all([server.stop(), client.stop()]);
  }
}

// lib/load.ts
import { readFileSync } from "node:fs";

// lib/median.ts
function median(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) throw new RangeError("median of no samples");
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// lib/load.ts
var TICKS_PER_SECOND = 100;
var TOLERATED_LOAD = 0.12;
var kept = [];
async function quietly({ tries }, pids, measure2) {
  let best;
  for (let attempt = 0; attempt < tries; attempt++) {
    const before = snapshot(pids);
    const value = await measure2();
    const after = snapshot(pids);
    const load = before && after ? loadBetween(before, after) : 0;
    if (best === void 0 || load < best.load) best = { value, load };
    if (load <= TOLERATED_LOAD) break;
  }
  kept.push(best.load);
  return best.value;
}
function loadNote() {
  if (kept.length === 0) return "other load on the machine: not sampled";
  const percent = (share) => `${Math.round(share * 100)} %`;
  const worst = Math.max(...kept);
  return `other load on the machine: median ${percent(median(kept))}, worst ${percent(worst)} of one core over ${kept.length} samples`;
}
function loadBetween(before, after) {
  const others = after.busyTicks - before.busyTicks - (after.ownTicks - before.ownTicks);
  const ticks = (after.atMs - before.atMs) / 1e3 * TICKS_PER_SECOND;
  return ticks <= 0 ? 0 : Math.max(0, others / ticks);
}
function snapshot(pids) {
  try {
    const cpu = readFileSync("/proc/stat", "latin1").split("\n", 1)[0].trim().split(/\s+/).slice(1).map(Number);
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = cpu;
    const own = [process.pid, ...pids].reduce((sum, pid) => sum + processTicks(pid), 0);
    return { atMs: performance.now(), busyTicks: user + nice + system + irq + softirq + steal, ownTicks: own };
  } catch {
    return void 0;
  }
}
function processTicks(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

// lib/pin.ts
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
var EVERYWHERE = `0-${availableParallelism() - 1}`;
var CAN_PIN = spawnSync("taskset", ["--version"], { stdio: "ignore" }).status === 0;
async function pinnedApart(pids, work) {
  if (!CAN_PIN) return work();
  for (const [index, pid] of pids.entries()) bind(pid, String(index % availableParallelism()));
  try {
    return await work();
  } finally {
    for (const pid of pids) bind(pid, EVERYWHERE);
  }
}
function bind(pid, cores) {
  spawnSync("taskset", ["--all-tasks", "--pid", "--cpu-list", cores, String(pid)], { stdio: "ignore" });
}

// lib/rounds.ts
async function interleave(contenders, rounds, measure2) {
  const samples = Object.fromEntries(contenders.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < contenders.length; place++) {
      const name = contenders[(place + round) % contenders.length];
      samples[name].push(await measure2(name, round));
    }
  }
  return samples;
}
function mediansOf(samples, pick) {
  const names = Object.keys(samples);
  return Object.fromEntries(names.map((name) => [name, median(samples[name].map(pick))]));
}

// lib/rows.ts
function rateRow(id, unit, value, against, target) {
  return { id, value, unit, against, ratio: value / against, ...target === void 0 ? {} : { target } };
}

// frames.ts
var STACKS = [
  "mimir-frames",
  "mimir-frames-callbacks",
  "net-requests",
  "net",
  "net-coalesced",
  "secret-stream",
  "secret-stream-coalesced",
  "libp2p",
  "libp2p-coalesced"
];
var SMALL_BYTES = 100;
var BLOB_BYTES = 64 * 1024;
var BYTES_PER_MB = 1e6;
async function run(settings) {
  const samples = await interleave(STACKS, settings.rounds, (stack) => measure(stack, settings));
  const one = mediansOf(samples, (sample) => sample.one);
  const deep = mediansOf(samples, (sample) => sample.deep);
  const blob = mediansOf(samples, (sample) => sample.blob);
  const rows = STACKS.filter((stack) => stack !== "mimir-frames").flatMap((stack) => [
    rateRow(`frames.one/${stack}`, "request/s", one["mimir-frames"], one[stack], TARGETS.one[stack]),
    rateRow(`frames.256deep/${stack}`, "request/s", deep["mimir-frames"], deep[stack], TARGETS.deep[stack]),
    rateRow(`frames.64KiB/${stack}`, "MB/s", blob["mimir-frames"], blob[stack], TARGETS.blob[stack])
  ]);
  const notes = [
    'rivals: "net", "secret-stream", "libp2p" write once per message, as their users do; "-coalesced" joins all writes of one turn, which is our doing',
    "secret-stream and libp2p also encrypt; the frame layer and net do not",
    loadNote()
  ];
  return { rows, notes };
}
var TARGETS = {
  one: { net: 0.92 },
  deep: { net: 10, "secret-stream": 12, libp2p: 50 },
  blob: { "net-coalesced": 0.9 }
};
function measure(stack, settings) {
  const durationMs = settings.networkMs;
  return withPair(stack, async ({ client, address, pids }) => {
    await client.call("open", address);
    const rate = (depth, bodyBytes) => quietly(settings, pids, async () => {
      const { messages, elapsedMs } = await client.call("flood", { depth, bodyBytes, durationMs });
      return messages / elapsedMs * 1e3;
    });
    const one = await pinnedApart(pids, () => rate(1, SMALL_BYTES));
    const deep = await rate(256, SMALL_BYTES);
    const blob = await rate(16, BLOB_BYTES) * BLOB_BYTES / BYTES_PER_MB;
    return { one, deep, blob };
  });
}
export {
  run
};
//# sourceMappingURL=frames.js.map
