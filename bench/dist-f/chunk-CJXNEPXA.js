import {
  Meter
} from "./chunk-73EJ2DZ7.js";

// lib/flood.ts
function floodByCallbacks(options, send) {
  return new Promise((resolve, reject) => {
    const meter = new Meter(options);
    let inFlight = options.depth;
    const done = (error) => {
      if (error !== void 0) reject(error);
      else if (!meter.acknowledged(1)) send(done);
      else if (--inFlight === 0) resolve(meter.result);
    };
    for (let i = 0; i < options.depth; i++) send(done);
  });
}
async function floodByPromises(options, request) {
  const meter = new Meter(options);
  const loop = async () => {
    do
      await request();
    while (!meter.acknowledged(1));
  };
  await Promise.all(Array.from({ length: options.depth }, loop));
  return meter.result;
}

export {
  floodByCallbacks,
  floodByPromises
};
//# sourceMappingURL=chunk-CJXNEPXA.js.map
