export { type Blame, isTrackerError, TrackerError, type TrackerErrorCode } from './error.js'
export { DEFAULT_LIMITS, type TrackerLimits } from './limits.js'
export { STORE_APPLICATION_ID, STORE_MIGRATIONS } from './storage.js'
export { createTracker, type Tracker, type TrackerEvents, type TrackerOptions, type TrackerStats } from './tracker.js'
