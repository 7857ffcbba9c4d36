// How the network is before the call: how long the practice takes to answer, and how much comes through in a second.

/** Something that is there anyway, large enough to measure by. */
const LARGE = new URL("../vendor/weui/weui.min.css", import.meta.url);
const LONGEST_MS = 6000;

/** What speech and pictures need, in kbit/s (media/calls/ladder.py): below the first only sound, below the second a small picture. */
const PICTURE = 150;
const GOOD = 500;

/**
 * {light, sentence, code} for a way there and back of `rtt` ms and `rate` kbit/s (null: not measured); `reached`: whether anything answered;
 * `code`: the trouble that this is, if it is one.
 */
export function verdict({ reached, rtt, rate }) {
  if (!reached) return { light: "red", code: "no_network", sentence: "网络不通。请换 Wi-Fi 或流量,到窗边试试。" };
  if (rtt >= 2000 || (rate !== null && rate < PICTURE)) return { light: "red", code: "weak_network", sentence: "网络不好,建议只用声音" };
  if (rtt >= 600 || (rate !== null && rate < GOOD)) return { light: "yellow", code: null, sentence: "网络有点慢,画面会小一些" };
  return { light: "green", code: null, sentence: "网络好" };
}

/** `ask`: a small request that is made anyway; its refusal by the practice is an answer too. Milliseconds, or null when nothing answered in time. */
export async function roundTrip(ask) {
  const began = performance.now();
  let timer;
  const late = new Promise((done) => { timer = setTimeout(done, LONGEST_MS, true); });
  try {
    if (await Promise.race([ask(), late])) return null;
  } catch (problem) {
    if (problem.offline !== false) return null;
  } finally {
    clearTimeout(timer);
  }
  return performance.now() - began;
}

/** kbit/s that come down, or null when it could not be measured; stops after a few seconds whatever came. */
export async function throughput() {
  const began = performance.now();
  let bits = 0;
  try {
    const answer = await fetch(LARGE, { cache: "no-store", signal: AbortSignal.timeout(LONGEST_MS) });
    const reader = answer.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) bits += part.value.length * 8;
  } catch {
    // What came until then counts.
  }
  const took = performance.now() - began;
  return bits ? bits / took : null;
}
