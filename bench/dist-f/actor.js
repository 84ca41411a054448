// actor.ts
import { setTimeout as sleep } from "node:timers/promises";

// stacks/index.ts
var STACKS = {
  "mimir-frames": async () => (await import("./mimir-frames-CJZ6IUBN.js")).mimirFramesStack("promises"),
  "mimir-frames-callbacks": async () => (await import("./mimir-frames-CJZ6IUBN.js")).mimirFramesStack("callbacks"),
  "mimir-peer": async () => (await import("./mimir-peer-BEUM5BMV.js")).mimirPeerStack(),
  "net-requests": async () => (await import("./net-requests-WJOAZE75.js")).netRequestsStack(),
  net: async () => (await import("./net-WVPQ24F5.js")).netStack("plain"),
  "net-coalesced": async () => (await import("./net-WVPQ24F5.js")).netStack("coalesced"),
  tls: async () => (await import("./tls-QGMNXZ6V.js")).tlsStack(),
  "secret-stream": async () => (await import("./secret-stream-FKR4KQOU.js")).secretStreamStack("plain"),
  "secret-stream-coalesced": async () => (await import("./secret-stream-FKR4KQOU.js")).secretStreamStack("coalesced"),
  libp2p: async () => (await import("./libp2p-JT3GIMSI.js")).libp2pStack("plain"),
  "libp2p-coalesced": async () => (await import("./libp2p-JT3GIMSI.js")).libp2pStack("coalesced"),
  "mimir-tracker": async () => (await import("./mimir-tracker-AZDUD7BF.js")).mimirTrackerStack(),
  "dgram-echo": async () => (await import("./dgram-echo-INXZWOI5.js")).dgramEchoStack("default"),
  "dgram-echo-without-lookup": async () => (await import("./dgram-echo-INXZWOI5.js")).dgramEchoStack("none")
};

// actor.ts
var stack = await STACKS[process.argv[2]]();
var kept = [];
var main;
var calls = {
  serve: () => stack.serve(),
  async open(address) {
    main = await stack.connect(address, 0);
  },
  flood(options) {
    if (main === void 0) throw new Error("flood before open");
    return main.flood(options);
  },
  async connects({ address, lanes, durationMs }) {
    const startMs = performance.now();
    let connections = 0;
    const lane = async (index) => {
      while (performance.now() - startMs < durationMs) {
        const channel = await stack.connect(address, index);
        await channel.once();
        channel.reset();
        connections++;
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));
    return { connections, elapsedMs: performance.now() - startMs };
  },
  async idle({ address, count, lanes }) {
    let opened = 0;
    const lane = async (index) => {
      while (opened < count) {
        opened++;
        const channel = await stack.connect(address, index);
        await channel.once();
        kept.push(channel);
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));
  },
  async memory() {
    for (let i = 0; i < 5; i++) {
      globalThis.gc?.();
      await sleep(40);
    }
    const { rss, heapUsed } = process.memoryUsage();
    return { residentBytes: rss, heapBytes: heapUsed };
  }
};
process.on("message", (message) => {
  const answer = (reply) => void process.send?.(reply);
  Promise.resolve().then(() => calls[message.method](message.argument)).then((result) => answer({ id: message.id, result })).catch(
    (error) => answer({ id: message.id, error: error instanceof Error ? String(error.stack) : String(error) })
  );
});
process.on("disconnect", () => process.exit(0));
//# sourceMappingURL=actor.js.map
