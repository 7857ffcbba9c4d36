// Everybody's line in words: its colour, and what is being done about it.

const COLOURS = { green: "线路好", yellow: "线路一般", red: "线路差" };

/** Of somebody else, below his picture. */
const DONE = {
  smaller_picture: "网慢,画面变小了",
  fewer_pictures: "网慢,少传几路画面",
  stills: "网不好,画面隔几秒换一张",
  sound_only: "网不好,只留声音",
  sound_saving: "网很差,先保证听清",
};
/** Of oneself, on the line across the top. */
const OWN = {
  smaller_picture: "您的网慢,画面变小了,声音不受影响。",
  fewer_pictures: "您的网慢,先少传几路画面,声音不受影响。",
  stills: "您的网不好,画面隔几秒换一张,声音照常。",
  sound_only: "您的网不好,先只留声音;网好了画面自己回来。",
  sound_saving: "您的网很差,先保证听清;画面等网好了自己回来。",
};
const WORSE = ["green", "yellow", "red"];

/** {colour, label, done, own} of a seat: from the server's news when there is some, else from what his device says of itself; null when neither. */
export function lineOf(news, here) {
  if (!news && !here?.link) return null;
  const colour = news ? WORSE[Math.max(WORSE.indexOf(news.up), WORSE.indexOf(news.down))] : here.link;
  const done = DONE[news?.done] ?? (colour === "red" ? "线路差,可点「语音模式」" : null);
  return { colour, label: COLOURS[colour], done, own: OWN[news?.done] ?? (colour === "red" ? "您的网很差。点「语音模式」,声音会更清楚。" : null) };
}
