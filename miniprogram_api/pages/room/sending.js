// What is sent, and how much of it: as the server says while it says something. Sound comes before the picture in everything.

/** What is sent at most: of 720 lines, and of 480. Below, the server says how much the links bear. */
const MOST_BITS_FINE = 2_000_000;
const MOST_BITS_SMALL = 1_000_000;
const SOUND_BITS = 32_000;
/** Opus at 12 kbps with its own repair data, for a link that bears nothing else. */
const SOUND_SAVING_BITS = 12_000;
/** Milliseconds of saved sound in a packet: at 20 its headers would cost twice as much as the speech (media/calls/ladder.py). */
const SOUND_SAVING_MS = 60;
/**
 * Of one picture several sizes can be sent where the server takes them: each receiver gets what his link bears. Smallest first; `lines` of a camera
 * that has so many.
 */
const SIZES = [
  { rid: "q", lines: () => 180, bits: 100_000 },
  { rid: "h", lines: (full) => full / 2, bits: 400_000 },
  { rid: "f", lines: (full) => full, bits: Infinity },
];
/**
 * libwebrtc makes no more sizes than it finds room for in the camera's picture (simulcast.cc: three from 960×540, two from 640×360) and leaves out
 * the largest of those that it was asked for: more must not be asked for.
 */
const ROOM = [[960 * 540, ["q", "h", "f"]], [640 * 360, ["q", "f"]], [0, ["f"]]];
/** A size is sent beside the one below it when it has so many times its lines. */
const STEP = 1.3;
const BEFORE = { priority: "high", networkPriority: "high" };
const AFTER = { priority: "low", networkPriority: "low" };

/** What a new connection begins with, for this track (null: one that is still to come). */
export function encodings(kind, track = null) {
  if (kind === "audio") return [{ maxBitrate: SOUND_BITS, ...BEFORE }];
  const [lines, area] = track ? pictureOf(track) : fine() ? [720, 1280 * 720] : [480, 640 * 480];
  const sizes = several() ? sizesIn(area) : [];
  if (sizes.length < 2) return [{ maxBitrate: mostBits(lines), ...AFTER }];
  return sizes.map((size) => ({ rid: size.rid, scaleResolutionDownBy: lines / size.lines(lines), maxBitrate: Math.min(size.bits, mostBits(lines)), ...AFTER }));
}

const sizesIn = (area) => SIZES.filter(({ rid }) => ROOM.find(([least]) => area >= least)[1].includes(rid));

/** Only where it is asked for, for trying it out (…/room/<consultation>/?sizes): on weak links one size is better so far (decision 035). */
const several = () => new URLSearchParams(location.search).has("sizes");

/** 720 lines are more than twice the work of 480: for devices that have the cores and the memory, where nobody asked to save data. */
export const fine = () =>
  (navigator.hardwareConcurrency ?? 2) >= 8 && (navigator.deviceMemory ?? 4) >= 4 && !navigator.connection?.saveData;

const mostBits = (lines) => (lines >= 720 ? MOST_BITS_FINE : MOST_BITS_SMALL);
/** Lines of the camera's picture, held upright or not, and its area. */
function pictureOf(track) {
  const { width, height } = track?.getSettings() ?? {};
  const lines = Math.min(height ?? 480, width ?? Infinity);
  return [lines, lines * Math.max(height ?? 0, width ?? (lines * 4) / 3)];
}
const linesOf = (sender) => pictureOf(sender?.track)[0];

/** Bits a second below which a picture of so many lines is worth less than a smaller one (media/calls/ladder.py). */
const LEAST = [[720, 1_000_000], [480, 450_000], [360, 180_000], [180, 0]];

/** Of how many lines a picture should be that has so many bits a second. */
export const linesFor = (bits) => LEAST.find(([, least]) => bits >= least)[0];

/** Whether so many bits are less than half of what a picture of so many lines needs. */
export function starves(lines, bits) {
  const [, least] = LEAST.find(([of]) => lines >= of) ?? LEAST.at(-1);
  return bits < least / 2;
}

/** Milliseconds of sound that `advice` wants in a packet; null where it says nothing of it. */
export function soundPacket({ sound_bits: sound }) {
  return sound && sound <= SOUND_SAVING_BITS ? SOUND_SAVING_MS : null;
}

const RUNGS = [[1080, "1080p"], [720, "720p"], [480, "480p"], [360, "360p"], [0, "180p"]];
/** A picture scaled down by a fraction is a line or two short. */
const NEARLY = 0.97;

/**
 * What the own picture is sent as (a Rung of core/calls/commands.py), from what the server says is to be sent and how many lines the encoder has sent
 * (undefined: not known yet); null while nothing is known, or no picture is meant to be sent.
 */
export function rungOf({ advice, lines, meant }) {
  if (!meant) return null;
  if (advice?.send_bits === 0) return advice.sound_bits && advice.sound_bits <= SOUND_SAVING_BITS ? "audio12" : "audio";
  if (advice?.rate && advice.rate < 1) return "stills";
  const sent = lines ?? advice?.height;
  return sent ? RUNGS.find(([least]) => sent >= least * NEARLY)[1] : null;
}

/** After the answer: a server that takes one size only gets the whole picture. */
export async function settle(video, answer) {
  const parameters = video?.getParameters();
  if (!parameters?.encodings?.length || /^a=simulcast:/m.test(answer)) return;
  const [first] = parameters.encodings;
  const most = mostBits(linesOf(video));
  if (parameters.encodings.length === 1 && (first.scaleResolutionDownBy ?? 1) === 1 && first.maxBitrate === most) return;
  for (const one of parameters.encodings) one.active = one === first;
  Object.assign(first, { scaleResolutionDownBy: 1, maxBitrate: most });
  await set(video, parameters);
}

/**
 * `advice`: {send_bits, height, rate, sound_bits}: bits a second for the picture (0: none), its lines and pictures a second, and bits for the
 * sound; null where nothing is limited. Below one picture a second the browser is left one a second: the server passes on the stills it wants.
 */
export async function adjust(audio, video, { send_bits: bits, height, rate, sound_bits: sound }) {
  await change(audio, ([one]) => Object.assign(one, { maxBitrate: Math.max(SOUND_SAVING_BITS, sound || SOUND_BITS) }));
  const [full, area] = pictureOf(video?.track);
  const most = Math.min(mostBits(full), bits ?? mostBits(full));
  const wanted = height ? Math.min(full, height) : full;
  await change(video, (all) => {
    const layered = all.length > 1 && all.length <= sizesIn(area).length;
    let below = 0;
    for (const [place, one] of all.entries()) {
      const size = layered && SIZES.find(({ rid }) => rid === one.rid);
      // Of several sizes the larger ones are no larger than is wanted, and left out where they are hardly larger than the one below.
      const lines = size ? Math.min(size.lines(full), place === 0 ? Infinity : wanted) : wanted;
      const useful = place === 0 || (layered && lines >= STEP * below);
      one.active = height !== 0 && most > 0 && useful;
      if (one.active) below = lines;
      one.maxBitrate = Math.max(15_000, Math.min(size ? size.bits : Infinity, most));
      one.scaleResolutionDownBy = Math.max(1, full / lines);
      if (rate) one.maxFramerate = Math.max(1, rate);
      else delete one.maxFramerate;
    }
  });
}

async function change(sender, apply) {
  const parameters = sender?.getParameters();
  if (!parameters?.encodings?.length) return;
  const before = JSON.stringify(parameters.encodings);
  apply(parameters.encodings);
  if (JSON.stringify(parameters.encodings) !== before) await set(sender, parameters);
}

/** A browser that refuses one of the wishes goes on as before. */
async function set(sender, parameters) {
  try {
    await sender.setParameters(parameters);
  } catch (error) {
    console.info("not adjusted:", error.name);
  }
}
