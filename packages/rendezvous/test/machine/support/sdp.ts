/** A session description that passes all checks. */
export function sdpOf(fp: string, setup: 'actpass' | 'active', ufrag: string): string {
  const colons = (fp.match(/../g) ?? []).join(':').toUpperCase()
  return [
    'v=0',
    'o=- 1 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    `a=ice-ufrag:${ufrag}`,
    'a=ice-pwd:0123456789abcdefghijklmn',
    `a=fingerprint:sha-256 ${colons}`,
    `a=setup:${setup}`,
    'a=mid:0',
    '',
  ].join('\r\n')
}

export function ufragOf(sdp: string): string {
  return /a=ice-ufrag:(\S+)/.exec(sdp)?.[1] ?? ''
}

export function fpOf(sdp: string): string {
  return (/a=fingerprint:sha-256 (\S+)/.exec(sdp)?.[1] ?? '').replaceAll(':', '').toLowerCase()
}
