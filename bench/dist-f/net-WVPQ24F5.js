import {
  netStack,
  socketPipe
} from "./chunk-ESD7PADG.js";
import "./chunk-YNCXFRWH.js";
import "./chunk-XFQWB2MK.js";
import "./chunk-73EJ2DZ7.js";
export {
  netStack,
  socketPipe
};
//# sourceMappingURL=net-WVPQ24F5.js.map
