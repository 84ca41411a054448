// The fields of all payloads that are sequences of fields, by tag (tracker protocol §6). A payload names those it has, in the
// order in which they are written.
export const TLV_FIELDS = {
  publicKey: { tag: 0x01, type: 'bytes', sizeBytes: 32 },
  address: { tag: 0x02, type: 'bytes', sizeBytes: 32 },
  signature: { tag: 0x03, type: 'bytes', sizeBytes: 64 },
  priority: { tag: 0x05, type: 'u8' },
  clientId: { tag: 0x06, type: 'u32' },
  ttlSeconds: { tag: 0x07, type: 'u64' },
  lifetimeMs: { tag: 0x08, type: 'u64' },
  hop: { tag: 0x09, type: 'u8' },
  ttlMinutes: { tag: 0x0a, type: 'u32' },
  count: { tag: 0x0b, type: 'u8' },
  record: { tag: 0x0c, type: 'bytes' },
} as const
